//! Beginning operations: create, update, delete, cancel, execute a change set.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Answer, Call, nested_sets, order, rollbacks};
use crate::{
    identifiers,
    provision::{Draft, Question, foresee},
    router::Content,
    state::{
        ChangeSet, ChangeSetType, Definition, Entry, ExecutionStatus, Foreseen, OnFailure,
        Operation, OperationKind, Phase, Record, Stack, StackStatus,
    },
    wire::Refusal,
};

/// AWS's usual quota of stacks in a region.
const MOST_STACKS: usize = 2000;

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let name = call.form.required("StackName")?.to_owned();
    order::check_stack_name(&name)?;
    let token = call.form.filled("ClientRequestToken").map(str::to_owned);
    if let Some(entry) = call.core.state.named(&call.context.region, &name) {
        if is_repeated(entry, OperationKind::Create, token.as_deref())? {
            let arn = entry.stack.arn.clone();
            return Ok(stack_id(&arn));
        }
        return Err(Refusal::new(
            "AlreadyExistsException",
            format!("Stack [{name}] already exists"),
        ));
    }
    let order = order::read(call, None)?;
    let disable_rollback = call.form.flag("DisableRollback")?;
    let on_failure = on_failure(call.form.filled("OnFailure"), "onFailure")?;
    if disable_rollback.is_some() && on_failure.is_some() {
        return Err(Refusal::validation(
            "You can specify either DisableRollback or OnFailure, but not both.",
        ));
    }
    let mut stack = new_stack(call, &name, order.definition.clone())?;
    stack.termination_protection = call
        .form
        .flag("EnableTerminationProtection")?
        .unwrap_or_default();
    stack.policy = call.form.filled("StackPolicyBody").map(str::to_owned);
    stack.timeout_minutes = call
        .form
        .filled("TimeoutInMinutes")
        .and_then(|minutes| minutes.parse().ok());
    // What can be refused before anything is made is refused now.
    foresee(&Question {
        state: &call.core.state,
        account: call.context.account(),
        stack: &stack,
        resources: &crate::state::Resources::new(),
        document: &order.document,
        definition: &order.definition,
        import: &BTreeMap::new(),
        revert_drift: false,
    })
    .map(drop)
    .or_else(|failure| tolerate_at_create(failure.0))?;
    let draft = Draft::new(stack, call.context.seed(), call.context.now);
    let disables = disable_rollback.unwrap_or_default();
    let beginning = Beginning {
        kind: OperationKind::Create,
        phase: Phase::Apply,
        status: StackStatus::CreateInProgress,
        token,
        disable_rollback: disables,
        on_failure: on_failure.unwrap_or(OnFailure::Rollback),
        retain_except_on_create: call.form.flag("RetainExceptOnCreate")?.unwrap_or_default(),
        ..Beginning::default()
    };
    let arn = draft.stack.arn.clone();
    begin(call, draft, beginning, vec![order.template_record()])?;
    Ok(stack_id(&arn))
}

