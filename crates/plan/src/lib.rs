//! Computes, without any input or output, what changes between two templates and what those changes mean.

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

pub use change_set::{
    PolicyAction, Recreation, Replacement, ReportedAction, ReportedChange, ReportedDetail,
};
pub use diff::diff;
pub use facts::{Facts, Form, Pattern};
pub use guard::{AllowedLosses, Blocked, BlockedReason, guard};
pub use model::{
    Action, AttributeChange, Cause, Change, Direction, Edit, Effect, EntryChange, ExternalChange,
    FORMAT_VERSION, Impact, OldCopy, Plan, PropertyChange, Reason, RuleChange, Security,
    StackAction, StackDiff, StackPlan, StatementChange, StatementKind, Summary,
};
pub use options::Options;
pub use render::render;
pub use schema_facts::SchemaFacts;
