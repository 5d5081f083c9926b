//! Moves, from what the code declares to the templates of a stack refactor.
//!
//! A refactor gives resources another logical id or stack and does nothing else, so its templates are the *deployed* ones
//! with the resources in their new places and every reference rewritten. What the code wants beside is for the change sets
//! that follow.

mod matching;
mod rewrite;

use std::collections::{BTreeMap, BTreeSet};

use assembly::{Move, ResourceOrigin};
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    Action, Change, Facts, Finding, Reason, RefactorPlan, ResourceMove, StackDiff, Summary,
    uses::{Use, uses},
};

/// The most stacks that one refactor takes.
const MOST_STACKS: usize = 5;

/// A stack as it is deployed and as it is wanted.
#[derive(Clone, Copy, Debug)]
pub struct MovingStack<'a> {
    /// The short name.
    pub name: &'a str,
    /// The CloudFormation name.
    pub stack_name: &'a str,
    /// The body of the deployed template; nothing where there is no stack.
    pub deployed: Option<&'a Value>,
    /// The body of the wanted template; nothing where the code no longer has the stack.
    pub wanted: Option<&'a Value>,
    /// Where its resources are declared.
    pub origins: Option<&'a IndexMap<String, ResourceOrigin>>,
}

/// What the moves come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moving {
    /// The refactors, independent of one another.
    pub refactors: Vec<Refactor>,
    /// What is wrong with the moves, each with the short name of the stack it is told of.
    pub findings: Vec<(String, Finding)>,
}

/// One refactor.
#[derive(Clone, Debug, PartialEq)]
pub struct Refactor {
    /// The stacks, in the order given, each with the template it is refactored to.
    pub stacks: Vec<Refactored>,
    /// The resources that move.
    pub moves: Vec<ResourceMove>,
}

/// A stack of a refactor.
#[derive(Clone, Debug, PartialEq)]
pub struct Refactored {
    /// The short name.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// Whether the refactor creates it.
    pub creates: bool,
    /// The body of its template afterwards.
    pub template: Value,
    /// Logical ids of the resources that read outputs of other stacks from then on, which they did not before.
    pub readers: Vec<String>,
}

/// Where a resource is: the index of its stack among those given, and its logical id.
type Place = (usize, String);

