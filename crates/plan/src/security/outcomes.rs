//! What properties come to, by the conditions of the template whose outcome is not known.

use std::{collections::HashSet, mem};

use indexmap::IndexMap;
use serde_json::Value;

use super::{Keyed, Optional};
use crate::meaning::intrinsic;

/// The most conditions of one resource that are played through; each doubles the work. Whatever depends on a further
/// one is taken as it is written.
const MOST: usize = 6;

/// The names of the conditions of `Fn::If` within a value, one that may come to something else than before marked.
pub(super) fn conditions(value: &Value) -> Vec<String> {
    let mut names = Vec::new();
    collect(value, &mut names);
    names.truncate(MOST);
    names
}

/// What a value comes to where these conditions hold and the others do not; `None` where it stands for nothing at all.
pub(super) fn come_to(value: &Value, names: &[String], holds: &[bool]) -> Option<Value> {
    match value {
        Value::Array(items) => {
            let items = items.iter().filter_map(|item| come_to(item, names, holds));
            Some(Value::Array(items.collect()))
        }
        Value::Object(entries) => {
            if let Some((name, yes, no)) = choice(value) {
                if let Some(place) = names.iter().position(|known| *known == name) {
                    return come_to(if holds[place] { yes } else { no }, names, holds);
                }
            } else if intrinsic(entries) == Some(("Ref", &Value::from("AWS::NoValue"))) {
                return None;
            }
            let entries = entries
                .iter()
                .filter_map(|(key, entry)| Some((key.clone(), come_to(entry, names, holds)?)));
            Some(Value::Object(entries.collect()))
        }
        scalar => Some(scalar.clone()),
    }
}

/// Every way in which that many conditions may come out.
pub(super) fn all(count: usize) -> impl Iterator<Item = Vec<bool>> {
    (0..1_usize << count).map(move |bits| (0..count).map(|bit| bits >> bit & 1 == 1).collect())
}

/// Puts together what was found under each outcome: what is there under all of them once, everything else with the
/// conditions under which it is.
pub(super) fn merge<T: Keyed + Optional + Clone>(
    names: &[String],
    mut found: Vec<(Vec<bool>, Vec<T>)>,
) -> Vec<T> {
    if let [(_, items)] = &mut found[..] {
        return distinct(mem::take(items));
    }
    let mut outcomes: IndexMap<T::Key<'_>, (&T, Vec<&Vec<bool>>)> = IndexMap::new();
    for (outcome, items) in &found {
        for one in items {
            let (_, under) = outcomes.entry(one.key()).or_insert((one, Vec::new()));
            if under.last() != Some(&outcome) {
                under.push(outcome);
            }
        }
    }
    let merged = outcomes.into_values().flat_map(|(one, outcomes)| {
        guards(names, &outcomes).into_iter().map(|guard| {
            let mut one = one.clone();
            one.only_if().extend(guard);
            one
        })
    });
    merged.collect()
}

/// What is said twice said once.
fn distinct<T: Keyed>(mut items: Vec<T>) -> Vec<T> {
    // Of a few, to hold each against the others is quicker than to hash it.
    const FEW: usize = 16;
    let is_first: Vec<bool> = if items.len() > FEW {
        let mut known = HashSet::new();
        items.iter().map(|one| known.insert(one.key())).collect()
    } else {
        let keys: Vec<_> = items.iter().map(Keyed::key).collect();
        let places = 0..keys.len();
        places
            .map(|place| !keys[..place].contains(&keys[place]))
            .collect()
    };
    let mut is_first = is_first.into_iter();
    items.retain(|_| is_first.next() == Some(true));
    items
}

/// The conditions that tell these outcomes from all others: lists of which one must hold, each entirely.
fn guards(names: &[String], outcomes: &[&Vec<bool>]) -> Vec<Vec<String>> {
    let matters = |place: usize| {
        outcomes.iter().any(|outcome| {
            let mut other = (*outcome).clone();
            other[place] = !other[place];
            !outcomes.contains(&&other)
        })
    };
    let matters: Vec<usize> = (0..names.len()).filter(|place| matters(*place)).collect();
    let mut guards: Vec<Vec<String>> = Vec::new();
    for outcome in outcomes {
        let guard = matters.iter().map(|place| {
            let sign = if outcome[*place] { "" } else { "!" };
            format!("{sign}{}", names[*place])
        });
        let guard: Vec<String> = guard.collect();
        if !guards.contains(&guard) {
            guards.push(guard);
        }
    }
    guards
}

fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(entries) => {
            if let Some((name, _, _)) = choice(value)
                && !names.contains(&name)
            {
                names.push(name);
            }
            entries.values().for_each(|entry| collect(entry, names));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The condition of an `Fn::If` and what it chooses between.
fn choice(value: &Value) -> Option<(String, &Value, &Value)> {
    let (name, argument) = intrinsic(value.as_object()?)?;
    let [condition, yes, no] = argument.as_array()?.as_slice() else {
        return None;
    };
    let condition = match condition {
        Value::String(name) => name.clone(),
        // The comparison marks one that may come to something else than before.
        Value::Array(marked) => changed(marked.first()?.as_str()?),
        _ => return None,
    };
    (name == "Fn::If").then_some((condition, yes, no))
}

/// The name of a condition that may come to something else than before.
pub(super) fn changed(name: &str) -> String {
    format!("{name} (changes)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Named(&'static str, Vec<String>);

    impl Keyed for Named {
        type Key<'k> = &'k str;

        fn key(&self) -> &str {
            self.0
        }
    }

    impl Optional for Named {
        fn only_if(&mut self) -> &mut Vec<String> {
            &mut self.1
        }
    }

    #[test]
    fn what_depends_on_a_condition_says_so() {
        let names = ["A".to_owned(), "B".to_owned()];
        let found: Vec<(Vec<bool>, Vec<Named>)> = all(2)
            .map(|holds| {
                let mut items = vec![Named("always", Vec::new())];
                if holds[0] {
                    items.push(Named("a", Vec::new()));
                }
                if !holds[0] && holds[1] {
                    items.push(Named("b", Vec::new()));
                }
                (holds, items)
            })
            .collect();
        let merged = merge(&names, found);
        let shown: Vec<String> = merged
            .iter()
            .map(|one| format!("{} {}", one.0, one.1.join(" ")))
            .collect();
        assert_eq!(shown, ["always ", "a A", "b !A B"]);
    }
}
