//! What a deployment would do, found out without doing any of it.

mod against;
mod unsettled;

pub use against::plan_against;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use assembly::StackManifest;
use futures_util::future::join_all;
use plan::{
    ChangeSetSeal, Facts, Plan, RemovalPlan, ReportedAction, ReportedChange, StackAction,
    StackDiff, StackPlan, StackSeal, WantedSeal, parameter_digests,
};

use self::unsettled::Unsettled;
use crate::{
    change_set::{Asked, PreparedChangeSet, Use, Wanted},
    desired::Assembly,
    engine::Engine,
    error::{AwsError, AwsErrorKind, Error},
    findings::warning,
    parameters,
    port::Finding as Warning,
    readers,
    refactor::{Outlook, PreparedRefactor},
    stack_policy::STACK_POLICY,
    status::Condition,
    survey::{Denied, Draft, Survey},
};

/// What becomes of the change sets that a plan asks CloudFormation for.
///
/// What the credentials may not read, or no change set be made for, is an error for a deployment; a plan that is only
/// looked at or saved says so of each stack ([`StackPlan::unverified`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSets<'a> {
    /// None is asked for: the templates alone are compared, and read permissions are enough.
    Left,
    /// They are read, then deleted.
    Read,
    /// They are kept, so that this run executes exactly what was planned.
    Kept,
    /// They are kept for a later run, and the plan says what it is bound to.
    Saved {
        /// A secret of this plan alone, for digests of secret parameters; it stays with the change sets.
        key: &'a str,
    },
}

impl<'a> ChangeSets<'a> {
    fn purpose(self) -> Use<'a> {
        match self {
            Self::Left | Self::Read => Use::Look,
            Self::Kept => Use::Deploy,
            Self::Saved { key } => Use::Save { key },
        }
    }

    pub(crate) fn denied(self) -> Denied {
        match self {
            Self::Kept => Denied::Fail,
            Self::Left | Self::Read | Self::Saved { .. } => Denied::Note,
        }
    }
}

/// What to do about a stack that CloudFormation is at work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// That is an error.
    Refuse,
    /// Its operation is followed to the end first, after saying whose it is. So a run continues where one that was
    /// killed left off, and of two runs at once the later plans on what the earlier has done.
    Follow,
}

/// What a deployment would do, and what is ready for it.
#[derive(Debug)]
pub struct Planned {
    /// The plan, sealed.
    pub plan: Plan,
    /// Change sets that are kept, by the short name of their stack.
    pub change_sets: BTreeMap<String, PreparedChangeSet>,
    /// Refactors that come before everything else.
    pub refactors: Vec<PreparedRefactor>,
    /// Short names of the stacks that an earlier run of this plan deployed.
    pub done: BTreeSet<String>,
    /// How a stack that is planned again is held to its plan.
    pub bounds: Bounds,
}

/// How a stack that is planned again, once those before it are done, is held to its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// It must not lose data that the plan did not speak of.
    Losses,
    /// It must not do anything that the plan did not speak of. Its change set bears this name, by which a later run of the
    /// same saved plan recognises it.
    Plan(String),
}