/// Holds the moves that the code declares against what is deployed and wanted, and makes the refactors that carry out those
/// which are still to be made. A move that was made says nothing.
pub fn refactor(moves: &[Move], stacks: &[MovingStack<'_>], facts: &dyn Facts) -> Moving {
    let mut moving = Moving::default();
    let pending = matching::pending(moves, stacks, facts, &mut moving.findings);
    for group in groups(&pending) {
        match carried_out(&group, stacks, facts) {
            Ok(refactor) => moving.refactors.push(refactor),
            Err(findings) => moving.findings.extend(findings),
        }
    }
    moving
}

/// Moves that must go together: those that have a stack in common.
fn groups(pending: &BTreeMap<Place, Place>) -> Vec<BTreeMap<Place, Place>> {
    let mut groups: Vec<BTreeMap<Place, Place>> = Vec::new();
    for (from, to) in pending {
        let touches = |group: &BTreeMap<Place, Place>| {
            let mut places = group.iter().flat_map(|(one, other)| [one.0, other.0]);
            places.any(|stack| stack == from.0 || stack == to.0)
        };
        let (touched, mut apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        let mut group: BTreeMap<Place, Place> = touched.into_iter().flatten().collect();
        group.insert(from.clone(), to.clone());
        apart.push(group);
        groups = apart;
    }
    groups
}

fn carried_out(
    group: &BTreeMap<Place, Place>,
    stacks: &[MovingStack<'_>],
    facts: &dyn Facts,
) -> Result<Refactor, Vec<(String, Finding)>> {
    let mut members: Vec<usize> = group.iter().flat_map(|(from, to)| [from.0, to.0]).collect();
    members.sort_unstable();
    members.dedup();
    let told = |message: String| {
        let (_, (stack, logical_id)) = group.first_key_value().expect("a group has a move");
        vec![matching::finding(&stacks[*stack], logical_id, message)]
    };
    if members.len() > MOST_STACKS {
        let names: Vec<&str> = members.iter().map(|index| stacks[*index].name).collect();
        return Err(told(format!(
            "these moves belong together and concern {} stacks (`{}`), and CloudFormation refactors {MOST_STACKS} at a time; deploy with some of the moves first, then with the others",
            members.len(),
            names.join("`, `")
        )));
    }
    let templates = rewrite::rewrite(group, &members, stacks).map_err(|problems| {
        let finding = |problem: rewrite::Problem| {
            matching::finding(&stacks[problem.stack], &problem.logical_id, problem.message)
        };
        problems.into_iter().map(finding).collect::<Vec<_>>()
    })?;
    let refactored = members.iter().zip(templates).map(|(index, template)| {
        let stack = &stacks[*index];
        Refactored {
            name: stack.name.to_owned(),
            stack_name: stack.stack_name.to_owned(),
            creates: stack.deployed.is_none(),
            readers: new_readers(&template, *index, group, stacks),
            template,
        }
    });
    Ok(Refactor {
        stacks: refactored.collect(),
        moves: group
            .iter()
            .map(|(from, to)| resource_move(from, to, stacks, facts))
            .collect(),
    })
}

/// The resources of a template that read outputs which they do not read as they are deployed.
fn new_readers(
    template: &Value,
    index: usize,
    group: &BTreeMap<Place, Place>,
    stacks: &[MovingStack<'_>],
) -> Vec<String> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .filter(|(logical_id, resource)| {
            let here = (index, (*logical_id).clone());
            let mut moves = group.iter();
            let origin = moves.find(|(_, to)| **to == here).map(|(from, _)| from);
            let (stack, id) = origin.unwrap_or(&here);
            let deployed = stacks[*stack].deployed.unwrap_or(&Value::Null);
            !outputs(resource).is_subset(&outputs(&deployed["Resources"][id.as_str()]))
        })
        .map(|(logical_id, _)| logical_id.clone())
        .collect()
}

fn outputs(resource: &Value) -> BTreeSet<(&str, &str)> {
    let mut found = BTreeSet::new();
    uses(resource, &mut |one| {
        if let Use::Output(stack, output) = one {
            found.insert((stack, output));
        }
    });
    found
}

fn resource_move(
    from: &Place,
    to: &Place,
    stacks: &[MovingStack<'_>],
    facts: &dyn Facts,
) -> ResourceMove {
    let deployed = stacks[from.0].deployed.unwrap_or(&Value::Null);
    let type_name = crate::resources::type_name(&deployed["Resources"][from.1.as_str()]);
    let origin = stacks[to.0].origins.and_then(|origins| origins.get(&to.1));
    let place = |place: &Place| format!("{}/{}", stacks[place.0].name, place.1);
    ResourceMove {
        type_name: type_name.to_owned(),
        from: place(from),
        to: place(to),
        stateful: facts.is_stateful(type_name),
        source: origin.map(|origin| origin.source.clone()),
        path: origin.map(|origin| origin.path.clone()),
    }
}

/// What is wrong with moves, told of a stack as a whole: an error.
pub fn move_finding(message: String) -> Finding {
    matching::error(message)
}

impl StackDiff {
    /// Tells the moves that come before what changes: a resource that moves and also changes is told as both.
    #[must_use]
    pub fn with_moves<'m>(
        mut self,
        stack: &str,
        moves: impl IntoIterator<Item = &'m ResourceMove>,
    ) -> Self {
        for one in moves {
            let within = |place: &str| {
                let (name, logical_id) = place.split_once('/')?;
                (name == stack).then(|| logical_id.to_owned())
            };
            match (within(&one.from), within(&one.to)) {
                (_, Some(logical_id)) => {
                    let known = self.changes.iter_mut();
                    match known
                        .into_iter()
                        .find(|change| change.logical_id == logical_id)
                    {
                        Some(change) => change.moved_from = Some(one.from.clone()),
                        None => self.changes.push(Change {
                            moved_from: Some(one.from.clone()),
                            ..moved(one, logical_id)
                        }),
                    }
                }
                (Some(logical_id), None) => self.changes.push(Change {
                    moved_to: Some(one.to.clone()),
                    ..moved(one, logical_id)
                }),
                (None, None) => {}
            }
        }
        self.summary = Summary::of(&self.changes);
        self
    }
}

fn moved(one: &ResourceMove, logical_id: String) -> Change {
    Change {
        logical_id,
        type_name: one.type_name.clone(),
        action: Action::Move,
        reason: Reason::Moved,
        stateful: one.stateful,
        source: one.source.clone(),
        path: one.path.clone(),
        properties: Vec::new(),
        attributes: Vec::new(),
        previous_type: None,
        moved_from: None,
        moved_to: None,
        old_copy: None,
        likely_moved_from: None,
        physical_id: None,
        reported: None,
        ignored_drift: Vec::new(),
    }
}

impl crate::Plan {
    /// Puts the refactors before everything else, each in the first wave.
    #[must_use]
    pub fn with_refactors(mut self, refactors: Vec<RefactorPlan>) -> Self {
        if !refactors.is_empty() {
            for stack in &mut self.stacks {
                stack.wave += 1;
            }
        }
        self.refactors = refactors;
        self
    }

    /// The resources of a stack, by its short name, that read outputs of other stacks only since they were refactored.
    pub fn new_readers(&self, stack: &str) -> impl Iterator<Item = &str> {
        let stacks = self.refactors.iter().flat_map(|refactor| &refactor.stacks);
        let stacks = stacks.filter(move |one| one.name == stack);
        stacks.flat_map(|one| one.readers.iter().map(String::as_str))
    }
}
