//! What happens during an operation, told as it happens.

use serde::{Deserialize, Serialize};

use crate::status::{ResourceStatus, StackStatus};

/// Something that happened. As JSON each is one object with a `type`; fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Work on a stack begins.
    StackStarted {
        /// The stack's short name.
        stack: String,
        /// Its CloudFormation name.
        stack_name: String,
        /// What is done to it.
        operation: Operation,
        /// How many resources are concerned, when known.
        resources: Option<usize>,
    },
    /// Something happened to a resource.
    Resource {
        /// The stack's short name.
        stack: String,
        /// The resource's logical id.
        logical_id: String,
        /// Its type.
        resource_type: String,
        /// Its status now.
        status: ResourceStatus,
        /// Why, when CloudFormation says so.
        reason: Option<String>,
        /// Where it is declared, `stacks/src/identity.rs:41`.
        source: Option<String>,
        /// Its construct path, `identity/Users`.
        path: Option<String>,
        /// How long CloudFormation has been at work on it, in milliseconds.
        elapsed_ms: u64,
    },
    /// The stack as a whole entered another status.
    StackStatus {
        /// The stack's short name.
        stack: String,
        /// Its status now.
        status: StackStatus,
        /// Why, when CloudFormation says so.
        reason: Option<String>,
    },
    /// Work on a stack ended.
    StackFinished {
        /// The stack's short name.
        stack: String,
        /// How.
        outcome: OutcomeKind,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    },
    /// Something worth knowing that needs no decision.
    Note {
        /// The stack's short name.
        stack: String,
        /// What it is: lowercase, no full stop.
        message: String,
    },
}

/// What is done to a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It is created.
    Create,
    /// It is updated.
    Update,
    /// It is deleted.
    Delete,
    /// A failed or stopped update of it is undone.
    RollBack,
    /// An operation that was begun before is followed to its end.
    Follow,
}

/// How work on a stack ended, without the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
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
    /// It failed.
    Failed,
    /// It goes on in CloudFormation without being followed.
    Detached,
    /// It was not begun.
    Skipped,
}
