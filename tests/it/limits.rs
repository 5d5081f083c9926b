//! CloudFormation's limits on a template are named before anything is sent.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>

use serde_json::{Map, Value, json};

use crate::project::Project;

fn topic() -> Value {
    json!({"Type": "AWS::SNS::Topic"})
}

fn many(prefix: &str, count: usize, entry: &Value) -> Value {
    let entries: Map<_, _> = (0..count)
        .map(|index| (format!("{prefix}{index}"), entry.clone()))
        .collect();
    Value::Object(entries)
}

/// A template of exactly this many bytes, almost all of them a description of a resource's metadata.
fn of_size(bytes: usize) -> String {
    let with = |filler: &str| {
        json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"Filler": filler}}}})
            .to_string()
    };
    with(&"x".repeat(bytes - with("").len()))
}

#[test]
fn what_is_just_within_the_limits_is_accepted() {
    let project = Project::without_stacks();
    project.write(
        "resources.json",
        &json!({"Resources": many("Topic", 500, &topic())}).to_string(),
    );
    project.write("bytes.json", &of_size(1_000_000));
    project.write(
        "outputs.json",
        &json!({"Resources": {"Topic": topic()}, "Outputs": many("Output", 200, &json!({"Value": {"Ref": "Topic"}}))})
            .to_string(),
    );
    project
        .run("validate resources.json bytes.json outputs.json")
        .ended_with(0);
}

#[test]
fn what_is_just_beyond_a_limit_is_named_with_the_limit() {
    let project = Project::without_stacks();
    let with = |section: &str, entries: Value| {
        json!({"Resources": {"Topic": topic()}, section: entries}).to_string()
    };
    let mapping = json!({"First": {"Second": "value"}});
    let long = "x".repeat(256);
    let cases = [
        (
            "resources",
            json!({"Resources": many("Topic", 501, &topic())}).to_string(),
            "500",
        ),
        ("bytes", of_size(1_000_001), "1000000"),
        (
            "outputs",
            with("Outputs", many("Output", 201, &json!({"Value": "x"}))),
            "200",
        ),
        (
            "parameters",
            with(
                "Parameters",
                many("Parameter", 201, &json!({"Type": "String"})),
            ),
            "200",
        ),
        (
            "mappings",
            with("Mappings", many("Mapping", 201, &mapping)),
            "200",
        ),
        (
            "attributes",
            with(
                "Mappings",
                json!({"Map": {"First": many("Second", 201, &json!("x"))}}),
            ),
            "200",
        ),
        (
            "name",
            json!({"Resources": {(long.as_str()): topic()}}).to_string(),
            "255",
        ),
        (
            "description",
            json!({"Description": "x".repeat(1025), "Resources": {"Topic": topic()}}).to_string(),
            "1024",
        ),
    ];
    for (name, text, limit) in cases {
        let file = format!("{name}.json");
        project.write(&file, &text);
        let outcome = project.run(&format!("validate {file}")).ended_with(1);
        let digits = outcome.stdout.replace([',', '_', ' '], "");
        assert!(
            digits.contains(limit),
            "{name}: the limit `{limit}` is not named\n{outcome}"
        );
    }
}

#[test]
fn a_stack_over_a_limit_is_not_deployed() {
    let project =
        Project::with_stacks([("many", json!({"Resources": many("Topic", 501, &topic())}))]);
    project.run("deploy -e local").ended_with(1).says("500");
}
