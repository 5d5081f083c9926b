//! Templates that lead far, or round in a circle, are compared in the time their size deserves.

use plan::Action;
use serde_json::{Map, Value, json};

use crate::{diff, resources, thing};

/// How many conditions stand one behind the other: more than the program's stack would hold.
const CHAIN: usize = 5_000;

/// A template whose one resource exists when the last of a chain of conditions holds.
fn chain(last: Value) -> Value {
    let mut conditions: Map<String, Value> = (0..CHAIN)
        .map(|index| {
            let next = json!({"Fn::Not": [{"Condition": format!("C{}", index + 1)}]});
            (format!("C{index}"), next)
        })
        .collect();
    conditions.insert(format!("C{CHAIN}"), last);
    let mut template = resources(json!({"Thing": {"Type": "Test::Thing", "Condition": "C0"}}));
    template["Conditions"] = Value::Object(conditions);
    template["Parameters"] = json!({"Live": {"Type": "String"}});
    template
}

#[test]
fn a_lookup_within_a_lookup_is_worked_out_once() {
    let nested = |innermost: &str| {
        (0..30).fold(
            json!(innermost),
            |inner, _| json!({"Fn::FindInMap": ["Map", "first", inner]}),
        )
    };
    let (before, after) = (
        thing(json!({"X": nested("a")})),
        thing(json!({"X": nested("b")})),
    );
    assert!(diff(&before, &before).is_empty());
    assert_eq!(
        diff(&before, &after)
            .change("Thing")
            .map(|change| change.action),
        Some(Action::Update)
    );
}

#[test]
fn a_mapping_that_looks_into_itself_ends() {
    let lookup = json!({"Fn::FindInMap": ["Map", "first", "second"]});
    let mut template = thing(json!({"X": lookup}));
    template["Mappings"] = json!({"Map": {"first": {"second": lookup}}});
    assert!(diff(&template, &template).is_empty());
    assert!(diff(&template, &thing(json!({"X": "a"}))).needs_deployment());
}

#[test]
fn conditions_may_stand_one_behind_the_other() {
    let held = chain(json!({"Fn::Equals": ["a", "a"]}));
    let fallen = chain(json!({"Fn::Equals": ["a", "b"]}));
    // `CHAIN` is even, so the first condition comes to what the last comes to.
    let gone = diff(&held, &fallen);
    assert_eq!(
        gone.change("Thing").map(|change| change.action),
        Some(Action::Delete)
    );
    let unknown = |text: &str| {
        let mut template = chain(json!({"Fn::Equals": [{"Ref": "Live"}, text]}));
        template["Resources"] =
            thing(json!({"X": {"Fn::If": ["C0", "a", "b"]}}))["Resources"].take();
        template
    };
    assert!(diff(&unknown("yes"), &unknown("yes")).is_empty());
    assert!(diff(&unknown("yes"), &unknown("no")).needs_deployment());
    let circle = chain(json!({"Condition": "C0"}));
    assert!(diff(&circle, &circle).is_empty());
}
