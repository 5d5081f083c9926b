//! Brings stacks to what their templates say, one step at a time.

mod advance;
mod apply;
mod capabilities;
mod conflict;
mod difference;
mod draft;
mod drift;
mod early;
mod identity;
mod import_existing;
mod nested;
mod outcome;
mod outlook;
mod outputs;
mod refactor;
mod remove;
mod restore;
mod sight;
mod stack_policy;
mod template_url;
mod validation;
mod well_known;

pub(crate) use advance::{Environment, Next, advance};
pub(crate) use capabilities::{lacking, needed_capability, unknown_macro};
pub(crate) use difference::differences;
pub(crate) use draft::{Draft, STACK_TYPE};
pub(crate) use drift::{check, is_checked, readable};
pub(crate) use early::validate;
pub(crate) use import_existing::existing as existing_to_import;
pub(crate) use nested::{
    Above, Wanted, check_depth, is_stack, new_stack as new_nested_stack, wanted as wanted_nested,
};
pub(crate) use outlook::{Question, foresee};
pub(crate) use refactor::{Definitions, Mapping, NewStack, moves_of, refactored};
pub(crate) use remove::readers_of;
pub(crate) use sight::{Seen, Sight};
pub(crate) use template_url::template_at;
pub(crate) use validation::violations;
