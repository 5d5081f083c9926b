//! `init` makes a project that deploys at once.

use crate::project::{Project, snapshot, target};

#[test]
fn what_is_there_is_not_overwritten() {
    let project = Project::without_stacks();
    snapshot!(project.run("init . --name sample").ended_with(2), @"
    exit status: 2
    --- stderr
    error: `[PROJECT]/environments/local.yaml` exists already

    hint: name a new folder: `chitinfra init DIR`
    ");
}

#[test]
fn a_new_project_is_deployed_at_once() {
    let project = Project::without_stacks();
    project.run("init new").ended_with(0);
    // Its dependencies are this checkout's own, at the versions that are tested here.
    std::fs::copy(
        crate::project::repository().join("Cargo.lock"),
        project.path("new/stacks/Cargo.lock"),
    )
    .expect("writable");
    let mut command = project.command("deploy -e local --project new");
    command
        .env_remove("CHITINFRA_APP")
        // Nothing is compiled again that this checkout's own build has compiled in the same way.
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    project.finish(&mut command).ended_with(0);
}
