//! Change sets of nested stacks: made with the one of the stack above, executed and deleted with the one above all.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Call, change_sets::judge};
use crate::{
    evaluate::Failure,
    identifiers,
    provision::{
        Above, Draft, Question, Wanted, check_depth, foresee, is_stack, new_nested_stack, validate,
        wanted_nested,
    },
    state::{
        Change, ChangeSet, ChangeSetStatus, ChangeSetType, Definition, Entry, ExecutionStatus,
        Foreseen, ForeseenStack, Record, Resources, Stack, StackStatus, State,
    },
    wire::Refusal,
};

const NOT_ALONE: &str = "Executable from root change set";
/// The longest name of a change set.
const LONGEST_NAME: usize = 128;

/// The change sets nested in one.
#[derive(Default)]
pub(super) struct Nested {
    pub(super) records: Vec<Record>,
    /// Why the one above cannot be made: the first that could not.
    pub(super) failure: Option<String>,
}

/// Makes the change sets of the stacks that are nested in the one of `above`, and names them in its changes.
pub(super) fn make(
    call: &Call<'_>,
    above: &ChangeSet,
    stack: &Stack,
    changes: &mut [Change],
    level: usize,
) -> Result<Nested, Refusal> {
    let mut nested = Nested::default();
    for change in changes {
        if !is_stack(&change.resource_type) || !matches!(change.action.as_str(), "Add" | "Modify") {
            continue;
        }
        let (made, records) = make_one(call, above, stack, change, level)?;
        if made.status == ChangeSetStatus::Failed && nested.failure.is_none() {
            nested.failure = Some(format!(
                "Nested change set {} was not successfully created: Currently in {}.",
                made.arn, made.status
            ));
        }
        change.change_set = Some(made.arn);
        nested.records.extend(records);
    }
    Ok(nested)
}

fn make_one(
    call: &Call<'_>,
    above: &ChangeSet,
    stack: &Stack,
    change: &Change,
    level: usize,
) -> Result<(ChangeSet, Vec<Record>), Refusal> {
    let (context, state) = (call.context, &call.core.state);
    let parent = Above {
        state,
        account: context.account(),
        stack,
        definition: &above.definition,
    };
    let properties = change.after.as_ref().map(|after| &after["Properties"]);
    let properties = properties.unwrap_or(&Value::Null);
    let wanted = wanted_nested(&parent, properties, None);
    let wanted = wanted.and_then(|wanted| check_depth(level).map(|()| wanted));
    let found = change.physical_id.as_ref();
    let found = found.and_then(|arn| state.with_arn(arn));
    let is_new = found.is_none();
    let mut draft = match found {
        Some(entry) => Draft::of(entry, context.seed(), context.now),
        None => {
            let definition = Definition {
                template: wanted
                    .as_ref()
                    .map_or_else(|_| String::new(), |one| one.definition.template.clone()),
                ..Definition::default()
            };
            let name = &change.logical_id;
            let shell = new_nested_stack(
                &parent,
                context.seed(),
                name,
                0,
                None,
                definition,
                context.now,
            )?;
            let mut draft = Draft::new(shell, context.seed(), context.now);
            let reason = Some("User Initiated".to_owned());
            draft.status(StackStatus::ReviewInProgress, reason);
            draft
        }
    };
    let id = draft.uuid("change-set");
    let word = identifiers::word(context.seed(), &["change-set", &id], identifiers::UPPER, 12);
    let mut name = format!("{}-{}", above.name, change.logical_id);
    name.truncate(LONGEST_NAME - word.len() - 1);
    let name = format!("{name}-{word}");
    let mut set = ChangeSet {
        arn: format!(
            "arn:aws:cloudformation:{}:{}:changeSet/{name}/{id}",
            context.region,
            context.account()
        ),
        name,
        stack: draft.stack.uuid.clone(),
        kind: if is_new {
            ChangeSetType::Create
        } else {
            ChangeSetType::Update
        },
        description: None,
        import: BTreeMap::new(),
        token: None,
        changes: Vec::new(),
        validations: Vec::new(),
        parent: Some(above.arn.clone()),
        root: Some(above.root.clone().unwrap_or_else(|| above.arn.clone())),
        definition: Definition::default(),
        ..above.clone()
    };
    let mut records = Vec::new();
    match wanted.and_then(|wanted| foreseen_in(call, &draft, found, &mut set, wanted)) {
        Err(failure) => {
            set.status = ChangeSetStatus::Failed;
            set.status_reason = Some(failure.0);
        }
        Ok(template) => {
            records.push(template);
            let mut changes = std::mem::take(&mut set.changes);
            let below = make(call, &set, &draft.stack, &mut changes, level + 1)?;
            set.changes = changes;
            records.extend(below.records);
            (set.status, set.status_reason) = judge(below.failure, &set.validations);
            let is_made = set.status == ChangeSetStatus::CreateComplete;
            set.status_reason = set
                .status_reason
                .or_else(|| is_made.then(|| NOT_ALONE.to_owned()));
        }
    }
    set.execution = ExecutionStatus::Unavailable;
    records.extend(draft.finish());
    records.push(Record::ChangeSet(Box::new(set.clone())));
    Ok((set, records))
}

