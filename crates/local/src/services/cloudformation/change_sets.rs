//! Change sets.

use std::collections::BTreeMap;

use super::{Answer, Call, drift, find, nested_sets, operations, order, page, stacks, validations};
use crate::{
    provision::{Draft, Question, existing_to_import, foresee, validate},
    router::Content,
    state::{
        Change, ChangeDetail, ChangeSet, ChangeSetStatus, ChangeSetType, Definition, DriftStatus,
        Entry, ExecutionStatus, OnFailure, Record, Resources, Stack, StackStatus, Validation,
    },
    wire::{Refusal, Xml},
};

const CHANGES_PER_PAGE: usize = 100;
const REVERT_DRIFT: &str = "REVERT_DRIFT";
const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let stack_name = call.form.required("StackName")?.to_owned();
    let name = call.form.required("ChangeSetName")?.to_owned();
    order::check_name(&name, "changeSetName")?;
    let kind = kind(call.form.filled("ChangeSetType"))?;
    let token = call.form.filled("ClientToken").map(str::to_owned);
    let existing = find(&call.core.state, &call.context.region, &stack_name).cloned();
    let existing = existing.filter(|entry| entry.stack.status != StackStatus::DeleteComplete);
    check_kind(existing.as_ref(), kind, &stack_name, &name)?;
    if let Some(other) = existing
        .iter()
        .flat_map(|entry| &entry.change_sets)
        .find(|other| other.name == name)
    {
        if token.is_some() && other.token == token {
            let (arn, stack) = (other.arn.clone(), other.stack.clone());
            return Ok(answer(call, &arn, &stack));
        }
        return Err(Refusal::new(
            "AlreadyExistsException",
            format!("ChangeSet [{name}] already exists"),
        ));
    }
    let revert_drift = reverts_drift(call.form.filled("DeploymentMode"))?;
    let on_failure = operations::on_failure(call.form.filled("OnStackFailure"), "onStackFailure")?;
    if on_failure == Some(OnFailure::Delete) && kind != ChangeSetType::Create {
        return Err(Refusal::validation(
            "OnStackFailure DELETE can only be specified for change sets of type CREATE.",
        ));
    }
    let is_shell = existing
        .as_ref()
        .is_none_or(|entry| entry.stack.status == StackStatus::ReviewInProgress);
    let previous = existing
        .as_ref()
        .filter(|_| !is_shell)
        .map(|entry| entry.stack.clone());
    let order = order::read(call, previous.as_ref())?;
    let mut draft = match &existing {
        Some(entry) => Draft::of(entry, call.context.seed(), call.context.now),
        None => {
            order::check_stack_name(&stack_name)?;
            let stack = operations::new_stack(
                call,
                &stack_name,
                Definition {
                    template: order.definition.template.clone(),
                    ..Definition::default()
                },
            )?;
            Draft::new(stack, call.context.seed(), call.context.now)
        }
    };
    let mut import = imports(call, existing.as_ref())?;
    let import_existing = call
        .form
        .flag("ImportExistingResources")?
        .unwrap_or_default();
    let empty = Resources::new();
    let resources = existing.as_ref().map_or(&empty, |entry| &entry.resources);
    let mut outlook = foresee(&question(
        call,
        &draft.stack,
        resources,
        &order,
        &import,
        revert_drift,
    ));
    if let (true, Ok(foreseen)) = (import_existing, &outlook) {
        let asked = question(call, &draft.stack, resources, &order, &import, revert_drift);
        match existing_to_import(&asked, &foreseen.changes, call.context.seed()) {
            Ok(found) => {
                import.extend(found);
                outlook = foresee(&question(
                    call,
                    &draft.stack,
                    resources,
                    &order,
                    &import,
                    revert_drift,
                ));
            }
            Err(failure) => outlook = Err(failure),
        }
    }
    let unvalidated = call.form.flag("DisableValidation")?.unwrap_or_default();
    let validations = match &outlook {
        Ok(outlook) if !unvalidated => validate(
            &question(call, &draft.stack, resources, &order, &import, revert_drift),
            &outlook.changes,
            call.context.seed(),
            &call.context.endpoint.faults(),
        ),
        Ok(_) | Err(_) => Vec::new(),
    };
    if existing.is_none() {
        draft.status(
            StackStatus::ReviewInProgress,
            Some("User Initiated".to_owned()),
        );
    }
    let id = draft.uuid("change-set");
    let include_nested = call.form.flag("IncludeNestedStacks")?;
    let mut change_set = ChangeSet {
        arn: format!(
            "arn:aws:cloudformation:{}:{}:changeSet/{name}/{id}",
            call.context.region,
            call.context.account()
        ),
        name,
        stack: draft.stack.uuid.clone(),
        kind,
        description: call.form.filled("Description").map(str::to_owned),
        created: call.context.now,
        status: ChangeSetStatus::Failed,
        status_reason: None,
        execution: ExecutionStatus::Unavailable,
        on_failure,
        import,
        import_existing,
        include_nested,
        token,
        revert_drift,
        changes: Vec::new(),
        express: operations::express(call)?,
        validations,
        definition: order.definition.clone(),
        parent: None,
        root: None,
    };
    let mut below = Vec::new();
    let with_nested = include_nested.unwrap_or_default();
    match outlook {
        Err(failure) => change_set.status_reason = Some(failure.0),
        Ok(outlook) if outlook.is_empty() || with_nested && outlook.is_without_effect() => {
            change_set.status_reason = Some(if order.document.transforms().is_empty() {
                NO_CHANGES.to_owned()
            } else {
                "No updates are to be performed.".to_owned()
            });
        }
        Ok(outlook) => {
            let mut changes = outlook.changes;
            let nested = if with_nested {
                nested_sets::make(call, &change_set, &draft.stack, &mut changes, 0)?
            } else {
                nested_sets::Nested::default()
            };
            below = nested.records;
            change_set.changes = changes;
            (change_set.status, change_set.status_reason) =
                judge(nested.failure, &change_set.validations);
            if change_set.status == ChangeSetStatus::CreateComplete {
                change_set.execution = ExecutionStatus::Available;
            }
        }
    }
    let (arn, uuid) = (change_set.arn.clone(), change_set.stack.clone());
    let mut records = vec![order.template_record()];
    records.extend(draft.finish());
    records.push(Record::ChangeSet(Box::new(change_set)));
    records.extend(below);
    call.core.commit(records)?;
    Ok(answer(call, &arn, &uuid))
}

