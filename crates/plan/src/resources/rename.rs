//! Resources that most likely were renamed without saying so.

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
            .filter(|(_, change)| actions.contains(&change.action) && change.moved_to.is_none())
            .map(|(index, change)| {
                let resource = &side.body["Resources"][change.logical_id.as_str()]["Properties"];
                let place = Place::properties(facts, &change.type_name);
                let meaning = side.meaning(resource, &place).unwrap_or(Value::Null);
                (index, change.type_name.clone(), meaning)
            })
            .collect::<Vec<_>>()
    };
    let gone = selected(changes, &[Action::Delete, Action::Orphan], old);
    if gone.is_empty() {
        return;
    }
    let created = selected(changes, &[Action::Create], new);
    for (index, type_name, meaning) in &created {
        let is_same =
            |other: &&(usize, String, Value)| other.1 == *type_name && other.2 == *meaning;
        let mut partners = gone.iter().filter(is_same);
        if let (Some(partner), None, 1) = (
            partners.next(),
            partners.next(),
            created.iter().filter(is_same).count(),
        ) {
            changes[*index].likely_moved_from = Some(changes[partner.0].logical_id.clone());
        }
    }
}
