//! One step of an operation: a pure function from the state to the next transaction.
//!
//! ```text
//! create:  Apply ── fails ──> Delete (rollback) ──> Done
//! update:  Apply ──> Cleanup ──> Done
//!            └ fails ──> Restore ──> RestoreCleanup ──> Done
//! delete:  Delete ──> Done
//! nested:  Apply ──> Held ──> Cleanup ──> Done
//!            │         └ the stack above failed ──> Restore
//!            └ fails ──> Restore ──> Held ──> RestoreCleanup ──> Done
//! ```
//!
//! Everything a step needs is in the state, so an operation that was interrupted at any point goes on from there.

use jiff::Timestamp;

use super::{apply, draft::Draft, outcome::failed_status, remove, restore};
use crate::{
    evaluate::Document,
    options::Faults,
    state::{
        Baseline, Goal, OnFailure, OperationKind, Phase, Progress, Record, Resource, StackStatus,
        State,
    },
};

/// What a step is made in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Environment<'a> {
    pub(crate) state: &'a State,
    pub(crate) document: &'a Document,
    pub(crate) account: &'a str,
    pub(crate) seed: u64,
    pub(crate) faults: &'a Faults,
    pub(crate) now: Timestamp,
}

/// What a step decided.
#[derive(Debug)]
pub(crate) struct Step {
    /// The transaction; empty when there is nothing to do yet.
    pub(crate) records: Vec<Record>,
    pub(crate) next: Next,
    /// The stacks whose operations begin or go on with it.
    pub(crate) begun: Vec<String>,
}

/// When the next step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Now,
    At(Timestamp),
    /// The operation is done.
    Never,
}

/// How far a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Something was done.
    Moved,
    /// Nothing can be done before a time.
    Waits(Timestamp),
    /// Nothing is left to do.
    Ended,
}

/// Makes the next step of a stack's operation.
pub(crate) fn advance(environment: Environment<'_>, uuid: &str) -> Step {
    let nothing = Step {
        records: Vec::new(),
        next: Next::Never,
        begun: Vec::new(),
    };
    let Some(entry) = environment.state.stacks.get(uuid) else {
        return nothing;
    };
    let Some(phase) = entry
        .stack
        .operation
        .as_ref()
        .map(|operation| operation.phase)
    else {
        return nothing;
    };
    let mut draft = Draft::of(entry, environment.seed, environment.now);
    let pace = match phase {
        Phase::Apply => apply::step(environment, &mut draft),
        Phase::Cleanup => remove::clean_up(environment, &mut draft),
        Phase::Restore => restore::step(environment, &mut draft),
        Phase::RestoreCleanup => restore::clean_up(environment, &mut draft),
        Phase::Delete => remove::delete_all(environment, &mut draft),
        Phase::Held | Phase::Done => return nothing,
    };
    match pace {
        Pace::Waits(until) => Step {
            records: Vec::new(),
            next: Next::At(until),
            begun: Vec::new(),
        },
        Pace::Moved | Pace::Ended => {
            let is_done = draft
                .stack
                .operation
                .as_ref()
                .is_none_or(|operation| operation.phase == Phase::Done);
            Step {
                begun: draft.begun(),
                records: draft.finish(),
                next: if is_done { Next::Never } else { Next::Now },
            }
        }
    }
}

impl Draft {
    /// Goes over to another phase; what was begun counts as it is.
    pub(super) fn enter(&mut self, phase: Phase) {
        if let Some(operation) = &mut self.stack.operation {
            operation.phase = phase;
        }
        self.reset_progress();
    }

    /// Goes over to the phase in which what is left behind goes; a nested stack waits for the one above with that.
    pub(super) fn enter_or_hold(&mut self, phase: Phase) {
        let operation = self.stack.operation.as_ref();
        let is_nested = operation.is_some_and(|operation| operation.by_parent.is_some());
        self.enter(if is_nested { Phase::Held } else { phase });
    }

    /// Lets every resource begin anew.
    pub(crate) fn reset_progress(&mut self) {
        for mut resource in self.select(|resource| resource.progress != Progress::Idle) {
            resource.progress = Progress::Idle;
            self.put(resource);
        }
    }

    /// Ends the operation; when it ended well, what exists now is what a later rollback leads back to.
    pub(super) fn end(&mut self, status: StackStatus, reason: Option<String>) {
        let is_settled = matches!(
            status,
            StackStatus::CreateComplete
                | StackStatus::UpdateComplete
                | StackStatus::UpdateRollbackComplete
                | StackStatus::ImportComplete
                | StackStatus::ImportRollbackComplete
        );
        if is_settled {
            self.stack.stable = Some(self.stack.definition.clone());
            let is_touched = |resource: &Resource| {
                resource.baseline != Baseline::Same
                    || resource.progress != Progress::Idle
                    || !resource.superseded.is_empty()
            };
            for mut resource in self.select(is_touched) {
                resource.baseline = Baseline::Same;
                resource.progress = Progress::Idle;
                resource.superseded.clear();
                self.put(resource);
            }
        }
        if let Some(operation) = &mut self.stack.operation {
            operation.phase = Phase::Done;
        }
        self.status(status, reason);
    }

    /// Ends the forward way: pauses the stack or turns it back, as the operation says.
    pub(super) fn fail(&mut self, reason: String) {
        let Some(operation) = &mut self.stack.operation else {
            return;
        };
        operation.failure = Some(reason.clone());
        let is_import = operation.imports_only;
        let is_create = operation.kind == OperationKind::Create;
        // What was created of a nested stack goes when the stack above goes back.
        let is_left = is_create && operation.by_parent.is_some();
        if is_left && !operation.disable_rollback {
            self.cancel_started();
            self.end(StackStatus::CreateFailed, Some(reason));
        } else if operation.disable_rollback || operation.on_failure == OnFailure::DoNothing {
            let status = if is_create {
                StackStatus::CreateFailed
            } else {
                StackStatus::UpdateFailed
            };
            self.end(status, Some(reason));
        } else if is_create && operation.on_failure == OnFailure::Delete {
            self.cancel_started();
            self.status(
                StackStatus::DeleteInProgress,
                Some(format!("{reason}Delete requested by user.")),
            );
            self.enter(Phase::Delete);
        } else if is_create {
            self.cancel_started();
            self.status(
                StackStatus::RollbackInProgress,
                Some(format!("{reason}Rollback requested by user.")),
            );
            self.enter(Phase::Delete);
        } else {
            self.cancel_started();
            let status = if is_import {
                StackStatus::ImportRollbackInProgress
            } else {
                StackStatus::UpdateRollbackInProgress
            };
            self.status(status, Some(reason));
            self.enter(Phase::Restore);
        }
    }
}

impl Draft {
    /// Cancels what was begun: it may exist already, so it counts as existing and is undone with the rest.
    pub(crate) fn cancel_started(&mut self) {
        let is_started =
            |resource: &Resource| matches!(resource.progress, Progress::Started { .. });
        for mut resource in self.select(is_started) {
            let Progress::Started { goal, .. } =
                std::mem::replace(&mut resource.progress, Progress::Failed)
            else {
                continue;
            };
            let status = failed_status(&resource);
            let what = if resource.live.is_some() {
                "update"
            } else {
                "creation"
            };
            if let Goal::Exist(wanted) = goal {
                if let Some(old) = resource.live.take()
                    && old.physical_id != wanted.physical_id
                {
                    resource.superseded.push(old);
                }
                resource.live = Some(*wanted);
            }
            self.tell(resource, status, Some(format!("Resource {what} cancelled")));
        }
    }
}
