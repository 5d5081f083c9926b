//! Stack refactors: made, looked at, executed.

use std::sync::Arc;

use super::{Answer, Call, find, operations, order, page};
use crate::{
    evaluate::Document,
    identifiers,
    provision::{Definitions, Draft, Mapping, NewStack, moves_of},
    router::Content,
    state::{
        Definition, OperationKind, Record, Refactor, RefactorExecution, RefactorStack,
        RefactorStatus, StackStatus, State,
    },
    wire::{Form, Refusal, Xml},
};

const MOST_STACKS: usize = 5;
const LONGEST_DESCRIPTION: usize = 1024;
const PER_PAGE: usize = 100;

pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let description = call.form.filled("Description").map(str::to_owned);
    if description
        .as_ref()
        .is_some_and(|text| text.len() > LONGEST_DESCRIPTION)
    {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_DESCRIPTION}"
        )));
    }
    let definitions = call.form.structures("StackDefinitions").unwrap_or_default();
    if definitions.is_empty() {
        call.form.required("StackDefinitions")?;
    }
    if definitions.len() > MOST_STACKS {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value at 'stackDefinitions' failed to satisfy constraint: Member must have length less than or equal to {MOST_STACKS}"
        )));
    }
    let enable_creation = call.form.flag("EnableStackCreation")?.unwrap_or_default();
    let mut records = Vec::new();
    let mut stacks = Vec::new();
    for definition in &definitions {
        stacks.push(wanted(call, definition, enable_creation, &mut records)?);
    }
    // What is said of the shells of new stacks must be in the state before they are looked at.
    call.core.commit(records)?;
    let mappings = mappings(call, &stacks)?;
    let outcome = moves_of(
        &Definitions {
            state: &call.core.state,
            account: call.context.account(),
            stacks: &stacks,
        },
        &mappings,
    );
    let count = call.core.state.refactors.len().to_string();
    let now = call.context.now;
    let id = identifiers::uuid(
        call.context.seed(),
        &["refactor", &count, &now.as_millisecond().to_string()],
    );
    let (status, status_reason, execution, moves) = match outcome {
        Ok(moves) => (
            RefactorStatus::CreateComplete,
            None,
            RefactorExecution::Available,
            moves,
        ),
        Err(failure) => (
            RefactorStatus::CreateFailed,
            Some(failure.0),
            RefactorExecution::Unavailable,
            Vec::new(),
        ),
    };
    let refactor = Refactor {
        id: id.clone(),
        region: call.context.region.clone(),
        description,
        created: now,
        status,
        status_reason,
        execution,
        execution_reason: None,
        stacks: stacks
            .iter()
            .map(|stack| RefactorStack {
                uuid: stack.stack.uuid.clone(),
                arn: stack.stack.arn.clone(),
                name: stack.stack.name.clone(),
                creates: stack.creates,
                template: digest(&stack.document),
                updated: stack.stack.updated,
            })
            .collect(),
        moves,
        until: None,
    };
    let mut records: Vec<Record> = stacks
        .iter()
        .map(|stack| Record::Template(digest(&stack.document), stack.document.text().to_owned()))
        .collect();
    records.push(Record::Refactor(Box::new(refactor)));
    call.core.commit(records)?;
    Ok(Content::result(|xml| xml.text("StackRefactorId", &id)))
}

fn digest(document: &Document) -> String {
    identifiers::content_digest(document.text().as_bytes())
}

