//! Leading a stuck stack back to health: what is wrong with it, which ways its status leaves, and going one of them.
//!
//! What a status allows is told under
//! [stack failure options](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html),
//! [continuing a rollback](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html)
//! and [`DeleteStack`](https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html).

use assembly::StackManifest;
use futures_util::future::try_join_all;

use crate::{
    cause::tells_of_another,
    desired::Assembly,
    engine::{Engine, TOKEN_PREFIX},
    error::Error,
    event::{Event, Operation},
    follow::{End, Followed},
    holder::Holder,
    nested::{NESTED, outermost, within},
    order::{Step, Worked},
    outcome::{Outcome, Report, Skipped},
    port::{Deletion, Rollback, RollbackRequest, Stack, StackResource},
    status::{Condition, Ending, StackStatus},
    within::FailedResource,
};

/// What is wrong with a stack, and what can be done about it.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The short name.
    pub stack: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// Its status.
    pub status: StackStatus,
    /// Why it is in that status, when CloudFormation says so.
    pub reason: Option<String>,
    /// Who is at work on it, when someone is.
    pub holder: Option<Holder>,
    /// The resources that failed of themselves, not as the consequence of another.
    pub hindrances: Vec<Hindrance>,
    /// Names of the change sets that a shell without resources waits with, and that are not this program's.
    pub change_sets: Vec<String>,
    /// The ways out, the safest first.
    pub ways: Vec<Way>,
    found: Stack,
}

/// A resource that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hindrance {
    /// The resource as it is now. One of a nested stack is named through it, `Network.Subnet`.
    pub resource: StackResource,
    /// Where it is declared, `stacks/src/identity.rs:41`.
    pub source: Option<String>,
    /// The CloudFormation name of the nested stack that it is in, if it is in one.
    pub nested_in: Option<String>,
}

/// A way out of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// What CloudFormation is doing is followed to its end.
    Wait,
    /// The update under way is stopped and undone.
    Cancel,
    /// The update that failed is undone.
    RollBack,
    /// Undoing the update goes on, once what hindered it is out of the way.
    Continue,
    /// Undoing the update goes on without the resources that hindered it: they stay as they are.
    Skip,
    /// Undoing the update goes on without any resource that cannot be undone.
    Force,
    /// The stack is deleted.
    Delete,
    /// The stack is deleted; the resources that hindered that are left behind.
    Retain,
    /// The stack is deleted; any resource that cannot be is left behind.
    ForceDelete,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 9] = [
        Self::Wait,
        Self::Cancel,
        Self::RollBack,
        Self::Continue,
        Self::Skip,
        Self::Force,
        Self::Delete,
        Self::Retain,
        Self::ForceDelete,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Cancel => "cancel",
            Self::RollBack => "roll-back",
            Self::Continue => "continue",
            Self::Skip => "skip",
            Self::Force => "force",
            Self::Delete => "delete",
            Self::Retain => "retain",
            Self::ForceDelete => "force-delete",
        }
    }

    fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::Retain | Self::ForceDelete)
    }
}

impl Diagnosis {
    /// The way that loses nothing anybody may want, if there is one.
    pub fn safest(&self) -> Option<Way> {
        // Somebody may be about to execute what a shell waits with.
        let is_awaited =
            self.status == StackStatus::ReviewInProgress && !self.change_sets.is_empty();
        self.ways.first().copied().filter(|_| !is_awaited)
    }

    /// The logical ids of what stands in the way.
    pub fn hindering(&self) -> Vec<String> {
        let hindrances = self.hindrances.iter();
        hindrances
            .map(|hindrance| hindrance.resource.logical_id.clone())
            .collect()
    }

    /// The same, as a continued rollback names what it passes over: with the name of a nested stack, not its logical id.
    fn skipped(&self) -> Vec<String> {
        let skipped = self.hindrances.iter().map(|hindrance| {
            let logical_id = &hindrance.resource.logical_id;
            match (&hindrance.nested_in, logical_id.rsplit_once('.')) {
                (Some(stack), Some((_, last))) => within(stack, last),
                _ => logical_id.clone(),
            }
        });
        skipped.collect()
    }

    /// The logical ids of the stack's own resources that stand in the way; a nested stack stays behind whole.
    pub fn retained(&self) -> Vec<String> {
        let mut retained: Vec<String> = Vec::new();
        for logical_id in self.hindering() {
            let own = outermost(&logical_id).to_owned();
            if !retained.contains(&own) {
                retained.push(own);
            }
        }
        retained
    }
}