/// What becomes of a change set that would change something.
pub(super) fn judge(
    failure: Option<String>,
    found: &[Validation],
) -> (ChangeSetStatus, Option<String>) {
    match failure.or_else(|| validations::reason(found)) {
        Some(reason) => (ChangeSetStatus::Failed, Some(reason)),
        None => (ChangeSetStatus::CreateComplete, None),
    }
}

fn answer(call: &Call<'_>, arn: &str, uuid: &str) -> Content {
    let stack = call
        .core
        .state
        .stacks
        .get(uuid)
        .map(|entry| &entry.stack.arn);
    Content::result(|xml| {
        xml.text("Id", arn);
        xml.maybe("StackId", stack);
    })
}

fn question<'a>(
    call: &'a Call<'_>,
    stack: &'a Stack,
    resources: &'a Resources,
    order: &'a order::Order,
    import: &'a BTreeMap<String, BTreeMap<String, String>>,
    revert_drift: bool,
) -> Question<'a> {
    Question {
        state: &call.core.state,
        account: call.context.account(),
        stack,
        resources,
        document: &order.document,
        definition: &order.definition,
        import,
        revert_drift,
    }
}

fn kind(word: Option<&str>) -> Result<ChangeSetType, Refusal> {
    let word = word.unwrap_or("UPDATE");
    word.parse().map_err(|()| {
        Refusal::validation(format!(
            "1 validation error detected: Value '{word}' at 'changeSetType' failed to satisfy constraint: Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]"
        ))
    })
}

