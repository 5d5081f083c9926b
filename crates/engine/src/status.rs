//! The states of stacks and resources, and what each of them means for whoever wants to change something.
//!
//! CloudFormation's names mislead in places (`REVIEW_IN_PROGRESS` is not in progress), so nothing in this crate decides
//! by a name's ending: it asks the tables of this file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Makes the enumeration of stack statuses and its names from one list.
macro_rules! stack_statuses {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)*) => {
        /// The status of a stack, as CloudFormation names it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum StackStatus {
            $($(#[$meta])* $variant,)*
            /// One that is newer than this program.
            Unknown(String),
        }

        impl StackStatus {
            /// Every status this program knows.
            pub const KNOWN: &[Self] = &[$(Self::$variant,)*];

            /// The name CloudFormation gives it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(name) => name,
                }
            }
        }

        impl From<&str> for StackStatus {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }
    };
}

stack_statuses! {
    /// Its resources are being created.
    CreateInProgress = "CREATE_IN_PROGRESS",
    /// A create failed and was left as it was.
    CreateFailed = "CREATE_FAILED",
    /// Created.
    CreateComplete = "CREATE_COMPLETE",
    /// A failed create is being undone.
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    /// A failed create could not be undone.
    RollbackFailed = "ROLLBACK_FAILED",
    /// A failed create was undone; the stack is an empty shell.
    RollbackComplete = "ROLLBACK_COMPLETE",
    /// It is being deleted.
    DeleteInProgress = "DELETE_IN_PROGRESS",
    /// Some of its resources could not be deleted.
    DeleteFailed = "DELETE_FAILED",
    /// Deleted; still visible by its ARN for a while.
    DeleteComplete = "DELETE_COMPLETE",
    /// It is being updated.
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    /// Updated; what was replaced or removed is being deleted.
    UpdateCompleteCleanupInProgress = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    /// Updated.
    UpdateComplete = "UPDATE_COMPLETE",
    /// An update failed and was left as it was.
    UpdateFailed = "UPDATE_FAILED",
    /// A failed update is being undone.
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    /// A failed update could not be undone.
    UpdateRollbackFailed = "UPDATE_ROLLBACK_FAILED",
    /// A failed update was undone; what it had created is being deleted.
    UpdateRollbackCompleteCleanupInProgress = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    /// A failed update was undone.
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    /// A shell that holds nothing but change sets.
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    /// Resources are being imported.
    ImportInProgress = "IMPORT_IN_PROGRESS",
    /// Imported.
    ImportComplete = "IMPORT_COMPLETE",
    /// A failed import is being undone.
    ImportRollbackInProgress = "IMPORT_ROLLBACK_IN_PROGRESS",
    /// A failed import could not be undone.
    ImportRollbackFailed = "IMPORT_ROLLBACK_FAILED",
    /// A failed import was undone.
    ImportRollbackComplete = "IMPORT_ROLLBACK_COMPLETE",
}

impl fmt::Display for StackStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for StackStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StackStatus {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::from(name.as_str()))
    }
}

/// What a stack's status allows to be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is no such stack, or only a shell without resources that the next create takes over.
    Absent,
    /// It can be updated.
    Ready,
    /// Its first create failed and was undone: it can only be deleted, and then created again.
    Leftover,
    /// CloudFormation is at work on it.
    Busy,
    /// It needs a decision before it can be updated.
    Stuck,
}

/// How an operation on a stack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It did what was asked.
    Succeeded,
    /// It failed, and the stack is as it was before.
    RolledBack,
    /// It failed, and the stack is in a state that needs a decision.
    Failed,
}

/// How a stack does, for the status report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Deployed, and the last operation on it succeeded.
    Healthy,
    /// Not deployed.
    Absent,
    /// CloudFormation is at work on it.
    InProgress,
    /// The last operation on it failed, and the next deployment is possible.
    Failed,
    /// It needs a decision before it can be deployed again.
    Stuck,
}