impl Engine<'_> {
    /// What is wrong with the named stacks, or with any; those with which nothing is wrong are left out.
    ///
    /// # Errors
    /// A name is unknown; a call fails.
    pub async fn diagnose(
        &self,
        assembly: &Assembly,
        names: &[String],
    ) -> Result<Vec<Diagnosis>, Error> {
        let stacks = assembly.select(names)?;
        let found = try_join_all(stacks.into_iter().map(|stack| self.examine(stack))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Goes the chosen way with each stack; a stack is deleted after those that depend on it.
    pub async fn recover(&self, assembly: &Assembly, chosen: &[(Diagnosis, Way)]) -> Report {
        let way = |name: &str| {
            let mut chosen = chosen.iter();
            chosen.find(|(diagnosis, _)| diagnosis.stack == name)
        };
        let stacks = &assembly.manifest.stacks;
        let steps = stacks
            .iter()
            .filter(|stack| way(&stack.name).is_some())
            .map(|stack| Step {
                stack,
                after: stacks
                    .iter()
                    .filter(|other| other.depends_on.contains(&stack.name))
                    .filter(|_| way(&stack.name).is_some_and(|(_, way)| way.deletes()))
                    .map(|other| other.name.as_str())
                    .collect(),
            })
            .collect();
        self.in_order(steps, async |stack: &StackManifest| {
            let (diagnosis, way) = way(&stack.name).expect("every step was made from a choice");
            match self.go(stack, diagnosis, *way).await {
                Ok(worked) => worked,
                Err(Error::Interrupted) => Outcome::Skipped(Skipped::Interrupted).into(),
                Err(Error::Unfollowed { .. }) => Outcome::Detached(None).into(),
                Err(error) => Outcome::Failed(error).into(),
            }
        })
        .await
    }

    async fn examine(&self, stack: &StackManifest) -> Result<Option<Diagnosis>, Error> {
        self.pace.permit().await;
        let Some(found) = self.cloud.stack(&stack.stack_name).await? else {
            return Ok(None);
        };
        let condition = found.status.condition();
        let is_shell = found.status == StackStatus::ReviewInProgress;
        if condition == Condition::Ready || (condition == Condition::Absent && !is_shell) {
            return Ok(None);
        }
        let mut diagnosis = Diagnosis {
            stack: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            status: found.status.clone(),
            reason: found.status_reason.clone(),
            holder: None,
            hindrances: Vec::new(),
            change_sets: Vec::new(),
            ways: Vec::new(),
            found,
        };
        let found = &diagnosis.found;
        self.pace.permit().await;
        if is_shell {
            let change_sets = self.cloud.change_sets(&found.id).await?.into_iter();
            diagnosis.change_sets = change_sets
                .map(|change_set| change_set.name)
                .filter(|name| !name.starts_with(TOKEN_PREFIX) || name.contains("-saved-"))
                .collect();
        } else if condition == Condition::Busy {
            diagnosis.holder = Some(self.holder(found).await?);
        } else {
            if condition == Condition::Leftover {
                self.was_never_deployed(stack, found).await?;
            }
            let failed = self.failed_resources(&found.id, &is_first).await?;
            diagnosis.hindrances = hindrances(failed, stack);
        }
        diagnosis.ways = ways(&diagnosis.status, &diagnosis.hindrances);
        Ok(Some(diagnosis))
    }

    async fn go(
        &self,
        stack: &StackManifest,
        diagnosis: &Diagnosis,
        way: Way,
    ) -> Result<Worked, Error> {
        self.go_on()?;
        let found = &diagnosis.found;
        let now = self.cloud.stack(&found.id).await?;
        let status = now.map_or(StackStatus::DeleteComplete, |now| now.status);
        if status != diagnosis.status {
            return Err(Error::Moved {
                stack: stack.name.clone(),
                reason: format!("it is in `{status}` by now"),
            });
        }
        match way {
            Way::Wait => Ok(reached(stack, self.attach(stack, found).await?.status).into()),
            Way::Cancel => self.cancel(stack, found).await,
            Way::RollBack => self.roll_back(stack, found, Rollback::Paused).await,
            Way::Continue => {
                let rollback = Rollback::Continued(Vec::new());
                self.roll_back(stack, found, rollback).await
            }
            Way::Skip => {
                let rollback = Rollback::Continued(diagnosis.skipped());
                self.roll_back(stack, found, rollback).await
            }
            Way::Force => self.roll_back(stack, found, Rollback::Forced).await,
            Way::Delete | Way::Retain | Way::ForceDelete => {
                if found.termination_protection {
                    return Err(Error::Protected {
                        stacks: vec![stack.name.clone()],
                    });
                }
                let deletion = match way {
                    Way::Retain => Deletion::Retaining(diagnosis.retained()),
                    Way::ForceDelete => Deletion::Forced,
                    _ => Deletion::Whole,
                };
                self.delete(stack, found, deletion).await
            }
        }
    }

    async fn roll_back(
        &self,
        stack: &StackManifest,
        found: &Stack,
        rollback: Rollback,
    ) -> Result<Worked, Error> {
        let token = self.token("recover", &stack.stack_name);
        let followed = self.followed(stack, found, Some(&token)).await?;
        let request = RollbackRequest {
            stack: found.id.clone(),
            token: token.clone(),
            role_arn: self.role_of(stack),
            rollback,
            express: found.express,
        };
        if let Err(error) = self.cloud.roll_back(&request).await {
            match self.has_begun(&found.id, &token).await {
                Ok(true) => {}
                Ok(false) => return Err(error.into()),
                Err(unknown) => return Ok(Outcome::Detached(Some(unknown)).into()),
            }
        }
        Ok(self.follow_back(stack, &followed).await)
    }

    async fn cancel(&self, stack: &StackManifest, found: &Stack) -> Result<Worked, Error> {
        let token = self.token("cancel", &stack.stack_name);
        // The rest of the operation may carry either token.
        let followed = self.followed(stack, found, None).await?;
        if let Err(error) = self.cloud.cancel_update(&found.id, &token).await {
            // A repetition is refused, for the update is no longer under way.
            let now = self.cloud.stack(&found.id).await?;
            let goes_on = now.is_none_or(|now| now.status == StackStatus::UpdateInProgress);
            if goes_on {
                return Err(error.into());
            }
        }
        Ok(self.follow_back(stack, &followed).await)
    }

    async fn followed<'s>(
        &self,
        stack: &'s StackManifest,
        found: &'s Stack,
        token: Option<&'s str>,
    ) -> Result<Followed<'s>, Error> {
        self.tell(Event::StackStarted {
            stack: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            operation: Operation::RollBack,
            resources: None,
        });
        Ok(Followed {
            stack: &stack.name,
            stack_id: &found.id,
            token,
            change_set: None,
            deletes: false,
            after: self.newest_event(&found.id).await?,
            origins: &stack.resources,
            heeds_stop: true,
        })
    }

    /// Follows the undoing of an update to its end.
    async fn follow_back(&self, stack: &StackManifest, followed: &Followed<'_>) -> Worked {
        match self.follow(followed).await {
            End::Detached(error) => Outcome::Detached(error).into(),
            End::Reached { status, events, .. } => match reached(stack, status) {
                Outcome::Failed(Error::Stuck { status, .. }) => {
                    let cause =
                        self.cause(followed.stack, followed.stack_id, &events, followed.origins);
                    let cause = cause.await;
                    Outcome::Failed(Error::Failed {
                        stack: stack.name.clone(),
                        status,
                        cause,
                    })
                    .into()
                }
                outcome => outcome.into(),
            },
        }
    }
}