/// Whether a change set compares with what there is.
fn reverts_drift(word: Option<&str>) -> Result<bool, Refusal> {
    match word {
        None => Ok(false),
        Some(REVERT_DRIFT) => Ok(true),
        Some(word) => Err(Refusal::validation(format!(
            "1 validation error detected: Value '{word}' at 'deploymentMode' failed to satisfy constraint: Member must satisfy enum value set: [{REVERT_DRIFT}]"
        ))),
    }
}

/// Creating needs that there is no stack yet, everything else that there is one.
fn check_kind(
    existing: Option<&Entry>,
    kind: ChangeSetType,
    stack_name: &str,
    name: &str,
) -> Result<(), Refusal> {
    match (existing.map(|entry| &entry.stack), kind) {
        (Some(stack), ChangeSetType::Create) if stack.status != StackStatus::ReviewInProgress => {
            Err(Refusal::new(
                "AlreadyExistsException",
                format!(
                    "Stack [{stack_name}] already exists and cannot be created again with the changeSet [{name}]."
                ),
            ))
        }
        (None, ChangeSetType::Update) => Err(Refusal::validation(format!(
            "Stack [{stack_name}] does not exist"
        ))),
        (Some(stack), ChangeSetType::Update) => operations::check_updatable(stack),
        (Some(stack), ChangeSetType::Import) if stack.status != StackStatus::ReviewInProgress => {
            operations::check_updatable(stack)
        }
        (Some(_) | None, ChangeSetType::Create | ChangeSetType::Import) => Ok(()),
    }
}

/// The existing resources to take in, by logical id.
fn imports(
    call: &Call<'_>,
    existing: Option<&Entry>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, Refusal> {
    let mut imports = BTreeMap::new();
    for resource in call
        .form
        .structures("ResourcesToImport")
        .unwrap_or_default()
    {
        let name = resource.required("LogicalResourceId")?;
        let is_there = existing
            .and_then(|entry| entry.resources.get(name))
            .is_some_and(|resource| resource.live.is_some());
        if is_there {
            return Err(Refusal::validation(format!(
                "Resources [{name}] passed in ResourceToImport are already in a stack and cannot be imported."
            )));
        }
        imports.insert(name.to_owned(), resource.map("ResourceIdentifier"));
    }
    Ok(imports)
}

/// The change set that a call names, by ARN or by name and stack.
pub(super) fn named(call: &Call<'_>) -> Result<(Entry, ChangeSet), Refusal> {
    let name = call.form.required("ChangeSetName")?;
    let state = &call.core.state;
    let found = if name.starts_with("arn:") {
        state.stacks.values().find_map(|entry| {
            let change_set = entry.change_sets.iter().find(|one| one.arn == name)?;
            Some((entry, change_set))
        })
    } else {
        if call.form.filled("StackName").is_none() {
            return Err(Refusal::validation(
                "StackName must be specified if ChangeSetName is not specified as an ARN.",
            ));
        }
        let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
        let change_set = entry.change_sets.iter().find(|one| one.name == name);
        change_set.map(|change_set| (entry, change_set))
    };
    found
        .map(|(entry, change_set)| (entry.clone(), change_set.clone()))
        .ok_or_else(|| Call::no_change_set(name))
}

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let (entry, change_set) = named(call)?;
    let with_values = call.form.flag("IncludePropertyValues")?.unwrap_or_default();
    let document = call.core.document(&change_set.definition.template);
    let (changes, next) = page(
        change_set.changes.iter().collect(),
        call.form.filled("NextToken"),
        CHANGES_PER_PAGE,
    )?;
    Ok(Content::result(|xml| {
        write_head(xml, &entry.stack, &change_set);
        let definition = &change_set.definition;
        stacks::write_parameters(xml, document.as_deref(), &definition.parameters);
        xml.texts("NotificationARNs", &definition.notification_arns);
        stacks::write_rollback_configuration(
            xml,
            &definition.rollback_triggers,
            definition.monitoring_minutes,
        );
        xml.texts("Capabilities", &definition.capabilities);
        xml.list("Tags", &definition.tags, |xml, (key, value)| {
            xml.text("Key", key);
            xml.text("Value", value);
        });
        xml.list("Changes", changes, |xml, change| {
            xml.text("Type", "Resource");
            xml.element("ResourceChange", |xml| {
                write_change(xml, change, with_values);
            });
        });
        xml.maybe(
            "OnStackFailure",
            change_set.on_failure.map(OnFailure::as_str),
        );
        if let Some(disable_rollback) = change_set.express {
            xml.element("DeploymentConfig", |xml| {
                xml.text("Mode", "EXPRESS");
                xml.flag("DisableRollback", disable_rollback);
            });
        }
        xml.maybe("NextToken", next);
    }))
}

