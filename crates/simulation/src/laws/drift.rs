//! What must hold of drift: exactly what was changed is told, and nothing is called clean that was not checked.

use std::collections::BTreeSet;

use engine::{DriftStatus, ResourceDrift, StackDrift};
use local::{SeenResource, SeenStack};
use serde_json::{Map, Value};

use super::Act;
use crate::{
    app::NESTED,
    command::{Command, Ended, Trace},
    wire::UNSEEN,
    world::World,
};

/// The type of these simulations that CloudFormation cannot read.
const UNDETECTED: &str = "AWS::IAM::Policy";

impl Act<'_> {
    /// What is said of drift is so.
    pub(super) fn drift_is_true(&self, world: &World, trace: &Trace) {
        let Some(report) = &trace.drift else { return };
        if !self.touched.is_empty() || self.traces.len() > 1 {
            return;
        }
        for told in &report.stacks {
            let mut stacks = self.before.iter();
            let found = stacks.find(|stack| stack.name == told.stack_name);
            let found = found.filter(|stack| stack.status != "REVIEW_IN_PROGRESS");
            // What was made a moment ago may not be seen yet.
            let now = world.milliseconds();
            if found.is_some_and(|stack| now - stack.created < UNSEEN) && !told.deployed {
                continue;
            }
            if told.deployed != found.is_some() {
                world.accuse(format_args!(
                    "{} says that {} is deployed: {}, and it is {:?}",
                    trace.name,
                    told.stack_name,
                    told.deployed,
                    found.map(|stack| stack.status)
                ));
            }
            for resource in found.into_iter().flat_map(|stack| &stack.resources) {
                let nothing_struck = self.is_calm && !trace.struck;
                let may_be_unread = !(nothing_struck && is_read_live(&resource.resource_type));
                if resource.physical_id.is_some()
                    && let Some(wrong) = wrong(world, told, resource, may_be_unread)
                {
                    world.accuse(format_args!(
                        "{} says of {} of {} {wrong}",
                        trace.name, resource.logical_id, told.stack_name
                    ));
                }
            }
        }
    }

    /// Who reports that drift was taken back has taken it back.
    pub(super) fn drift_is_reverted(&self, world: &World, command: &Command, trace: &Trace) {
        let reverts = matches!((command, &trace.ended), (Command::Revert, Ended::Done));
        if !reverts || !self.is_alone(trace) {
            return;
        }
        for (stack, resource) in drifted(self.after) {
            if !self.touched.contains(&stack.name) && !world.is_unreadable(&resource.logical_id) {
                world.accuse(format_args!(
                    "{} reports success of `{}`, and {} of {} is {:?} instead of {}",
                    trace.name,
                    command.verb(),
                    resource.logical_id,
                    stack.name,
                    resource.actual,
                    resource.properties
                ));
            }
        }
    }
}

/// The resources that are not as their stacks deployed them.
pub(crate) fn drifted(stacks: &[SeenStack]) -> impl Iterator<Item = (&SeenStack, &SeenResource)> {
    let all = stacks
        .iter()
        .flat_map(|stack| stack.resources.iter().map(move |one| (stack, one)));
    all.filter(|(_, one)| one.physical_id.is_some() && one.actual.as_ref() != Some(&one.properties))
}

/// Whether the services themselves are asked about a type where CloudFormation does not tell.
fn is_read_live(type_name: &str) -> bool {
    ["Budgets", "Cognito", "IAM", "S3"]
        .iter()
        .any(|service| type_name.split("::").nth(1) == Some(service))
}

/// What is wrong with what is said of a resource, if anything is. What CloudFormation cannot tell the services may not tell
/// either.
fn wrong(
    world: &World,
    told: &StackDrift,
    resource: &SeenResource,
    may_be_unread: bool,
) -> Option<String> {
    let mut resources = told.resources.iter();
    let Some(one) = resources.find(|one| one.logical_id == resource.logical_id) else {
        return Some("nothing".to_owned());
    };
    let is_unreadable = world.is_unreadable(&resource.logical_id);
    let is_undetected = is_unreadable || [UNDETECTED, NESTED].contains(&one.resource_type.as_str());
    let is_told = !is_undetected || is_read_live(&resource.resource_type);
    let is_true = match (one.status, &resource.actual) {
        (DriftStatus::Unchecked, _) => {
            (is_undetected || told.problem.is_some()) && may_be_unread && one.reason.is_some()
        }
        (DriftStatus::Deleted, None) => is_told,
        (DriftStatus::InSync | DriftStatus::Modified, Some(actual)) => {
            is_told
                && (may_be_unread || one.unchecked.is_empty())
                && (one.status == DriftStatus::Modified) != one.properties.is_empty()
                && tells(one, &resource.properties, actual)
        }
        (DriftStatus::Deleted, Some(_)) | (DriftStatus::InSync | DriftStatus::Modified, None) => {
            false
        }
    };
    (!is_true).then(|| {
        format!(
            "{:?} {:?}, and {} is {:?}",
            one.status, one.properties, resource.properties, resource.actual
        )
    })
}

/// Whether a report names the properties that differ, with the values there were and are, as far as it could look.
fn tells(one: &ResourceDrift, expected: &str, actual: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (expected, actual) = (read(expected), read(actual));
    let nothing = Map::new();
    let of = |value: &'_ Value| value.as_object().unwrap_or(&nothing).clone();
    let (before, after) = (of(&expected), of(&actual));
    let names = before.keys().chain(after.keys());
    let different: BTreeSet<&String> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .filter(|name| {
            !one.unchecked
                .iter()
                .any(|open| open.path.first() == Some(*name))
        })
        .collect();
    let told: BTreeSet<&String> = one
        .properties
        .iter()
        .filter_map(|one| one.path.first())
        .collect();
    let is_so = one.properties.iter().all(|one| {
        let pointer: String = one.path.iter().map(|part| format!("/{part}")).collect();
        same(one.expected.as_ref(), expected.pointer(&pointer))
            && same(one.actual.as_ref(), actual.pointer(&pointer))
    });
    told == different && is_so
}

/// Whether values are the same, of which one may have been written as a text.
fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => Some(text.clone()),
        value => value.map(Value::to_string),
    };
    text(one) == text(other)
}
