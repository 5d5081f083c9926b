//! Operations that were begun before this run: each is followed to its end, and how that was is told.

use assembly::StackManifest;
use tokio::time::Instant;

use crate::{
    cause::Cause,
    engine::{Engine, milliseconds_since},
    error::Error,
    event::{Event, Operation},
    follow::{End, Followed},
    order::ended,
    outcome::Outcome,
    port::Stack,
    status::{Condition, Ending, StackStatus},
};

/// How an operation ended that was begun before this run.
pub(crate) struct Attached {
    pub(crate) status: StackStatus,
    /// Whether this program began it.
    ours: bool,
    /// What failed first, if it failed.
    cause: Option<Box<Cause>>,
}

impl Engine<'_> {
    /// Follows what CloudFormation is doing with a stack, whoever began it, until it is done.
    pub(crate) async fn attach(
        &self,
        stack: &StackManifest,
        found: &Stack,
    ) -> Result<Attached, Error> {
        let holder = self.holder(found).await?;
        self.note(
            &stack.name,
            format!(
                "is being changed (`{}`) by {holder}: that is followed to its end first",
                found.status
            ),
        );
        self.tell(Event::StackStarted {
            stack: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            operation: Operation::Follow,
            resources: None,
        });
        let followed = Followed {
            stack: &stack.name,
            stack_id: &found.id,
            token: None,
            after: None,
            change_set: None,
            deletes: found.status == StackStatus::DeleteInProgress,
            origins: &stack.resources,
            heeds_stop: true,
        };
        match self.follow(&followed).await {
            End::Reached { status, events, .. } => Ok(Attached {
                cause: match status.ending() {
                    Some(Ending::Succeeded) => None,
                    _ => {
                        self.cause(&stack.name, &found.id, &events, &stack.resources)
                            .await
                    }
                },
                ours: holder.is_ours(),
                status,
            }),
            End::Detached(None) => Err(Error::Unfollowed {
                stack: stack.name.clone(),
            }),
            End::Detached(Some(error)) => Err(Error::Aws(error)),
        }
    }

    /// The same before a stack is planned. A failure of what this program began is one of the run that goes on with it: to
    /// try the same again at once would fail again. What someone else failed at is their own affair.
    pub(crate) async fn settle(&self, stack: &StackManifest, found: &Stack) -> Result<(), Error> {
        let start = Instant::now();
        let before = found.status.clone();
        let attached = self.attach(stack, found).await?;
        let outcome = attached.outcome(stack, &before);
        self.tell(ended(&stack.name, &outcome, &[], milliseconds_since(start)));
        match outcome {
            Outcome::Failed(error) if attached.ours => Err(error),
            _ => Ok(()),
        }
    }
}

impl Attached {
    fn outcome(&self, stack: &StackManifest, before: &StackStatus) -> Outcome {
        let status = &self.status;
        match (status.condition(), status.ending()) {
            (Condition::Absent, _) => Outcome::Deleted,
            (Condition::Ready, Some(Ending::Succeeded)) => match before {
                StackStatus::CreateInProgress => Outcome::Created,
                _ => Outcome::Updated,
            },
            // Someone else undid it on purpose, or it was asked for.
            (Condition::Ready, _) if self.cause.is_none() => Outcome::RolledBack,
            _ => Outcome::Failed(Error::Failed {
                stack: stack.name.clone(),
                status: status.clone(),
                cause: self.cause.clone(),
            }),
        }
    }
}
