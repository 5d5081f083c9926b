//! `init` makes a project that deploys at once.

use crate::project::{Project, snapshot, target};

#[test]
fn what_is_there_is_not_overwritten() {
    let project = Project::without_stacks();
    snapshot!(project.run("init . --name sample").ended_with(2), @"");
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
        .env("CARGO_TARGET_DIR", target().join("tmp/init"));
    project.finish(&mut command).ended_with(0);
}
