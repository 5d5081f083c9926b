//! Carrying out a plan: each stack's change set is executed and followed to its end.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use assembly::StackManifest;
use indexmap::IndexMap;
use plan::{Action, RemovalPlan, StackAction, StackDiff, StackPlan, last_step};
use tokio::time::Instant;

use crate::{
    change_set::{Asked, PreparedChangeSet, Use, Wanted},
    desired::Assembly,
    engine::Engine,
    error::{AwsError, AwsErrorKind, Error},
    event::{Event, Operation},
    findings::tell,
    follow::{End, Followed},
    order::{Step, Worked},
    outcome::{Outcome, Report, Skipped},
    planning::{Bounds, Busy, Planned, heard},
    port::{ExecuteRequest, Execution, Stack, StackEvent, StackResource, Values},
    readers::keeping,
    refactor::{Moved, PreparedRefactor},
    status::Condition,
    survey::Denied,
};

/// How much of what is wanted of a stack is deployed.
#[derive(Clone, Copy)]
enum Extent<'a> {
    /// All of it, at once.
    Whole,
    /// All of it, but what others still read stays.
    AllBut(&'a RemovalPlan),
    /// What is left of that, once nobody reads it.
    Last,
}

impl Engine<'_> {
    /// Deploys what was planned, independent stacks at the same time.
    ///
    /// A stack with a change set gets exactly that, or nothing when the stack has changed since. A provisional stack is
    /// planned again once those before it are done; if it would then lose data that the plan did not speak of, it fails.
    /// Change sets that were kept and not executed are deleted.
    pub async fn deploy(&self, assembly: &Assembly, planned: &Planned) -> Report {
        for refactor in &planned.refactors {
            let outcome = match self.carry_out(refactor).await {
                Ok(Moved::Done) => continue,
                Ok(Moved::Detached) => Outcome::Detached(None),
                Err(Error::Interrupted) => Outcome::Skipped(Skipped::Interrupted),
                Err(error) => Outcome::Failed(error),
            };
            let report = self.not_moved(assembly, planned, refactor, outcome);
            self.discard_unused(&report, planned).await;
            return report;
        }
        let steps = planned
            .plan
            .stacks
            .iter()
            .filter_map(|plan| {
                let stack = assembly
                    .manifest
                    .stacks
                    .iter()
                    .find(|stack| stack.name == plan.name)?;
                let after = stack.depends_on.iter().map(String::as_str).collect();
                Some(Step { stack, after })
            })
            .collect();
        let fresh = Fresh::default();
        let fresh = &fresh;
        let mut report = self
            .in_order(steps, async |stack: &StackManifest| {
                let plan = planned
                    .plan
                    .stacks
                    .iter()
                    .find(|plan| plan.name == stack.name);
                let plan = plan.expect("every step was made from a plan");
                match self
                    .deploy_stack(assembly, stack, plan, planned, fresh)
                    .await
                {
                    Ok(worked) => {
                        fresh.note(stack, &worked);
                        worked
                    }
                    Err(Error::Interrupted) => Outcome::Skipped(Skipped::Interrupted).into(),
                    Err(Error::Unfollowed { .. }) => Outcome::Detached(None).into(),
                    Err(error) => Outcome::Failed(error).into(),
                }
            })
            .await;
        self.remove_last(assembly, planned, fresh, &mut report)
            .await;
        self.discard_unused(&report, planned).await;
        report
    }

    /// Takes away from stacks what nobody reads any more, once they and all who read it are deployed.
    async fn remove_last(
        &self,
        assembly: &Assembly,
        planned: &Planned,
        fresh: &Fresh,
        report: &mut Report,
    ) {
        // What could not go may itself read what is to go next.
        let mut stayed: BTreeSet<&str> = BTreeSet::new();
        for removal in &planned.plan.removals {
            let is_about = |name: &str| {
                name == removal.stack || removal.readers.iter().any(|reader| reader == name)
            };
            let mut concerned = report.stacks.iter().filter(|one| is_about(&one.name));
            let hinders = concerned
                .find(|one| !one.outcome.is_success() || stayed.contains(one.name.as_str()));
            if let Some(hinders) = hinders {
                stayed.insert(&removal.stack);
                self.note(
                    &removal.stack,
                    format!(
                        "keeps `{}` for now, as `{}` is not deployed; the next deployment takes it away",
                        removal.outputs.join("`, `"),
                        hinders.name
                    ),
                );
                continue;
            }
            let mut stacks = planned.plan.stacks.iter();
            let plan = stacks.find(|one| one.name == removal.stack);
            let (Ok(stack), Some(plan)) = (assembly.stack(&removal.stack), plan) else {
                continue;
            };
            if planned.done.contains(&stack.name) {
                continue;
            }
            let start = Instant::now();
            self.note(
                &stack.name,
                format!("loses `{}` now", removal.outputs.join("`, `")),
            );
            let worked = match self
                .replan_and_execute(assembly, stack, plan, planned, fresh, Extent::Last)
                .await
            {
                Ok(worked) if matches!(worked.outcome, Outcome::Unchanged) => continue,
                Ok(worked) => worked,
                Err(Error::Interrupted) => Outcome::Skipped(Skipped::Interrupted).into(),
                Err(Error::Unfollowed { .. }) => Outcome::Detached(None).into(),
                Err(error) => Outcome::Failed(error).into(),
            };
            if !worked.outcome.is_success() {
                stayed.insert(&removal.stack);
            }
            let mut ended = self.ended(stack, worked, start);
            let mut reports = report.stacks.iter_mut();
            if let Some(first) = reports.find(|one| one.name == removal.stack) {
                ended.elapsed_ms += first.elapsed_ms;
                ended
                    .remains
                    .splice(..0, std::mem::take(&mut first.remains));
                *first = ended;
            }
        }
    }

    /// How a deployment ended whose moves did not come about: nothing else was begun.
    fn not_moved(
        &self,
        assembly: &Assembly,
        planned: &Planned,
        refactor: &PreparedRefactor,
        outcome: Outcome,
    ) -> Report {
        let mut report = Report::default();
        let interrupted = matches!(outcome, Outcome::Skipped(_));
        let mut outcome = Some(outcome);
        let mut told = String::new();
        let plans = planned.plan.stacks.iter();
        let (concerned, others): (Vec<_>, Vec<_>) =
            plans.partition(|plan| refactor.plan.is_about(&plan.name));
        for plan in concerned.into_iter().chain(others) {
            let Ok(stack) = assembly.stack(&plan.name) else {
                continue;
            };
            let outcome = outcome.take().unwrap_or_else(|| {
                Outcome::Skipped(if interrupted {
                    Skipped::Interrupted
                } else {
                    Skipped::After(told.clone())
                })
            });
            if told.is_empty() {
                told.clone_from(&stack.name);
            }
            let ended = self.ended(stack, outcome.into(), Instant::now());
            report.stacks.push(ended);
        }
        report
    }

    /// Deletes the change sets that were kept for stacks which did not come to execute them.
    async fn discard_unused(&self, report: &Report, planned: &Planned) {
        let is_saved = matches!(planned.bounds, Bounds::Plan(_));
        if is_saved && report.is_interrupted() {
            // The same command goes on from here.
            return;
        }
        for stack in &report.stacks {
            let is_unused = matches!(stack.outcome, Outcome::Skipped(_) | Outcome::Failed(_));
            let prepared = planned.change_sets.get(&stack.name).filter(|_| is_unused);
            if let Some(prepared) = prepared {
                let _ = self.discard_or_tell(&stack.name, prepared).await;
            }
        }
    }

    async fn deploy_stack(
        &self,
        assembly: &Assembly,
        stack: &StackManifest,
        plan: &StackPlan,
        planned: &Planned,
        fresh: &Fresh,
    ) -> Result<Worked, Error> {
        let is_done = planned.done.contains(&stack.name);
        if is_done || (plan.action == StackAction::None && !plan.provisional) {
            return Ok(Outcome::Unchanged.into());
        }
        if let Some(prepared) = planned.change_sets.get(&stack.name) {
            let express = self.still_as_planned(stack, prepared).await?;
            let prepared = PreparedChangeSet {
                express,
                ..prepared.clone()
            };
            let changes = plan.diff.changes.len();
            return self.execute(stack, &prepared, changes).await;
        }
        let extent = planned
            .plan
            .removal(&stack.name)
            .map_or(Extent::Whole, Extent::AllBut);
        let mut worked = self
            .replan_and_execute(assembly, stack, plan, planned, fresh, extent)
            .await?;
        let mut refactors = planned.refactors.iter();
        let moved = refactors.find(|refactor| refactor.plan.is_about(&stack.name));
        if let (Some(moved), Outcome::Unchanged) = (moved, &worked.outcome) {
            worked.outcome = if moved.creates(&stack.name) {
                Outcome::Created
            } else {
                Outcome::Updated
            };
        }
        Ok(worked)
    }

    /// Makes sure that a kept change set can be executed; whether it ends before resources are stable.
    async fn still_as_planned(
        &self,
        stack: &StackManifest,
        prepared: &PreparedChangeSet,
    ) -> Result<bool, Error> {
        let moved = |reason: &str| Error::Moved {
            stack: stack.name.clone(),
            reason: reason.to_owned(),
        };
        match self.cloud.change_set(&prepared.id, Values::Left).await {
            Ok(found) => match found.execution {
                Execution::Available => Ok(found.express),
                Execution::Obsolete => Err(moved("the stack was changed")),
                Execution::Unavailable => Err(moved("the change set can no longer be executed")),
            },
            Err(error) if error.kind == AwsErrorKind::NotFound => {
                Err(moved("the change set is gone"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Plans a stack now that all it reads is known, and deploys it, to that extent.
    async fn replan_and_execute(
        &self,
        assembly: &Assembly,
        stack: &StackManifest,
        plan: &StackPlan,
        planned: &Planned,
        fresh: &Fresh,
        extent: Extent<'_>,
    ) -> Result<Worked, Error> {
        let bounds = &planned.bounds;
        let new_readers: Vec<&str> = planned.plan.new_readers(&stack.name).collect();
        let mut survey = self
            .settled_survey(assembly, &[stack], Busy::Follow, Denied::Fail)
            .await?;
        survey.trust(&lock(&fresh.0));
        let wanted = assembly.template(stack);
        let template = match (
            extent,
            survey.template(&stack.stack_name),
            survey.stack(stack),
        ) {
            (Extent::AllBut(removal), Some(body), Some(found)) => {
                Cow::Owned(keeping(wanted, body, found, &plan.diff, removal))
            }
            (Extent::AllBut(_) | Extent::Whole | Extent::Last, ..) => Cow::Borrowed(wanted),
        };
        let template = template.as_ref();
        let draft = self.draft(assembly, stack, template, &survey, &BTreeSet::new());
        bounds.hold(stack, plan, draft.action, &draft.diff, &new_readers)?;
        let wave = match (bounds, extent) {
            (Bounds::Losses, _) => String::new(),
            (Bounds::Plan(name), Extent::Last) => last_step(name),
            (Bounds::Plan(name), Extent::Whole | Extent::AllBut(_)) => name.clone(),
        };
        let mut deployed = survey.stack(stack);
        if draft.needs_change_set {
            if let Some(leftover) =
                deployed.filter(|_| survey.condition(stack) == Condition::Leftover)
            {
                self.note(
                    &stack.name,
                    format!(
                        "is in `{}`: {}; it is deleted first",
                        leftover.status,
                        leftover.status.meaning()
                    ),
                );
                self.remove_shell(&stack.name, &leftover.id).await?;
                deployed = None;
            }
            let wanted = Wanted {
                stack,
                template,
                text: &draft.text,
                purpose: match bounds {
                    Bounds::Losses => Use::Deploy,
                    Bounds::Plan(_) => Use::Wave(&wave),
                },
            };
            if let Asked::Ready(ready) = self.ask(&wanted, deployed).await? {
                let diff = heard(draft.diff, &ready.changes, stack, self.facts);
                if let Err(error) = bounds.hold(stack, plan, draft.action, &diff, &new_readers) {
                    let _ = self.discard_or_tell(&stack.name, &ready.prepared).await;
                    return Err(error);
                }
                for warning in ready.warnings {
                    self.note(&stack.name, tell(stack, warning));
                }
                let changes = diff.changes.len();
                let worked = self.execute(stack, &ready.prepared, changes).await;
                let is_unused = match &worked {
                    Ok(worked) => matches!(worked.outcome, Outcome::Skipped(_)),
                    Err(_) => true,
                };
                if is_unused {
                    let _ = self.discard_or_tell(&stack.name, &ready.prepared).await;
                }
                return worked;
            }
        }
        // Nothing that a change set could do; there may be the protection and the policy still.
        let Some(deployed) = deployed else {
            return Ok(Outcome::Unchanged.into());
        };
        let policy_changed = self.apply_policy(stack, &deployed.id).await?;
        let changed = self.protect(stack, deployed).await? || policy_changed;
        let outcome = if changed {
            Outcome::Updated
        } else {
            Outcome::Unchanged
        };
        Ok(Worked {
            outputs: deployed.outputs.clone(),
            ..Worked::from(outcome)
        })
    }

    /// Executes a change set and follows it to its end.
    async fn execute(
        &self,
        stack: &StackManifest,
        prepared: &PreparedChangeSet,
        changes: usize,
    ) -> Result<Worked, Error> {
        if self.stop.is_cancelled() {
            return Ok(Outcome::Skipped(Skipped::Interrupted).into());
        }
        let operation = if prepared.creates {
            Operation::Create
        } else {
            Operation::Update
        };
        self.tell(Event::StackStarted {
            stack: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            operation,
            resources: Some(changes),
        });
        let token = self.token("deploy", &stack.stack_name);
        let followed = Followed {
            stack: &stack.name,
            stack_id: &prepared.stack_id,
            after: self.newest_event(&prepared.stack_id).await?,
            token: Some(&token),
            change_set: Some(&prepared.id),
            deletes: false,
            origins: &stack.resources,
            heeds_stop: true,
        };
        if !prepared.creates {
            self.apply_policy(stack, &prepared.stack_id).await?;
        }
        if let Some(unknown) = self.begin(stack, prepared, &token).await? {
            let name = &prepared.name;
            self.note(
                &stack.name,
                format!("whether `{name}` was executed is not known: if not, it stays behind"),
            );
            return Ok(Outcome::Detached(Some(unknown)).into());
        }
        match self.follow(&followed).await {
            End::Detached(error) => Ok(Outcome::Detached(error).into()),
            End::Reached {
                stack: found,
                status,
                events,
            } => {
                self.judge(&followed, status, &events).await?;
                let remains = self.remains(&followed, &events).await;
                for resource in remains
                    .iter()
                    .filter(|resource| resource.status.is_failed())
                {
                    let reason = resource.reason.as_deref().unwrap_or("no reason is given");
                    self.note(
                        &stack.name,
                        format!("`{}` could not be deleted: {reason}", resource.logical_id),
                    );
                }
                let mut outputs = IndexMap::new();
                if let Some(found) = found {
                    self.apply_policy(stack, &found.id).await?;
                    self.protect(stack, &found).await?;
                    outputs = found.outputs;
                }
                let outcome = if prepared.creates {
                    Outcome::Created
                } else {
                    Outcome::Updated
                };
                Ok(Worked {
                    outcome,
                    outputs,
                    remains,
                    left: Vec::new(),
                })
            }
        }
    }

    /// Starts the execution. Whatever the answer is, the events tell whether it was begun: the SDK may have repeated a call
    /// of which only the first answer was lost. The error, when not even they can be read.
    async fn begin(
        &self,
        stack: &StackManifest,
        prepared: &PreparedChangeSet,
        token: &str,
    ) -> Result<Option<Box<AwsError>>, Error> {
        let request = ExecuteRequest {
            change_set: prepared.id.clone(),
            token: token.to_owned(),
            express: prepared.express,
        };
        let Err(error) = self.cloud.execute_change_set(&request).await else {
            return Ok(None);
        };
        match self.has_begun(&prepared.stack_id, token).await {
            Ok(true) => Ok(None),
            Ok(false) => Err(match error.kind {
                AwsErrorKind::Conflict | AwsErrorKind::NotFound => Error::Moved {
                    stack: stack.name.clone(),
                    reason: error.message,
                },
                _ => Error::Aws(error),
            }),
            Err(unknown) => Ok(Some(unknown)),
        }
    }

    /// Protects the stack against deletion, or no longer, where that differs from what is wanted.
    async fn protect(&self, stack: &StackManifest, deployed: &Stack) -> Result<bool, Error> {
        let wanted = stack.termination_protection;
        if deployed.termination_protection == wanted {
            return Ok(false);
        }
        self.cloud
            .set_termination_protection(&stack.stack_name, wanted)
            .await?;
        Ok(true)
    }
}

/// Outputs of the stacks that this run has deployed, by CloudFormation name: a read right afterwards may be late.
#[derive(Debug, Default)]
struct Fresh(Mutex<BTreeMap<String, IndexMap<String, String>>>);

impl Fresh {
    fn note(&self, stack: &StackManifest, worked: &Worked) {
        if matches!(worked.outcome, Outcome::Created | Outcome::Updated) {
            lock(&self.0).insert(stack.stack_name.clone(), worked.outputs.clone());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Resources that an operation left in place: kept by their policy, or because deleting them failed.
pub(crate) fn remains(stack_id: &str, events: &[StackEvent]) -> Vec<StackResource> {
    let mut remains: IndexMap<(&str, Option<&str>), StackResource> = IndexMap::new();
    for event in events.iter().filter(|event| !event.is_of_stack(stack_id)) {
        let key = (event.logical_id.as_str(), event.physical_id.as_deref());
        let failed_deletion = event.status.0 == "DELETE_FAILED";
        if event.status.is_retained() || failed_deletion {
            remains.insert(
                key,
                StackResource {
                    logical_id: event.logical_id.clone(),
                    physical_id: event.physical_id.clone(),
                    resource_type: event.resource_type.clone(),
                    status: event.status.clone(),
                    reason: event.reason.clone(),
                },
            );
        } else if event.status.0 == "DELETE_COMPLETE" {
            // Deleting it was tried again, with success.
            remains.shift_remove(&key);
        }
    }
    remains.into_values().collect()
}

impl Bounds {
    /// An error when a stack that was planned again would do what it must not.
    fn hold(
        &self,
        stack: &StackManifest,
        planned: &StackPlan,
        action: StackAction,
        diff: &StackDiff,
        new_readers: &[&str],
    ) -> Result<(), Error> {
        match self {
            Self::Losses => refuse_unplanned_loss(stack, &planned.diff, diff),
            Self::Plan(_) => {
                let beyond = planned.exceeded_by(action, diff, new_readers);
                if beyond.is_empty() {
                    Ok(())
                } else {
                    Err(Error::BeyondPlan {
                        stack: stack.name.clone(),
                        beyond,
                    })
                }
            }
        }
    }
}

/// An error when a stack that was planned again would lose data of which the plan did not speak.
fn refuse_unplanned_loss(
    stack: &StackManifest,
    planned: &StackDiff,
    now: &StackDiff,
) -> Result<(), Error> {
    let loses = |action: Action| match action {
        Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => true,
        Action::Create | Action::Update | Action::Import | Action::Move => false,
    };
    let replaces = |action| matches!(action, Action::Replace | Action::MayReplace);
    let told = |logical_id, action| {
        let told = planned.change(logical_id).map(|change| change.action);
        told.is_some_and(|told| told == action || (replaces(told) && replaces(action)))
    };
    let untold = now.changes.iter().find(|change| {
        change.stateful && loses(change.action) && !told(&change.logical_id, change.action)
    });
    match untold {
        None => Ok(()),
        Some(change) => Err(Error::UnplannedLoss {
            stack: stack.name.clone(),
            logical_id: change.logical_id.clone(),
            action: change.action,
        }),
    }
}
