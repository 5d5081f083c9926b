//! Brings stacks to what their templates say, one step at a time.

mod advance;
mod apply;
mod conflict;
mod difference;
mod draft;
mod drift;
mod early;
mod identity;
mod import_existing;
mod outlook;
mod outputs;
mod refactor;
mod remove;
mod restore;
mod sight;
mod stack_policy;
mod validation;
mod well_known;

pub(crate) use advance::{Environment, Next, advance};
pub(crate) use difference::differences;
pub(crate) use draft::{Draft, STACK_TYPE};
pub(crate) use drift::{check, is_checked, readable};
pub(crate) use early::validate;
pub(crate) use import_existing::existing as existing_to_import;
pub(crate) use outlook::{Question, foresee};
pub(crate) use refactor::{Definitions, Mapping, NewStack, moves_of, refactored};
pub(crate) use remove::readers_of;
pub(crate) use sight::{Seen, Sight};
pub(crate) use validation::violations;
