//! `status` says how every stack is, deployed or not.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn a_stack_is_absent_then_healthy() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    let before = project.json("status -e local --json");
    assert_eq!(before["stacks"][0]["health"], "absent", "{before:#}");
    project.run("deploy -e local").ended_with(0);
    let after = project.json("status -e local --json");
    let stack = &after["stacks"][0];
    assert_eq!(
        (
            &stack["name"],
            &stack["stack_name"],
            &stack["status"],
            &stack["health"]
        ),
        (
            &json!("messaging"),
            &json!("sample-local-messaging"),
            &json!("CREATE_COMPLETE"),
            &json!("healthy")
        ),
        "{after:#}"
    );
    snapshot!(project.run("status -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    messaging  healthy      CREATE_COMPLETE  2 resources  [DATE]
    ");
}
