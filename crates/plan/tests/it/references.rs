//! What follows from a change through references.

use plan::{Action, Cause, Reason, StackDiff};
use serde_json::{Value, json};

use crate::{diff, resources, words};

/// What a follower does and why, where it changes.
type Expected = Option<(Action, Reason)>;

/// A change of `Source` (by its name, its size or anything else), and what refers to it.
fn change_of(property: &str, follower: &Value) -> StackDiff {
    let template = |value: &str| {
        resources(json!({
            "Source": {"Type": "Test::Thing", "Properties": {property: value, "Fixed": "f"}},
            "Follower": {"Type": "Test::Thing", "Properties": follower}
        }))
    };
    diff(&template("a"), &template("b"))
}

#[test]
fn followers_change_as_their_own_properties_say() {
    use Action::{MayReplace, Replace, Update};
    use Reason::{ReferenceChanged, ReferenceReplaced};
    let reference = json!({"Ref": "Source"});
    let attribute = |name: &str| json!({"Fn::GetAtt": ["Source", name]});
    let table: [(&str, Value, Expected); 21] = [
        // Replaced.
        (
            "Name",
            json!({"A": reference}),
            Some((Update, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"A": [{"B": {"Fn::Sub": "x-${Source}"}}]}),
            Some((Update, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"Name": reference}),
            Some((Replace, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"Net": {"Subnets": [reference]}}),
            Some((Replace, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"Name": attribute("Arn")}),
            Some((Replace, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"Name": attribute("Id")}),
            Some((Replace, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"Name": attribute("Other")}),
            Some((MayReplace, ReferenceReplaced)),
        ),
        ("Name", json!({"Name": attribute("Fixed")}), None),
        (
            "Name",
            json!({"Name": {"Fn::Sub": "x-${Source.Name}"}}),
            Some((MayReplace, ReferenceReplaced)),
        ),
        (
            "Name",
            json!({"Size": reference}),
            Some((MayReplace, ReferenceReplaced)),
        ),
        // May be replaced.
        (
            "Size",
            json!({"A": reference}),
            Some((Update, ReferenceReplaced)),
        ),
        (
            "Size",
            json!({"Name": reference}),
            Some((MayReplace, ReferenceReplaced)),
        ),
        (
            "Size",
            json!({"Name": attribute("Arn")}),
            Some((MayReplace, ReferenceReplaced)),
        ),
        // Updated in place.
        ("A", json!({"A": reference}), None),
        ("A", json!({"Name": attribute("Arn")}), None),
        ("A", json!({"Name": attribute("Id")}), None),
        ("A", json!({"Name": attribute("Fixed")}), None),
        (
            "A",
            json!({"A": attribute("Other")}),
            Some((Update, ReferenceChanged)),
        ),
        (
            "A",
            json!({"Name": attribute("Other")}),
            Some((MayReplace, ReferenceChanged)),
        ),
        (
            "A",
            json!({"Name": attribute("A")}),
            Some((MayReplace, ReferenceChanged)),
        ),
        ("A", json!({"Name": {"Fn::Sub": "${!Source.Other}"}}), None),
    ];
    for (property, follower, expected) in table {
        let diff = change_of(property, &follower);
        let found = diff
            .change("Follower")
            .map(|change| (change.action, change.reason));
        assert_eq!(found, expected, "{property} {follower}");
    }
}

#[test]
fn causes_and_uncertainty_are_told() {
    let diff = change_of("Size", &json!({"A": {"Fn::GetAtt": ["Source", "Other"]}}));
    let property = &diff.change("Follower").expect("it follows").properties[0];
    assert!(property.dynamic);
    assert_eq!(property.before, property.after);
    let cause = Cause::MayBeReplaced {
        logical_id: "Source".to_owned(),
        attribute: Some("Other".to_owned()),
    };
    assert_eq!(property.causes, [cause]);
    let diff = change_of("Name", &json!({"A": {"Ref": "Source"}}));
    assert!(!diff.change("Follower").expect("it follows").properties[0].dynamic);
}

#[test]
fn replacement_goes_on_through_chains_and_stops_where_it_ends() {
    let template = |name: &str| {
        resources(json!({
            "Last": {"Type": "Test::Thing", "Properties": {"A": {"Ref": "Third"}}},
            "Third": {"Type": "Test::Thing", "Properties": {"A": {"Fn::Sub": "${Second}"}}},
            "Second": {"Type": "Test::Thing", "Properties": {"Name": {"Fn::GetAtt": ["First", "Arn"]}}},
            "First": {"Type": "Test::Thing", "Properties": {"Name": name}},
            "Waiting": {"Type": "Test::Thing", "DependsOn": "First", "Properties": {"A": 1}}
        }))
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(
        words(&diff),
        [
            ("Third", Action::Update, Reason::ReferenceReplaced),
            ("Second", Action::Replace, Reason::ReferenceReplaced),
            ("First", Action::Replace, Reason::PropertyChanged),
        ]
    );
}

#[test]
fn an_update_that_follows_may_change_attributes_in_turn() {
    let template = |value: &str| {
        resources(json!({
            "First": {"Type": "Test::Thing", "Properties": {"A": value}},
            "Second": {"Type": "Test::Thing", "Properties": {"A": {"Fn::GetAtt": ["First", "Other"]}}},
            "Third": {"Type": "Test::Thing", "Properties": {"Name": {"Fn::GetAtt": ["Second", "Other"]}}}
        }))
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(
        diff.change("Third").map(|change| change.action),
        Some(Action::MayReplace)
    );
}

#[test]
fn references_in_a_circle_end() {
    let template = |name: &str| {
        resources(json!({
            "A": {"Type": "Test::Thing", "Properties": {"Name": name, "X": {"Fn::GetAtt": ["B", "X"]}}},
            "B": {"Type": "Test::Thing", "Properties": {"Name": {"Ref": "A"}}}
        }))
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(diff.summary.replace, 2);
}

#[test]
fn an_output_says_that_its_value_changes() {
    let template = |name: &str| {
        json!({
            "Resources": {"A": {"Type": "Test::Thing", "Properties": {"Name": name}}},
            "Outputs": {"Id": {"Value": {"Ref": "A"}}, "Text": {"Value": "x"}}
        })
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(diff.outputs.len(), 1);
    assert_eq!(diff.outputs[0].before, diff.outputs[0].after);
    assert_eq!(diff.outputs[0].causes.len(), 1);
}

#[test]
fn an_output_follows_the_property_that_its_attribute_repeats() {
    let attribute = |name: &str| json!({"Fn::GetAtt": ["A", name]});
    let text = |text: &str| json!({"Fn::Sub": text});
    let table = [
        (attribute("X"), true),
        (attribute("X.Port"), true),
        (attribute("Deep"), true),
        (attribute("Deep.Y"), true),
        (text("at ${A.X}"), true),
        // Given and left as they are.
        (attribute("Fixed"), false),
        (attribute("Deep.Z"), false),
        // What AWS works out itself may change, and hardly ever does.
        (attribute("Other"), false),
        (attribute("Arn"), false),
        (json!({"Ref": "A"}), false),
        (text("${!A.X}"), false),
    ];
    for (value, expected) in table {
        let template = |given: &str| {
            json!({
                "Resources": {"A": {"Type": "Test::Thing", "Properties":
                    {"X": given, "Deep": {"Y": given, "Z": "z"}, "Fixed": "f"}}},
                "Outputs": {"Value": {"Value": value}}
            })
        };
        let diff = diff(&template("a"), &template("b"));
        let told = diff.outputs.iter().any(|output| !output.causes.is_empty());
        assert_eq!(told, expected, "{value}");
    }
}