/// A stack of the refactor. One that does not exist yet gets a shell, as with a change set.
fn wanted(
    call: &mut Call<'_>,
    definition: &Form,
    enable_creation: bool,
    records: &mut Vec<Record>,
) -> Result<NewStack, Refusal> {
    let name = definition.required("StackName")?.to_owned();
    let text = order::template_text(&call.core.state, definition)?;
    let document = Arc::new(Document::parse(&text)?);
    let existing = find(&call.core.state, &call.context.region, &name)
        .map(|entry| entry.stack.clone())
        .filter(|stack| stack.status != StackStatus::DeleteComplete);
    match existing {
        Some(stack) if stack.status != StackStatus::ReviewInProgress => {
            operations::check_updatable(&stack)?;
            let current = call.document(&stack.definition.template)?;
            Ok(NewStack {
                stack,
                creates: false,
                document,
                current: Some(current),
            })
        }
        shell if enable_creation => {
            let stack = match shell {
                Some(shell) => shell,
                None => {
                    order::check_stack_name(&name)?;
                    let stack = operations::new_stack(
                        call,
                        &name,
                        Definition {
                            template: digest(&document),
                            ..Definition::default()
                        },
                    )?;
                    let mut draft = Draft::new(stack, call.context.seed(), call.context.now);
                    draft.status(
                        StackStatus::ReviewInProgress,
                        Some("User Initiated".to_owned()),
                    );
                    let stack = draft.stack.clone();
                    records.push(Record::Template(digest(&document), text));
                    records.extend(draft.finish());
                    stack
                }
            };
            Ok(NewStack {
                stack,
                creates: true,
                document,
                current: None,
            })
        }
        _ => Err(Refusal::validation(format!(
            "Stack [{name}] does not exist"
        ))),
    }
}

fn mappings(call: &Call<'_>, stacks: &[NewStack]) -> Result<Vec<Mapping>, Refusal> {
    let place = |form: &Form| {
        let name = form.required("StackName")?;
        let mut all = stacks.iter();
        let index = all.position(|one| one.stack.name == name || one.stack.arn == name);
        let index = index.ok_or_else(|| {
            Refusal::validation(format!(
                "Stack [{name}] of the resource mappings is not among the stack definitions"
            ))
        })?;
        Ok::<_, Refusal>((index, form.required("LogicalResourceId")?.to_owned()))
    };
    let mut mappings = Vec::new();
    for mapping in call.form.structures("ResourceMappings").unwrap_or_default() {
        let source = place(&mapping.within("Source."))?;
        let destination = place(&mapping.within("Destination."))?;
        mappings.push((source, destination));
    }
    Ok(mappings)
}

fn named<'a>(call: &'a Call<'_>) -> Result<&'a Refactor, Refusal> {
    let id = call.form.required("StackRefactorId")?;
    call.core.state.refactors.get(id).ok_or_else(|| {
        Refusal::new(
            "StackRefactorNotFoundException",
            format!("Stack refactor [{id}] does not exist"),
        )
        .with_status(404)
    })
}

/// Whether a refactor can be executed as things are now: a stack may have changed since it was made.
fn execution(state: &State, refactor: &Refactor) -> (RefactorExecution, Option<String>) {
    if refactor.execution == RefactorExecution::Available {
        for stack in &refactor.stacks {
            let now = state.stacks.get(&stack.uuid).map(|entry| &entry.stack);
            let is_same = now.is_some_and(|now| {
                now.updated == stack.updated
                    && (now.status == StackStatus::ReviewInProgress) == stack.creates
                    && now.status != StackStatus::DeleteComplete
            });
            if !is_same {
                let reason = format!("{}: Stack was updated.", stack.arn);
                return (RefactorExecution::Obsolete, Some(reason));
            }
        }
    }
    (refactor.execution, refactor.execution_reason.clone())
}

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let refactor = named(call)?;
    Ok(Content::result(|xml| {
        write(xml, &call.core.state, refactor);
        xml.texts("StackIds", refactor.stacks.iter().map(|stack| &stack.arn));
    }))
}

fn write(xml: &mut Xml, state: &State, refactor: &Refactor) {
    let (execution, execution_reason) = execution(state, refactor);
    xml.text("StackRefactorId", &refactor.id);
    xml.maybe("Description", refactor.description.as_ref());
    xml.text("ExecutionStatus", execution.as_str());
    xml.maybe("ExecutionStatusReason", execution_reason);
    xml.text("Status", refactor.status.as_str());
    xml.maybe("StatusReason", refactor.status_reason.as_ref());
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let filter = call.form.list("ExecutionStatusFilter").unwrap_or_default();
    let state = &call.core.state;
    let refactors = state.refactors.values().rev();
    let found: Vec<&Refactor> = refactors
        .filter(|refactor| refactor.region == call.context.region)
        .filter(|refactor| {
            let status = execution(state, refactor).0;
            filter.is_empty() || filter.iter().any(|word| word == status.as_str())
        })
        .collect();
    let (found, next) = page(found, call.form.filled("NextToken"), size(call.form))?;
    Ok(Content::result(|xml| {
        xml.list("StackRefactorSummaries", found, |xml, refactor| {
            write(xml, state, refactor);
        });
        xml.maybe("NextToken", next);
    }))
}