fn write_head(xml: &mut Xml, stack: &Stack, change_set: &ChangeSet) {
    xml.text("ChangeSetName", &change_set.name);
    xml.text("ChangeSetId", &change_set.arn);
    xml.text("StackId", &stack.arn);
    xml.text("StackName", &stack.name);
    xml.maybe("Description", change_set.description.as_ref());
    xml.text("CreationTime", change_set.created.to_string());
    xml.text("ExecutionStatus", change_set.execution.as_str());
    xml.text("Status", change_set.status.as_str());
    xml.maybe("StatusReason", change_set.status_reason.as_ref());
    xml.flag(
        "IncludeNestedStacks",
        change_set.include_nested.unwrap_or_default(),
    );
    xml.maybe("ParentChangeSetId", change_set.parent.as_ref());
    xml.maybe("RootChangeSetId", change_set.root.as_ref());
    xml.flag("ImportExistingResources", change_set.import_existing);
    if change_set.revert_drift {
        let drifts = change_set
            .changes
            .iter()
            .filter_map(|one| one.drift.as_ref()?.status);
        xml.text("DeploymentMode", REVERT_DRIFT);
        xml.text("StackDriftStatus", drift::summary(drifts));
    }
}

fn write_change(xml: &mut Xml, change: &Change, with_values: bool) {
    xml.maybe("PolicyAction", change.policy_action.as_ref());
    xml.text("Action", &change.action);
    xml.text("LogicalResourceId", &change.logical_id);
    xml.maybe("PhysicalResourceId", change.physical_id.as_ref());
    xml.maybe("ChangeSetId", change.change_set.as_ref());
    xml.text("ResourceType", &change.resource_type);
    xml.maybe("Replacement", change.replacement.as_ref());
    xml.texts("Scope", &change.scope);
    xml.list("Details", &change.details, |xml, detail| {
        write_detail(xml, detail, with_values, change.drift.is_some());
    });
    if let Some(context) = &change.drift {
        let status = context.status.map_or("UNSUPPORTED", DriftStatus::as_str);
        xml.text("ResourceDriftStatus", status);
        xml.list(
            "ResourceDriftIgnoredAttributes",
            &context.ignored,
            |xml, path| {
                xml.text("Path", path);
                xml.text("Reason", "WRITE_ONLY_PROPERTY");
            },
        );
        if with_values {
            let previous = serde_json::json!({"Properties": context.previous});
            xml.text("PreviousDeploymentContext", previous.to_string());
        }
    }
    if with_values {
        xml.maybe(
            "BeforeContext",
            change.before.as_ref().map(ToString::to_string),
        );
        xml.maybe(
            "AfterContext",
            change.after.as_ref().map(ToString::to_string),
        );
    }
}

