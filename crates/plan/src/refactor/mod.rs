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
    /// The refactors, in the order in which they are carried out.
    pub refactors: Vec<Refactor>,
    /// What is wrong with the moves, each with the short name of the stack it is told of.
    pub findings: Vec<(String, Finding)>,
}

/// One refactor.
#[derive(Clone, Debug, PartialEq)]
pub struct Refactor {
    /// The wave it is carried out in, counted from one: it begins where those before it end.
    pub wave: usize,
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
        let mut refactors = Vec::new();
        match successive(&group, stacks, facts, 1, &mut refactors) {
            Ok(()) => moving.refactors.extend(refactors),
            Err(findings) => moving.findings.extend(findings),
        }
    }
    moving.refactors.sort_by_key(|refactor| refactor.wave);
    moving
}

/// Carries out moves that belong together: at once, or one part after the other where they concern more stacks than one
/// refactor takes. What is left after a part is planned as if that were deployed, so that a run which was interrupted comes
/// to the same.
fn successive(
    group: &BTreeMap<Place, Place>,
    stacks: &[MovingStack<'_>],
    facts: &dyn Facts,
    wave: usize,
    refactors: &mut Vec<Refactor>,
) -> Result<(), Vec<(String, Finding)>> {
    let part = part(group);
    if part.is_empty() {
        let (_, (stack, logical_id)) = group.first_key_value().expect("a group has a move");
        let message = format!(
            "these moves follow one another through {} stacks, and CloudFormation refactors {MOST_STACKS} at a time; deploy with some of the moves first, then with the others",
            members(group).len(),
        );
        return Err(vec![matching::finding(
            &stacks[*stack],
            logical_id,
            message,
        )]);
    }
    let refactor = carried_out(&part, stacks, facts).map_err(|mut findings| {
        if part.len() < group.len() {
            for (_, finding) in &mut findings {
                finding.message.push_str(&format!(
                    " (the moves that belong together concern {} stacks and are made in parts, as CloudFormation refactors {MOST_STACKS} at a time)",
                    members(group).len()
                ));
            }
        }
        findings
    })?;
    let rest: BTreeMap<Place, Place> = group
        .iter()
        .filter(|(from, _)| !part.contains_key(*from))
        .map(|(from, to)| (from.clone(), to.clone()))
        .collect();
    let after: Vec<MovingStack<'_>> = stacks
        .iter()
        .map(|stack| {
            let mut changed = refactor.stacks.iter();
            let changed = changed.find(|one| one.stack_name == stack.stack_name);
            MovingStack {
                deployed: changed.map(|one| &one.template).or(stack.deployed),
                ..*stack
            }
        })
        .collect();
    if (wave > 1 || !rest.is_empty())
        && let Some(message) = dangling(&refactor, &after)
    {
        let (_, (stack, logical_id)) = part.first_key_value().expect("a part has a move");
        return Err(vec![matching::finding(
            &stacks[*stack],
            logical_id,
            message,
        )]);
    }
    let mut later = Vec::new();
    for group in groups(&rest) {
        successive(&group, &after, facts, wave + 1, &mut later)?;
    }
    refactors.push(Refactor { wave, ..refactor });
    refactors.extend(later);
    Ok(())
}

/// What a part of the moves would read that a part before it took away, in words.
fn dangling(refactor: &Refactor, stacks: &[MovingStack<'_>]) -> Option<String> {
    refactor.stacks.iter().find_map(|reader| {
        let mut found = None;
        uses(&reader.template, &mut |one| {
            let Use::Output(stack_name, output) = one else {
                return;
            };
            let mut stacks = stacks.iter();
            let producer = stacks.find(|stack| stack.stack_name == stack_name);
            if let Some(producer) = producer
                && producer.deployed.is_none_or(|body| body["Outputs"][output].is_null())
            {
                found = Some(format!(
                    "these moves belong together and concern more than {MOST_STACKS} stacks, and made in parts `{}` would read output `{output}` of `{}` when it is gone; deploy with some of the moves first, then with the others",
                    reader.name, producer.name
                ));
            }
        });
        found
    })
}

/// As many of the moves as one refactor takes. One that goes where another resource is goes with that or after it.
fn part(group: &BTreeMap<Place, Place>) -> BTreeMap<Place, Place> {
    let mut part: BTreeMap<Place, Place> = BTreeMap::new();
    loop {
        let grown = group.keys().find_map(|from| {
            if part.contains_key(from) {
                return None;
            }
            let mut grown = part.clone();
            let mut next = Some(from);
            while let Some(from) = next
                && let Some(to) = group.get(from)
                && grown.insert(from.clone(), to.clone()).is_none()
            {
                next = Some(to);
            }
            (members(&grown).len() <= MOST_STACKS).then_some(grown)
        });
        match grown {
            Some(grown) => part = grown,
            None => return part,
        }
    }
}

/// The stacks that moves concern.
fn members(moves: &BTreeMap<Place, Place>) -> Vec<usize> {
    let mut members: Vec<usize> = moves.iter().flat_map(|(from, to)| [from.0, to.0]).collect();
    members.sort_unstable();
    members.dedup();
    members
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
    let members = members(group);
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
        wave: 1,
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
                            ..moved(one, &logical_id)
                        }),
                    }
                }
                (Some(logical_id), None) => self.changes.push(Change {
                    moved_to: Some(one.to.clone()),
                    ..moved(one, &logical_id)
                }),
                (None, None) => {}
            }
        }
        self.summary = Summary::of(&self.changes);
        self
    }
}

fn moved(one: &ResourceMove, logical_id: &str) -> Change {
    Change {
        stateful: one.stateful,
        source: one.source.clone(),
        path: one.path.clone(),
        ..Change::new(logical_id, &one.type_name, Action::Move, Reason::Moved)
    }
}

impl crate::Plan {
    /// Puts the refactors before everything else.
    #[must_use]
    pub fn with_refactors(mut self, refactors: Vec<RefactorPlan>) -> Self {
        let last = refactors.iter().map(|refactor| refactor.wave).max();
        for stack in &mut self.stacks {
            stack.wave += last.unwrap_or_default();
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
