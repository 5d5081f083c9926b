//! What changes beside resources.

use serde_json::{Map, Value, json};

use crate::{
    Action, Cause, EntryChange, Facts,
    meaning::{Mode, Place, Side, is_literal, is_secret},
    resources::Fates,
};

/// Parameters whose declaration or value changes. What a secret one is by default is never shown.
pub(crate) fn parameters(old: &Side<'_>, new: &Side<'_>) -> Vec<EntryChange> {
    compare(
        old.section("Parameters"),
        new.section("Parameters"),
        |name, before, after| {
            let entry = EntryChange {
                before_value: before.and_then(|_| old.known(name)),
                after_value: after.and_then(|_| new.known(name)),
                ..entry(name, before.map(veiled), after.map(veiled))
            };
            let is_same = before == after
                && entry.before_value == entry.after_value
                && !new.is_changed_secret(name);
            (!is_same).then_some(entry)
        },
    )
}

/// Mappings that change.
pub(crate) fn mappings(old: &Side<'_>, new: &Side<'_>, facts: &dyn Facts) -> Vec<EntryChange> {
    let place = Place::elsewhere(facts, Mode::Argument);
    compare(
        old.section("Mappings"),
        new.section("Mappings"),
        |name, before, after| {
            let meaning = |side: &Side<'_>, value: Option<&Value>| {
                value.and_then(|value| side.meaning(value, &place))
            };
            (meaning(old, before) != meaning(new, after))
                .then(|| entry(name, before.cloned(), after.cloned()))
        },
    )
}

/// Conditions whose expression or outcome changes.
pub(crate) fn conditions(old: &Side<'_>, new: &Side<'_>) -> Vec<EntryChange> {
    compare(
        old.section("Conditions"),
        new.section("Conditions"),
        |name, before, after| {
            let outcome = |side: &Side<'_>, value: Option<&Value>| {
                value.and_then(|_| side.holds(name)).map(Value::from)
            };
            let entry = EntryChange {
                before_value: outcome(old, before),
                after_value: outcome(new, after),
                ..entry(name, before.cloned(), after.cloned())
            };
            (before != after || entry.before_value != entry.after_value).then_some(entry)
        },
    )
}

/// The condition under which an output is there, where it may come to something else than before.
fn changed_condition<'o>(side: &Side<'_>, output: &'o Value) -> Option<&'o str> {
    let name = output.get("Condition")?.as_str()?;
    side.is_changed_condition(name).then_some(name)
}

/// Outputs that change, or whose value does because of a resource that it refers to.
pub(crate) fn outputs(
    old: &Side<'_>,
    new: &Side<'_>,
    facts: &dyn Facts,
    fates: &Fates<'_>,
    input_causes: impl Fn(&Value) -> Vec<Cause>,
) -> Vec<EntryChange> {
    let place = Place::elsewhere(facts, Mode::Argument);
    let existing = |side: &Side<'_>| -> Map<String, Value> {
        let outputs = side.section("Outputs").iter();
        outputs
            .filter(|(_, output)| side.exists(output) != Some(false))
            .map(|(name, output)| (name.clone(), output.clone()))
            .collect()
    };
    compare(&existing(old), &existing(new), |name, before, after| {
        let meaning = |side: &Side<'_>, output: Option<&Value>| {
            let mut meaning = side.meaning(output?, &place)?;
            if let Some(members) = meaning.as_object_mut() {
                if side.exists(output?) == Some(true) {
                    // Both exist; how they came to is the same to CloudFormation.
                    members.remove("Condition");
                } else if let Some(condition) = changed_condition(side, output?) {
                    members.insert("Condition".to_owned(), json!([condition, "changed"]));
                }
            }
            Some(meaning)
        };
        let (before_meaning, after_meaning) = (meaning(old, before), meaning(new, after));
        let mut causes = match &after_meaning {
            Some(meaning) if before.is_some() => fates.causes(meaning).0,
            _ => Vec::new(),
        };
        // That an attribute of an updated resource may change is no change of the output: most never do, and nobody
        // could decide anything by it. One that repeats a property changes with it.
        let is_likely = |cause: &Cause| match cause {
            Cause::Updated {
                logical_id,
                attribute,
            } => fates.repeats_a_change(logical_id, attribute),
            _ => true,
        };
        if before_meaning == after_meaning && !causes.iter().any(is_likely) {
            return None;
        }
        if before == after
            && let Some(after) = after
        {
            causes.extend(input_causes(after));
            causes.extend(changed_condition(new, after).map(|name| Cause::Condition {
                name: name.to_owned(),
            }));
        }
        let value = |side: &Side<'_>, output: Option<&Value>| {
            let value = output?.get("Value")?;
            let shown = side.shown(value, &place)?;
            (shown != *value && is_literal(&shown)).then_some(shown)
        };
        Some(EntryChange {
            before_value: value(old, before),
            after_value: value(new, after),
            causes,
            ..entry(name, before.cloned(), after.cloned())
        })
    })
}

/// Everything else of the template: `Description`, `Transform`, `Rules.Name`, `Metadata.Key`.
pub(crate) fn other(old: &Side<'_>, new: &Side<'_>) -> Vec<EntryChange> {
    compare(
        &flat(old.sections()),
        &flat(new.sections()),
        |name, before, after| {
            (before != after).then(|| entry(name, before.cloned(), after.cloned()))
        },
    )
}

/// The rest of a template, one entry each for sections that are one value and for the members of others.
fn flat(sections: &Map<String, Value>) -> Map<String, Value> {
    let mut flat = Map::new();
    for (name, section) in sections {
        match (name.as_str(), section) {
            ("Resources" | "Parameters" | "Mappings" | "Conditions" | "Outputs", _) => {}
            // A lone macro and a list of one are the same.
            ("Transform", Value::String(_)) => {
                flat.insert(name.clone(), json!([section]));
            }
            ("Rules" | "Metadata" | "Hooks" | "Globals", Value::Object(members)) => {
                let members = members.iter();
                flat.extend(members.map(|(key, value)| (format!("{name}.{key}"), value.clone())));
            }
            _ => {
                flat.insert(name.clone(), section.clone());
            }
        }
    }
    flat
}

fn compare(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    change: impl Fn(&str, Option<&Value>, Option<&Value>) -> Option<EntryChange>,
) -> Vec<EntryChange> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    after
        .keys()
        .chain(gone)
        .filter_map(|name| change(name, before.get(name), after.get(name)))
        .collect()
}

fn entry(name: &str, before: Option<Value>, after: Option<Value>) -> EntryChange {
    EntryChange {
        name: name.to_owned(),
        action: match (&before, &after) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            _ => Action::Update,
        },
        before,
        after,
        before_value: None,
        after_value: None,
        causes: Vec::new(),
    }
}

/// A parameter's declaration without what must not be shown.
fn veiled(declaration: &Value) -> Value {
    let mut declaration = declaration.clone();
    if is_secret(&declaration)
        && let Some(default) = declaration.get_mut("Default")
    {
        *default = json!("****");
    }
    declaration
}
