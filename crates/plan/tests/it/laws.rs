//! Laws that hold for any two templates.

use plan::{Action, Body, Impact, Options, StackDiff, Summary};
use proptest::{prelude::*, test_runner::FileFailurePersistence};
use serde_json::{Value, json};

use crate::{apply::apply, diff, facts, origins, templates::template};

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

/// As many cases as are asked for with `PROPTEST_CASES`, and a thousand in any case. What fails is kept in a file, to be
/// committed with what mends it.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: asked.cases.max(1_000),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/it/laws.regressions",
        ))),
        ..asked
    }
}

const INPUTS: [&str; 3] = ["Parameters", "Mappings", "Conditions"];

fn resources_of(template: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources.map(|(logical_id, resource)| (logical_id.as_str(), resource))
}

/// Whether a resource exists by its condition, or may.
fn is_deployed(template: &Value, logical_id: &str) -> bool {
    diff(&Value::Null, template).change(logical_id).is_some()
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
        .chain(entries(diff))
        .collect();
    said.sort();
    said
}

/// What a plan says of all that is no resource.
fn entries(diff: &StackDiff) -> impl Iterator<Item = String> {
    let sections = [
        &diff.parameters,
        &diff.mappings,
        &diff.conditions,
        &diff.outputs,
        &diff.other,
    ];
    sections
        .into_iter()
        .flatten()
        .map(|entry| format!("{} {} {:?}", entry.name, entry.action, entry.causes))
}

proptest! {
    #![proptest_config(config())]

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
        prop_assert!(diff(&template, &template.clone()).is_empty());
    }

    /// Resources may be kept apart from their template, and one that stands in both may be one value.
    #[test]
    fn where_resources_are_kept_makes_no_difference(before in template(), after in template(), inputs in any::<bool>()) {
        let mut after = after;
        for (index, (logical_id, resource)) in resources_of(&before).enumerate() {
            if index % 2 == 0 {
                after["Resources"][logical_id] = resource.clone();
            }
        }
        for section in INPUTS.into_iter().filter(|_| inputs) {
            after[section] = before[section].clone();
        }
        let mut sections = after.clone();
        let sections = sections.as_object_mut().expect("a template is an object");
        sections.shift_remove("Resources");
        let resources = resources_of(&after).map(|(logical_id, resource)| {
            let earlier = &before["Resources"][logical_id];
            (logical_id, if earlier == resource { earlier } else { resource }.into())
        });
        let apart = Body::new(sections, resources);
        let options = Options::default();
        let compare = |before: Body<'_>, after: Body<'_>| {
            plan::diff(before, after, &facts::Table, &origins(), &options)
        };
        prop_assert_eq!(compare((&before).into(), apart.clone()), diff(&before, &after));
        prop_assert_eq!(compare(apart, (&before).into()), diff(&after, &before));
    }

    /// What is left is of form alone, and the plan has named each resource that it is of. With other inputs, the old text
    /// of a value that keeps its meaning would mean something else; so they stay, and change below.
    #[test]
    fn a_plan_applied_gives_what_was_wanted(before in template(), after in template()) {
        let mut after = after;
        for section in INPUTS {
            after[section] = before[section].clone();
        }
        let plan = diff(&before, &after);
        let applied = apply(&before, &plan);
        let rest = diff(&applied, &after);
        let form_alone = StackDiff { equivalent: rest.equivalent.clone(), ..StackDiff::default() };
        prop_assert_eq!(&rest, &form_alone, "plan {:#?}\napplied {:#}", plan, applied);
        for logical_id in &rest.equivalent {
            let is_known = plan.equivalent.contains(logical_id) || plan.change(logical_id).is_some();
            prop_assert!(is_known, "{} {:#?}", logical_id, plan);
        }
    }

    #[test]
    fn a_plan_applied_gives_the_inputs_that_were_wanted(before in template(), after in template()) {
        let applied = apply(&before, &diff(&before, &after));
        for section in ["Parameters", "Conditions", "Rules", "Metadata", "Description"] {
            let wanted = after.get(section).filter(|value| **value != json!({}));
            prop_assert_eq!(applied.get(section).filter(|value| **value != json!({})), wanted);
        }
        let mappings = |template: &Value| json!({"Mappings": template["Mappings"], "Resources": {}});
        prop_assert!(diff(&mappings(&applied), &mappings(&after)).is_empty());
    }

    /// What is said of inputs that change is what is said when each value is written out instead.
    #[test]
    fn an_input_reaches_what_reads_it(template in template(), other in template()) {
        let mut after = template.clone();
        for section in INPUTS {
            after[section] = other[section].clone();
        }
        let plan = diff(&template, &after);
        prop_assert!(plan.equivalent.iter().all(|id| !is_deployed(&template, id) && !is_deployed(&after, id)));
        for change in &plan.changes {
            for property in &change.properties {
                let is_told = property.before != property.after || !property.causes.is_empty();
                prop_assert!(is_told || change.action == Action::Create, "{:#?}", change);
            }
        }
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
        let mut template = template;
        for condition in ["Known", "Both"] {
            template["Conditions"][condition] = json!({"Fn::Equals": [{"Ref": "AWS::Region"}, "a"]});
        }
        let ids: Vec<String> =
            template["Resources"].as_object().expect("there are some").keys().cloned().collect();
        let id = pick.get(&ids).as_str();
        template["Resources"][id]["Type"] = json!("Test::Thing");
        let mut after = template.clone();
        after["Resources"][id]["Properties"]["Name"] = json!("a name that no template has");
        let plan = diff(&template, &after);
        prop_assert_eq!(plan.change(id).map(|change| change.action), Some(Action::Replace));
        let unaware = format!("{{\"Ref\":\"{id}\"}}");
        let aware = format!("a${{{id}.Arn}}");
        for other in ids.iter().filter(|other| *other != id) {
            let text = template["Resources"][other]["Properties"].to_string();
            let refers = text.contains(&unaware) || text.contains(&aware);
            // A list that one element is picked of may hold others unread.
            if refers && !text.contains("Fn::Select") {
                prop_assert!(plan.change(other).is_some(), "{other} {text}");
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
