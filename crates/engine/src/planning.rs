//! What a deployment would do, found out without doing any of it.

use std::collections::{BTreeMap, BTreeSet};

use assembly::StackManifest;
use futures_util::future::join_all;
use indexmap::IndexMap;
use plan::{Facts, Options, Plan, ReportedChange, StackAction, StackDiff, StackPlan};
use serde_json::Value;

use crate::{
    change_set::{Asked, PreparedChangeSet, Wanted},
    desired::Assembly,
    engine::Engine,
    error::{AwsErrorKind, Error},
    reads::{Reads, outputs_at_risk},
    status::Condition,
    survey::{Draft, Survey, pseudo_parameters},
};

/// What becomes of the change sets that a plan asks CloudFormation for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSets {
    /// None is asked for: the templates alone are compared, and read permissions are enough.
    Left,
    /// They are read, then deleted.
    Read,
    /// They are kept, so that a deployment executes exactly what was planned.
    Kept,
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
    /// Short names of stacks whose plan is from templates alone, as these credentials may not make change sets.
    pub unverified: Vec<String>,
}

impl Engine<'_> {
    /// Plans the named stacks and all they depend on; every stack when none is named.
    ///
    /// A stack that reads a value which an earlier stack is yet to determine is provisional: its plan is from templates
    /// alone, and the deployment plans it again.
    ///
    /// # Errors
    /// A name is unknown, a stack is stuck or busy, CloudFormation refuses a change set, or a call fails. No change set
    /// is left behind.
    pub async fn plan(
        &self,
        assembly: &Assembly,
        names: &[String],
        change_sets: ChangeSets,
        busy: Busy,
    ) -> Result<Planned, Error> {
        let stacks = assembly.select(names)?;
        let survey = self.settled_survey(assembly, &stacks, busy).await?;
        let drafts: Vec<Draft> = stacks
            .iter()
            .map(|stack| self.draft(assembly, stack, &survey))
            .collect();
        let provisional = provisional(assembly, &stacks, &drafts);
        let mut stacks: Vec<Planning> = stacks
            .into_iter()
            .zip(drafts)
            .map(|(stack, draft)| Planning {
                provisional: provisional.contains(stack.name.as_str()),
                stack,
                draft,
                asked: None,
            })
            .collect();
        if change_sets != ChangeSets::Left {
            self.ask_for_all(&mut stacks, &survey, change_sets).await?;
        }
        Ok(summed_up(assembly, stacks, self.facts))
    }

    /// Deletes the change sets of a plan that is not to be deployed.
    ///
    /// # Errors
    /// A call fails; the others are deleted all the same.
    pub async fn discard(&self, planned: &Planned) -> Result<(), Error> {
        let discarded = join_all(
            planned
                .change_sets
                .iter()
                .map(|(stack, prepared)| self.discard_change_set(stack, prepared)),
        );
        discarded.await.into_iter().collect()
    }

    /// Reads what is deployed once nothing is under way any more.
    pub(crate) async fn settled_survey(
        &self,
        assembly: &Assembly,
        stacks: &[&StackManifest],
        busy: Busy,
    ) -> Result<Survey, Error> {
        loop {
            let survey = self.survey(assembly, stacks).await?;
            let mut followed_any = false;
            for stack in stacks {
                let Some(found) = survey.stack(stack) else {
                    continue;
                };
                match found.status.condition() {
                    Condition::Absent | Condition::Ready | Condition::Leftover => {}
                    Condition::Busy if busy == Busy::Follow => {
                        self.attach(stack, found).await?;
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
        stacks: &mut [Planning<'_>],
        survey: &Survey,
        change_sets: ChangeSets,
    ) -> Result<(), Error> {
        let asked = join_all(stacks.iter().map(|planning| async {
            let possible = planning.draft.needs_change_set
                && !planning.provisional
                // The shell of a failed create must go first, which a plan does not do.
                && survey.condition(planning.stack) != Condition::Leftover;
            if !possible {
                return Ok(None);
            }
            let wanted = Wanted {
                stack: planning.stack,
                text: &planning.draft.text,
            };
            match self.ask(&wanted, survey.stack(planning.stack)).await {
                Ok(asked) => Ok(Some(Answer::Asked(asked))),
                Err(Error::Aws(error)) if error.kind == AwsErrorKind::AccessDenied => {
                    Ok(Some(Answer::NotAllowed))
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
                    Some(Answer::Asked(Asked::Ready(prepared, changes))) => {
                        let stack = &planning.stack.name;
                        let discarded = self.discard_change_set(stack, &prepared).await;
                        failure = failure.or(discarded.err());
                        Some(Answer::Read(changes))
                    }
                    other => other,
                };
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// A stack on its way to a plan.
struct Planning<'a> {
    stack: &'a StackManifest,
    draft: Draft,
    provisional: bool,
    asked: Option<Answer>,
}

/// What asking for a change set came to.
enum Answer {
    Asked(Asked),
    /// It was ready, was read and is gone.
    Read(Vec<ReportedChange>),
    /// These credentials may not make one.
    NotAllowed,
}

/// Stacks that read a value which a stack before them is yet to determine, by short name.
fn provisional<'a>(
    assembly: &Assembly,
    stacks: &[&'a StackManifest],
    drafts: &[Draft],
) -> BTreeSet<&'a str> {
    let mut provisional: BTreeSet<&str> = BTreeSet::new();
    // By CloudFormation name: the outputs that may yet change; none stands for all of them.
    let mut at_risk: BTreeMap<&str, Option<BTreeSet<String>>> = BTreeMap::new();
    for (stack, draft) in stacks.iter().zip(drafts) {
        let body = &assembly.template(stack).body;
        let reads = Reads::of(body);
        let waits = reads.outputs().any(|name| {
            at_risk
                .get(name.stack_name.as_str())
                .is_some_and(|outputs| {
                    outputs
                        .as_ref()
                        .is_none_or(|outputs| outputs.contains(&name.output))
                })
        });
        // Which stack an import reads is not in the template: any change before it may be the one.
        let waits_for_import = reads.imports
            && stack.depends_on.iter().any(|name| {
                let before = stacks.iter().find(|stack| stack.name == *name);
                before.is_some_and(|before| at_risk.contains_key(before.stack_name.as_str()))
            });
        if waits || waits_for_import {
            provisional.insert(&stack.name);
            at_risk.insert(&stack.stack_name, None);
            continue;
        }
        match draft.action {
            StackAction::Create => {
                at_risk.insert(&stack.stack_name, None);
            }
            StackAction::Update | StackAction::Delete => {
                let outputs = outputs_at_risk(body, &draft.diff);
                if !outputs.is_empty() {
                    at_risk.insert(&stack.stack_name, Some(outputs));
                }
            }
            StackAction::None => {}
        }
    }
    provisional
}

/// The plan, from what each stack came to.
fn summed_up(assembly: &Assembly, stacks: Vec<Planning<'_>>, facts: &dyn Facts) -> Planned {
    let mut change_sets = BTreeMap::new();
    let mut unverified = Vec::new();
    let mut plans = Vec::new();
    for Planning {
        stack,
        draft,
        provisional,
        asked,
    } in stacks
    {
        let Draft {
            mut action,
            mut diff,
            ..
        } = draft;
        match asked {
            Some(Answer::Asked(Asked::Ready(prepared, changes))) => {
                diff = heard(diff, &changes, stack, facts);
                change_sets.insert(stack.name.clone(), prepared);
            }
            Some(Answer::Read(changes)) => diff = heard(diff, &changes, stack, facts),
            Some(Answer::Asked(Asked::Nothing)) => (action, diff) = nothing_to_do(diff),
            Some(Answer::NotAllowed) => unverified.push(stack.name.clone()),
            None => {}
        }
        plans.push(StackPlan {
            provisional,
            ..stack_plan(stack, action, diff)
        });
    }
    Planned {
        plan: whole(assembly, plans),
        change_sets,
        unverified,
    }
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
        if let Some(origin) = stack.resources.get(&change.logical_id) {
            change.source.get_or_insert_with(|| origin.source.clone());
            change.path.get_or_insert_with(|| origin.path.clone());
        }
    }
    diff
}

/// What is left of a difference that CloudFormation does not see: differences of form, and the protection, which it
/// does not look at.
pub(crate) fn nothing_to_do(diff: StackDiff) -> (StackAction, StackDiff) {
    let protection: Vec<_> = diff
        .other
        .into_iter()
        .filter(|entry| entry.name == "TerminationProtection")
        .collect();
    let action = if protection.is_empty() {
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
            other: protection,
            findings: diff.findings,
            ..StackDiff::default()
        },
    )
}

/// Compares an assembly with another one, as if that were deployed: no connection, no credentials. Stacks are matched
/// by their short names.
///
/// # Errors
/// A name is not that of a stack.
pub fn plan_against(
    assembly: &Assembly,
    base: &Assembly,
    names: &[String],
    facts: &dyn Facts,
) -> Result<Plan, Error> {
    let mut stacks = Vec::new();
    for stack in assembly.select(names)? {
        let before = base
            .manifest
            .stacks
            .iter()
            .find(|before| before.name == stack.name);
        let options = Options {
            stack: stack.name.clone(),
            before_parameters: before
                .map_or_else(Default::default, |before| before.parameters.clone()),
            after_parameters: stack.parameters.clone(),
            pseudo_parameters: pseudo_parameters(assembly, stack),
            moves: assembly.manifest.moves.clone(),
            elsewhere: IndexMap::new(),
            unsettled: BTreeSet::new(),
        };
        let body = before.map_or(&Value::Null, |before| &base.template(before).body);
        let diff = plan::diff(
            body,
            &assembly.template(stack).body,
            facts,
            &stack.resources,
            &options,
        );
        let action = match before {
            None => StackAction::Create,
            Some(_) if diff.needs_deployment() => StackAction::Update,
            Some(_) => StackAction::None,
        };
        stacks.push(stack_plan(stack, action, diff));
    }
    let removed = base.manifest.stacks.iter().filter(|before| {
        names.is_empty()
            && assembly
                .manifest
                .stacks
                .iter()
                .all(|stack| stack.name != before.name)
    });
    for stack in removed {
        let options = Options {
            stack: stack.name.clone(),
            ..Options::default()
        };
        let diff = plan::diff(
            &base.template(stack).body,
            &Value::Null,
            facts,
            &stack.resources,
            &options,
        );
        stacks.push(stack_plan(stack, StackAction::Delete, diff));
    }
    Ok(whole(assembly, stacks))
}

fn whole(assembly: &Assembly, stacks: Vec<StackPlan>) -> Plan {
    let manifest = &assembly.manifest;
    let (environment, account) = (&manifest.environment, &manifest.account);
    Plan::new(environment, account, &manifest.region, stacks, Vec::new()).seal()
}

fn stack_plan(stack: &StackManifest, action: StackAction, diff: StackDiff) -> StackPlan {
    StackPlan {
        depends_on: stack.depends_on.clone(),
        ..StackPlan::new(&stack.name, &stack.stack_name, action, diff)
    }
}
