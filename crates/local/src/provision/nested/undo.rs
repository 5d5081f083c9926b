//! The end of an update for nested stacks: back, or done with.

use super::{
    super::{advance::Pace, draft::Draft},
    Way,
    begin::begin,
    due, existing, is_stack,
};
use crate::{
    provision::Environment,
    state::{Deployed, Goal, OperationKind, Phase, Progress, ResourceStatus, Stack, StackStatus},
};

/// Whether a nested stack was changed by an update that is not over.
pub(in crate::provision) fn is_touched(environment: Environment<'_>, before: &Deployed) -> bool {
    if !is_stack(&before.resource_type) {
        return false;
    }
    let entry = existing(environment.state, &before.physical_id);
    entry.is_some_and(|entry| {
        matches!(
            entry.stack.status,
            StackStatus::UpdateInProgress
                | StackStatus::UpdateFailed
                | StackStatus::UpdateCleanup
                | StackStatus::UpdateRollbackInProgress
                | StackStatus::UpdateRollbackFailed
                | StackStatus::UpdateRollbackCleanup
        )
    })
}

/// Lets a nested stack go back to what it was, where it is not on its way already.
pub(in crate::provision) fn begin_restoration(
    environment: Environment<'_>,
    above: &mut Draft,
    arn: &str,
) {
    let Some(entry) = existing(environment.state, arn) else {
        return;
    };
    let mut nested = Draft::of(entry, environment.seed, environment.now);
    let phase = entry.stack.operation.as_ref().map(|one| one.phase);
    let kind = match (entry.stack.status, phase) {
        (StackStatus::UpdateCleanup, Some(Phase::Held)) | (StackStatus::UpdateFailed, _) => {
            OperationKind::Rollback
        }
        (StackStatus::UpdateRollbackFailed, _) => OperationKind::ContinueRollback,
        (StackStatus::UpdateInProgress, Some(Phase::Apply)) => {
            if let Some(operation) = &mut nested.stack.operation {
                operation.cancelled = true;
            }
            above.beside(nested.finish());
            return;
        }
        _ => return,
    };
    begin(
        above,
        nested,
        kind,
        Phase::Restore,
        StackStatus::UpdateRollbackInProgress,
        Vec::new(),
    );
}

/// Whether a continued rollback passes over a resource: one of a nested stack is named with the name of that stack.
pub(in crate::provision) fn is_skipped(stack: &Stack, logical_id: &str) -> bool {
    let Some(operation) = &stack.operation else {
        return false;
    };
    let is_it = |named: &String| match named.split_once('.') {
        Some((name, within)) => name == stack.name && within == logical_id,
        None => operation.by_parent.is_none() && named == logical_id,
    };
    operation.skip.iter().any(is_it)
}

/// Lets the nested stacks that were held go on to their own end, and waits for that.
pub(in crate::provision) fn settle(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let mut moved = false;
    let mut earliest = None;
    let is_nested = |one: &crate::state::Resource| is_stack(&one.resource_type);
    for mut resource in draft.select(is_nested) {
        let Some(live) = resource.live.clone() else {
            continue;
        };
        if let Progress::Started { goal, .. } = &resource.progress {
            if !matches!(goal, Goal::Exist(_)) {
                // It is on its way out, which is not settled here.
                continue;
            }
            match due(environment, draft, &resource.logical_id, Way::Settling) {
                Some(until) => earliest = Some(earliest.map_or(until, |one| until.min(one))),
                None => {
                    resource.progress = Progress::Idle;
                    draft.tell(resource, ResourceStatus::UpdateComplete, None);
                    moved = true;
                }
            }
            continue;
        }
        let Some(entry) = existing(environment.state, &live.physical_id) else {
            continue;
        };
        let mut nested = Draft::of(entry, environment.seed, environment.now);
        let Some(operation) = &mut nested.stack.operation else {
            continue;
        };
        if operation.phase != Phase::Held {
            continue;
        }
        operation.phase = match nested.stack.status {
            StackStatus::UpdateRollbackCleanup => Phase::RestoreCleanup,
            _ => Phase::Cleanup,
        };
        draft.begin(nested.stack.uuid.clone());
        draft.beside(nested.finish());
        resource.progress = Progress::Started {
            until: environment.now,
            goal: Goal::Exist(Box::new(live)),
        };
        draft.put(resource);
        moved = true;
    }
    match (moved, earliest) {
        (true, _) => Pace::Moved,
        (false, Some(until)) => Pace::Waits(until),
        (false, None) => Pace::Ended,
    }
}
