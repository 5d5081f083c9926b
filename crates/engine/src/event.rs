//! What happens during an operation, told as it happens.

use serde::{Deserialize, Serialize};

use crate::{
    cause::Cause,
    port::StackResource,
    status::{ResourceStatus, StackStatus},
};

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
        /// Whether its configuration is applied, though it may not be stable yet.
        configured: bool,
        /// Whether it failed or was stopped only because another resource failed.
        consequence: bool,
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
        /// Why it did not end as it was wanted.
        error: Option<String>,
        /// What failed first, where a resource did.
        cause: Option<Box<Cause>>,
        /// What to do next.
        hints: Vec<String>,
        /// Resources that the stack no longer has and that are still there.
        remains: Vec<StackResource>,
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
    /// Resources of it get another logical id or stack.
    Refactor,
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
    /// A person stopped it, and what it had done was undone.
    Cancelled,
    /// It failed.
    Failed,
    /// It goes on in CloudFormation without being followed.
    Detached,
    /// It was not begun.
    Skipped,
}
