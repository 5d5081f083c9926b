//! What must hold of moves: nothing is replaced, lost or left twice.

use std::collections::BTreeMap;

use engine::Assembly;
use local::{SeenResource, SeenStack};

use super::{Act, physical_id};
use crate::{
    command::{Ended, Failure, Trace},
    process::WRONG,
    world::World,
};

/// Where a resource is, by the CloudFormation name of its stack.
type Place = (String, String);

impl Act<'_> {
    /// Who deploys moves of the code with success has moved what was there, as it was.
    pub(super) fn moves_are_made(&self, world: &World, trace: &Trace) {
        let Some(wanted) = &trace.wanted else { return };
        if !matches!(trace.ended, Ended::Done) || !self.is_alone(trace) {
            return;
        }
        for start in &wanted.manifest.moves {
            let way = way(wanted, &start.from);
            let (Some(from), Some(to)) = (way.first(), way.last()) else {
                continue;
            };
            if [from, to]
                .iter()
                .any(|place| self.touched.contains(&place.0))
            {
                continue;
            }
            let (Some(was), None) = (held(self.before, from), held(self.before, to)) else {
                continue;
            };
            if is_gone(self.before, was) {
                continue;
            }
            let now = held(self.after, to);
            if now != Some(was) {
                world.accuse(format_args!(
                    "{} reports success, {from:?} was {was} and was to move to {to:?}, which is {now:?}",
                    trace.name
                ));
            }
        }
    }

    /// Whether what a resource was is where a move of the code leads, and nowhere else.
    pub(super) fn has_moved(&self, stack: &SeenStack, resource: &SeenResource) -> bool {
        let Some(was) = &resource.physical_id else {
            return false;
        };
        self.traces
            .iter()
            .filter_map(|trace| trace.wanted.as_ref())
            .any(|wanted| {
                let start = place(wanted, &stack.name, &resource.logical_id);
                let way = way(wanted, &start);
                way.iter()
                    .skip(1)
                    .any(|place| held(self.after, place) == Some(was))
            })
    }

    /// No resource is of two stacks, or under two names.
    pub(super) fn nothing_is_twice(&self, world: &World) {
        let mut homes: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for stack in self.after {
            for resource in &stack.resources {
                if let Some(id) = &resource.physical_id {
                    let home = format!("{}/{}", stack.name, resource.logical_id);
                    // The policy of a bucket is called as the bucket is.
                    let resource = (resource.resource_type.as_str(), id.as_str());
                    homes.entry(resource).or_default().push(home);
                }
            }
        }
        for ((_, id), homes) in homes.iter().filter(|(_, homes)| homes.len() > 1) {
            world.accuse(format_args!("{id} is {}", homes.join(" and ")));
        }
    }

    /// Whether a run was refused as a resource moves to where there is one: a deployment that failed half-way may have made
    /// it, and whoever wrote the move decides which of the two stays.
    pub(super) fn is_refused_move(&self, trace: &Trace, failure: &Failure) -> bool {
        let Some(wanted) = &trace.wanted else {
            return false;
        };
        failure.message.starts_with(WRONG)
            && wanted.manifest.moves.iter().any(|one| {
                let way = way(wanted, &one.from);
                let ends = [way.first(), way.last()];
                ends.into_iter()
                    .flatten()
                    .all(|place| held(self.before, place).is_some())
            })
    }
}

/// Where the moves of an app lead from a place, itself first.
fn way(wanted: &Assembly, start: &str) -> Vec<Place> {
    let mut way = vec![start];
    while let Some(last) = way.last()
        && let Some(next) = wanted.manifest.moves.iter().find(|one| one.from == *last)
        && !way.contains(&next.to.as_str())
    {
        way.push(&next.to);
    }
    way.into_iter()
        .filter_map(|place| {
            let (stack, id) = place.split_once('/')?;
            let mut stacks = wanted.manifest.stacks.iter();
            let stack = stacks.find(|one| one.name == stack)?;
            Some((stack.stack_name.clone(), id.to_owned()))
        })
        .collect()
}

/// A place as moves are written.
fn place(wanted: &Assembly, stack_name: &str, id: &str) -> String {
    let mut stacks = wanted.manifest.stacks.iter();
    let stack = stacks.find(|one| one.stack_name == stack_name);
    format!("{}/{id}", stack.map_or("", |stack| stack.name.as_str()))
}

/// Whether something else has deleted a resource, so that nothing is left of it to move.
fn is_gone(stacks: &[SeenStack], id: &str) -> bool {
    let mut resources = stacks.iter().flat_map(|stack| &stack.resources);
    resources.any(|one| one.physical_id.as_deref() == Some(id) && one.actual.is_none())
}

/// What is in a place.
fn held<'s>(stacks: &'s [SeenStack], (stack, id): &Place) -> Option<&'s String> {
    let stack = stacks.iter().find(|one| one.name == *stack)?;
    physical_id(stack, id)
}