impl Engine<'_> {
    /// Plans the named stacks and all they depend on; every stack when none is named.
    ///
    /// A stack that reads a value which an earlier stack is yet to determine is provisional: its plan is from templates
    /// alone, and the deployment plans it again.
    ///
    /// # Errors
    /// A name is unknown, a parameter has no value, a stack is stuck or busy, CloudFormation refuses a change set, or a call fails. No change set
    /// is left behind.
    pub async fn plan(
        &self,
        assembly: &Assembly,
        names: &[String],
        change_sets: ChangeSets<'_>,
        busy: Busy,
    ) -> Result<Planned, Error> {
        let stacks = assembly.select(names)?;
        parameters::check(assembly, &stacks)?;
        let survey = self
            .settled_survey(assembly, &stacks, busy, change_sets.denied())
            .await?;
        let outlook = self
            .outlook(assembly, &stacks, &survey, change_sets.denied())
            .await?;
        let moved = moved(&survey, &outlook);
        let mut unsettled = Unsettled::new(assembly, &stacks);
        let mut stacks: Vec<Planning> = stacks
            .iter()
            .map(|stack| {
                let template = assembly.template(stack);
                let draft = self.draft(assembly, stack, template, &moved, &unsettled.outputs);
                let draft = outlook.added_to(stack, draft);
                let moves = outlook.is_about(stack);
                let waits = unsettled.note(stack, &draft, moves);
                let waits = moves.then(|| MOVES.to_owned()).or(waits);
                // The shell of a failed create must go first, which a plan does not do.
                let must_go =
                    draft.needs_change_set && survey.condition(stack) == Condition::Leftover;
                Planning {
                    provisional: waits.or_else(|| must_go.then(|| MUST_GO.to_owned())),
                    stack,
                    draft,
                    asked: None,
                }
            })
            .collect();
        let removals = self
            .removals(assembly, &stacks, &moved, change_sets)
            .await?;
        for removal in &removals.removals {
            let producer = stacks
                .iter_mut()
                .find(|one| one.stack.name == removal.stack);
            if let Some(producer) = producer {
                producer
                    .provisional
                    .get_or_insert_with(|| goes_last(removal));
            }
        }
        if change_sets != ChangeSets::Left {
            self.ask_for_all(assembly, &mut stacks, &survey, change_sets)
                .await?;
        }
        let seals = match change_sets {
            ChangeSets::Saved { key } => Some(Sealing {
                survey: &survey,
                key,
            }),
            ChangeSets::Left | ChangeSets::Read | ChangeSets::Kept => None,
        };
        let mut planned = self.summed_up(assembly, stacks, seals, outlook.refactors);
        for (stack, finding) in outlook.findings {
            planned.plan.add_findings(&stack, [finding]);
        }
        for (stack, finding) in removals.findings {
            planned.plan.add_findings(&stack, [finding]);
        }
        planned.plan = planned.plan.with_removals(removals.removals);
        Ok(planned)
    }

    /// Deletes the change sets of a plan that is not to be deployed.
    ///
    /// # Errors
    /// A call fails, which is told of each; the others are deleted all the same.
    pub async fn discard(&self, planned: &Planned) -> Result<(), Error> {
        let discarded = join_all(
            planned
                .change_sets
                .iter()
                .map(|(stack, prepared)| self.discard_or_tell(stack, prepared)),
        );
        discarded.await.into_iter().collect()
    }

    /// Reads what is deployed once nothing is under way any more.
    pub(crate) async fn settled_survey(
        &self,
        assembly: &Assembly,
        stacks: &[&StackManifest],
        busy: Busy,
        denied: Denied,
    ) -> Result<Survey, Error> {
        loop {
            let survey = self.survey(assembly, stacks, denied).await?;
            let mut followed_any = false;
            for stack in stacks {
                let Some(found) = survey.stack(stack) else {
                    continue;
                };
                match found.status.condition() {
                    Condition::Absent | Condition::Ready => {}
                    Condition::Leftover => self.was_never_deployed(stack, found).await?,
                    Condition::Busy if busy == Busy::Follow => {
                        if !self.attach_refactor(&stack.name, &found.id).await? {
                            self.settle(stack, found).await?;
                        }
                        followed_any = true;
                    }
                    Condition::Busy => {
                        return Err(Error::Busy {
                            stack: stack.name.clone(),
                            status: found.status.clone(),
                            holder: Box::new(self.holder(found).await?),
                        });
                    }
                    Condition::Stuck => {
                        return Err(Error::Stuck {
                            stack: stack.name.clone(),
                            status: found.status.clone(),
                        });
                    }
                }
            }
            if !followed_any {
                return Ok(survey);
            }
        }
    }

    /// Asks for the change sets of all stacks that need one and can have one now. If one cannot be made, none stays.
    async fn ask_for_all(
        &self,
        assembly: &Assembly,
        stacks: &mut [Planning<'_>],
        survey: &Survey,
        change_sets: ChangeSets<'_>,
    ) -> Result<(), Error> {
        let asked = join_all(stacks.iter().map(|planning| async {
            if !planning.draft.needs_change_set || planning.provisional.is_some() {
                return Ok(None);
            }
            let wanted = Wanted {
                stack: planning.stack,
                template: assembly.template(planning.stack),
                text: &planning.draft.text,
                purpose: change_sets.purpose(),
            };
            match self.ask(&wanted, survey.stack(planning.stack)).await {
                Ok(asked) => Ok(Some(Answer::Asked(asked))),
                Err(Error::Aws(error))
                    if error.kind == AwsErrorKind::AccessDenied
                        && change_sets.denied() == Denied::Note =>
                {
                    Ok(Some(Answer::NotAllowed(error)))
                }
                Err(error) => Err(error),
            }
        }))
        .await;
        let mut failure = None;
        for (planning, asked) in stacks.iter_mut().zip(asked) {
            match asked {
                Ok(asked) => planning.asked = asked,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if failure.is_some() || change_sets == ChangeSets::Read {
            for planning in stacks.iter_mut() {
                planning.asked = match planning.asked.take() {
                    Some(Answer::Asked(Asked::Ready(ready))) => {
                        let stack = &planning.stack.name;
                        let discarded = self.discard_or_tell(stack, &ready.prepared).await;
                        failure = failure.or(discarded.err());
                        Some(Answer::Read(ready.changes, ready.warnings))
                    }
                    other => other,
                };
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// The plan, from what each stack came to.
    fn summed_up(
        &self,
        assembly: &Assembly,
        stacks: Vec<Planning<'_>>,
        sealing: Option<Sealing<'_>>,
        refactors: Vec<PreparedRefactor>,
    ) -> Planned {
        let mut change_sets = BTreeMap::new();
        let mut plans = Vec::new();
        for planning in stacks {
            let (stack, provisional) = (planning.stack, planning.provisional.clone());
            let (mut plan, prepared) = self.decided(planning);
            plan.provisional = provisional.is_some();
            plan.provisional_because = provisional;
            if let Some(sealing) = &sealing {
                plan.seal = Some(sealing.seal(assembly, stack, prepared.as_ref()));
            }
            if let Some(prepared) = prepared {
                change_sets.insert(stack.name.clone(), prepared);
            }
            plans.push(plan);
        }
        Planned {
            plan: whole(assembly, plans, &refactors),
            change_sets,
            refactors,
            done: BTreeSet::new(),
            bounds: Bounds::Losses,
        }
    }

    /// What becomes of one stack, and the change set that is kept for it.
    fn decided(&self, planning: Planning<'_>) -> (StackPlan, Option<PreparedChangeSet>) {
        let Planning {
            stack,
            draft,
            asked,
            ..
        } = planning;
        let Draft {
            mut action,
            mut diff,
            mut unverified,
            rewrites,
            ..
        } = draft;
        let mut kept = None;
        match asked {
            Some(Answer::Asked(Asked::Ready(ready))) => {
                self.tell_adopted(stack, &ready.changes);
                diff = heard(diff, &ready.changes, stack, self.facts);
                diff.add_findings(warned(ready.warnings, stack));
                action = at_least_an_update(action);
                kept = Some(ready.prepared);
            }
            Some(Answer::Read(changes, warnings)) => {
                self.tell_adopted(stack, &changes);
                diff = heard(diff, &changes, stack, self.facts);
                diff.add_findings(warned(warnings, stack));
                action = at_least_an_update(action);
            }
            Some(Answer::Asked(Asked::Nothing)) => {
                // CloudFormation has compared what could not be read.
                unverified = None;
                (action, diff) = nothing_to_do(diff);
                if rewrites {
                    self.note(
                        &stack.name,
                        "cannot be rewritten: to CloudFormation both templates are the same",
                    );
                }
            }
            Some(Answer::NotAllowed(error)) => {
                let denied = format!(
                    "{} is not allowed: this is told from the templates alone",
                    error.call()
                );
                unverified =
                    Some(unverified.map_or(denied.clone(), |other| format!("{other}; {denied}")));
                action = at_least_an_update(action);
            }
            None => {}
        }
        if unverified.is_some() {
            action = at_least_an_update(action);
        }
        (
            StackPlan {
                unverified,
                ..stack_plan(stack, action, diff)
            },
            kept,
        )
    }
}

impl Engine<'_> {
    /// Says which resources have drifted to what their template says by now: CloudFormation takes note of it, and nothing
    /// happens to them.
    fn tell_adopted(&self, stack: &StackManifest, changes: &[ReportedChange]) {
        for change in changes {
            if change.action == ReportedAction::SyncWithActual {
                let id = &change.logical_id;
                let message = format!("`{id}` was changed to what its template says by now");
                self.note(&stack.name, message);
            }
        }
    }
}

/// Why a stack is provisional whose first create failed.
const MUST_GO: &str =
    "its first create failed, and what is left of that is deleted before it can be created";

/// Why a stack is provisional that loses what others still read.
fn goes_last(removal: &RemovalPlan) -> String {
    let readers = removal.readers.join("`, `");
    format!(
        "it keeps `{}` until `{readers}`, which still {} that, {} deployed, and loses it in a step of its own",
        removal.outputs.join("`, `"),
        if removal.readers.len() == 1 {
            "reads"
        } else {
            "read"
        },
        if removal.readers.len() == 1 {
            "is"
        } else {
            "are"
        },
    )
}

/// Why a stack is provisional whose resources move.
const MOVES: &str = "resources of it move first; its change set is made once they are in place";

/// What will be deployed once everything has moved.
fn moved<'s>(survey: &'s Survey, outlook: &Outlook) -> Cow<'s, Survey> {
    if outlook.refactors.is_empty() {
        return Cow::Borrowed(survey);
    }
    let mut moved = survey.clone();
    for refactor in &outlook.refactors {
        moved.refactored(refactor);
    }
    Cow::Owned(moved)
}

impl Outlook {
    /// Whether resources of a stack move.
    fn is_about(&self, stack: &StackManifest) -> bool {
        let mut refactors = self.refactors.iter();
        refactors.any(|refactor| refactor.plan.is_about(&stack.name))
    }

    /// Adds the moves of a stack to how it differs.
    fn added_to(&self, stack: &StackManifest, mut draft: Draft) -> Draft {
        let moves = self.refactors.iter().flat_map(|one| &one.plan.moves);
        if self.is_about(stack) {
            draft.diff = draft.diff.with_moves(&stack.name, moves);
            draft.action = at_least_an_update(draft.action);
        }
        let unknown = self.unknown.iter().find(|(name, _)| *name == stack.name);
        if let Some((_, reason)) = unknown {
            draft.unverified.get_or_insert_with(|| reason.clone());
        }
        draft
    }
}

/// What the seals of stacks are made from.
struct Sealing<'a> {
    survey: &'a Survey,
    key: &'a str,
}

impl Sealing<'_> {
    fn seal(
        &self,
        assembly: &Assembly,
        stack: &StackManifest,
        prepared: Option<&PreparedChangeSet>,
    ) -> StackSeal {
        StackSeal {
            // Without a change set nothing would keep the key.
            wanted: wanted(assembly, stack, prepared.map(|_| self.key)),
            deployed: self.survey.deployed(stack),
            change_set: prepared.map(|prepared| ChangeSetSeal {
                id: prepared.id.clone(),
                name: prepared.name.clone(),
                stack_id: prepared.stack_id.clone(),
                template: prepared.template_digest.clone(),
                content: prepared.content.clone(),
                creates: prepared.creates,
            }),
        }
    }
}