fn size(form: &Form) -> usize {
    let asked = form.filled("MaxResults").and_then(|text| text.parse().ok());
    asked.unwrap_or(PER_PAGE).clamp(1, PER_PAGE)
}

/// What would be done: stacks that are made, then resources that move. Stacks are named by their ARNs.
pub(super) fn list_actions(call: &mut Call<'_>) -> Answer {
    let refactor = named(call)?;
    let made = refactor.stacks.iter().filter(|stack| stack.creates);
    let mut actions: Vec<Xml> = made
        .map(|stack| {
            let mut xml = Xml::default();
            xml.text("Action", "CREATE");
            xml.text("Entity", "STACK");
            xml.text("PhysicalResourceId", &stack.arn);
            xml.text(
                "Description",
                format!("Stack {} will be created.", stack.name),
            );
            xml.text("Detection", "AUTO");
            xml
        })
        .collect();
    for one in &refactor.moves {
        let mut xml = Xml::default();
        xml.text("Action", "MOVE");
        xml.text("Entity", "RESOURCE");
        xml.text("PhysicalResourceId", &one.physical_id);
        xml.text("Description", "No configuration changes detected.");
        xml.text("Detection", if one.manual { "MANUAL" } else { "AUTO" });
        xml.element("ResourceMapping", |xml| {
            for (name, place) in [("Source", &one.from), ("Destination", &one.to)] {
                xml.element(name, |xml| {
                    xml.text("StackName", &refactor.stacks[place.0].arn);
                    xml.text("LogicalResourceId", &place.1);
                });
            }
        });
        actions.push(xml);
    }
    let (actions, next) = page(actions, call.form.filled("NextToken"), size(call.form))?;
    Ok(Content::result(|xml| {
        xml.list("StackRefactorActions", actions, |xml, action| {
            xml.append(action);
        });
        xml.maybe("NextToken", next);
    }))
}

pub(super) fn execute(call: &mut Call<'_>) -> Answer {
    let refactor = named(call)?.clone();
    let (state, reason) = execution(&call.core.state, &refactor);
    if state != RefactorExecution::Available {
        let because = reason
            .map(|reason| format!(": {reason}"))
            .unwrap_or_default();
        return Err(Refusal::validation(format!(
            "Stack refactor [{}] cannot be executed in its current execution status of [{}]{because}",
            refactor.id,
            state.as_str()
        )));
    }
    let mut records = Vec::new();
    for stack in &refactor.stacks {
        let entry = call.core.state.stacks.get(&stack.uuid);
        let entry = entry.ok_or_else(|| Refusal::internal("a stack of the refactor is gone"))?;
        if !stack.creates {
            operations::check_updatable(&entry.stack)?;
        }
        let mut draft = Draft::of(entry, call.context.seed(), call.context.now);
        let (kind, status) = if stack.creates {
            (OperationKind::Create, StackStatus::CreateInProgress)
        } else {
            (OperationKind::Update, StackStatus::UpdateInProgress)
        };
        // The refactor drives the stacks, not each an operation of its own.
        let beginning = operations::Beginning::driven(kind, status);
        draft.stack.operation = Some(beginning.operation(&mut draft, call.context.now));
        draft.status(status, Some("Stack refactor initiated".to_owned()));
        records.extend(draft.finish());
        // What change sets foresaw was a change of another template.
        records.extend(entry.change_sets.iter().map(|change_set| {
            Record::ChangeSet(Box::new(crate::state::ChangeSet {
                execution: crate::state::ExecutionStatus::Obsolete,
                ..change_set.clone()
            }))
        }));
    }
    let until = call.context.endpoint.end_of(&refactor, call.context.now);
    let id = refactor.id.clone();
    records.push(Record::Refactor(Box::new(Refactor {
        execution: RefactorExecution::ExecuteInProgress,
        until: Some(until),
        ..refactor
    })));
    call.core.commit(records)?;
    call.context.endpoint.drive_refactor(call.core, id);
    Ok(Content::result(|_| {}))
}
