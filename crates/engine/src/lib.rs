//! Carries out the operations of the command line on CloudFormation: read, plan, deploy, destroy, recover.
//!
//! An [`Engine`] works over a [`CloudFormation`] connection, of which [`Aws`] is the real one. It tells what happens as
//! [`Event`]s and returns data; it never touches terminal, environment, home directory or exit, except that
//! [`Aws::connect`] loads credentials as the AWS CLI does. Time is the async runtime's alone.

mod attach;
mod aws;
mod cause;
mod change_set;
mod claim;
mod cloud_assembly;
mod departed;
mod deploy;
mod desired;
mod destroy;
mod drift;
mod engine;
mod error;
mod event;
mod findings;
mod follow;
mod holder;
mod identity_provider;
mod inspect;
mod leftover;
mod nested;
mod order;
mod outcome;
mod pace;
mod parameters;
mod planning;
mod port;
mod readers;
mod reads;
mod record;
mod recover;
mod refactor;
mod remaining;
mod secrets;
mod stack_policy;
mod status;
mod store;
mod survey;
mod undo;
mod veil;
mod verify;
mod within;

#[cfg(test)]
mod tests;

pub use aws::{ApiOperation, Aws, AwsOptions, asset_bucket, verify_account};
pub use cause::Cause;
pub use change_set::PreparedChangeSet;
pub use claim::{Claim, Claimant, Claimed, Clock, Displaced, Judgement, Patience, claim, occupant};
pub use cloud_assembly::Target;
pub use desired::{Assembly, Template};
pub use drift::{
    DetectedDifference, DetectedDrift, DetectedStatus, Detection, DriftDetection, DriftReport,
    DriftStatus, Live, LiveReads, LiveResource, PropertyDrift, ResourceDrift, StackDrift,
    UncheckedProperty,
};
pub use engine::Engine;
pub use error::{AwsError, AwsErrorKind, Error, Hint};
pub use event::{Event, Operation, OutcomeKind};
pub use holder::Holder;
pub use identity_provider::IdentityProviders;
pub use inspect::{EnvironmentOutputs, EnvironmentStatus, StackState, deployed_template};
pub use outcome::{Outcome, Report, Skipped, StackReport};
pub use pace::Pace;
pub use planning::{Bounds, Busy, ChangeSets, Planned, plan_against};
pub use port::{
    Answer, Caller, ChangeSet, ChangeSetId, ChangeSetRequest, ChangeSetStatus, ChangeSetSummary,
    ChangeSetType, CloudFormation, DeleteRequest, Deletion, EventPage, ExecuteRequest, Execution,
    Finding, Rollback, RollbackRequest, Stack, StackEvent, StackResource, TemplateSource, Values,
};
pub use record::{
    Draft, Entry, History, Home, Kind, Ledger, RecordError, Recorded, Release, ReleaseOutcome,
    ReleasedStack, find, history,
};
pub use recover::{Diagnosis, Hindrance, Way};
pub use refactor::{
    PreparedRefactor, RefactorAction, RefactorProgress, RefactorRequest, RefactorState,
    ResourcePlace, StackRefactors,
};
pub use remaining::{Remaining, RemainingKind};
pub use secrets::{SECRET_LIMIT, Secrecy, SecretFact, SecretValue, Secrets};
pub use stack_policy::StackPolicies;
pub use status::{Condition, Ending, Health, ResourceStatus, StackStatus};
pub use store::{Object, ObjectStore, Tag};
pub use tokio_util::sync::CancellationToken;
pub use undo::{UnderWay, Undoing};
pub use verify::{Verified, assembly_digest};