impl StackStatus {
    /// What may be done with a stack in this status.
    pub fn condition(&self) -> Condition {
        match self {
            Self::DeleteComplete | Self::ReviewInProgress => Condition::Absent,
            Self::CreateComplete
            | Self::UpdateComplete
            | Self::UpdateRollbackComplete
            | Self::ImportComplete
            | Self::ImportRollbackComplete => Condition::Ready,
            Self::RollbackComplete => Condition::Leftover,
            Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::DeleteInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => Condition::Busy,
            Self::CreateFailed
            | Self::RollbackFailed
            | Self::DeleteFailed
            | Self::UpdateFailed
            | Self::UpdateRollbackFailed
            | Self::ImportRollbackFailed
            | Self::Unknown(_) => Condition::Stuck,
        }
    }

    /// How an operation ended that left the stack in this status; nothing while it still runs, and nothing for
    /// `REVIEW_IN_PROGRESS`, which after an execution can only be a stale answer.
    pub fn ending(&self) -> Option<Ending> {
        match self {
            Self::CreateComplete
            | Self::UpdateComplete
            | Self::ImportComplete
            | Self::DeleteComplete => Some(Ending::Succeeded),
            Self::RollbackComplete
            | Self::UpdateRollbackComplete
            | Self::ImportRollbackComplete => Some(Ending::RolledBack),
            Self::CreateFailed
            | Self::RollbackFailed
            | Self::DeleteFailed
            | Self::UpdateFailed
            | Self::UpdateRollbackFailed
            | Self::ImportRollbackFailed
            | Self::Unknown(_) => Some(Ending::Failed),
            Self::ReviewInProgress
            | Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::DeleteInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => None,
        }
    }

    /// How a stack in this status does.
    pub fn health(&self) -> Health {
        match self.condition() {
            Condition::Absent => Health::Absent,
            Condition::Busy => Health::InProgress,
            Condition::Stuck => Health::Stuck,
            Condition::Leftover => Health::Failed,
            Condition::Ready => match self.ending() {
                Some(Ending::Succeeded) => Health::Healthy,
                _ => Health::Failed,
            },
        }
    }

    /// What the status means, in plain words, for those that stop a deployment.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::RollbackComplete => "its first create failed and was undone",
            Self::RollbackFailed => "its first create failed and could not be undone completely",
            Self::CreateFailed => "its first create failed and was left as it was",
            Self::UpdateFailed => "its last update failed and was left as it was",
            Self::UpdateRollbackFailed => "its last update failed and could not be undone",
            Self::ImportRollbackFailed => "its last import failed and could not be undone",
            Self::DeleteFailed => "some of its resources could not be deleted",
            Self::ReviewInProgress => "it is a shell without resources, made by a change set",
            Self::DeleteComplete => "it is deleted",
            Self::Unknown(_) => "this program does not know that status",
            Self::CreateComplete | Self::UpdateComplete | Self::ImportComplete => "it is deployed",
            Self::UpdateRollbackComplete => "its last update failed and was undone",
            Self::ImportRollbackComplete => "its last import failed and was undone",
            Self::CreateInProgress => "it is being created",
            Self::RollbackInProgress => "its failed create is being undone",
            Self::DeleteInProgress => "it is being deleted",
            Self::UpdateInProgress => "it is being updated",
            Self::UpdateCompleteCleanupInProgress => "it is updated and being cleaned up",
            Self::UpdateRollbackInProgress => "its failed update is being undone",
            Self::UpdateRollbackCompleteCleanupInProgress => {
                "its failed update is undone and being cleaned up"
            }
            Self::ImportInProgress => "resources are being imported into it",
            Self::ImportRollbackInProgress => "its failed import is being undone",
        }
    }

    /// The safe thing to do about a stack that is stuck or a leftover; nothing for the others.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::RollbackComplete => {
                Some("deploy again: the empty shell is deleted first, then the stack is created")
            }
            Self::RollbackFailed
            | Self::CreateFailed
            | Self::UpdateFailed
            | Self::UpdateRollbackFailed
            | Self::DeleteFailed => Some(
                "`chitinfra recover` says what stands in the way and leads the stack out of it",
            ),
            Self::ImportRollbackFailed => Some(
                "look at the stack in CloudFormation; no call is known that leads out of this status, AWS support can",
            ),
            Self::Unknown(_) => Some("look at the stack in CloudFormation, or update this program"),
            Self::ReviewInProgress
            | Self::DeleteComplete
            | Self::CreateComplete
            | Self::UpdateComplete
            | Self::UpdateRollbackComplete
            | Self::ImportComplete
            | Self::ImportRollbackComplete
            | Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::DeleteInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress => None,
        }
    }
}

