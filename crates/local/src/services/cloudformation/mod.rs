//! CloudFormation: stacks, change sets, events, templates and exports.

use crate::{
    endpoint::Context,
    router::Content,
    wire::{Form, Refusal},
};

/// Answers a call.
pub(crate) fn answer(context: &Context<'_>, action: &str, form: &Form) -> Result<Content, Refusal> {
    let _ = (context, form);
    Err(Refusal::new(
        "InvalidAction",
        format!("Could not find operation {action} for version 2010-05-15"),
    ))
}
