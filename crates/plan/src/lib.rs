//! Computes, without any input or output, what changes between two templates and what those changes mean.

//!
//! [`diff`] compares two template bodies by what they mean to CloudFormation and gives a [`StackDiff`]: which resources
//! change, through which properties, with which consequence, and what follows for those that refer to them.
//! [`StackDiff::with_change_set`] adds what CloudFormation itself says, [`Plan::new`] puts the stacks of an environment
//! together, [`guard`] finds what must not be lost, [`StackPlan::standing`] whether a saved
//! plan may still be executed. A [`Plan`] is plain data: what is printed as JSON is all there is.
//!
//! ```
//! use plan::{Action, Options, SchemaFacts, diff};
//! use serde_json::json;
//!
//! let template = |name: &str| {
//!     json!({"Resources": {
//!         "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
//!         "Limits": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Files"}}}
//!     }})
//! };
//! let diff = diff(
//!     &template("old"), &template("new"), &SchemaFacts, &Default::default(), &Options::default(),
//! );
//! let actions: Vec<Action> = diff.changes.iter().map(|change| change.action).collect();
//! assert_eq!(actions, [Action::Replace, Action::Replace]);
//! ```

mod body;
mod change_set;
mod checks;
mod compose;
mod diff;
mod evaluate;
mod facts;
mod gist;
mod guard;
mod inputs;
mod meaning;
mod model;
mod options;
mod policy;
mod refactor;
mod removal;
mod render;
mod resources;
mod same;
mod schema_facts;
mod seal;
mod sections;
mod security;
mod uses;

pub use assembly::Severity;
pub use body::{Body, Resource};
pub use change_set::{
    IgnoredDrift, PolicyAction, Recreation, Replacement, ReportedAction, ReportedChange,
    ReportedDetail,
};
pub use checks::{WantedStack, check_stacks};
pub use diff::diff;
pub use evaluate::{evaluate, is_evaluated};
pub use facts::{Facts, Form, Pattern};
pub use gist::Gist;
pub use guard::{
    AllowedLosses, Blocked, BlockedReason, Unfounded, guard, unfounded_by_command,
    unfounded_in_code,
};
pub use model::{
    AccessDiff, AccessPlan, Action, AttributeChange, Cause, Change, ChangeSetSeal, DepartedStack,
    DeployedSeal, Direction, Edit, Effect, EntryChange, ExternalChange, FORMAT_VERSION, Finding,
    Impact, Moved, MovedPart, OldCopy, Plan, PropertyChange, Reason, RefactorPlan, RefactoredStack,
    ResourceMove, RuleChange, SEAL_VERSION, Seal, Security, SettingChange, StackAccess,
    StackAction, StackDiff, StackPlan, StackSeal, StatementChange, StatementKind, Summary,
    WantedSeal, Widening,
};
pub use options::{Options, OutputName};
pub use refactor::{Moving, MovingStack, Refactor, Refactored, move_finding, refactor};
pub use removal::{
    Leaving, LinkedStack, RemovalPlan, Removals, last_step, leaving, removals, with_kept,
};
pub use render::render;
pub use schema_facts::SchemaFacts;
pub use seal::{
    ChangeSetPresent, DeployedPresent, Present, Rest, StackPresent, Standing, digest,
    parameter_digests, secret_parameters,
};
