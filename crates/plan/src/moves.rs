//! Moves that the code declares, as far as they concern one stack and are still to be made.

use std::collections::HashMap;

use serde_json::Value;

use crate::{Options, resources::type_name};

/// Moves that concern one stack and are still to be made.
#[derive(Default)]
pub(crate) struct Moves<'a> {
    stack: &'a str,
    /// Within the stack: from the new logical id to the old one.
    within: HashMap<&'a str, &'a str>,
    arrivals: HashMap<&'a str, Arrival<'a>>,
    departures: HashMap<&'a str, &'a str>,
}

/// A resource that comes from another stack.
pub(crate) struct Arrival<'a> {
    /// Where it is, `stack/LogicalId`.
    pub(crate) from: &'a str,
    /// What is deployed there.
    pub(crate) resource: &'a Value,
}

impl<'a> Moves<'a> {
    /// A move is made by now when its start is no longer deployed or its end already is.
    pub(crate) fn pending(before: &'a Value, after: &'a Value, options: &'a Options) -> Self {
        let mut moves = Self {
            stack: &options.stack,
            ..Self::default()
        };
        let (old, new) = (&before["Resources"], &after["Resources"]);
        for declared in &options.moves {
            let Some((from_stack, from)) = declared.from.split_once('/') else {
                continue;
            };
            let Some((to_stack, to)) = declared.to.split_once('/') else {
                continue;
            };
            let leaves = from_stack == options.stack && old[from].is_object();
            let leaves = leaves && !new[from].is_object();
            let enters = to_stack == options.stack && new[to].is_object();
            let enters = enters && !old[to].is_object();
            let elsewhere = options.elsewhere.get(&declared.from);
            match (leaves, enters, elsewhere) {
                (true, true, _) if type_name(&old[from]) == type_name(&new[to]) => {
                    moves.within.insert(to, from);
                }
                (true, false, _) if to_stack != options.stack => {
                    moves.departures.insert(from, &declared.to);
                }
                (false, true, Some(resource))
                    if from_stack != options.stack
                        && type_name(resource) == type_name(&new[to]) =>
                {
                    let from = declared.from.as_str();
                    moves.arrivals.insert(to, Arrival { from, resource });
                }
                _ => {}
            }
        }
        moves
    }

    /// The logical id that a resource of the new template has in the old one.
    pub(crate) fn previous<'n>(&self, logical_id: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.within.get(logical_id).copied().unwrap_or(logical_id)
    }

    /// From the old logical id to the new one.
    pub(crate) fn renames(&self) -> HashMap<&'a str, &'a str> {
        self.within.iter().map(|(to, from)| (*from, *to)).collect()
    }

    /// What is deployed in another stack and comes under this logical id.
    pub(crate) fn arriving(&self, logical_id: &str) -> Option<&Arrival<'a>> {
        self.arrivals.get(logical_id)
    }

    /// Where a resource of the new template comes from, `stack/LogicalId`.
    pub(crate) fn origin(&self, logical_id: &str) -> Option<String> {
        let within = self.within.get(logical_id);
        within
            .map(|from| format!("{}/{from}", self.stack))
            .or_else(|| Some(self.arrivals.get(logical_id)?.from.to_owned()))
    }

    /// Where a resource of the old template goes, `stack/LogicalId`.
    pub(crate) fn destination(&self, logical_id: &str) -> Option<&'a str> {
        self.departures.get(logical_id).copied()
    }
}
