//! Computes, without any input or output, what changes between two templates and what those changes mean.

mod diff;
mod facts;
mod inputs;
mod meaning;
mod model;
mod moves;
mod options;
mod policy;
mod render;
mod resources;
mod sections;
mod uses;

pub use diff::diff;
pub use facts::{Facts, Form, Pattern};
pub use model::{
    Action, AttributeChange, Cause, Change, Direction, Edit, Effect, EntryChange, ExternalChange,
    FORMAT_VERSION, Impact, OldCopy, Plan, PropertyChange, Reason, RuleChange, Security,
    StackAction, StackDiff, StackPlan, StatementChange, StatementKind, Summary,
};
pub use options::Options;
pub use render::render;
