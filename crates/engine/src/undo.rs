//! Taking back what goes on in CloudFormation after a person stopped the run: an update is cancelled, which CloudFormation
//! then undoes; a first create cannot be cancelled, so its stack is deleted.

use assembly::StackManifest;
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::{
    desired::Assembly,
    engine::{Engine, milliseconds_since},
    error::Error,
    event::{Event, Operation},
    follow::{End, Followed},
    order::ended,
    outcome::{Outcome, Report},
    port::{DeleteRequest, Deletion, Stack},
    status::{Condition, Ending, StackStatus},
};

/// How an operation under way can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Undoing {
    /// The update is cancelled; CloudFormation undoes what it has done.
    Cancel,
    /// The stack, which is being created, is deleted.
    Delete,
}

/// An operation that goes on without being followed.
#[derive(Clone, Debug)]
pub struct UnderWay {
    /// The stack's short name.
    pub stack: String,
    /// Its status.
    pub status: StackStatus,
    /// How it can be taken back; nothing when it can only be waited for.
    pub undoing: Option<Undoing>,
    found: Stack,
}

impl Engine<'_> {
    /// What this run began and no longer follows, as far as it is still under way.
    ///
    /// # Errors
    /// A call fails.
    pub async fn under_way(
        &self,
        assembly: &Assembly,
        report: &Report,
    ) -> Result<Vec<UnderWay>, Error> {
        let mut under_way = Vec::new();
        for detached in report.detached() {
            let Some(found) = self.cloud.stack(&detached.stack_name).await? else {
                continue;
            };
            if found.status.condition() != Condition::Busy {
                continue;
            }
            let stack = assembly.stack(&detached.name)?;
            under_way.push(UnderWay {
                stack: stack.name.clone(),
                status: found.status.clone(),
                undoing: match found.status {
                    StackStatus::UpdateInProgress => Some(Undoing::Cancel),
                    StackStatus::CreateInProgress => Some(Undoing::Delete),
                    _ => None,
                },
                found,
            });
        }
        Ok(under_way)
    }

    /// Takes the chosen operations back, follows that to its end, and enters it into the report.
    pub async fn undo(&self, assembly: &Assembly, report: &mut Report, chosen: &[UnderWay]) {
        let undone = join_all(chosen.iter().filter_map(|one| {
            let stack = assembly.stack(&one.stack).ok()?;
            let undoing = one.undoing?;
            Some(async move { (&one.stack, self.take_back(stack, &one.found, undoing).await) })
        }));
        for (name, outcome) in undone.await {
            let entry = report.stacks.iter_mut().find(|stack| stack.name == *name);
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(error) => {
                    // It came to its end meanwhile, or is past the point: it goes on.
                    self.note(name, format!("cannot be taken back: {error}"));
                    continue;
                }
            };
            if let Some(entry) = entry {
                entry.outcome = outcome;
            }
        }
    }

    async fn take_back(
        &self,
        stack: &StackManifest,
        found: &Stack,
        undoing: Undoing,
    ) -> Result<Outcome, Error> {
        let start = Instant::now();
        let token = self.token("undo", &stack.stack_name);
        let followed = Followed {
            stack: &stack.name,
            stack_id: &found.id,
            // The rest of a cancelled update may carry either token.
            token: (undoing == Undoing::Delete).then_some(token.as_str()),
            after: self.newest_event(&found.id).await?,
            change_set: None,
            deletes: undoing == Undoing::Delete,
            origins: &stack.resources,
            // That was what began this.
            heeds_stop: false,
        };
        match undoing {
            Undoing::Cancel => self.cloud.cancel_update(&found.id, &token).await?,
            Undoing::Delete => {
                let request = DeleteRequest {
                    stack: found.id.clone(),
                    token: token.clone(),
                    role_arn: self.role_of(stack),
                    deletion: Deletion::Whole,
                };
                self.cloud.delete_stack(&request).await?;
            }
        }
        self.tell(Event::StackStarted {
            stack: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            operation: match undoing {
                Undoing::Cancel => Operation::RollBack,
                Undoing::Delete => Operation::Delete,
            },
            resources: None,
        });
        let outcome = match self.follow(&followed).await {
            End::Detached(error) => Outcome::Detached(error),
            End::Reached { status, events, .. } => match (status.condition(), status.ending()) {
                (Condition::Absent, _) | (Condition::Ready, Some(Ending::RolledBack)) => {
                    Outcome::Cancelled
                }
                // It was done before it could be stopped.
                (Condition::Ready, Some(Ending::Succeeded)) => Outcome::Updated,
                _ => Outcome::Failed(Error::Failed {
                    stack: stack.name.clone(),
                    status,
                    cause: self
                        .cause(&stack.name, &found.id, &events, &stack.resources)
                        .await,
                }),
            },
        };
        self.tell(ended(&stack.name, &outcome, &[], milliseconds_since(start)));
        Ok(outcome)
    }
}
