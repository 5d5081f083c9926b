//! Resources that get another name without saying so.

use plan::Action;
use serde_json::{Value, json};

use crate::{diff, resources};

fn template(logical_id: &str, value: &str) -> Value {
    resources(json!({
        logical_id: {"Type": "Test::Store", "Properties": {"Name": "n", "A": value}},
        "Follower": {"Type": "Test::Thing", "DependsOn": logical_id, "Properties": {"Name": {"Ref": logical_id}}}
    }))
}

#[test]
fn a_rename_that_is_not_declared_is_suggested() {
    let diff = diff(&template("Old", "a"), &template("New", "a"));
    let change = diff.change("New").expect("it is new");
    assert_eq!(change.action, Action::Create);
    assert_eq!(change.likely_moved_from.as_deref(), Some("Old"));
    assert_eq!(
        diff.change("Old").map(|change| change.action),
        Some(Action::Delete)
    );
}

#[test]
fn no_rename_is_suggested_between_two_that_are_alike() {
    let like = json!({"Type": "Test::Thing", "Properties": {"A": 1}});
    let diff = diff(
        &resources(json!({"A": like, "B": like})),
        &resources(json!({"C": like})),
    );
    assert_eq!(
        diff.change("C")
            .and_then(|change| change.likely_moved_from.as_deref()),
        None
    );
}
