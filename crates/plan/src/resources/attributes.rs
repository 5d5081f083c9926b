//! What a resource has beside its properties: policies, dependencies, metadata.

use serde_json::{Value, json};

use crate::{
    AttributeChange, Facts,
    meaning::{Mode, Place, Side},
};

/// The attributes that change, in the order of the new template.
pub(super) fn compare(
    before: &Value,
    after: &Value,
    old: &Side<'_>,
    new: &Side<'_>,
    facts: &dyn Facts,
) -> Vec<AttributeChange> {
    let keys = |resource: &'_ Value| -> Vec<String> {
        let entries = resource.as_object().into_iter().flatten();
        entries.map(|(key, _)| key.clone()).collect()
    };
    let mut names = keys(after);
    names.extend(
        keys(before)
            .into_iter()
            .filter(|key| after.get(key).is_none()),
    );
    names
        .into_iter()
        .filter(|name| name != "Type" && name != "Properties")
        .filter_map(|name| {
            let may_change = name == "Condition" && may_come_or_go(after, new);
            let (before, after) = (before.get(&name), after.get(&name));
            if !may_change && (before == after || is_same(&name, before, after, old, new, facts)) {
                return None;
            }
            Some(AttributeChange {
                name,
                before: before.cloned(),
                after: after.cloned(),
            })
        })
        .collect()
}

/// Whether all that is known of the condition of a resource is that it may come to something else than before, so that
/// the resource would be created or removed.
pub(super) fn may_come_or_go(resource: &Value, new: &Side<'_>) -> bool {
    let condition = resource.get("Condition").and_then(Value::as_str);
    condition.is_some_and(|name| new.holds(name).is_none() && new.is_changed_condition(name))
}

/// Whether CloudFormation sees a change of the attribute by itself.
///
/// `DependsOn` is none of the [targets of a change](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceTargetDefinition.html):
/// it orders the work there is, and where it alone differs there is none, as
/// [was measured](https://github.com/ministackorg/ministack/pull/1646) and
/// [was met](https://github.com/aws/aws-cdk/issues/21496).
pub(super) fn is_seen(change: &AttributeChange) -> bool {
    change.name != "DependsOn"
}

fn is_same(
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    old: &Side<'_>,
    new: &Side<'_>,
    facts: &dyn Facts,
) -> bool {
    match name {
        "DependsOn" => dependencies(before) == dependencies(after),
        // Both exist; how they came to is the same to CloudFormation.
        "Condition" => {
            let holds = |side: &Side<'_>, name: Option<&Value>| match name {
                Some(name) => side.holds(name.as_str().unwrap_or_default()),
                None => Some(true),
            };
            let before = holds(old, before);
            before.is_some() && before == holds(new, after)
        }
        _ => {
            let mode = if name == "Metadata" {
                Mode::Document
            } else {
                Mode::Argument
            };
            let place = Place::elsewhere(facts, mode);
            let meaning = |side: &Side<'_>, value: Option<&Value>| {
                value.and_then(|value| side.meaning(value, &place))
            };
            meaning(old, before) == meaning(new, after)
        }
    }
}

/// The logical ids of what a resource waits for, in order.
fn dependencies(value: Option<&Value>) -> Vec<String> {
    let mut ids: Vec<String> = match value {
        Some(Value::Array(items)) => items.clone(),
        Some(single) => vec![single.clone()],
        None => Vec::new(),
    }
    .iter()
    .map(|id| match id {
        Value::String(id) => id.clone(),
        other => json!(other).to_string(),
    })
    .collect();
    ids.sort();
    ids.dedup();
    ids
}
