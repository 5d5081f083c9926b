//! What happens to a resource, and why.

use plan::{Action, Impact, OldCopy, Reason};
use serde_json::{Value, json};

use crate::{diff, paths, resources, thing, words};

#[test]
fn a_change_is_named_by_its_leaf_and_its_consequence() {
    use Action::{MayReplace, Replace, Update};
    let table: [(Value, Value, &[&str], Action); 18] = [
        (json!({"A": 1}), json!({"A": 2}), &["A"], Update),
        (json!({}), json!({"A": 2}), &["A"], Update),
        (json!({"A": 2}), json!({}), &["A"], Update),
        (
            json!({"A": {"B": {"C": 1, "D": 1}}}),
            json!({"A": {"B": {"C": 2, "D": 1}}}),
            &["A/B/C"],
            Update,
        ),
        (
            json!({"A": {"X": 1}}),
            json!({"A": {"B": {"C": 2}, "X": 1}}),
            &["A/B"],
            Update,
        ),
        (
            json!({"A": ["a", "b"]}),
            json!({"A": ["a", "c", "b"]}),
            &["A/1"],
            Update,
        ),
        (
            json!({"A": ["a", "b"]}),
            json!({"A": ["b"]}),
            &["A/0"],
            Update,
        ),
        (
            json!({"A": [{"X": 1, "Y": 1}]}),
            json!({"A": [{"X": 1, "Y": 2}]}),
            &["A/0/Y"],
            Update,
        ),
        (
            json!({"Tags": [{"Key": "a", "Value": 1}, {"Key": "b", "Value": 1}]}),
            json!({"Tags": [{"Key": "b", "Value": 2}, {"Key": "a", "Value": 1}]}),
            &["Tags/1/Value"],
            Update,
        ),
        (
            json!({"A": {"B": 1}}),
            json!({"A": {"Ref": "X"}}),
            &["A"],
            Update,
        ),
        (
            json!({"Name": "a"}),
            json!({"Name": "b"}),
            &["Name"],
            Replace,
        ),
        (json!({}), json!({"Name": "b"}), &["Name"], Replace),
        (
            json!({"Net": {"Subnets": ["a"]}}),
            json!({"Net": {"Subnets": ["b"]}}),
            &["Net/Subnets/0"],
            Replace,
        ),
        (
            json!({"Net": {"Subnets": ["a"]}}),
            json!({"Net": {"Subnets": ["a"], "X": 1}}),
            &["Net/X"],
            Update,
        ),
        (json!({}), json!({"Net": {"X": 1}}), &["Net"], Update),
        (
            json!({}),
            json!({"Net": {"Subnets": ["a"]}}),
            &["Net"],
            Replace,
        ),
        (
            json!({"Size": 1}),
            json!({"Size": 2}),
            &["Size"],
            MayReplace,
        ),
        (
            json!({"Size": 1, "Name": "a"}),
            json!({"Size": 2, "Name": "b"}),
            &["Size", "Name"],
            Replace,
        ),
    ];
    for (before, after, expected, action) in table {
        let diff = diff(&thing(before.clone()), &thing(after.clone()));
        assert_eq!(
            words(&diff),
            [("Thing", action, Reason::PropertyChanged)],
            "{before} {after}"
        );
        assert_eq!(paths(&diff), expected, "{before} {after}");
    }
}

#[test]
fn before_and_after_are_as_written() {
    let diff = diff(
        &thing(json!({"A": {"B": 8}, "Password": "a"})),
        &thing(json!({"A": {"B": {"Fn::GetAtt": ["X", "Y"]}}, "Password": "b"})),
    );
    let properties = &diff.changes[0].properties;
    assert_eq!(properties[0].before, Some(json!(8)));
    assert_eq!(properties[0].after, Some(json!({"Fn::GetAtt": ["X", "Y"]})));
    assert!(!properties[0].write_only && properties[1].write_only);
    assert_eq!(properties[1].impact, Impact::InPlace);
}

#[test]
fn any_change_of_a_type_that_is_not_known_may_replace() {
    let template = |a: u32| resources(json!({"X": {"Type": "Custom::X", "Properties": {"A": a}}}));
    let diff = diff(&template(1), &template(2));
    assert_eq!(
        words(&diff),
        [("X", Action::MayReplace, Reason::PropertyChanged)]
    );
}

#[test]
fn what_comes_and_goes_follows_policies() {
    let table = [
        (
            json!(null),
            Action::Delete,
            Reason::Removed,
            OldCopy::Deleted,
        ),
        (
            json!("Delete"),
            Action::Delete,
            Reason::Removed,
            OldCopy::Deleted,
        ),
        (
            json!("Snapshot"),
            Action::Delete,
            Reason::Removed,
            OldCopy::Snapshot,
        ),
        (
            json!("Retain"),
            Action::Orphan,
            Reason::Retained,
            OldCopy::Retained,
        ),
        (
            json!("RetainExceptOnCreate"),
            Action::Orphan,
            Reason::Retained,
            OldCopy::Retained,
        ),
    ];
    for (policy, action, reason, old_copy) in table {
        let before = resources(json!({
            "Kept": {"Type": "Test::Thing"},
            "Store": {"Type": "Test::Store", "DeletionPolicy": policy}
        }));
        let after = resources(json!({"Kept": {"Type": "Test::Thing"}}));
        let removal = diff(&before, &after);
        assert_eq!(words(&removal), [("Store", action, reason)], "{policy}");
        assert_eq!(removal.changes[0].old_copy, Some(old_copy), "{policy}");
        assert!(removal.changes[0].stateful);
        // The whole stack goes: the same policies rule.
        let end = diff(&before, &json!(null));
        assert_eq!(
            end.change("Store").map(|change| change.action),
            Some(action),
            "{policy}"
        );
    }
}