/// Values that come from elsewhere may fail the creation later, as in AWS; the template itself is refused at once.
fn tolerate_at_create(message: String) -> Result<(), Refusal> {
    let is_late = message.starts_with("No export named") || message.contains("does not exist");
    if is_late {
        Ok(())
    } else {
        Err(Refusal::validation(message))
    }
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let entry = call
        .stack(|name| format!("Stack [{name}] does not exist"))?
        .clone();
    let stack = entry.stack.clone();
    let token = call.form.filled("ClientRequestToken").map(str::to_owned);
    if is_repeated(&entry, OperationKind::Update, token.as_deref())? {
        return Ok(stack_id(&stack.arn));
    }
    check_updatable(&stack)?;
    let order = order::read(call, Some(&stack))?;
    let outlook = foresee(&Question {
        state: &call.core.state,
        account: call.context.account(),
        stack: &stack,
        resources: &entry.resources,
        document: &order.document,
        definition: &order.definition,
        import: &BTreeMap::new(),
        revert_drift: false,
    })?;
    // A paused stack may be retried with what it has.
    let is_paused = matches!(
        stack.status,
        StackStatus::CreateFailed | StackStatus::UpdateFailed
    );
    if outlook.is_empty() && !is_paused {
        return Err(Refusal::validation("No updates are to be performed."));
    }
    let mut draft = Draft::of(&entry, call.context.seed(), call.context.now);
    draft.stack.definition = order.definition.clone();
    if let Some(policy) = call.form.filled("StackPolicyBody") {
        draft.stack.policy = Some(policy.to_owned());
    }
    let beginning = Beginning {
        kind: OperationKind::Update,
        phase: Phase::Apply,
        status: StackStatus::UpdateInProgress,
        token,
        disable_rollback: call.form.flag("DisableRollback")?.unwrap_or_default(),
        policy: call
            .form
            .filled("StackPolicyDuringUpdateBody")
            .map(str::to_owned),
        retain_except_on_create: call.form.flag("RetainExceptOnCreate")?.unwrap_or_default(),
        ..Beginning::default()
    };
    let mut records = vec![order.template_record()];
    // What they foresaw was an update of another state.
    records.extend(entry.change_sets.iter().map(|change_set| {
        Record::ChangeSet(Box::new(ChangeSet {
            execution: ExecutionStatus::Obsolete,
            ..change_set.clone()
        }))
    }));
    begin(call, draft, beginning, records)?;
    Ok(stack_id(&stack.arn))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let name = call.form.required("StackName")?;
    let Some(entry) = super::find(&call.core.state, &call.context.region, name).cloned() else {
        // To AWS a stack that is not there is deleted.
        return Ok(Content::empty());
    };
    let stack = &entry.stack;
    let token = call.form.filled("ClientRequestToken").map(str::to_owned);
    if stack.status == StackStatus::DeleteComplete
        || is_repeated(&entry, OperationKind::Delete, token.as_deref())?
    {
        return Ok(Content::empty());
    }
    if stack.termination_protection {
        return Err(Refusal::validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    if stack.status.is_in_progress()
        && !matches!(
            stack.status,
            StackStatus::CreateInProgress | StackStatus::DeleteInProgress
        )
    {
        return Err(Refusal::validation(format!(
            "Stack [{}] cannot be deleted while in status {}",
            stack.arn, stack.status
        )));
    }
    if stack.status == StackStatus::DeleteInProgress {
        return Ok(Content::empty());
    }
    let retain = call.form.list("RetainResources").unwrap_or_default();
    if !retain.is_empty() && stack.status != StackStatus::DeleteFailed {
        return Err(Refusal::validation(
            "Invalid operation on stack. RetainResources can only be specified for stacks in DELETE_FAILED state.",
        ));
    }
    let unknown = retain
        .iter()
        .find(|name| !entry.resources.contains_key(*name));
    if let Some(unknown) = unknown {
        return Err(Refusal::validation(format!(
            "Resource {unknown} does not exist in stack {}",
            stack.name
        )));
    }
    let beginning = Beginning {
        kind: OperationKind::Delete,
        phase: Phase::Delete,
        status: StackStatus::DeleteInProgress,
        token,
        retain,
        force_delete: call.form.get("DeletionMode") == Some("FORCE_DELETE_STACK"),
        ..Beginning::default()
    };
    let mut draft = Draft::of(&entry, call.context.seed(), call.context.now);
    draft.cancel_started();
    let change_sets = entry.change_sets.iter();
    let gone = change_sets
        .flat_map(|one| nested_sets::gone(&call.core.state, one))
        .collect();
    begin(call, draft, beginning, gone)?;
    Ok(Content::empty())
}

pub(super) fn cancel_update(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let mut stack = entry.stack.clone();
    rollbacks::refuse_nested(&stack, "CancelUpdateStack")?;
    let is_update = stack.status == StackStatus::UpdateInProgress;
    match &mut stack.operation {
        Some(operation) if is_update => operation.cancelled = true,
        _ => {
            return Err(Refusal::validation(
                "CancelUpdateStack cannot be called from current stack status",
            ));
        }
    }
    call.core.commit(vec![Record::Stack(Box::new(stack))])?;
    Ok(Content::empty())
}

/// Executes a change set: the operation it foresaw begins, and all change sets of the stack are gone.
pub(super) fn execute(
    call: &mut Call<'_>,
    entry: &Entry,
    change_set: &ChangeSet,
) -> Result<(), Refusal> {
    let is_new = entry.stack.status == StackStatus::ReviewInProgress;
    let disable_rollback = call.form.flag("DisableRollback")?;
    if disable_rollback.is_some() && change_set.on_failure.is_some() {
        return Err(Refusal::validation(
            "You can specify either DisableRollback or OnStackFailure, but not both.",
        ));
    }
    if disable_rollback.is_some() && change_set.express.is_some() {
        return Err(Refusal::validation(
            "DisableRollback cannot be specified for a change set with a DeploymentConfig.",
        ));
    }
    let mut draft = Draft::of(entry, call.context.seed(), call.context.now);
    draft.stack.definition = change_set.definition.clone();
    draft.stack.change_set_arn = Some(change_set.arn.clone());
    let (kind, status) = match (change_set.kind, is_new) {
        (ChangeSetType::Import, true) => (OperationKind::Create, StackStatus::ImportInProgress),
        (ChangeSetType::Import, false) => (OperationKind::Update, StackStatus::ImportInProgress),
        (_, true) => (OperationKind::Create, StackStatus::CreateInProgress),
        (_, false) => (OperationKind::Update, StackStatus::UpdateInProgress),
    };
    let beginning = Beginning {
        kind,
        phase: Phase::Apply,
        status,
        token: call.form.filled("ClientRequestToken").map(str::to_owned),
        disable_rollback: disable_rollback.or(change_set.express).unwrap_or_default(),
        on_failure: change_set.on_failure.unwrap_or(OnFailure::Rollback),
        retain_except_on_create: call.form.flag("RetainExceptOnCreate")?.unwrap_or_default(),
        imports_only: change_set.kind == ChangeSetType::Import,
        express: change_set.express.is_some(),
        import: change_set.import.clone(),
        revert_drift: change_set.revert_drift,
        foreseen: nested_sets::foreseen(&call.core.state, change_set),
        ..Beginning::default()
    };
    let gone = entry
        .change_sets
        .iter()
        .flat_map(|other| nested_sets::gone(&call.core.state, other))
        .collect();
    begin(call, draft, beginning, gone)
}

/// Whether the call asks for express mode, and then whether a failure is not rolled back.
///
/// The reference says that it is by default; AWS's own tools say that it is not, which is played here as it is the more
/// dangerous.
pub(super) fn express(call: &Call<'_>) -> Result<Option<bool>, Refusal> {
    let disable = call.form.flag("DeploymentConfig.DisableRollback")?;
    match call.form.filled("DeploymentConfig.Mode") {
        Some("EXPRESS") => Ok(Some(disable.unwrap_or(true))),
        None | Some("STANDARD") => Ok(None),
        Some(word) => Err(Refusal::validation(format!(
            "1 validation error detected: Value '{word}' at 'deploymentConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]"
        ))),
    }
}

/// How an operation begins.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) kind: OperationKind,
    pub(super) phase: Phase,
    pub(super) status: StackStatus,
    pub(super) token: Option<String>,
    pub(super) disable_rollback: bool,
    pub(super) on_failure: OnFailure,
    pub(super) retain_except_on_create: bool,
    pub(super) retain: Vec<String>,
    pub(super) skip: Vec<String>,
    pub(super) force_rollback: bool,
    pub(super) force_delete: bool,
    pub(super) policy: Option<String>,
    pub(super) imports_only: bool,
    pub(super) express: bool,
    pub(super) revert_drift: bool,
    pub(super) import: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) foreseen: Foreseen,
}

