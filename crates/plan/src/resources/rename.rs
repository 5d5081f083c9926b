//! Resources that most likely were renamed without saying so.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    Action, Change, Facts,
    meaning::{Place, Side},
};

/// Marks each new resource that is, but for its name, the one that goes, where there is only one pair of that kind.
pub(super) fn suggest(changes: &mut [Change], old: &Side<'_>, new: &Side<'_>, facts: &dyn Facts) {
    let selected = |changes: &[Change], actions: &[Action], side: &Side<'_>| {
        changes
            .iter()
            .enumerate()
            .filter(|(_, change)| actions.contains(&change.action))
            .map(|(index, change)| {
                let resource = side.resources().get(change.logical_id.as_str());
                let properties = resource.and_then(|resource| resource.value().get("Properties"));
                let place = Place::properties(facts, &change.type_name);
                let meaning = properties.and_then(|properties| side.meaning(properties, &place));
                let meaning = meaning.unwrap_or(Value::Null);
                (index, format!("{} {meaning}", change.type_name))
            })
            .collect::<Vec<_>>()
    };
    let gone = selected(changes, &[Action::Delete, Action::Orphan], old);
    if gone.is_empty() {
        return;
    }
    let created = selected(changes, &[Action::Create], new);
    // By all that a resource is but for its name.
    let mut pairs: HashMap<&str, [Vec<usize>; 2]> = HashMap::new();
    for (side, all) in [&gone, &created].into_iter().enumerate() {
        for (index, likeness) in all {
            pairs.entry(likeness).or_default()[side].push(*index);
        }
    }
    for pair in pairs.values() {
        if let [[gone], [created]] = pair.each_ref().map(Vec::as_slice) {
            changes[*created].likely_moved_from = Some(changes[*gone].logical_id.clone());
        }
    }
}