/// What is wanted of a stack, as a seal keeps it.
pub(crate) fn wanted(assembly: &Assembly, stack: &StackManifest, key: Option<&str>) -> WantedSeal {
    let template = assembly.template(stack);
    WantedSeal {
        template: template.digest.clone(),
        parameters: parameter_digests(template.body(), &stack.parameters, key),
        tags: stack.tags.clone().into_iter().collect(),
        termination_protection: stack.termination_protection,
        depends_on: stack.depends_on.clone(),
    }
}

/// A stack on its way to a plan.
pub(crate) struct Planning<'a> {
    pub(crate) stack: &'a StackManifest,
    pub(crate) draft: Draft,
    /// Why it is provisional, if it is.
    provisional: Option<String>,
    asked: Option<Answer>,
}

/// What asking for a change set came to.
enum Answer {
    Asked(Asked),
    /// It was ready, was read and is gone.
    Read(Vec<ReportedChange>, Vec<Warning>),
    /// These credentials may not make one.
    NotAllowed(Box<AwsError>),
}

/// Something happens to a stack of which the templates alone do not say so, or may happen.
fn at_least_an_update(action: StackAction) -> StackAction {
    match action {
        StackAction::None => StackAction::Update,
        known @ (StackAction::Create | StackAction::Update | StackAction::Delete) => known,
    }
}

