//! How a nested stack stands with what the stack above waits for.

use jiff::Timestamp;

use super::is_stack;
use crate::{
    provision::{Draft, Environment},
    state::{Entry, Goal, Phase, Progress, StackStatus, State},
};

/// Which way the stack above goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provision) enum Way {
    Forward,
    Back,
    Away,
    /// It is decided, and what is left behind goes.
    Settling,
}

enum Standing {
    /// It is to be asked again at a time.
    Going(Timestamp),
    Reached,
    Failed(String),
}

/// When to look again at what was begun; nothing when it is due. What became of a nested stack is taken over.
pub(in crate::provision) fn due(
    environment: Environment<'_>,
    draft: &mut Draft,
    name: &str,
    way: Way,
) -> Option<Timestamp> {
    let mut resource = draft.resource(name)?;
    let Progress::Started { until, goal } = &mut resource.progress else {
        return None;
    };
    if *until > environment.now {
        return Some(*until);
    }
    let arn = match goal {
        Goal::Exist(wanted) if is_stack(&wanted.resource_type) => wanted.physical_id.clone(),
        Goal::Gone => match &resource.live {
            Some(live) if is_stack(&live.resource_type) => live.physical_id.clone(),
            _ => return None,
        },
        Goal::Exist(_) | Goal::SupersededGone(_) | Goal::Fail(_) => return None,
    };
    match standing(environment, draft, &arn, way) {
        Standing::Going(until) => Some(until),
        Standing::Reached => None,
        Standing::Failed(reason) => {
            if let Goal::Exist(made) = std::mem::replace(goal, Goal::Fail(reason)) {
                // It exists, however it is.
                resource.live.get_or_insert(*made);
            }
            draft.put(resource);
            None
        }
    }
}

fn standing(environment: Environment<'_>, draft: &Draft, arn: &str, way: Way) -> Standing {
    let Some(entry) = environment.state.with_arn(arn) else {
        return match way {
            Way::Away | Way::Back | Way::Settling => Standing::Reached,
            Way::Forward => Standing::Failed(format!("Stack [{arn}] does not exist")),
        };
    };
    let stack = &entry.stack;
    let reason = stack.status_reason.as_deref().unwrap_or_default();
    let Some(operation) = &stack.operation else {
        return Standing::Reached;
    };
    let above = draft.stack.operation.as_ref();
    let is_part = above.is_some_and(|above| operation.by_parent.as_ref() == Some(&above.id));
    let going = || Standing::Going(next(environment.state, entry, environment.now));
    match (way, operation.phase) {
        (Way::Forward, _) if !is_part => Standing::Reached,
        (Way::Forward, phase) => match (&operation.failure, phase) {
            (Some(failure), _) if stack.status == StackStatus::CreateFailed => Standing::Failed(
                format!("Embedded stack {arn} was not successfully created: {failure}"),
            ),
            // However far it is on its way back by now.
            (Some(failure), _) => {
                let now = match stack.status {
                    StackStatus::UpdateFailed => StackStatus::UpdateFailed,
                    _ => StackStatus::UpdateRollbackInProgress,
                };
                Standing::Failed(not_updated(arn, now, failure))
            }
            (None, Phase::Held | Phase::Done) => Standing::Reached,
            (None, _) => going(),
        },
        (Way::Back, Phase::Held) if stack.status == StackStatus::UpdateRollbackCleanup => {
            Standing::Reached
        }
        (Way::Back, Phase::Done) if stack.status == StackStatus::UpdateRollbackFailed => {
            Standing::Failed(not_updated(arn, stack.status, reason))
        }
        (Way::Away, _) if stack.status == StackStatus::DeleteComplete => Standing::Reached,
        (Way::Away, Phase::Done) => Standing::Failed(format!(
            "Embedded stack {arn} was not successfully deleted: {reason}"
        )),
        (Way::Back | Way::Settling, Phase::Done) => Standing::Reached,
        (Way::Back | Way::Settling | Way::Away, _) => going(),
    }
}

fn not_updated(arn: &str, status: StackStatus, reason: &str) -> String {
    format!(
        "Embedded stack {arn} was not successfully updated. Currently in {status} with reason: {reason}"
    )
}

/// When something may happen to a stack.
fn next(state: &State, entry: &Entry, now: Timestamp) -> Timestamp {
    let started = entry.resources.values().filter_map(|resource| {
        let Progress::Started { until, goal } = &resource.progress else {
            return None;
        };
        if *until > now {
            return Some(*until);
        }
        let arn = match goal {
            Goal::Exist(wanted) => &wanted.physical_id,
            Goal::Gone => &resource.live.as_ref()?.physical_id,
            Goal::SupersededGone(_) | Goal::Fail(_) => return Some(now),
        };
        let below = state
            .with_arn(arn)
            .filter(|_| is_stack(&resource.resource_type));
        Some(below.map_or(now, |below| next(state, below, now)))
    });
    started.min().unwrap_or(now)
}