/// The status of a resource within an operation, `UPDATE_IN_PROGRESS`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceStatus(pub String);

impl ResourceStatus {
    /// Whether something went wrong with the resource.
    pub fn is_failed(&self) -> bool {
        self.0.ends_with("_FAILED")
    }

    /// Whether CloudFormation is still at work on it.
    pub fn is_in_progress(&self) -> bool {
        self.0.ends_with("_IN_PROGRESS")
    }

    /// Whether the resource was left in place although its stack no longer has it.
    pub fn is_retained(&self) -> bool {
        self.0 == "DELETE_SKIPPED"
    }
}

impl fmt::Display for ResourceStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_service_is_known_by_its_name() {
        use aws_sdk_cloudformation::types::StackStatus as Theirs;
        let theirs: Vec<&str> = Theirs::values().to_vec();
        assert_eq!(theirs.len(), StackStatus::KNOWN.len());
        for name in theirs {
            let ours = StackStatus::from(name);
            assert!(!matches!(ours, StackStatus::Unknown(_)), "{name}");
            assert_eq!(ours.as_str(), name);
        }
    }

    #[test]
    fn the_table_is_what_cloudformation_does() {
        use {Condition as C, Ending as E, Health as H, StackStatus as S};
        let table = [
            (S::CreateInProgress, C::Busy, None, H::InProgress),
            (S::CreateFailed, C::Stuck, Some(E::Failed), H::Stuck),
            (S::CreateComplete, C::Ready, Some(E::Succeeded), H::Healthy),
            (S::RollbackInProgress, C::Busy, None, H::InProgress),
            (S::RollbackFailed, C::Stuck, Some(E::Failed), H::Stuck),
            (
                S::RollbackComplete,
                C::Leftover,
                Some(E::RolledBack),
                H::Failed,
            ),
            (S::DeleteInProgress, C::Busy, None, H::InProgress),
            (S::DeleteFailed, C::Stuck, Some(E::Failed), H::Stuck),
            (S::DeleteComplete, C::Absent, Some(E::Succeeded), H::Absent),
            (S::UpdateInProgress, C::Busy, None, H::InProgress),
            (
                S::UpdateCompleteCleanupInProgress,
                C::Busy,
                None,
                H::InProgress,
            ),
            (S::UpdateComplete, C::Ready, Some(E::Succeeded), H::Healthy),
            (S::UpdateFailed, C::Stuck, Some(E::Failed), H::Stuck),
            (S::UpdateRollbackInProgress, C::Busy, None, H::InProgress),
            (S::UpdateRollbackFailed, C::Stuck, Some(E::Failed), H::Stuck),
            (
                S::UpdateRollbackCompleteCleanupInProgress,
                C::Busy,
                None,
                H::InProgress,
            ),
            (
                S::UpdateRollbackComplete,
                C::Ready,
                Some(E::RolledBack),
                H::Failed,
            ),
            (S::ReviewInProgress, C::Absent, None, H::Absent),
            (S::ImportInProgress, C::Busy, None, H::InProgress),
            (S::ImportComplete, C::Ready, Some(E::Succeeded), H::Healthy),
            (S::ImportRollbackInProgress, C::Busy, None, H::InProgress),
            (S::ImportRollbackFailed, C::Stuck, Some(E::Failed), H::Stuck),
            (
                S::ImportRollbackComplete,
                C::Ready,
                Some(E::RolledBack),
                H::Failed,
            ),
        ];
        assert_eq!(table.len(), S::KNOWN.len());
        for (status, condition, ending, health) in table {
            assert_eq!(status.condition(), condition, "{status}");
            assert_eq!(status.ending(), ending, "{status}");
            assert_eq!(status.health(), health, "{status}");
        }
    }

    #[test]
    fn what_stops_a_deployment_comes_with_advice() {
        for status in StackStatus::KNOWN {
            let stops = matches!(status.condition(), Condition::Stuck | Condition::Leftover);
            assert_eq!(status.advice().is_some(), stops, "{status}");
        }
    }
}
