//! Which of the declared moves are still to be made, and what is wrong with the others.

use std::collections::BTreeMap;

use assembly::{Move, Severity};
use serde_json::Value;

use super::{MovingStack, Place};
use crate::{Facts, Finding, resources::type_name};

/// The rule of moves.
const MOVE: &str = "CIF085";

/// What is wrong with a move, told of a resource of a stack.
pub(super) fn finding(
    stack: &MovingStack<'_>,
    logical_id: &str,
    message: String,
) -> (String, Finding) {
    let origin = stack.origins.and_then(|origins| origins.get(logical_id));
    (
        stack.name.to_owned(),
        error(message).about(logical_id, origin),
    )
}

pub(super) fn error(message: String) -> Finding {
    Finding::new(Severity::Error, MOVE, message)
}

/// The moves that are still to be made, from where a resource is to where it goes.
///
/// A move was made when its start is no longer deployed. Of moves that follow one another (`A` to `B`, later `B` to `C`)
/// each begins where its resource is and leads to where the last one ends.
pub(super) fn pending(
    moves: &[Move],
    stacks: &[MovingStack<'_>],
    facts: &dyn Facts,
    findings: &mut Vec<(String, Finding)>,
) -> BTreeMap<Place, Place> {
    let mut pending: BTreeMap<Place, Place> = BTreeMap::new();
    let mut ends: BTreeMap<Place, String> = BTreeMap::new();
    for one in moves {
        let last = last_of(moves, &one.to);
        // A stack that is not among these is not concerned.
        let (Some(from), Some(to)) = (place(&one.from, stacks), place(last, stacks)) else {
            continue;
        };
        let source = resource(stacks[from.0].deployed, &from.1);
        let taken = resource(stacks[to.0].deployed, &to.1);
        let wanted = resource(stacks[to.0].wanted, &to.1);
        let mut tell = |severity: Severity, message: String| {
            let (stack, told) = finding(&stacks[to.0], &to.1, message);
            findings.push((stack, Finding { severity, ..told }));
        };
        let Some(wanted) = wanted else {
            let (severity, fate) = match source {
                Some(_) => (Severity::Error, ", and what it names would be deleted"),
                None => (Severity::Warning, ""),
            };
            let near = near(last, stacks, |stack| stack.wanted);
            tell(
                severity,
                format!("a move ends at `{last}`, which is not declared{fate}{near}"),
            );
            continue;
        };
        let Some(source) = source else {
            // A resource that moved more than once may have left this place long ago.
            let is_on_its_way = way(moves, &one.from).into_iter().skip(1).any(|stop| {
                let place = place(stop, stacks);
                place.is_some_and(|(stack, id)| resource(stacks[stack].deployed, &id).is_some())
            });
            let is_between = moves.iter().any(|other| other.to == one.from);
            if !is_on_its_way
                && !is_between
                && let Some(near) = likely_start(&one.from, wanted, stacks)
            {
                tell(
                    Severity::Warning,
                    format!(
                        "a move starts at `{}`, which is not deployed; did you mean `{near}`?",
                        one.from
                    ),
                );
            }
            continue;
        };
        if resource(stacks[from.0].wanted, &from.1).is_some() {
            tell(
                Severity::Error,
                format!(
                    "a move starts at `{}`, which is still declared; take one of the two resources away",
                    one.from
                ),
            );
        } else if taken.is_some() {
            tell(
                Severity::Error,
                format!(
                    "`{}` moves to `{last}`, and both are deployed; take the move away, then `{}` goes when it is not declared any more",
                    one.from, one.from
                ),
            );
        } else if type_name(source) != type_name(wanted) {
            tell(
                Severity::Error,
                format!(
                    "`{}` is a {} and moves to `{last}`, which is a {}; a move changes no type",
                    one.from,
                    type_name(source),
                    type_name(wanted)
                ),
            );
        } else if !facts.can_be_refactored(type_name(source)) {
            tell(
                Severity::Error,
                format!(
                    "`{}` cannot move: CloudFormation refactors no {}, whose tags cannot change once it exists",
                    one.from,
                    type_name(source)
                ),
            );
        } else if let Some(other) = ends.get(&to) {
            if *other != one.from {
                tell(
                    Severity::Error,
                    format!("`{other}` and `{}` both move to `{last}`", one.from),
                );
            }
        } else if let Some(known) = pending.get(&from) {
            if *known != to {
                tell(
                    Severity::Error,
                    format!("`{}` moves to two places", one.from),
                );
            }
        } else {
            ends.insert(to.clone(), one.from.clone());
            pending.insert(from, to);
        }
    }
    pending
}

/// Where moves that follow one another lead from a place, itself first.
fn way<'a>(moves: &'a [Move], start: &'a str) -> Vec<&'a str> {
    let mut way = vec![start];
    let mut place = start;
    while let Some(next) = moves.iter().find(|one| one.from == place) {
        place = &next.to;
        if way.contains(&place) {
            break;
        }
        way.push(place);
    }
    way
}

/// Where the moves lead in the end that begin at a place.
fn last_of<'a>(moves: &'a [Move], place: &'a str) -> &'a str {
    way(moves, place).pop().unwrap_or(place)
}

fn place(text: &str, stacks: &[MovingStack<'_>]) -> Option<Place> {
    let (stack, logical_id) = text.split_once('/')?;
    let index = stacks.iter().position(|one| one.name == stack)?;
    Some((index, logical_id.to_owned()))
}

fn resource<'a>(template: Option<&'a Value>, logical_id: &str) -> Option<&'a Value> {
    template?.get("Resources")?.get(logical_id)
}

/// The nearest name of a resource, as a question.
fn near<'a>(
    name: &str,
    stacks: &[MovingStack<'a>],
    template: impl Fn(&MovingStack<'a>) -> Option<&'a Value>,
) -> String {
    let names: Vec<String> = stacks
        .iter()
        .flat_map(|stack| {
            let resources = template(stack).and_then(|body| body["Resources"].as_object());
            let ids = resources.into_iter().flat_map(|all| all.keys());
            ids.map(|id| format!("{}/{id}", stack.name))
                .collect::<Vec<_>>()
        })
        .collect();
    assembly::nearest(name, names.iter().map(String::as_str))
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// A resource that goes, of the type of one that comes, whose name is nearly that of a move's start.
fn likely_start(start: &str, wanted: &Value, stacks: &[MovingStack<'_>]) -> Option<String> {
    let mut names = Vec::new();
    for stack in stacks {
        let deployed = stack
            .deployed
            .and_then(|body| body["Resources"].as_object());
        for (id, found) in deployed.into_iter().flatten() {
            let goes = resource(stack.wanted, id).is_none();
            if goes && type_name(found) == type_name(wanted) {
                names.push(format!("{}/{id}", stack.name));
            }
        }
    }
    assembly::nearest(start, names.iter().map(String::as_str)).map(str::to_owned)
}
