//! Beginning the operations of nested stacks.

use super::{super::draft::Draft, existing};
use crate::{
    provision::Environment,
    state::{Foreseen, Operation, OperationKind, Phase, Record, StackStatus},
};

/// Begins an operation of a nested stack, as part of the one of the stack above.
pub(super) fn begin(
    above: &mut Draft,
    mut nested: Draft,
    kind: OperationKind,
    phase: Phase,
    status: StackStatus,
    mut records: Vec<Record>,
) {
    let Some(parent) = above.stack.operation.clone() else {
        return;
    };
    let logical_id = nested
        .stack
        .nesting
        .as_ref()
        .map(|nesting| &nesting.logical_id);
    let foreseen = logical_id.and_then(|logical_id| parent.foreseen.get(logical_id));
    let below = foreseen.map_or_else(Foreseen::new, |foreseen| foreseen.below.clone());
    nested.reset_progress();
    if kind == OperationKind::Update {
        nested.stack.updated = Some(above.now);
    }
    nested.stack.disable_rollback = parent.disable_rollback;
    nested.stack.retain_except_on_create = parent.retain_except_on_create;
    let id = nested.uuid("operation");
    nested.stack.operation = Some(Operation {
        id,
        kind,
        // What was asked for was the operation above.
        token: None,
        phase,
        retain: Vec::new(),
        cancelled: false,
        imports_only: false,
        import: Default::default(),
        policy: None,
        failure: None,
        started: above.now,
        before: Some(nested.stack.status),
        by_parent: Some(parent.id.clone()),
        foreseen: below,
        ..parent
    });
    // To go back is a consequence, which nobody asked for.
    let is_asked_for = phase != Phase::Restore;
    nested.status(status, is_asked_for.then(|| "User Initiated".to_owned()));
    above.begin(nested.stack.uuid.clone());
    records.extend(nested.finish());
    above.beside(records);
}

/// Begins the deletion of a nested stack that is not gone yet; says why it cannot be begun.
pub(in crate::provision) fn begin_removal(
    environment: Environment<'_>,
    above: &mut Draft,
    arn: &str,
) -> Result<(), String> {
    let Some(entry) = existing(environment.state, arn) else {
        return Ok(());
    };
    let stack = &entry.stack;
    match stack.status {
        // Somebody deletes it already.
        StackStatus::DeleteInProgress => return Ok(()),
        status if status.is_in_progress() && status != StackStatus::CreateInProgress => {
            let is_mine = stack
                .operation
                .as_ref()
                .is_some_and(|operation| operation.by_parent.is_some());
            if !is_mine {
                return Err(format!(
                    "Stack [{}] cannot be deleted while in status {status}",
                    stack.arn
                ));
            }
        }
        _ => {}
    }
    let mut nested = Draft::of(entry, environment.seed, environment.now);
    nested.cancel_started();
    let gone = entry.change_sets.iter();
    let gone = gone.map(|one| Record::ChangeSetGone(stack.uuid.clone(), one.arn.clone()));
    begin(
        above,
        nested,
        OperationKind::Delete,
        Phase::Delete,
        StackStatus::DeleteInProgress,
        gone.collect(),
    );
    Ok(())
}
