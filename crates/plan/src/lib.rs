//! Computes, without any input or output, what changes between two templates and what those changes mean.

//!
//! [`diff`] compares two template bodies by what they mean to CloudFormation and gives a [`StackDiff`]: which resources
//! change, through which properties, with which consequence, and what follows for those that refer to them.
//! [`StackDiff::with_change_set`] adds what CloudFormation itself says, [`Plan::new`] puts the stacks of an environment
//! together, [`guard`] finds what must not be lost. A [`Plan`] is plain data: what is printed as JSON is all there is.
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

mod change_set;
mod compose;
mod diff;
mod facts;
mod guard;
mod inputs;
mod meaning;
mod model;
mod moves;
mod options;
mod policy;
mod render;
mod resources;
mod schema_facts;
mod sections;
mod security;
mod uses;

pub use assembly::Severity;
pub use change_set::{
    PolicyAction, Recreation, Replacement, ReportedAction, ReportedChange, ReportedDetail,
};
pub use diff::diff;
pub use facts::{Facts, Form, Pattern};
pub use guard::{AllowedLosses, Blocked, BlockedReason, guard};
pub use model::{
    Action, AttributeChange, Cause, Change, Direction, Edit, Effect, EntryChange, ExternalChange,
    FORMAT_VERSION, Finding, Impact, OldCopy, Plan, PropertyChange, Reason, RuleChange, Security,
    SettingChange, StackAction, StackDiff, StackPlan, StatementChange, StatementKind, Summary,
    Widening,
};
pub use options::Options;
pub use render::render;
pub use schema_facts::SchemaFacts;
