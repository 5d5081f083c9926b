//! `list` names the stacks in the order they deploy.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn stacks_are_listed_with_what_they_depend_on() {
    let project = Project::with_stacks([
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ]);
    snapshot!(project.run("list -e local").ended_with(0), @"
    exit status: 0
    --- stdout
    storage      3 resources  sample-local-storage
    messaging    2 resources  sample-local-messaging  after storage
    ");
    assert_eq!(
        project.json("list -e local --json"),
        json!({
            "format_version": "1.0",
            "environment": "local",
            "stacks": [
                {"name": "storage", "stack_name": "sample-local-storage", "depends_on": [], "resources": 3},
                {"name": "messaging", "stack_name": "sample-local-messaging", "depends_on": ["storage"], "resources": 2},
            ],
            "external": [],
        })
    );
}