impl Default for Beginning {
    fn default() -> Self {
        Self {
            kind: OperationKind::Update,
            phase: Phase::Apply,
            status: StackStatus::UpdateInProgress,
            token: None,
            disable_rollback: false,
            on_failure: OnFailure::Rollback,
            retain_except_on_create: false,
            retain: Vec::new(),
            skip: Vec::new(),
            force_rollback: false,
            force_delete: false,
            policy: None,
            imports_only: false,
            express: false,
            revert_drift: false,
            import: BTreeMap::new(),
            foreseen: Foreseen::new(),
        }
    }
}

impl Beginning {
    /// Of a stack that something else drives to the end.
    pub(super) fn driven(kind: OperationKind, status: StackStatus) -> Self {
        Self {
            kind,
            phase: Phase::Done,
            status,
            ..Self::default()
        }
    }

    /// The operation on a stack that begins now.
    pub(super) fn operation(self, draft: &mut Draft, now: Timestamp) -> Operation {
        Operation {
            id: draft.uuid("operation"),
            kind: self.kind,
            token: self.token,
            phase: self.phase,
            disable_rollback: self.disable_rollback,
            on_failure: self.on_failure,
            retain_except_on_create: self.retain_except_on_create,
            retain: self.retain,
            skip: self.skip,
            force_rollback: self.force_rollback,
            force_delete: self.force_delete,
            cancelled: false,
            imports_only: self.imports_only,
            express: self.express,
            import: self.import,
            revert_drift: self.revert_drift,
            policy: self.policy,
            failure: None,
            started: now,
            before: Some(draft.stack.status),
            by_parent: None,
            foreseen: self.foreseen,
        }
    }
}

