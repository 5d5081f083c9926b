//! Plans of many stacks.

use plan::{Plan, StackAction, StackDiff, StackPlan};
use serde_json::json;

use crate::{diff, thing};

fn stack(name: &str, action: StackAction, depends_on: &[&str]) -> StackPlan {
    let created = diff(&json!(null), &thing(json!({"A": 1})));
    StackPlan {
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
        ..StackPlan::new(name, &format!("app-staging-{name}"), action, created)
    }
}

fn plan(stacks: Vec<StackPlan>) -> Plan {
    Plan::new("staging", "111122223333", "us-east-1", stacks, Vec::new())
}

#[test]
fn stacks_stand_after_what_they_depend_on_and_those_that_go_last() {
    use StackAction::{Create, Delete, None, Update};
    let plan = plan(vec![
        stack("gone_first", Delete, &[]),
        stack("gone_second", Delete, &["gone_first", "network"]),
        stack("web", Update, &["api", "elsewhere"]),
        stack("api", Create, &["network"]),
        stack("network", None, &[]),
        stack("alone", Update, &[]),
    ]);
    let names: Vec<&str> = plan
        .stacks
        .iter()
        .map(|stack| stack.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "network",
            "api",
            "web",
            "alone",
            "gone_second",
            "gone_first"
        ]
    );
    let waves: Vec<usize> = plan.stacks.iter().map(|stack| stack.wave).collect();
    assert_eq!(waves, [1, 2, 3, 1, 4, 5]);
    assert_eq!(plan.summary.create, 6);
}

#[test]
fn stacks_in_a_circle_keep_their_order() {
    let circle = vec![
        stack("a", StackAction::Update, &["b"]),
        stack("b", StackAction::Update, &["a"]),
    ];
    assert_eq!(plan(circle).stacks.len(), 2);
}

#[test]
fn a_sealed_plan_shows_every_change() {
    let sealed = plan(vec![stack("a", StackAction::Create, &[])]).seal();
    assert_eq!(sealed.digest.len(), 64);
    assert!(sealed.is_intact());
    let text = serde_json::to_string_pretty(&sealed).expect("a plan is JSON");
    let read: Plan = serde_json::from_str(&text).expect("what was written is read");
    assert_eq!(read, sealed);
    assert!(read.is_intact());
    for (from, to) in [
        ("staging", "production"),
        ("\"create\": 1", "\"create\": 2"),
        ("111122223333", "444455556666"),
    ] {
        let other: Plan =
            serde_json::from_str(&text.replace(from, to)).expect("it is a plan still");
        assert!(!other.is_intact(), "{from}");
    }
}

#[test]
fn the_form_is_the_contract() {
    let value = serde_json::to_value(plan(vec![stack("a", StackAction::Create, &[])]).seal())
        .expect("it is JSON");
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(
        keys(&value),
        [
            "format_version",
            "environment",
            "account",
            "region",
            "digest",
            "stacks",
            "external",
            "summary"
        ]
    );
    let stack = &value["stacks"][0];
    assert_eq!(
        keys(stack),
        [
            "name",
            "stack_name",
            "action",
            "provisional",
            "wave",
            "depends_on",
            "format_version",
            "summary",
            "changes",
            "parameters",
            "mappings",
            "conditions",
            "outputs",
            "other",
            "equivalent",
            "security",
            "findings"
        ]
    );
    assert_eq!(stack["action"], "create");
    assert_eq!(
        keys(&stack["summary"]),
        [
            "create",
            "update",
            "replace",
            "may_replace",
            "delete",
            "orphan",
            "import",
            "move"
        ]
    );
    assert_eq!(
        stack["changes"][0],
        json!({
            "logical_id": "Thing", "type": "Test::Thing", "action": "create", "reason": "added", "stateful": false,
            "source": null, "path": null,
            "properties": [{"path": ["A"], "before": null, "after": 1, "impact": "in_place"}],
            "attributes": []
        })
    );
    assert_eq!(
        stack["security"],
        json!({"widened": false, "iam": [], "network": [], "settings": []})
    );
    let empty: StackDiff =
        serde_json::from_value(serde_json::to_value(StackDiff::default()).expect("it is JSON"))
            .expect("what was written is read");
    assert!(empty.is_empty());
}
