//! Parameters, mappings and conditions whose values change.

use indexmap::IndexMap;
use plan::{Action, Cause, Options, Reason};
use serde_json::{Value, json};

use crate::{diff, diff_with, words};

fn values(values: &[(&str, &str)]) -> IndexMap<String, String> {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn template() -> Value {
    json!({
        "Parameters": {
            "Name": {"Type": "String", "Default": "a"},
            "Secret": {"Type": "String", "NoEcho": true},
            "List": {"Type": "CommaDelimitedList", "Default": "x, y"}
        },
        "Mappings": {"Sizes": {"a": {"Size": 1}, "b": {"Size": 2}}},
        "Conditions": {
            "IsA": {"Fn::Equals": [{"Ref": "Name"}, "a"]},
            "IsNotA": {"Fn::Not": [{"Condition": "IsA"}]},
            "Both": {"Fn::And": [{"Condition": "IsA"}, {"Condition": "IsNotA"}]},
            "Either": {"Fn::Or": [{"Condition": "IsA"}, {"Condition": "IsNotA"}]}
        },
        "Resources": {
            "Reads": {"Type": "Test::Thing", "Properties": {"Name": {"Ref": "Name"}}},
            "Maps": {"Type": "Test::Thing", "Properties":
                {"Size": {"Fn::FindInMap": ["Sizes", {"Ref": "Name"}, "Size"]}}},
            "Chooses": {"Type": "Test::Thing", "Properties":
                {"A": {"Fn::If": ["IsA", "x", {"Ref": "AWS::NoValue"}]}}},
            "OnlyA": {"Type": "Test::Thing", "Condition": "IsA", "DeletionPolicy": "Retain"},
            "OnlyNotA": {"Type": "Test::Thing", "Condition": "IsNotA"},
            "Always": {"Type": "Test::Thing", "Condition": "Either", "Properties": {"X": {"Fn::If": ["Both", 1, 2]}}},
            "Hides": {"Type": "Test::Thing", "Properties": {"Password": {"Ref": "Secret"}}},
            "Lists": {"Type": "Test::Thing", "Properties": {"Groups": {"Ref": "List"}}}
        },
        "Outputs": {"OnlyA": {"Condition": "IsA", "Value": "x"}, "Name": {"Value": {"Ref": "Name"}}}
    })
}

#[test]
fn a_parameter_reaches_all_that_reads_it() {
    let options = Options {
        before_parameters: values(&[("Name", "a")]),
        after_parameters: values(&[("Name", "b")]),
        ..Options::default()
    };
    let diff = diff_with(&template(), &template(), &options);
    assert_eq!(
        words(&diff),
        [
            ("Reads", Action::Replace, Reason::InputChanged),
            ("Maps", Action::MayReplace, Reason::InputChanged),
            ("Chooses", Action::Update, Reason::InputChanged),
            ("OnlyA", Action::Orphan, Reason::ConditionUnmet),
            ("OnlyNotA", Action::Create, Reason::ConditionMet),
        ]
    );
    let property = &diff.changes[0].properties[0];
    assert_eq!(property.before, Some(json!({"Ref": "Name"})));
    assert_eq!(property.before, property.after);
    assert_eq!(property.before_value, Some(json!("a")));
    assert_eq!(property.after_value, Some(json!("b")));
    assert_eq!(
        property.causes,
        [Cause::Parameter {
            name: "Name".to_owned()
        }]
    );
    let names = |entries: &[plan::EntryChange]| -> Vec<(String, Action)> {
        entries
            .iter()
            .map(|entry| (entry.name.clone(), entry.action))
            .collect()
    };
    assert_eq!(
        names(&diff.parameters),
        [("Name".to_owned(), Action::Update)]
    );
    assert_eq!(
        names(&diff.conditions),
        [
            ("IsA".to_owned(), Action::Update),
            ("IsNotA".to_owned(), Action::Update)
        ]
    );
    assert_eq!(
        names(&diff.outputs),
        [
            ("Name".to_owned(), Action::Update),
            ("OnlyA".to_owned(), Action::Delete)
        ]
    );
}

#[test]
fn the_same_values_are_no_change_however_they_are_given() {
    for after in [values(&[]), values(&[("Name", "a"), ("List", "x,y")])] {
        let options = Options {
            before_parameters: values(&[("Name", "a"), ("Secret", "s")]),
            after_parameters: after,
            ..Options::default()
        };
        assert!(diff_with(&template(), &template(), &options).is_empty());
    }
}

#[test]
fn a_literal_in_place_of_a_parameter_of_that_value_is_no_change() {
    let mut after = template();
    after["Resources"]["Reads"]["Properties"]["Name"] = json!("a");
    after["Resources"]["Chooses"]["Properties"]["A"] = json!("x");
    after["Resources"]["Lists"]["Properties"]["Groups"] = json!(["y", "x"]);
    let diff = diff(&template(), &after);
    assert_eq!(diff.changes, []);
    assert_eq!(diff.equivalent, ["Reads", "Chooses", "Lists"]);
}

#[test]
fn a_secret_changes_unseen() {
    let options = Options {
        before_parameters: values(&[("Secret", "hush-before")]),
        after_parameters: values(&[("Secret", "hush-after")]),
        ..Options::default()
    };
    let mut after = template();
    after["Parameters"]["Secret"]["Default"] = json!("hush-default");
    let diff = diff_with(&template(), &after, &options);
    assert_eq!(
        words(&diff),
        [("Hides", Action::Update, Reason::InputChanged)]
    );
    assert_eq!(diff.parameters.len(), 1);
    let text = serde_json::to_string(&diff).expect("a plan is JSON");
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_mapping_reaches_what_reads_it() {
    let mut after = template();
    after["Mappings"]["Sizes"]["a"]["Size"] = json!(3);
    let diff = diff(&template(), &after);
    assert_eq!(
        words(&diff),
        [("Maps", Action::MayReplace, Reason::InputChanged)]
    );
    assert_eq!(diff.mappings.len(), 1);
    assert_eq!(
        diff.changes[0].properties[0].causes,
        [Cause::Mapping {
            name: "Sizes".to_owned()
        }]
    );
}

#[test]
fn a_condition_that_is_not_known_still_tells_when_its_expression_changes() {
    let template = |value: &str| {
        json!({
            "Parameters": {"P": {"Type": "String"}},
            "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, value]}},
            "Resources": {"X": {"Type": "Test::Thing", "Properties": {"A": {"Fn::If": ["C", 1, 2]}}}}
        })
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(words(&diff), [("X", Action::Update, Reason::InputChanged)]);
}

#[test]
fn a_resource_under_a_condition_that_never_holds_is_not_deployed() {
    let template = |value: u32| {
        json!({
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {
                "X": {"Type": "Test::Thing", "Condition": "Never", "Properties": {"A": value}},
                "Y": {"Type": "Test::Thing"}
            }
        })
    };
    let changed = diff(&template(1), &template(2));
    assert_eq!(changed.changes, []);
    assert_eq!(changed.equivalent, ["X"]);
    let created = diff(&json!(null), &template(1));
    assert_eq!(words(&created), [("Y", Action::Create, Reason::Added)]);
}

#[test]
fn conditions_that_refer_to_each_other_are_unknown() {
    let template = json!({
        "Conditions": {"A": {"Condition": "B"}, "B": {"Condition": "A"}},
        "Resources": {"X": {"Type": "Test::Thing", "Condition": "A"}}
    });
    assert_eq!(diff(&json!(null), &template).summary.create, 1);
}

#[test]
fn pseudo_parameters_count_where_they_are_known() {
    let before = crate::thing(json!({"A": {"Fn::Sub": "${AWS::Region}-x"}}));
    let after = crate::thing(json!({"A": "eu-west-1-x"}));
    assert_eq!(diff(&before, &after).changes.len(), 1);
    let options = Options {
        pseudo_parameters: values(&[("AWS::Region", "eu-west-1")]),
        ..Options::default()
    };
    assert_eq!(diff_with(&before, &after, &options).equivalent, ["Thing"]);
}

#[test]
fn conditions_may_have_the_names_of_parameters_and_resources() {
    let template = |value: &str| {
        json!({
            "Parameters": {"P": {"Type": "String"}, "X": {"Type": "String"}},
            "Conditions": {"X": {"Fn::Equals": [{"Ref": "P"}, value]}, "Y": {"Fn::Equals": [{"Ref": "P"}, value]}},
            "Resources": {
                "Y": {"Type": "Test::Thing"},
                "Z": {"Type": "Test::Thing", "Properties": {"A": {"Ref": "X"}, "B": {"Ref": "Y"}}}
            }
        })
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(diff.changes, []);
    assert_eq!(diff.conditions.len(), 2);
}

#[test]
fn conditions_that_read_each_other_widely_are_worked_out_once() {
    let mut conditions = serde_json::Map::new();
    conditions.insert("C0".to_owned(), json!({"Fn::Equals": [{"Ref": "P"}, "a"]}));
    for index in 1..100 {
        let earlier = json!({"Condition": format!("C{}", index - 1)});
        conditions.insert(format!("C{index}"), json!({"Fn::And": [earlier, earlier]}));
    }
    let template = |value: &str| {
        let mut conditions = conditions.clone();
        conditions["C0"]["Fn::Equals"][1] = json!(value);
        json!({
            "Parameters": {"P": {"Type": "String"}},
            "Conditions": conditions,
            "Resources": {"X": {"Type": "Test::Thing", "Properties": {"A": {"Fn::If": ["C99", 1, 2]}}}}
        })
    };
    let diff = diff(&template("a"), &template("b"));
    assert_eq!(words(&diff), [("X", Action::Update, Reason::InputChanged)]);
}

#[test]
fn what_is_there_under_a_condition_that_may_come_to_something_else_may_come_or_go() {
    let template = |wanted: &str| {
        json!({
            "Parameters": {"Stage": {"Type": "String"}},
            "Conditions": {"Live": {"Fn::Equals": [{"Ref": "Stage"}, wanted]}},
            "Resources": {"Thing": {"Type": "Test::Thing", "Condition": "Live"}},
            "Outputs": {"Name": {"Condition": "Live", "Value": "x"}},
        })
    };
    let (before, after) = (template("live"), template("production"));
    assert!(diff(&before, &before).is_empty());
    let diff = diff(&before, &after);
    let change = diff.change("Thing").expect("it may go");
    assert_eq!(change.attributes[0].name, "Condition");
    assert_eq!(diff.outputs.len(), 1, "{diff:#?}");
    assert!(diff.needs_deployment());
}
