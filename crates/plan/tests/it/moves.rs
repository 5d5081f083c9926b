//! Resources that get another name or place.

use assembly::Move;
use indexmap::IndexMap;
use plan::{Action, Options, Reason};
use serde_json::{Value, json};

use crate::{diff, diff_with, resources, words};

fn options(from: &str, to: &str, elsewhere: &[(&str, Value)]) -> Options {
    Options {
        stack: "app".to_owned(),
        moves: vec![Move {
            from: from.to_owned(),
            to: to.to_owned(),
        }],
        elsewhere: elsewhere
            .iter()
            .map(|(place, resource)| ((*place).to_owned(), resource.clone()))
            .collect::<IndexMap<_, _>>(),
        ..Options::default()
    }
}

fn template(logical_id: &str, value: &str) -> Value {
    resources(json!({
        logical_id: {"Type": "Test::Store", "Properties": {"Name": "n", "A": value}},
        "Follower": {"Type": "Test::Thing", "DependsOn": logical_id, "Properties": {"Name": {"Ref": logical_id}}}
    }))
}

#[test]
fn a_rename_that_is_declared_moves() {
    let options = options("app/Old", "app/New", &[]);
    let diff = diff_with(&template("Old", "a"), &template("New", "a"), &options);
    assert_eq!(words(&diff), [("New", Action::Move, Reason::Moved)]);
    assert_eq!(diff.changes[0].moved_from.as_deref(), Some("app/Old"));
    assert_eq!(diff.equivalent, ["Follower"]);
    assert_eq!((diff.summary.moved, diff.summary.total()), (1, 1));
    assert!(diff.needs_deployment());
}

#[test]
fn a_rename_with_a_change_is_both() {
    let options = options("app/Old", "app/New", &[]);
    let diff = diff_with(&template("Old", "a"), &template("New", "b"), &options);
    assert_eq!(
        words(&diff),
        [("New", Action::Update, Reason::PropertyChanged)]
    );
    assert_eq!(diff.changes[0].moved_from.as_deref(), Some("app/Old"));
    assert_eq!((diff.summary.moved, diff.summary.update), (1, 1));
}

#[test]
fn a_move_that_is_made_or_of_another_type_is_none() {
    let made = options("app/Old", "app/New", &[]);
    assert!(diff_with(&template("New", "a"), &template("New", "a"), &made).is_empty());
    let before = resources(json!({"Old": {"Type": "Test::Thing"}}));
    let after = resources(json!({"New": {"Type": "Test::Store"}}));
    let diff = diff_with(&before, &after, &made);
    assert_eq!((diff.summary.create, diff.summary.delete), (1, 1));
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

#[test]
fn a_move_to_another_stack_leaves_here_and_arrives_there() {
    let store = json!({"Type": "Test::Store", "Properties": {"Name": "n"}});
    let rest = json!({"Type": "Test::Thing"});
    let leaving = diff_with(
        &resources(json!({"Store": store, "Rest": rest})),
        &resources(json!({"Rest": rest})),
        &options("app/Store", "data/Store", &[]),
    );
    assert_eq!(words(&leaving), [("Store", Action::Move, Reason::Moved)]);
    assert_eq!(leaving.changes[0].moved_to.as_deref(), Some("data/Store"));
    assert_eq!(leaving.summary.total(), 0);

    let arriving = diff_with(
        &resources(json!({"Rest": rest})),
        &resources(json!({"Rest": rest, "Store": store})),
        &options("data/Store", "app/Store", &[("data/Store", store.clone())]),
    );
    assert_eq!(words(&arriving), [("Store", Action::Move, Reason::Moved)]);
    assert_eq!(
        arriving.changes[0].moved_from.as_deref(),
        Some("data/Store")
    );
    assert_eq!(arriving.summary.moved, 1);

    let unknown = options("data/Store", "app/Store", &[]);
    let created = diff_with(&json!(null), &resources(json!({"Store": store})), &unknown);
    assert_eq!(words(&created), [("Store", Action::Create, Reason::Added)]);
}