pub(super) fn begin(
    call: &mut Call<'_>,
    mut draft: Draft,
    beginning: Beginning,
    mut records: Vec<Record>,
) -> Result<(), Refusal> {
    draft.reset_progress();
    if beginning.kind == OperationKind::Update {
        draft.stack.updated = Some(call.context.now);
    }
    draft.stack.disable_rollback = beginning.disable_rollback;
    draft.stack.retain_except_on_create = beginning.retain_except_on_create;
    let status = beginning.status;
    draft.stack.operation = Some(beginning.operation(&mut draft, call.context.now));
    draft.status(status, Some("User Initiated".to_owned()));
    let uuid = draft.stack.uuid.clone();
    // The template stands before the stack that names it.
    let changes = draft.finish();
    records.extend(changes);
    call.core.commit(records)?;
    call.context.endpoint.drive(call.core, uuid);
    Ok(())
}

/// A stack that is about to be made.
pub(super) fn new_stack(
    call: &Call<'_>,
    name: &str,
    definition: Definition,
) -> Result<Stack, Refusal> {
    let region = &call.context.region;
    if call.core.state.present(region).count() >= MOST_STACKS {
        return Err(Refusal::new(
            "LimitExceededException",
            format!("Limit for stack has been exceeded: {MOST_STACKS}"),
        ));
    }
    let account = call.context.account();
    let times = call.core.state.times_named(region, name).to_string();
    let created = call.context.now.as_millisecond().to_string();
    let uuid = identifiers::uuid(
        call.context.seed(),
        &["stack", account, region, name, &times, &created],
    );
    let (name, now) = (name.to_owned(), call.context.now);
    Ok(Stack::new(account, region, name, uuid, definition, now))
}

/// Whether a call repeats the one that began the last operation; a token used for another operation is refused.
pub(super) fn is_repeated(
    entry: &Entry,
    kind: OperationKind,
    token: Option<&str>,
) -> Result<bool, Refusal> {
    let last = entry.stack.operation.as_ref();
    match (last, token) {
        (Some(last), Some(token)) if last.token.as_deref() == Some(token) => {
            if last.kind == kind {
                Ok(true)
            } else {
                Err(Refusal::new(
                    "TokenAlreadyExistsException",
                    format!("Token [{token}] already exists for another operation"),
                ))
            }
        }
        _ => Ok(false),
    }
}

pub(super) fn check_updatable(stack: &Stack) -> Result<(), Refusal> {
    if stack.status.is_updatable() {
        Ok(())
    } else {
        Err(Refusal::validation(format!(
            "Stack:{} is in {} state and can not be updated.",
            stack.arn, stack.status
        )))
    }
}

pub(super) fn on_failure(word: Option<&str>, field: &str) -> Result<Option<OnFailure>, Refusal> {
    word.map(|word| {
        word.parse().map_err(|()| {
            Refusal::validation(format!(
                "1 validation error detected: Value '{word}' at '{field}' failed to satisfy constraint: Member must satisfy enum value set: [ROLLBACK, DO_NOTHING, DELETE]"
            ))
        })
    })
    .transpose()
}

pub(super) fn stack_id(arn: &str) -> Content {
    Content::result(|xml| xml.text("StackId", arn))
}