fn warned(warnings: Vec<Warning>, stack: &StackManifest) -> impl Iterator<Item = plan::Finding> {
    warnings.into_iter().map(|finding| warning(stack, finding))
}

/// Adds what a change set says, and where the resources that only it speaks of are declared.
pub(crate) fn heard(
    diff: StackDiff,
    changes: &[ReportedChange],
    stack: &StackManifest,
    facts: &dyn Facts,
) -> StackDiff {
    let mut diff = diff.with_change_set(changes, facts);
    for change in &mut diff.changes {
        // What is within a nested stack is declared where that is.
        let declared = change.logical_id.split('.').next().unwrap_or_default();
        if let Some(origin) = stack.resources.get(declared) {
            change.source.get_or_insert_with(|| origin.source.clone());
            change.path.get_or_insert_with(|| origin.path.clone());
        }
    }
    diff
}

/// What is left of a difference that CloudFormation does not see: differences of form, and the protection and the policy, which
/// a change set does not look at.
pub(crate) fn nothing_to_do(diff: StackDiff) -> (StackAction, StackDiff) {
    let settings: Vec<_> = diff
        .other
        .into_iter()
        .filter(|entry| entry.name == "TerminationProtection" || entry.name == STACK_POLICY)
        .collect();
    let action = if settings.is_empty() {
        StackAction::None
    } else {
        StackAction::Update
    };
    let mut equivalent = diff.equivalent;
    equivalent.extend(diff.changes.into_iter().map(|change| change.logical_id));
    (
        action,
        StackDiff {
            equivalent,
            other: settings,
            findings: diff.findings,
            ..StackDiff::default()
        },
    )
}

fn whole(assembly: &Assembly, stacks: Vec<StackPlan>, refactors: &[PreparedRefactor]) -> Plan {
    let manifest = &assembly.manifest;
    let (environment, account) = (&manifest.environment, &manifest.account);
    let refactors = refactors.iter().map(|one| one.plan.clone()).collect();
    let mut plan = Plan::new(environment, account, &manifest.region, stacks, Vec::new())
        .with_refactors(refactors);
    for (stack, finding) in plan::check_stacks(&readers::wanted(assembly)) {
        plan.add_findings(&stack, [finding]);
    }
    plan.seal()
}

fn stack_plan(stack: &StackManifest, action: StackAction, diff: StackDiff) -> StackPlan {
    StackPlan {
        depends_on: stack.depends_on.clone(),
        ..StackPlan::new(&stack.name, &stack.stack_name, action, diff)
    }
}