fn write_detail(xml: &mut Xml, detail: &ChangeDetail, with_values: bool, with_drift: bool) {
    xml.element("Target", |xml| {
        xml.text("Attribute", &detail.attribute);
        xml.maybe("Name", detail.name.as_ref());
        xml.text("RequiresRecreation", &detail.requires_recreation);
        xml.text("Path", &detail.path);
        if with_values {
            xml.maybe("BeforeValue", detail.before.as_ref());
            xml.maybe("AfterValue", detail.after.as_ref());
            xml.text("AttributeChangeType", &detail.change_type);
        }
        if with_drift {
            let source = match detail.drift {
                Some(_) => "ACTUAL_STATE",
                None => "PREVIOUS_DEPLOYMENT_STATE",
            };
            xml.text("BeforeValueFrom", source);
            xml.text("AfterValueFrom", "TEMPLATE");
        }
        if let Some((previous, actual)) = detail.drift.as_ref().filter(|_| with_values) {
            xml.element("Drift", |xml| {
                xml.maybe("PreviousValue", previous.as_ref());
                xml.maybe("ActualValue", actual.as_ref());
            });
        }
    });
    xml.text("Evaluation", &detail.evaluation);
    xml.maybe("ChangeSource", detail.source.as_ref());
    xml.maybe("CausingEntity", detail.causing_entity.as_ref());
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let change_sets: Vec<&ChangeSet> = entry.change_sets.iter().rev().collect();
    let (change_sets, next) = page(change_sets, call.form.filled("NextToken"), 100)?;
    Ok(Content::result(|xml| {
        xml.list("Summaries", change_sets, |xml, change_set| {
            write_head(xml, &entry.stack, change_set);
        });
        xml.maybe("NextToken", next);
    }))
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    // A change set that is not there is deleted; a stack that is not there is an error.
    match named(call) {
        Ok((_, change_set)) => {
            if let Some(root) = &change_set.root {
                return Err(Refusal::new(
                    "InvalidChangeSetStatus",
                    format!(
                        "ChangeSet [{}] can only be deleted with its root change set [{root}]",
                        change_set.arn
                    ),
                ));
            }
            let gone = nested_sets::gone(&call.core.state, &change_set);
            call.core.commit(gone)?;
        }
        Err(refusal) if refusal.code == "ChangeSetNotFound" => {}
        Err(refusal) => return Err(refusal),
    }
    Ok(Content::result(|_| {}))
}

pub(super) fn execute(call: &mut Call<'_>) -> Answer {
    let (entry, change_set) = match named(call) {
        Ok(found) => found,
        Err(refusal) => {
            let is_repeated = was_executed(call);
            return if is_repeated {
                Ok(Content::result(|_| {}))
            } else {
                Err(refusal)
            };
        }
    };
    if change_set.execution != ExecutionStatus::Available {
        return Err(Refusal::new(
            "InvalidChangeSetStatus",
            format!(
                "ChangeSet [{}] cannot be executed in its current status of [{}]",
                change_set.arn, change_set.status
            ),
        ));
    }
    if entry.stack.status != StackStatus::ReviewInProgress {
        operations::check_updatable(&entry.stack)
            .map_err(|refusal| Refusal::new("InvalidChangeSetStatus", refusal.message))?;
    }
    operations::execute(call, &entry, &change_set)?;
    Ok(Content::result(|_| {}))
}

/// Whether the change set was executed before with the same token: the caller did not hear the first answer.
fn was_executed(call: &Call<'_>) -> bool {
    let (Some(token), Some(name)) = (
        call.form.filled("ClientRequestToken"),
        call.form.filled("ChangeSetName"),
    ) else {
        return false;
    };
    call.core.state.present(&call.context.region).any(|entry| {
        let is_same_token = entry
            .stack
            .operation
            .as_ref()
            .is_some_and(|operation| operation.token.as_deref() == Some(token));
        let is_same_set = entry
            .stack
            .change_set_arn
            .as_deref()
            .is_some_and(|arn| arn == name || arn.split('/').nth(1) == Some(name));
        is_same_token && is_same_set
    })
}
