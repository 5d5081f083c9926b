//! Computes, without any input or output, what changes between two templates and what those changes mean.

mod diff;
mod facts;
mod model;
mod options;
mod render;

pub use diff::diff;
pub use facts::{Facts, Form, Pattern};
pub use model::{
    Action, AttributeChange, Cause, Change, Direction, Edit, Effect, EntryChange, ExternalChange,
    FORMAT_VERSION, Impact, OldCopy, Plan, PropertyChange, Reason, RuleChange, Security,
    StackAction, StackDiff, StackPlan, StatementChange, StatementKind, Summary,
};
pub use options::Options;
pub use render::render;
