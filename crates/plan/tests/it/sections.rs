//! What changes beside resources.

use plan::{Action, EntryChange, StackDiff};
use serde_json::{Value, json};

use crate::diff;

fn names(entries: &[EntryChange]) -> Vec<(&str, Action)> {
    entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.action))
        .collect()
}

fn section(name: &str, before: &Value, after: &Value) -> StackDiff {
    let template =
        |value: &Value| json!({name: value, "Resources": {"X": {"Type": "Test::Thing"}}});
    diff(&template(before), &template(after))
}

#[test]
fn every_section_is_compared() {
    let (before, after) = (
        json!({"A": {"V": "1"}, "B": {"V": "1"}}),
        json!({"C": {"V": "1"}, "A": {"V": "2"}}),
    );
    let expected = [
        ("C", Action::Create),
        ("A", Action::Update),
        ("B", Action::Delete),
    ];
    for name in ["Parameters", "Mappings", "Conditions", "Outputs"] {
        let diff = section(name, &before, &after);
        let entries = match name {
            "Parameters" => &diff.parameters,
            "Mappings" => &diff.mappings,
            "Conditions" => &diff.conditions,
            _ => &diff.outputs,
        };
        assert_eq!(names(entries), expected, "{name}");
        assert_eq!(diff.needs_deployment(), name == "Outputs", "{name}");
        assert!(!diff.is_empty());
    }
    for name in ["Rules", "Metadata"] {
        let diff = section(name, &before, &after);
        let first = format!("{name}.C");
        assert_eq!(names(&diff.other)[0], (first.as_str(), Action::Create));
        assert_eq!(diff.other.len(), 3);
        assert!(!diff.needs_deployment());
    }
}

#[test]
fn the_rest_is_compared_whole() {
    let diff = section("Description", &json!("a"), &json!("b"));
    assert_eq!(names(&diff.other), [("Description", Action::Update)]);
    assert!(section("Transform", &json!("A"), &json!(["A"])).is_empty());
    assert_eq!(
        section("Transform", &json!("A"), &json!(["A", "B"]))
            .other
            .len(),
        1
    );
}

#[test]
fn an_output_of_the_same_meaning_is_no_change() {
    let output = |value: Value| json!({"Out": {"Value": value}});
    assert!(section("Outputs", &output(json!(1)), &output(json!("1"))).is_empty());
    let reference = output(json!({"Ref": "X"}));
    assert!(section("Outputs", &output(json!({"Fn::Sub": "${X}"})), &reference).is_empty());
    assert_eq!(
        section("Outputs", &output(json!("x")), &reference)
            .outputs
            .len(),
        1
    );
}
