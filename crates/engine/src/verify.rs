//! Holding a saved plan against what is there now, before any of it is executed.

use std::collections::{BTreeMap, BTreeSet};

use assembly::StackManifest;
use futures_util::future::try_join_all;
use plan::{
    ChangeSetPresent, DeployedPresent, Moved, Plan, Rest, StackPlan, StackPresent, Standing, digest,
};
use serde_json::json;

use crate::{
    change_set::{Asked, PreparedChangeSet, Use, Wanted},
    desired::{Assembly, Template, sha256},
    engine::{Engine, TOKEN_PREFIX},
    error::Error,
    planning::{Bounds, Planned, wanted},
    port::Stack,
    refactor::PreparedRefactor,
    status::{Condition, Ending},
    survey::{Denied, Survey},
};

/// A saved plan, held against what is there now.
#[derive(Debug)]
pub struct Verified {
    /// What is ready to be deployed.
    pub planned: Planned,
    /// Everything that has moved; when there is anything, nothing may be deployed.
    pub moved: Vec<Moved>,
}

impl Engine<'_> {
    /// Finds out whether a saved plan may still be executed: what is wanted, what is deployed and the change sets must be
    /// as they were. Where an earlier run of the same plan is under way, that is followed to its end first.
    ///
    /// # Errors
    /// A call fails; what cannot be read is never taken to be as it was.
    pub async fn verify(&self, assembly: &Assembly, saved: Plan) -> Result<Verified, Error> {
        let stacks: Vec<&StackManifest> = assembly
            .manifest
            .stacks
            .iter()
            .filter(|stack| saved.stacks.iter().any(|plan| plan.name == stack.name))
            .collect();
        let wave_set = wave_set(&saved);
        let change_sets = try_join_all(
            saved
                .stacks
                .iter()
                .map(|plan| self.present(plan, assembly.templates.get(&plan.name))),
        )
        .await?;
        loop {
            let survey = self.survey(assembly, &stacks, Denied::Fail).await?;
            if self.attached_to_moves(&saved, &stacks, &survey).await? {
                continue;
            }
            let mut outlook = self
                .outlook(assembly, &stacks, &survey, Denied::Fail)
                .await?;
            let mut moved = Vec::new();
            let mut done = BTreeSet::new();
            let mut under_way = Vec::new();
            let mut ready = Vec::new();
            for (plan, (change_set, key)) in saved.stacks.iter().zip(&change_sets) {
                let stack = stacks.iter().find(|stack| stack.name == plan.name).copied();
                let present = StackPresent {
                    wanted: stack.map(|stack| still_wanted(assembly, stack, plan, key.as_deref())),
                    deployed: stack.and_then(|stack| deployed(&survey, stack)),
                    sent: stack
                        .map(|stack| Self::text_to_send(assembly, stack, &survey))
                        .map(|text| sha256(text.as_bytes())),
                    change_set: change_set.clone(),
                };
                let is_whole = present
                    .deployed
                    .as_ref()
                    .is_some_and(|deployed| deployed.identity.template == present.sent);
                // Of those that were carried out one after the other, the last made what there is.
                let refactor = saved.refactors.iter().rev().find_map(|refactor| {
                    let stack = refactor.stacks.iter().find(|one| one.name == plan.name)?;
                    let is_pending = outlook.refactors.iter().any(|one| one.plan.is(refactor));
                    (!is_pending).then_some(stack)
                });
                match plan.standing(&present, &wave_set, refactor) {
                    Standing::Ready => ready.extend(stack.map(|stack| (stack, plan))),
                    // Done but for what goes last.
                    Standing::Done if saved.removal(&plan.name).is_some() && !is_whole => {}
                    Standing::Done => {
                        done.insert(plan.name.clone());
                    }
                    Standing::UnderWay => under_way.extend(stack),
                    Standing::Moved(found) => moved.extend(found),
                }
            }
            if moved.is_empty() && !under_way.is_empty() {
                for stack in under_way {
                    if let Some(found) = survey.stack(stack)
                        && !self.attach_refactor(&stack.name, &found.id).await?
                    {
                        self.settle(stack, found).await?;
                    }
                }
                continue;
            }
            if moved.is_empty() && saved.revert_drift {
                moved.extend(self.drifted_since(assembly, &ready, &survey).await?);
            }
            if moved.is_empty()
                && saved
                    .seal
                    .as_ref()
                    .is_some_and(|seal| seal.assembly != assembly_digest(assembly, &saved))
            {
                moved.push(Moved::assembly());
            }
            return Ok(Verified {
                planned: Planned {
                    change_sets: prepared(&saved, &change_sets),
                    refactors: {
                        let is_planned = |one: &PreparedRefactor| {
                            saved.refactors.iter().any(|then| then.is(&one.plan))
                        };
                        outlook.refactors.retain(is_planned);
                        outlook.refactors
                    },
                    plan: saved,
                    done,
                    bounds: Bounds::Plan(wave_set),
                },
                moved,
            });
        }
    }

    /// Which stacks have drifted otherwise than a plan was to revert. CloudFormation is asked again: a change set goes on saying
    /// what there was when it was made.
    async fn drifted_since(
        &self,
        assembly: &Assembly,
        ready: &[(&StackManifest, &StackPlan)],
        survey: &Survey,
    ) -> Result<Vec<Moved>, Error> {
        let asked = ready.iter().map(async |(stack, plan)| {
            let deployed = survey.stack(stack);
            // What does not exist cannot have drifted; what is planned again in its wave is compared then.
            if plan.provisional
                || deployed.is_none_or(|found| found.status.condition() != Condition::Ready)
            {
                return Ok(None);
            }
            let text = Self::text_to_send(assembly, stack, survey);
            let wanted = Wanted {
                stack,
                template: assembly.template(stack),
                text: &text,
                purpose: Use::Look,
            };
            let now = match self.ask(&wanted, deployed).await? {
                Asked::Ready(ready) => {
                    self.discard_or_tell(&stack.name, &ready.prepared).await?;
                    Some(ready.prepared.content)
                }
                Asked::Nothing => None,
            };
            let then = plan.seal.as_ref().and_then(|seal| seal.change_set.as_ref());
            let is_same = then.map(|own| &own.content) == now.as_ref();
            Ok::<_, Error>((!is_same).then(|| Moved::drifted(&stack.name)))
        });
        let found = try_join_all(asked).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Follows the moves of a saved plan to their end that an earlier run of it began; says whether there were any.
    async fn attached_to_moves(
        &self,
        saved: &Plan,
        stacks: &[&StackManifest],
        survey: &Survey,
    ) -> Result<bool, Error> {
        let moving = stacks.iter().filter(|stack| {
            let mut refactors = saved.refactors.iter();
            refactors.any(|refactor| refactor.is_about(&stack.name))
        });
        for stack in moving {
            let is_busy = |found: &Stack| found.status.condition() == Condition::Busy;
            let Some(found) = survey.stack(stack).filter(|found| is_busy(found)) else {
                continue;
            };
            if self.attach_refactor(&stack.name, &found.id).await? {
                return Ok(true);
            }
            // It may have come to its end since the stack was looked at.
            let now = self.cloud.stack(&found.id).await?;
            if !now.is_some_and(|now| is_busy(&now)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The change set that a plan names, as it is now, and the key that it keeps.
    async fn present(
        &self,
        plan: &StackPlan,
        wanted: Option<&Template>,
    ) -> Result<(Option<ChangeSetPresent>, Option<String>), Error> {
        let Some(own) = plan.seal.as_ref().and_then(|seal| seal.change_set.as_ref()) else {
            return Ok((None, None));
        };
        self.pace.permit().await;
        let (present, key) = self.inspect(&own.id, wanted).await?;
        Ok((Some(present), key))
    }
}

/// SHA-256 of the stacks of an assembly that a plan is about, with everything that is wanted of them.
pub fn assembly_digest(assembly: &Assembly, plan: &Plan) -> String {
    let manifest = &assembly.manifest;
    let stacks: Vec<_> = manifest
        .stacks
        .iter()
        .filter(|stack| plan.stacks.iter().any(|one| one.name == stack.name))
        .map(|stack| {
            json!({
                "name": stack.name,
                "stack_name": stack.stack_name,
                "template": assembly.template(stack).digest,
                "depends_on": stack.depends_on,
                "tags": stack.tags,
                "role": stack.role_arn,
                // Values of parameters may be secret: the seal of each stack sees to them.
                "parameters": stack.parameters.keys().collect::<Vec<_>>(),
                "termination_protection": stack.termination_protection,
                "notification_arns": stack.notification_arns,
                "stack_policy": stack.stack_policy,
                "allowed_losses": stack.allowed_losses,
            })
        })
        .collect();
    digest(&json!({
        "project": manifest.project,
        "environment": manifest.environment,
        "account": manifest.account,
        "region": manifest.region,
        "stacks": stacks,
        "moves": manifest.moves,
        "external": manifest.external,
    }))
}

/// The name of the change sets that a saved plan makes in later waves.
fn wave_set(plan: &Plan) -> String {
    format!(
        "{TOKEN_PREFIX}wave-{}",
        plan.digest.get(..24).unwrap_or(&plan.digest)
    )
}

/// What is wanted of a stack now. Digests of secrets that no key is left for are taken to be those of the plan: its change
/// set is gone, which is told by itself.
fn still_wanted(
    assembly: &Assembly,
    stack: &StackManifest,
    plan: &StackPlan,
    key: Option<&str>,
) -> plan::WantedSeal {
    let mut wanted = wanted(assembly, stack, key);
    if key.is_none()
        && let Some(seal) = &plan.seal
    {
        for name in plan::secret_parameters(assembly.template(stack).body()) {
            if let (Some(then), true) = (
                seal.wanted.parameters.get(name),
                stack.parameters.contains_key(name),
            ) {
                wanted.parameters.insert(name.to_owned(), then.clone());
            }
        }
    }
    wanted
}

fn deployed(survey: &Survey, stack: &StackManifest) -> Option<DeployedPresent> {
    let identity = survey.deployed(stack)?;
    let found = survey.stack(stack)?;
    Some(DeployedPresent {
        identity,
        executed: found.change_set.clone(),
        status: found.status.to_string(),
        rest: rest(found),
    })
}

fn rest(found: &Stack) -> Rest {
    match (found.status.condition(), found.status.ending()) {
        (Condition::Busy, _) => Rest::Busy,
        (_, Some(Ending::Succeeded)) => Rest::Succeeded,
        (_, Some(Ending::RolledBack | Ending::Failed) | None) => Rest::Failed,
    }
}

/// The change sets of a plan that still exist, to be executed or to be deleted.
fn prepared(
    plan: &Plan,
    change_sets: &[(Option<ChangeSetPresent>, Option<String>)],
) -> BTreeMap<String, PreparedChangeSet> {
    plan.stacks
        .iter()
        .zip(change_sets)
        .filter(|(_, (present, _))| {
            present
                .as_ref()
                .is_some_and(|present| *present != ChangeSetPresent::Gone)
        })
        .filter_map(|(stack, _)| {
            let own = stack.seal.as_ref()?.change_set.as_ref()?;
            let prepared = PreparedChangeSet {
                id: own.id.clone(),
                name: own.name.clone(),
                stack_id: own.stack_id.clone(),
                template_digest: own.template.clone(),
                content: own.content.clone(),
                creates: own.creates,
                // Whoever executes it asks again.
                express: false,
            };
            Some((stack.name.clone(), prepared))
        })
        .collect()
}
