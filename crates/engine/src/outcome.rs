//! How an operation ended, stack by stack.

use indexmap::IndexMap;

use crate::{
    error::{AwsError, Error},
    event::OutcomeKind,
    port::StackResource,
    remaining::Remaining,
};

/// How an operation on several stacks ended.
#[derive(Debug, Default)]
pub struct Report {
    /// Stacks in the order they were worked on.
    pub stacks: Vec<StackReport>,
}

/// How the operation on one stack ended.
#[derive(Debug)]
pub struct StackReport {
    /// The short name.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The stack's outputs, where it is deployed and they are known.
    pub outputs: IndexMap<String, String>,
    /// Resources that the stack no longer has and that are still there: kept by their deletion policy, or because
    /// deleting them failed.
    pub remains: Vec<StackResource>,
    /// What remains of a stack that was deleted, and why.
    pub left: Vec<Remaining>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// How the operation on one stack ended.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing was to be done.
    Unchanged,
    /// It was created.
    Created,
    /// It was updated.
    Updated,
    /// It was deleted.
    Deleted,
    /// A failed or stopped update of it was undone.
    RolledBack,
    /// A person stopped it, and what it had done was undone.
    Cancelled,
    /// It failed.
    Failed(Error),
    /// It goes on in CloudFormation without being followed: as was asked, or because no answers come.
    Detached(Option<Box<AwsError>>),
    /// It was not begun.
    Skipped(Skipped),
}

/// Why work on a stack was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// A stack that comes before it, by short name, did not end well.
    After(String),
    /// The operation was asked to stop.
    Interrupted,
}

impl Outcome {
    /// The outcome without the details.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Unchanged => OutcomeKind::Unchanged,
            Self::Created => OutcomeKind::Created,
            Self::Updated => OutcomeKind::Updated,
            Self::Deleted => OutcomeKind::Deleted,
            Self::RolledBack => OutcomeKind::RolledBack,
            Self::Cancelled => OutcomeKind::Cancelled,
            Self::Failed(_) => OutcomeKind::Failed,
            Self::Detached(_) => OutcomeKind::Detached,
            Self::Skipped(_) => OutcomeKind::Skipped,
        }
    }

    /// Whether all is as it was wanted.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Unchanged | Self::Created | Self::Updated | Self::Deleted | Self::RolledBack => {
                true
            }
            Self::Cancelled | Self::Failed(_) | Self::Detached(_) | Self::Skipped(_) => false,
        }
    }
}

impl Report {
    /// Whether every stack ended as it was wanted.
    pub fn is_success(&self) -> bool {
        self.stacks.iter().all(|stack| stack.outcome.is_success())
    }

    /// Whether nothing was to be done at all.
    pub fn is_unchanged(&self) -> bool {
        self.stacks
            .iter()
            .all(|stack| matches!(stack.outcome, Outcome::Unchanged))
    }

    /// Whether it ended early because it was asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.stacks.iter().any(|stack| {
            matches!(
                stack.outcome,
                Outcome::Cancelled
                    | Outcome::Detached(None)
                    | Outcome::Skipped(Skipped::Interrupted)
            )
        })
    }

    /// The stacks that failed, with their errors.
    pub fn failures(&self) -> impl Iterator<Item = (&StackReport, &Error)> {
        self.stacks.iter().filter_map(|stack| match &stack.outcome {
            Outcome::Failed(error) => Some((stack, error)),
            _ => None,
        })
    }

    /// Stacks whose operation goes on without being followed as calls fail, with how they fail.
    pub fn lost(&self) -> impl Iterator<Item = (&StackReport, &AwsError)> {
        self.stacks.iter().filter_map(|stack| match &stack.outcome {
            Outcome::Detached(Some(error)) => Some((stack, &**error)),
            _ => None,
        })
    }

    /// Stacks whose operation goes on without being followed.
    pub fn detached(&self) -> impl Iterator<Item = &StackReport> {
        self.stacks
            .iter()
            .filter(|stack| matches!(stack.outcome, Outcome::Detached(_)))
    }
}
