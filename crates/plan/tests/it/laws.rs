//! Laws that hold for any two templates.

use plan::{Action, Impact, StackDiff, Summary};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{apply::apply, diff};

const IDS: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// A value of a property: scalars, lists, objects, expressions, policies; small, so that pairs share much.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        (0..3_u8).prop_map(|number| json!(number)),
        (0..3_u8).prop_map(|number| json!(number.to_string())),
        any::<bool>().prop_map(|flag| json!(flag)),
        "[ab]{0,2}".prop_map(|text| json!(text)),
        prop::sample::select(&IDS[..]).prop_map(|id| json!({"Ref": id})),
        prop::sample::select(&IDS[..]).prop_map(|id| json!({"Fn::GetAtt": [id, "Other"]})),
        prop::sample::select(&IDS[..]).prop_map(|id| json!({"Fn::Sub": format!("a${{{id}.Arn}}")})),
        Just(json!({"Fn::If": ["Unknown", {"Ref": "A"}, "b"]})),
        Just(json!({"Ref": "AWS::NoValue"})),
        prop::collection::vec(prop::sample::select(&["a:B", "a:*", "c:D"][..]), 1..3).prop_map(
            |actions| json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
        ),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    const NAMES: [&str; 8] = [
        "Name", "Size", "Tags", "Net", "Subnets", "Document", "Key", "X",
    ];
    prop::collection::vec((prop::sample::select(&NAMES[..]), value), 0..4).prop_map(|entries| {
        Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    })
}

fn template() -> impl Strategy<Value = Value> {
    let resource = (
        prop::sample::select(&["Test::Thing", "Test::Store", "Custom::X"][..]),
        object(value()),
        prop::option::of(prop::sample::select(&["Retain", "Delete", "Snapshot"][..])),
    )
        .prop_map(|(type_name, properties, policy)| {
            let mut resource = json!({"Type": type_name, "Properties": properties});
            if let Some(policy) = policy {
                resource["DeletionPolicy"] = json!(policy);
            }
            resource
        });
    prop::collection::btree_map(prop::sample::select(&IDS[..]), resource, 1..6).prop_map(
        |resources| {
            let resources: Map<String, Value> = resources
                .into_iter()
                .map(|(id, resource)| (id.to_owned(), resource))
                .collect();
            json!({"Resources": resources})
        },
    )
}

/// Whatever JSON, with the words of templates in all the wrong places.
fn anything() -> impl Strategy<Value = Value> {
    const WORDS: [&str; 24] = [
        "Resources",
        "Parameters",
        "Conditions",
        "Mappings",
        "Outputs",
        "Transform",
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Default",
        "NoEcho",
        "Ref",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::If",
        "Fn::Join",
        "Fn::Select",
        "Fn::FindInMap",
        "Fn::Equals",
        "Statement",
        "Effect",
        "Principal",
        "${A.B}${",
    ];
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&WORDS[..]).prop_map(Value::from),
    ];
    scalar.prop_recursive(6, 64, 4, |inner| {
        let entry = (prop::sample::select(&WORDS[..]), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            prop::collection::vec(entry, 0..4).prop_map(|entries| Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

/// The same value with the keys of every object the other way round.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(reversed).collect(),
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .rev()
                .map(|(key, value)| (key.clone(), reversed(value)))
                .collect(),
        ),
        scalar => scalar.clone(),
    }
}

/// What a plan says without regard to order.
fn said(diff: &StackDiff) -> Vec<String> {
    let mut said: Vec<String> = diff
        .changes
        .iter()
        .map(|change| {
            let mut properties: Vec<String> = change
                .properties
                .iter()
                .map(|property| {
                    format!(
                        "{:?} {:?} {}",
                        property.path, property.impact, property.dynamic
                    )
                })
                .collect();
            properties.sort();
            format!(
                "{} {} {} {properties:?}",
                change.logical_id, change.action, change.reason
            )
        })
        .chain(diff.equivalent.iter().cloned())
        .collect();
    said.sort();
    said
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_json_makes_it_panic(before in anything(), after in anything()) {
        let resources = |value: &Value| json!({
            "Parameters": value, "Mappings": value, "Conditions": value, "Outputs": value,
            "Resources": {"A": value, "B": {"Type": "AWS::IAM::Role", "Properties": value},
                "C": {"Type": "AWS::EC2::SecurityGroup", "Properties": value}}
        });
        let wrapped = diff(&resources(&before), &resources(&after));
        prop_assert_eq!(wrapped.summary, Summary::of(&wrapped.changes));
        prop_assert!(diff(&resources(&before), &resources(&before)).is_empty());
        let _ = diff(&before, &after);
        let _ = plan::render(&before);
    }

    #[test]
    fn nothing_changes_into_itself(template in template()) {
        prop_assert!(diff(&template, &template).is_empty());
    }

    #[test]
    fn a_plan_applied_gives_what_was_wanted(before in template(), after in template()) {
        let plan = diff(&before, &after);
        let applied = apply(&before, &plan);
        let rest = diff(&applied, &after);
        prop_assert!(!rest.needs_deployment(), "plan {:#?}\napplied {applied:#}\nrest {:#?}", plan.changes, rest.changes);
    }

    #[test]
    fn the_order_of_keys_never_matters(before in template(), after in template()) {
        let plan = diff(&before, &after);
        prop_assert_eq!(said(&plan), said(&diff(&reversed(&before), &after)));
        prop_assert_eq!(said(&plan), said(&diff(&before, &reversed(&after))));
        prop_assert!(diff(&before, &reversed(&before)).is_empty());
    }

    #[test]
    fn a_replacement_reaches_what_refers_to_it(template in template(), pick in any::<prop::sample::Index>()) {
        let resources = template["Resources"].as_object().expect("there are some");
        let known: Vec<&String> =
            resources.iter().filter(|(_, resource)| resource["Type"] != "Custom::X").map(|(id, _)| id).collect();
        prop_assume!(!known.is_empty());
        let id = pick.get(&known).as_str();
        let mut after = template.clone();
        after["Resources"][id]["Properties"]["Name"] = json!("a name that no template has");
        let plan = diff(&template, &after);
        prop_assert_eq!(plan.change(id).map(|change| change.action), Some(Action::Replace));
        let unaware = format!("{{\"Ref\":\"{id}\"}}");
        let aware = format!("a${{{id}.Arn}}");
        for (other, resource) in resources {
            let text = resource["Properties"].to_string();
            if other != id && (text.contains(&unaware) || text.contains(&aware)) {
                let found = plan.change(other);
                // A document may hold the same text unread; nothing else may.
                prop_assert!(found.is_some(), "{other} {text}");
            }
        }
    }

    #[test]
    fn words_agree_with_one_another(before in template(), after in template()) {
        let plan = diff(&before, &after);
        prop_assert_eq!(plan.summary, Summary::of(&plan.changes));
        for change in &plan.changes {
            let gravest = change.properties.iter().map(|property| property.impact).max();
            let expected = match (change.action, change.previous_type.is_some()) {
                (Action::Replace, false) => Some(Impact::Replace),
                (Action::MayReplace, false) => Some(Impact::MayReplace),
                _ => gravest,
            };
            prop_assert_eq!(gravest, expected);
            prop_assert!(!plan.equivalent.contains(&change.logical_id));
        }
        let text = serde_json::to_string(&plan).expect("a plan is JSON");
        let read: StackDiff = serde_json::from_str(&text).expect("what was written is read");
        prop_assert_eq!(read, plan);
    }
}