/// What the status that an operation ended in means.
fn reached(stack: &StackManifest, status: StackStatus) -> Outcome {
    match (status.condition(), status.ending()) {
        (Condition::Absent, _) => Outcome::Deleted,
        (Condition::Ready, Some(Ending::Succeeded)) => Outcome::Updated,
        (Condition::Ready, _) => Outcome::RolledBack,
        (Condition::Leftover | Condition::Stuck | Condition::Busy, _) => {
            Outcome::Failed(Error::Stuck {
                stack: stack.name.clone(),
                status,
            })
        }
    }
}

/// Whether a resource failed of itself.
fn is_first(resource: &StackResource) -> bool {
    let reason = resource.reason.as_deref().unwrap_or_default();
    resource.status.is_failed() && !tells_of_another(reason)
}

fn hindrances(failed: Vec<FailedResource>, stack: &StackManifest) -> Vec<Hindrance> {
    let failed = failed.into_iter();
    failed
        .map(|failed| Hindrance {
            source: stack
                .resources
                .get(outermost(&failed.resource.logical_id))
                .map(|origin| origin.source.clone()),
            resource: failed.resource,
            nested_in: failed.nested_in,
        })
        .collect()
}

/// The ways that a status leaves, the safest first.
fn ways(status: &StackStatus, hindrances: &[Hindrance]) -> Vec<Way> {
    // A nested stack of which nothing is known to have failed is not passed over as a whole.
    let is_nested = |hindrance: &Hindrance| hindrance.resource.resource_type == NESTED;
    let can_be_named = !hindrances.is_empty() && !hindrances.iter().any(is_nested);
    let only_if = |way: Way, holds: bool| holds.then_some(way);
    let ways: &[Option<Way>] = match status {
        StackStatus::ReviewInProgress
        | StackStatus::RollbackComplete
        | StackStatus::RollbackFailed
        | StackStatus::CreateFailed => &[Some(Way::Delete)],
        StackStatus::UpdateFailed => &[Some(Way::RollBack)],
        StackStatus::UpdateRollbackFailed => &[
            Some(Way::Continue),
            only_if(Way::Skip, can_be_named),
            Some(Way::Force),
        ],
        StackStatus::DeleteFailed => &[
            Some(Way::Delete),
            only_if(Way::Retain, !hindrances.is_empty()),
            Some(Way::ForceDelete),
        ],
        StackStatus::UpdateInProgress => &[Some(Way::Wait), Some(Way::Cancel)],
        StackStatus::CreateInProgress => &[Some(Way::Wait), Some(Way::Delete)],
        StackStatus::RollbackInProgress
        | StackStatus::DeleteInProgress
        | StackStatus::UpdateCompleteCleanupInProgress
        | StackStatus::UpdateRollbackInProgress
        | StackStatus::UpdateRollbackCompleteCleanupInProgress
        | StackStatus::ImportInProgress
        | StackStatus::ImportRollbackInProgress => &[Some(Way::Wait)],
        // AWS documents no call that leads out of a failed import's failed rollback.
        StackStatus::ImportRollbackFailed | StackStatus::Unknown(_) => &[],
        StackStatus::CreateComplete
        | StackStatus::UpdateComplete
        | StackStatus::UpdateRollbackComplete
        | StackStatus::ImportComplete
        | StackStatus::ImportRollbackComplete
        | StackStatus::DeleteComplete => &[],
    };
    ways.iter().copied().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::ResourceStatus;

    fn hindrance(resource_type: &str) -> Hindrance {
        Hindrance {
            resource: StackResource {
                logical_id: "Users".to_owned(),
                physical_id: None,
                resource_type: resource_type.to_owned(),
                status: ResourceStatus("UPDATE_FAILED".to_owned()),
                reason: None,
            },
            source: None,
            nested_in: None,
        }
    }

    #[test]
    fn every_status_that_stops_a_deployment_has_a_way_out_but_those_without_one() {
        for status in StackStatus::KNOWN {
            let has_way = !ways(status, &[]).is_empty();
            let is_shell = *status == StackStatus::ReviewInProgress;
            let wanted = match status.condition() {
                Condition::Ready => false,
                Condition::Absent => is_shell,
                Condition::Busy | Condition::Leftover => true,
                Condition::Stuck => *status != StackStatus::ImportRollbackFailed,
            };
            assert_eq!(has_way, wanted, "{status}");
        }
    }

    #[test]
    fn what_hinders_is_skipped_only_where_it_can_be_named() {
        let status = StackStatus::UpdateRollbackFailed;
        let named = [hindrance("AWS::S3::Bucket")];
        assert_eq!(
            ways(&status, &named),
            [Way::Continue, Way::Skip, Way::Force]
        );
        let nested = [hindrance("AWS::CloudFormation::Stack")];
        assert_eq!(ways(&status, &nested), [Way::Continue, Way::Force]);
        assert_eq!(ways(&status, &[]), [Way::Continue, Way::Force]);
        let status = StackStatus::DeleteFailed;
        assert_eq!(
            ways(&status, &nested),
            [Way::Delete, Way::Retain, Way::ForceDelete]
        );
        assert_eq!(ways(&status, &[]), [Way::Delete, Way::ForceDelete]);
    }
}
