//! The comparison of two templates.

use assembly::ResourceOrigin;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    Action, Change, EntryChange, Facts, Impact, Options, PropertyChange, Reason, StackDiff, Summary,
};

/// Compares the deployed template with the wanted one. Both are template bodies whose expressions are in their long
/// form; `null` stands for no template at all. `origins` say where resources are declared.
pub fn diff(
    before: &Value,
    after: &Value,
    facts: &dyn Facts,
    origins: &IndexMap<String, ResourceOrigin>,
    _options: &Options,
) -> StackDiff {
    let (old, new) = (section(before, "Resources"), section(after, "Resources"));
    let mut changes = Vec::new();
    for (logical_id, value) in new {
        let previous = old.get(logical_id);
        if previous == Some(value) {
            continue;
        }
        changes.push(compare(logical_id, previous, Some(value), facts, origins));
    }
    for (logical_id, value) in old.iter().filter(|(id, _)| !new.contains_key(*id)) {
        changes.push(compare(logical_id, Some(value), None, facts, origins));
    }
    StackDiff {
        summary: Summary::of(&changes),
        changes,
        outputs: entries(section(before, "Outputs"), section(after, "Outputs")),
        ..StackDiff::default()
    }
}

fn compare(
    logical_id: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    facts: &dyn Facts,
    origins: &IndexMap<String, ResourceOrigin>,
) -> Change {
    let type_name = after.or(before).and_then(|value| value["Type"].as_str());
    let type_name = type_name.unwrap_or_default().to_owned();
    let (action, reason) = match (before, after) {
        (None, _) => (Action::Create, Reason::Added),
        (_, None) => (Action::Delete, Reason::Removed),
        _ => (Action::Update, Reason::PropertyChanged),
    };
    let empty = Map::new();
    let properties = |value: Option<&Value>| {
        let map = value.and_then(|value| value["Properties"].as_object());
        map.unwrap_or(&empty).clone()
    };
    let properties = entries(&properties(before), &properties(after));
    let origin = origins.get(logical_id);
    Change {
        stateful: facts.is_stateful(&type_name),
        logical_id: logical_id.to_owned(),
        type_name,
        action,
        reason,
        source: origin.map(|origin| origin.source.clone()),
        path: origin.map(|origin| origin.path.clone()),
        properties: properties
            .into_iter()
            .map(|entry| PropertyChange {
                path: vec![entry.name],
                before: entry.before,
                after: entry.after,
                impact: Impact::InPlace,
                dynamic: false,
                write_only: false,
                causes: Vec::new(),
                before_value: None,
                after_value: None,
            })
            .collect(),
        attributes: Vec::new(),
        previous_type: None,
        moved_from: None,
        moved_to: None,
        old_copy: None,
        likely_moved_from: None,
        physical_id: None,
        reported: None,
    }
}

fn section<'a>(template: &'a Value, name: &str) -> &'a Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    template[name].as_object().unwrap_or(&EMPTY)
}

fn entries(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<EntryChange> {
    let removed = before.keys().filter(|name| !after.contains_key(*name));
    after
        .keys()
        .chain(removed)
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| EntryChange {
            name: name.clone(),
            action: match (before.get(name), after.get(name)) {
                (None, _) => Action::Create,
                (_, None) => Action::Delete,
                _ => Action::Update,
            },
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
            before_value: None,
            after_value: None,
        })
        .collect()
}
