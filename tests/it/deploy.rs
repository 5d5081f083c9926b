//! `deploy` does what the plan said, once, and asks where asking is due.

use serde_json::json;

use crate::{
    project::{Project, snapshot},
    sample,
};

#[test]
fn stacks_are_deployed_in_order_and_their_outputs_are_the_answer() {
    let project = Project::with_stacks([
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ]);
    snapshot!(project.run("deploy -e local").ended_with(0), @"");
    snapshot!(project.run("deploy -e local").ended_with(0), @"");
}

#[test]
fn only_the_stacks_that_are_named_are_deployed() {
    let project = Project::with_stacks([
        ("storage", sample::storage()),
        ("messaging", sample::messaging()),
    ]);
    project.run("deploy -e local storage").ended_with(0);
    let status = project.json("status -e local --json");
    let health: Vec<_> = status["stacks"]
        .as_array()
        .expect("stacks are listed")
        .iter()
        .map(|stack| stack["health"].clone())
        .collect();
    assert_eq!(health, [json!("healthy"), json!("absent")], "{status:#}");
}

#[test]
fn a_stateful_resource_is_replaced_only_when_it_is_named() {
    let project = Project::with_stacks([("storage", sample::storage())]);
    project.run("deploy -e local").ended_with(0);
    project.edit(
        "assembly/storage.template.json",
        "\"sample-files\"",
        "\"sample-files-2\"",
    );
    let refused = project.run("deploy -e local --yes").ended_with(1);
    snapshot!(refused, @"");
    assert_eq!(
        project.json("outputs -e local --format json")["stacks"]["storage"]["FilesName"],
        "sample-files"
    );
    project
        .run("deploy -e local --allow-destroy Files")
        .ended_with(0);
    assert_eq!(
        project.json("outputs -e local --format json")["stacks"]["storage"]["FilesName"],
        "sample-files-2"
    );
    project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
}

#[test]
fn where_a_person_must_approve_nobody_else_does() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("local", "always", "embedded");
    let refused = project.run("deploy -e local").ended_with(1);
    snapshot!(refused, @"");
    assert_eq!(
        project.json("status -e local --json")["stacks"][0]["health"],
        "absent"
    );
    project.run("deploy -e local --yes").ended_with(0);
    // With nothing to change there is nothing to approve.
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn a_saved_plan_is_executed_as_it_was_reviewed_or_not_at_all() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write_environment("local", "always", "embedded");
    project.run("plan -e local --out first.plan").ended_with(0);
    project
        .run("deploy -e local --plan first.plan")
        .ended_with(0);

    let file = "assembly/messaging.template.json";
    project.edit(
        file,
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    project.run("plan -e local --out second.plan").ended_with(0);
    project.edit(
        file,
        r#""VisibilityTimeout":60"#,
        r#""VisibilityTimeout":90"#,
    );
    project.run("deploy -e local --yes").ended_with(0);
    snapshot!(project.run("deploy -e local --plan second.plan").ended_with(1), @"");
}

#[test]
fn a_resource_that_fails_is_named_with_its_line_and_the_stack_goes_back() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Alarms", "step": "create", "reason": "the topic quota is used up"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    snapshot!(project.run("deploy -e local").ended_with(1), @"");
    let status = project.json("status -e local --json");
    assert_ne!(status["stacks"][0]["health"], "healthy", "{status:#}");
    drop(server);
    // Without the fault the same command leads out of it.
    project.run("deploy -e local").ended_with(0);
}

#[test]
fn an_update_that_fails_leaves_what_was_there() {
    let project = Project::with_stacks([("messaging", sample::messaging())]);
    project.run("deploy -e local").ended_with(0);
    let file = "assembly/messaging.template.json";
    project.edit(
        file,
        r#""VisibilityTimeout":30"#,
        r#""VisibilityTimeout":60"#,
    );
    project.edit(
        file,
        r#""DisplayName":"Alarms""#,
        r#""DisplayName":"Alarm""#,
    );
    project.write(
        "faults.json",
        r#"{"fail": [{"resource": "Alarms", "step": "update", "reason": "the name is taken"}]}"#,
    );
    let (server, _) = project.serve("--faults faults.json");
    project
        .run("deploy -e local")
        .ended_with(1)
        .says("the name is taken");
    drop(server);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["stacks"][0]["summary"]["update"], 2, "{plan:#}");
    project.run("deploy -e local").ended_with(0);
}
