//! Stacks that were deployed and that the app no longer declares: named, never deleted unasked.

use serde_json::{Value, json};

use crate::project::{Project, snapshot};

fn topic(value: Value) -> Value {
    json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}}})
}

/// `old` was deployed with `app`, which read of it, and then left.
fn departed() -> Project {
    let mut old = topic(json!("old"));
    old["Outputs"] = json!({"Name": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}});
    let read =
        json!({"Fn::GetStackOutput": {"StackName": "sample-local-old", "OutputName": "Name"}});
    let project = Project::with_stacks([("old", old), ("app", topic(read))]);
    project.run("deploy -e local").ended_with(0);
    project.set_stacks([("app", topic(json!("alone")))]);
    project
}

#[test]
fn a_stack_that_left_the_app_is_named() {
    let project = departed();
    project.run("plan -e local").ended_with(0).says(
        "\nDeployed, but not declared\n  old  sample-local-old (CREATE_COMPLETE)  stays as it is",
    );
    let plan = project.json("plan -e local --json");
    assert_eq!(
        plan["departed"],
        json!([{"name": "old", "stack_name": "sample-local-old", "status": "CREATE_COMPLETE"}])
    );
    for form in ["--markdown", "--html plan.html"] {
        project.run(&format!("plan -e local {form}")).ended_with(0);
    }
    let command = "chitinfra destroy -e local old";
    assert!(project.read("plan.html").contains(command));
    project
        .run("plan -e local --markdown")
        .ended_with(0)
        .says(command);
    project.run("deploy -e local").ended_with(0).says(command);
    // It is no change.
    let unchanged = project
        .run("plan -e local --detailed-exitcode")
        .ended_with(0);
    assert!(unchanged.stdout.contains("No changes"), "{unchanged}");
    snapshot!(project.run("deploy -e local"), @r#"
    exit status: 0
    --- stderr
    Nothing to do: what is deployed is what the stacks say.

    Deployed, but not declared
      old  sample-local-old (CREATE_COMPLETE)  stays as it is; to delete it: chitinfra destroy -e local old
    "#);
    // Who asks for some of the stacks is told of those.
    let some = project.json("plan -e local --json app");
    assert_eq!(some["departed"], Value::Null);
}

#[test]
fn a_stack_that_left_the_app_is_destroyed_by_name() {
    let project = departed();
    // As it is deployed, somebody reads of it.
    project
        .run("destroy -e local --yes old")
        .ended_with(1)
        .says("`app`");
    project.run("deploy -e local").ended_with(0);
    project.run("destroy -e local --yes old").ended_with(0);
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["departed"], Value::Null);
    project
        .run("destroy -e local --yes olds")
        .ended_with(2)
        .says("no stack `olds`");
}

#[test]
fn destroying_the_app_tells_what_it_does_not_declare() {
    let project = departed();
    project.run("deploy -e local").ended_with(0);
    project
        .run("destroy -e local --yes")
        .ended_with(0)
        .says("sample-local-old");
    let plan = project.json("plan -e local --json");
    assert_eq!(plan["departed"][0]["name"], "old");
}

#[test]
fn stacks_of_others_are_not_taken_for_departed() {
    let project = departed();
    // An environment whose name goes on where this one's ends.
    project.write_environment("local-old", "never", "embedded");
    let prefixed = project.json("plan -e local --json");
    assert_eq!(prefixed["departed"][0]["name"], "old");
    project.set_assembly("local-old", &[("app", topic(json!("x")).to_string())]);
    project.run("deploy -e local-old").ended_with(0);
    project.set_stacks([("app", topic(json!("alone")))]);
    let plan = project.json("plan -e local --json");
    let names: Vec<&Value> = plan["departed"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|stack| &stack["name"])
        .collect();
    assert_eq!(names, ["old"]);
}
