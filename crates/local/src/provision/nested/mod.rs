//! Nested stacks: a resource of the type of stacks is a stack of its own, that goes the way of the stack above.
//!
//! The stack above begins the operations of the nested one and waits for them, each in the transaction that begins or
//! ends its own work on the resource. An update keeps what the nested stack was until the one above is done: the nested
//! stack is held, and then told to clean up or to go back.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html>

mod begin;
mod foresight;
mod forward;
mod standing;
mod undo;
mod wanted;

pub(super) use begin::begin_removal;
pub(super) use foresight::look_at;
pub(super) use standing::{Way, due};
pub(super) use undo::{begin_restoration, is_skipped, is_touched, settle};
pub(crate) use wanted::{Above, Wanted, changes, new_stack, wanted};

use super::draft::STACK_TYPE;
use crate::{
    evaluate::Failure,
    state::{Entry, StackStatus, State},
};

/// How deep stacks are nested. AWS names no limit; a template that holds itself would never end.
const DEEPEST: usize = 20;

/// Refuses a stack with that many above it, where those are too many.
pub(crate) fn check_depth(above: usize) -> Result<(), Failure> {
    if above < DEEPEST {
        return Ok(());
    }
    Err(Failure::new(format!(
        "Stacks cannot be nested deeper than {DEEPEST} levels here."
    )))
}

/// Whether a resource of a type is a stack.
pub(crate) fn is_stack(type_name: &str) -> bool {
    type_name == STACK_TYPE
}

/// The value of an output of a nested stack, as `Fn::GetAtt` names it: `Outputs.Name`.
pub(super) fn output<'a>(state: &'a State, arn: &str, attribute: &str) -> Option<&'a str> {
    let key = attribute.strip_prefix("Outputs.")?;
    let outputs = &existing(state, arn)?.stack.outputs;
    let found = outputs.iter().find(|output| output.key == key)?;
    Some(&found.value)
}

/// A nested stack that was not deleted.
pub(super) fn existing<'a>(state: &'a State, arn: &str) -> Option<&'a Entry> {
    let entry = state.with_arn(arn)?;
    (entry.stack.status != StackStatus::DeleteComplete).then_some(entry)
}