#[test]
fn a_replaced_resource_leaves_its_old_copy_as_the_new_template_says() {
    for (before, after, expected) in [
        (json!(null), json!("Retain"), OldCopy::Retained),
        (json!("Retain"), json!(null), OldCopy::Deleted),
        (json!(null), json!("Snapshot"), OldCopy::Snapshot),
    ] {
        let template = |name: &str, policy: &Value| {
            resources(
                json!({"Store": {"Type": "Test::Store", "UpdateReplacePolicy": policy,
                "Properties": {"Name": name}}}),
            )
        };
        let diff = diff(&template("a", &before), &template("b", &after));
        assert_eq!(diff.changes[0].action, Action::Replace);
        assert_eq!(diff.changes[0].old_copy, Some(expected));
    }
}

#[test]
fn a_new_resource_shows_all_it_is() {
    let after = resources(json!({"Files": {"Type": "Test::Store", "DependsOn": "X",
        "Properties": {"Name": "a", "Net": {"Subnets": ["x"]}}}}));
    let diff = diff(&json!({}), &after);
    assert_eq!(words(&diff), [("Files", Action::Create, Reason::Added)]);
    assert_eq!(paths(&diff), ["Name", "Net"]);
    let change = &diff.changes[0];
    assert!(
        change
            .properties
            .iter()
            .all(|property| property.impact == Impact::InPlace)
    );
    assert_eq!(change.attributes[0].name, "DependsOn");
    assert_eq!(change.source.as_deref(), Some("stacks/src/files.rs:7"));
    assert_eq!(change.path.as_deref(), Some("app/Files"));
    assert_eq!(diff.summary.create, 1);
}

#[test]
fn another_type_replaces() {
    let template = |name: &str| resources(json!({"X": {"Type": name, "Properties": {"A": 1}}}));
    let diff = diff(&template("Test::Thing"), &template("Test::Store"));
    assert_eq!(words(&diff), [("X", Action::Replace, Reason::TypeChanged)]);
    assert_eq!(
        diff.changes[0].previous_type.as_deref(),
        Some("Test::Thing")
    );
}

#[test]
fn attributes_change_in_place() {
    let table = [
        (
            json!({"Metadata": {"a": 1}}),
            json!({"Metadata": {"a": 2}}),
            Some(Reason::MetadataChanged),
        ),
        (
            json!({}),
            json!({"DeletionPolicy": "Retain"}),
            Some(Reason::AttributeChanged),
        ),
        (
            json!({"DependsOn": "A"}),
            json!({"DependsOn": ["A", "B"]}),
            None,
        ),
        (
            json!({"Metadata": {"a": 1}}),
            json!({"Metadata": {"a": 2}, "DependsOn": "A"}),
            Some(Reason::AttributeChanged),
        ),
        (json!({"DependsOn": "A"}), json!({"DependsOn": ["A"]}), None),
        (
            json!({"DependsOn": ["A", "B"]}),
            json!({"DependsOn": ["B", "A"]}),
            None,
        ),
        (
            json!({"UpdatePolicy": {"A": {"B": 1}}}),
            json!({"UpdatePolicy": {"A": {"B": "1"}}}),
            None,
        ),
    ];
    for (before, after, expected) in table {
        let template = |attributes: &Value| {
            let mut resource = json!({"Type": "Test::Thing", "Properties": {"Name": "a"}});
            for (key, value) in attributes.as_object().into_iter().flatten() {
                resource[key] = value.clone();
            }
            resources(json!({"X": resource}))
        };
        let diff = diff(&template(&before), &template(&after));
        match expected {
            Some(reason) => {
                assert_eq!(
                    words(&diff),
                    [("X", Action::Update, reason)],
                    "{before} {after}"
                );
                assert!(diff.changes[0].properties.is_empty());
            }
            None => assert_eq!(diff.equivalent, ["X"], "{before} {after}"),
        }
    }
}

#[test]
fn changes_stand_in_template_order_and_what_goes_last() {
    let before = resources(json!({
        "Gone": {"Type": "Test::Thing", "Properties": {"A": 1}},
        "B": {"Type": "Test::Thing"},
        "A": {"Type": "Test::Thing"}
    }));
    let after = resources(json!({
        "New": {"Type": "Test::Thing"},
        "B": {"Type": "Test::Thing", "Properties": {"A": 1}},
        "A": {"Type": "Test::Thing", "Properties": {"A": 1}}
    }));
    let ids: Vec<String> = diff(&before, &after)
        .changes
        .into_iter()
        .map(|change| change.logical_id)
        .collect();
    assert_eq!(ids, ["New", "B", "A", "Gone"]);
}
