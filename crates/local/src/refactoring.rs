//! Executing stack refactors in the background, like operations.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    endpoint::{Core, Endpoint, LONGEST_WAIT, SHORTEST_WAIT, WAIT_FOR_ROOM},
    options::Step,
    provision::{Definitions, Draft, NewStack, refactored},
    state::{Phase, Record, Refactor, RefactorExecution, StackStatus},
};

impl Endpoint {
    /// When what a refactor does next is done: as long as the slowest of its resources takes.
    pub(crate) fn end_of(&self, refactor: &Refactor, now: Timestamp) -> Timestamp {
        let names = refactor
            .moves
            .iter()
            .flat_map(|one| [&one.from.1, &one.to.1]);
        let faults = self.faults();
        let longest = names.map(|name| faults.delay_of(name)).max();
        now.checked_add(longest.unwrap_or_default()).unwrap_or(now)
    }

    /// Goes on with every refactor that is under way.
    pub(crate) fn resume_refactors(self: &Arc<Self>, held: &Core) {
        let refactors = held.state.refactors.values();
        for refactor in refactors.filter(|refactor| refactor.execution.is_in_progress()) {
            self.drive_refactor(held, refactor.id.clone());
        }
    }

    /// Advances a refactor in a task of its own.
    pub(crate) fn drive_refactor(self: &Arc<Self>, _held: &Core, id: String) {
        if !self.running().insert(id.clone()) {
            return;
        }
        let endpoint = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(pause) = endpoint.step_refactor(&id) {
                tokio::time::sleep(pause).await;
            }
        });
    }

    /// Makes one step; says how long to wait for the next, if there is one.
    fn step_refactor(&self, id: &str) -> Option<Duration> {
        let mut core = self.core();
        let core = &mut *core;
        let now = self.now();
        let refactor = core.state.refactors.get(id).cloned();
        let refactor =
            refactor.filter(|refactor| refactor.execution.is_in_progress() && !self.is_stopped());
        let Some(refactor) = refactor else {
            self.running().remove(id);
            return None;
        };
        if let Some(until) = refactor.until.filter(|until| *until > now) {
            let rest = Duration::try_from(until.duration_since(now)).unwrap_or_default();
            return Some(rest.clamp(SHORTEST_WAIT, LONGEST_WAIT));
        }
        let records = if refactor.execution == RefactorExecution::ExecuteInProgress {
            self.carried_out(core, &refactor, now)
        } else {
            self.undone(core, &refactor, now)
        };
        if core.commit(records).is_err() {
            // The disk is full, say: it stands still and goes on once there is room.
            return Some(WAIT_FOR_ROOM);
        }
        Some(Duration::ZERO)
    }

    /// The refactor done, or its undoing begun.
    fn carried_out(&self, core: &mut Core, refactor: &Refactor, now: Timestamp) -> Vec<Record> {
        let names = refactor
            .moves
            .iter()
            .flat_map(|one| [&one.from.1, &one.to.1]);
        let faults = self.faults();
        let failure = names
            .filter_map(|name| faults.failure(name, Step::Update))
            .next()
            .map(str::to_owned);
        let outcome = match failure {
            Some(reason) => Err(reason),
            None => self.moved(core, refactor, now),
        };
        let (mut records, next) = match outcome {
            Ok(records) => (
                records,
                Refactor {
                    execution: RefactorExecution::ExecuteComplete,
                    until: None,
                    ..refactor.clone()
                },
            ),
            Err(reason) => (
                self.told(core, refactor, now, |creates| {
                    if creates {
                        StackStatus::RollbackInProgress
                    } else {
                        StackStatus::UpdateRollbackInProgress
                    }
                }),
                Refactor {
                    execution: RefactorExecution::RollbackInProgress,
                    execution_reason: Some(reason),
                    until: Some(self.end_of(refactor, now)),
                    ..refactor.clone()
                },
            ),
        };
        records.push(Record::Refactor(Box::new(next)));
        records
    }

    fn moved(
        &self,
        core: &mut Core,
        refactor: &Refactor,
        now: Timestamp,
    ) -> Result<Vec<Record>, String> {
        let mut stacks = Vec::new();
        for wanted in &refactor.stacks {
            let missing = || format!("{}: the stack does not exist any more", wanted.arn);
            let entry = core.state.stacks.get(&wanted.uuid).ok_or_else(missing)?;
            let (stack, current) = (entry.stack.clone(), entry.stack.definition.template.clone());
            if !stack.status.is_in_progress() {
                return Err(format!("{}: Stack was updated.", wanted.arn));
            }
            stacks.push(NewStack {
                stack,
                creates: wanted.creates,
                document: core.document(&wanted.template).ok_or_else(missing)?,
                current: core.document(&current).filter(|_| !wanted.creates),
            });
        }
        let definitions = Definitions {
            state: &core.state,
            account: &self.options.account,
            stacks: &stacks,
        };
        refactored(&definitions, refactor, self.options.seed, now).map_err(|failure| failure.0)
    }

    /// The refactor undone: nothing had moved yet.
    fn undone(&self, core: &Core, refactor: &Refactor, now: Timestamp) -> Vec<Record> {
        let names = refactor
            .moves
            .iter()
            .flat_map(|one| [&one.from.1, &one.to.1]);
        let faults = self.faults();
        let fails = names
            .filter_map(|name| faults.failure(name, Step::Restore))
            .next()
            .map(str::to_owned);
        let mut records = self.told(core, refactor, now, |creates| match (creates, &fails) {
            (true, None) => StackStatus::DeleteComplete,
            (true, Some(_)) => StackStatus::RollbackFailed,
            (false, None) => StackStatus::UpdateRollbackComplete,
            (false, Some(_)) => StackStatus::UpdateRollbackFailed,
        });
        records.push(Record::Refactor(Box::new(Refactor {
            execution: if fails.is_some() {
                RefactorExecution::RollbackFailed
            } else {
                RefactorExecution::RollbackComplete
            },
            execution_reason: fails.or_else(|| refactor.execution_reason.clone()),
            until: None,
            ..refactor.clone()
        })));
        records
    }

    /// Every stack in another status.
    fn told(
        &self,
        core: &Core,
        refactor: &Refactor,
        now: Timestamp,
        status: impl Fn(bool) -> StackStatus,
    ) -> Vec<Record> {
        let mut records = Vec::new();
        for stack in &refactor.stacks {
            let Some(entry) = core.state.stacks.get(&stack.uuid) else {
                continue;
            };
            let mut draft = Draft::of(entry, self.options.seed, now);
            let status = status(stack.creates);
            if status == StackStatus::DeleteComplete {
                draft.stack.deleted = Some(now);
            }
            if let Some(operation) = &mut draft.stack.operation {
                operation.phase = Phase::Done;
            }
            draft.status(status, None);
            records.extend(draft.finish());
        }
        records
    }
}
