//! Beginning rollbacks: one that failed is continued, and what was paused is rolled back.

use super::{
    Answer, Call,
    operations::{Beginning, begin, express, is_repeated, stack_id},
};
use crate::{
    provision::{Draft, is_stack},
    router::Content,
    state::{Entry, OperationKind, Phase, ResourceStatus, Stack, StackStatus},
    wire::Refusal,
};

pub(super) fn continue_rollback(call: &mut Call<'_>) -> Answer {
    let entry = call
        .stack(|name| format!("Stack [{name}] does not exist"))?
        .clone();
    let stack = &entry.stack;
    let token = call.form.filled("ClientRequestToken").map(str::to_owned);
    if is_repeated(&entry, OperationKind::ContinueRollback, token.as_deref())? {
        return Ok(Content::result(|_| {}));
    }
    refuse_nested(stack, "RollbackUpdatedStack")?;
    if stack.status != StackStatus::UpdateRollbackFailed {
        return Err(Refusal::validation(format!(
            "Stack:{} is in {} state and can not continue rolling back.",
            stack.arn, stack.status
        )));
    }
    let skip = call.form.list("ResourcesToSkip").unwrap_or_default();
    let force_rollback = call.form.flag("ForceRollback")?.unwrap_or_default();
    if force_rollback && !skip.is_empty() {
        return Err(Refusal::validation(
            "You can specify either ResourcesToSkip or ForceRollback, but not both.",
        ));
    }
    for name in &skip {
        check_skip(call, &entry, name)?;
    }
    let beginning = Beginning {
        kind: OperationKind::ContinueRollback,
        phase: Phase::Restore,
        status: StackStatus::UpdateRollbackInProgress,
        token,
        skip,
        force_rollback,
        ..Beginning::default()
    };
    let draft = Draft::of(&entry, call.context.seed(), call.context.now);
    begin(call, draft, beginning, Vec::new())?;
    Ok(Content::result(|_| {}))
}

/// What is to be skipped must have failed to go back; what is nested is named with the name of its stack.
fn check_skip(call: &Call<'_>, entry: &Entry, name: &str) -> Result<(), Refusal> {
    let (within, logical_id) = match name.split_once('.') {
        None => (entry, name),
        Some((nested, logical_id)) => {
            let found = call.core.state.named(&call.context.region, nested);
            let top = entry.stack.arn.as_str();
            let is_below = |entry: &&Entry| {
                let nesting = entry.stack.nesting.as_ref();
                nesting.is_some_and(|nesting| nesting.root == top)
            };
            let found = found
                .filter(is_below)
                .ok_or_else(|| Refusal::validation(format!("Stack [{nested}] does not exist")))?;
            (found, logical_id)
        }
    };
    let resource = within.resources.get(logical_id);
    let is_failed = resource.is_some_and(|resource| {
        resource.status == ResourceStatus::UpdateFailed
            // A nested stack is not passed over as long as it is there.
            && !is_stack(&resource.resource_type)
    });
    if is_failed {
        Ok(())
    } else {
        Err(Refusal::validation(format!(
            "Resources to skip must be in UPDATE_FAILED state: [{name}]"
        )))
    }
}

pub(super) fn rollback(call: &mut Call<'_>) -> Answer {
    let entry = call
        .stack(|name| format!("Stack [{name}] does not exist"))?
        .clone();
    let stack = &entry.stack;
    let token = call.form.filled("ClientRequestToken").map(str::to_owned);
    if is_repeated(&entry, OperationKind::Rollback, token.as_deref())? {
        return Ok(stack_id(&stack.arn));
    }
    refuse_nested(stack, "RollbackStack")?;
    let (phase, status) = match (stack.status, &stack.stable) {
        (StackStatus::CreateFailed, _) | (StackStatus::UpdateFailed, None) => {
            (Phase::Delete, StackStatus::RollbackInProgress)
        }
        (StackStatus::UpdateFailed, Some(_)) => {
            (Phase::Restore, StackStatus::UpdateRollbackInProgress)
        }
        _ => {
            return Err(Refusal::validation(format!(
                "Stack:{} is in {} state and can not be rolled back.",
                stack.arn, stack.status
            )));
        }
    };
    let express = express(call)?.is_some();
    let failed_in_express = stack
        .operation
        .as_ref()
        .is_some_and(|operation| operation.express);
    if failed_in_express && !express {
        return Err(Refusal::validation(format!(
            "Stack:{} failed in EXPRESS mode and can only be rolled back in that mode.",
            stack.arn
        )));
    }
    let beginning = Beginning {
        kind: OperationKind::Rollback,
        express,
        phase,
        status,
        token,
        retain_except_on_create: call.form.flag("RetainExceptOnCreate")?.unwrap_or_default(),
        ..Beginning::default()
    };
    let arn = stack.arn.clone();
    let draft = Draft::of(&entry, call.context.seed(), call.context.now);
    begin(call, draft, beginning, Vec::new())?;
    Ok(stack_id(&arn))
}

/// What is nested goes back only with the stack above all.
pub(super) fn refuse_nested(stack: &Stack, what: &str) -> Result<(), Refusal> {
    match stack.nesting {
        None => Ok(()),
        Some(_) => Err(Refusal::validation(format!(
            "{what} cannot be invoked on child stacks"
        ))),
    }
}