/// Foresees what becomes of a nested stack, into its change set; gives its template.
fn foreseen_in(
    call: &Call<'_>,
    draft: &Draft,
    found: Option<&Entry>,
    set: &mut ChangeSet,
    wanted: Wanted,
) -> Result<Record, Failure> {
    if let Some(entry) = found
        && !entry.stack.status.is_updatable()
    {
        return Err(Failure::new(format!(
            "Stack:{} is in {} state and can not be updated.",
            entry.stack.arn, entry.stack.status
        )));
    }
    let template = wanted.template_record();
    set.definition = wanted.definition;
    let nothing = Resources::new();
    let question = Question {
        state: &call.core.state,
        account: call.context.account(),
        stack: &draft.stack,
        resources: found.map_or(&nothing, |entry| &entry.resources),
        document: &wanted.document,
        definition: &set.definition,
        import: &BTreeMap::new(),
        revert_drift: set.revert_drift && found.is_some(),
    };
    let outlook = foresee(&question)?;
    if !call
        .form
        .flag("DisableValidation")
        .ok()
        .flatten()
        .unwrap_or_default()
    {
        let (seed, faults) = (call.context.seed(), call.context.endpoint.faults());
        set.validations = validate(&question, &outlook.changes, seed, &faults);
    }
    set.changes = outlook.changes;
    Ok(template)
}

/// What the change sets nested in one were made with.
pub(super) fn foreseen(state: &State, change_set: &ChangeSet) -> Foreseen {
    let mut found = Foreseen::new();
    for change in &change_set.changes {
        let Some(arn) = &change.change_set else {
            continue;
        };
        let all = state.stacks.values();
        let mut sets = all.flat_map(|entry| entry.change_sets.iter().map(move |set| (entry, set)));
        if let Some((entry, set)) = sets.find(|(_, set)| set.arn == *arn) {
            found.insert(
                change.logical_id.clone(),
                ForeseenStack {
                    arn: entry.stack.arn.clone(),
                    template: set.definition.template.clone(),
                    below: foreseen(state, set),
                },
            );
        }
    }
    found
}

/// A change set goes, and all that are nested in it; with them the stacks that were made for nothing else.
pub(super) fn gone(state: &State, change_set: &ChangeSet) -> Vec<Record> {
    let mut records = vec![Record::ChangeSetGone(
        change_set.stack.clone(),
        change_set.arn.clone(),
    )];
    for entry in state.stacks.values() {
        let uuid = &entry.stack.uuid;
        let is_below = |one: &&ChangeSet| one.root.as_ref() == Some(&change_set.arn);
        let below: Vec<&ChangeSet> = entry.change_sets.iter().filter(is_below).collect();
        if below.is_empty() {
            continue;
        }
        let is_shell = entry.stack.status == StackStatus::ReviewInProgress;
        if is_shell && below.len() == entry.change_sets.len() {
            records.push(Record::StackGone(uuid.clone()));
        } else {
            let arns = below.iter().map(|one| one.arn.clone());
            records.extend(arns.map(|arn| Record::ChangeSetGone(uuid.clone(), arn)));
        }
    }
    records
}
