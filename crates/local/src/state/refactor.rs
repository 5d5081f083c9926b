//! Stack refactors: moves of resources between stacks, made and then executed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A stack refactor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refactor {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) status: RefactorStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) execution: RefactorExecution,
    pub(crate) execution_reason: Option<String>,
    pub(crate) stacks: Vec<RefactorStack>,
    pub(crate) moves: Vec<ResourceMove>,
    /// When what is under way ends.
    pub(crate) until: Option<Timestamp>,
}

/// A stack of a refactor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RefactorStack {
    /// The last part of the stack's ARN.
    pub(crate) uuid: String,
    pub(crate) arn: String,
    pub(crate) name: String,
    /// Whether the refactor makes the stack.
    pub(crate) creates: bool,
    /// The digest of the template it is refactored to.
    pub(crate) template: String,
    /// When the stack was last changed as the refactor was made: another time makes the refactor obsolete.
    pub(crate) updated: Option<Timestamp>,
}

/// A resource that moves. Stacks are indexes of the refactor's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResourceMove {
    pub(crate) from: (usize, String),
    pub(crate) to: (usize, String),
    pub(crate) physical_id: String,
    /// Whether the caller said so; otherwise it was found out.
    pub(crate) manual: bool,
}

words! {
    /// How the making of a refactor ended.
    RefactorStatus {
        CreateComplete = "CREATE_COMPLETE",
        CreateFailed = "CREATE_FAILED",
    }
}

words! {
    /// Whether a refactor can be executed, and how that went.
    RefactorExecution {
        Unavailable = "UNAVAILABLE",
        Available = "AVAILABLE",
        Obsolete = "OBSOLETE",
        ExecuteInProgress = "EXECUTE_IN_PROGRESS",
        ExecuteComplete = "EXECUTE_COMPLETE",
        ExecuteFailed = "EXECUTE_FAILED",
        RollbackInProgress = "ROLLBACK_IN_PROGRESS",
        RollbackComplete = "ROLLBACK_COMPLETE",
        RollbackFailed = "ROLLBACK_FAILED",
    }
}

impl RefactorExecution {
    /// Whether it goes on.
    pub(crate) fn is_in_progress(self) -> bool {
        matches!(self, Self::ExecuteInProgress | Self::RollbackInProgress)
    }
}
