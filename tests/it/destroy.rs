//! `destroy` deletes in the opposite order, asks for the environment's name, and says what remains.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn without_a_terminal_and_without_yes_nothing_is_deleted() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local").ended_with(1), @"");
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn everything_goes_but_what_is_kept_and_that_is_named() {
    let mut storage = sample::storage();
    storage["Resources"]["Files"]["DeletionPolicy"] = json!("Retain");
    let project = Project::with_stacks([("storage", storage), ("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    snapshot!(project.run("destroy -e local --yes").ended_with(0), @"");
    // There is nothing more to do, and that is no failure.
    project.run("destroy -e local --yes").ended_with(0);
}
