//! The way back of a failed update: every resource gets its previous values, and what the update had made goes.

use super::{
    advance::{Environment, Pace},
    draft::Draft,
    nested::{Way, begin_restoration, due, is_skipped, is_touched, settle},
    remove,
};
use crate::{
    options::Step as FaultStep,
    state::{Baseline, Deployed, Goal, Phase, Progress, ResourceStatus, StackStatus},
};

/// Makes one step of the way back.
pub(super) fn step(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let mut moved = false;
    let mut earliest = None;
    let touched: Vec<(String, Deployed)> = draft
        .resources
        .values()
        .filter_map(|resource| match &resource.baseline {
            Baseline::Was(before) => Some((resource.logical_id.clone(), before.as_ref().clone())),
            Baseline::Same | Baseline::Nothing => None,
        })
        .collect();
    for (name, _) in &touched {
        let is_started = draft
            .resources
            .get(name)
            .is_some_and(|resource| matches!(resource.progress, Progress::Started { .. }));
        if is_started {
            match due(environment, draft, name, Way::Back) {
                None => {
                    finish(draft, name);
                    moved = true;
                }
                Some(until) => {
                    earliest = Some(earliest.map_or(until, |earliest| until.min(earliest)));
                }
            }
        }
    }
    let entry = environment.state.stacks.get(&draft.stack.uuid);
    let is_pending = |name: &str| {
        entry
            .and_then(|entry| entry.resources.get(name))
            .is_some_and(|resource| {
                matches!(resource.baseline, Baseline::Was(_))
                    && matches!(resource.progress, Progress::Idle | Progress::Started { .. })
            })
    };
    for (name, before) in &touched {
        let is_idle = draft
            .resources
            .get(name)
            .is_some_and(|resource| resource.progress == Progress::Idle);
        if is_idle && !before.dependencies.iter().any(|other| is_pending(other)) {
            start(environment, draft, name, before);
            moved = true;
        }
    }
    match (moved, earliest) {
        (true, _) => Pace::Moved,
        (false, Some(until)) => Pace::Waits(until),
        (false, None) => {
            complete(draft);
            Pace::Moved
        }
    }
}

/// Deletes what the failed update had made, then ends the operation.
pub(super) fn clean_up(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let pace = match settle(environment, draft) {
        Pace::Ended => remove::undo(environment, draft),
        pace => pace,
    };
    match pace {
        Pace::Ended => {
            let left: Vec<String> = draft
                .resources
                .values()
                .filter(|resource| resource.baseline == Baseline::Nothing)
                .map(|resource| resource.logical_id.clone())
                .collect();
            for logical_id in left {
                draft.remove(&logical_id);
            }
            let is_import = draft
                .stack
                .operation
                .as_ref()
                .is_some_and(|operation| operation.imports_only);
            let status = if is_import {
                StackStatus::ImportRollbackComplete
            } else {
                StackStatus::UpdateRollbackComplete
            };
            draft.end(status, None);
            Pace::Moved
        }
        pace => pace,
    }
}

fn start(environment: Environment<'_>, draft: &mut Draft, name: &str, before: &Deployed) {
    let Some(mut resource) = draft.resource(name) else {
        return;
    };
    if is_skipped(&draft.stack, name) {
        resource.baseline = Baseline::Same;
        resource.progress = Progress::Done;
        draft.tell(resource, ResourceStatus::UpdateComplete, None);
        return;
    }
    let is_same = resource.live.as_ref().is_some_and(|live| {
        live.physical_id == before.physical_id
            && live.properties == before.properties
            && live.actual == before.actual
    });
    let is_touched = is_touched(environment, before);
    if is_same && resource.status != ResourceStatus::UpdateFailed && !is_touched {
        resource.live = Some(before.clone());
        resource.baseline = Baseline::Same;
        resource.progress = Progress::Done;
        draft.put(resource);
        return;
    }
    let goal = match environment.faults.failure(name, FaultStep::Restore) {
        Some(reason) => Goal::Fail(reason.to_owned()),
        None => Goal::Exist(Box::new(before.clone())),
    };
    let until = draft
        .now
        .checked_add(environment.faults.delay_of(name))
        .unwrap_or(draft.now);
    resource.progress = Progress::Started { until, goal };
    draft.tell(resource, ResourceStatus::UpdateInProgress, None);
    if is_touched {
        begin_restoration(environment, draft, &before.physical_id);
    }
}

fn finish(draft: &mut Draft, name: &str) {
    let Some(mut resource) = draft.resource(name) else {
        return;
    };
    let Progress::Started { goal, .. } = std::mem::replace(&mut resource.progress, Progress::Done)
    else {
        return;
    };
    match goal {
        Goal::Exist(before) => {
            if let Some(made) = resource.live.take()
                && made.physical_id != before.physical_id
            {
                resource.superseded.push(made);
            }
            resource
                .superseded
                .retain(|old| old.physical_id != before.physical_id);
            resource.live = Some(*before);
            resource.baseline = Baseline::Same;
            draft.tell(resource, ResourceStatus::UpdateComplete, None);
        }
        Goal::Fail(_) if is_forced(draft) => {
            resource.baseline = Baseline::Same;
            draft.tell(resource, ResourceStatus::UpdateComplete, None);
        }
        Goal::Fail(reason) => {
            resource.progress = Progress::Failed;
            draft.tell(resource, ResourceStatus::UpdateFailed, Some(reason));
        }
        Goal::Gone | Goal::SupersededGone(_) => draft.put(resource),
    }
}

/// Whether what cannot be restored is left as it is.
fn is_forced(draft: &Draft) -> bool {
    let operation = draft.stack.operation.as_ref();
    operation.is_some_and(|operation| operation.force_rollback)
}

fn complete(draft: &mut Draft) {
    let failed: Vec<&str> = draft
        .resources
        .values()
        .filter(|resource| {
            resource.progress == Progress::Failed && matches!(resource.baseline, Baseline::Was(_))
        })
        .map(|resource| resource.logical_id.as_str())
        .collect();
    if !failed.is_empty() {
        let reason = format!(
            "The following resource(s) failed to update: [{}]. ",
            failed.join(", ")
        );
        draft.end(StackStatus::UpdateRollbackFailed, Some(reason));
        return;
    }
    if let Some(stable) = draft.stack.stable.clone() {
        draft.stack.definition = stable;
    }
    draft.status(StackStatus::UpdateRollbackCleanup, None);
    draft.enter_or_hold(Phase::RestoreCleanup);
}
