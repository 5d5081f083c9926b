//! A look at the state past the wire, for whoever has the endpoint in its own process: what is true, whatever was answered.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    endpoint::Endpoint,
    provision::Draft,
    state::{ChangeSet, Entry, Event, Phase, Resource, State},
};

/// A stack as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenStack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status, `CREATE_COMPLETE`.
    pub status: &'static str,
    /// Whether an operation on it is under way.
    pub is_busy: bool,
    /// The text of its template.
    pub template: String,
    /// Values of its parameters.
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether it is protected against deletion.
    pub termination_protection: bool,
    /// Values of its outputs.
    pub outputs: BTreeMap<String, String>,
    /// When it was created, in milliseconds since 1970.
    pub created: i64,
    /// Its resources, those included that are gone.
    pub resources: Vec<SeenResource>,
    /// Its change sets.
    pub change_sets: Vec<SeenChangeSet>,
    /// Everything that happened to it, the oldest first.
    pub events: Vec<SeenEvent>,
}

/// A resource of a stack as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Its status.
    pub status: &'static str,
    /// The name of what exists of it, if anything does.
    pub physical_id: Option<String>,
    /// How many things there are for it: what exists, and what it replaced and is yet to be deleted.
    pub exist: usize,
    /// The properties of what exists, as JSON, as they were deployed.
    pub properties: String,
    /// The same as they really are, whatever something else has made of them; nothing when that has deleted it.
    pub actual: Option<String>,
}

/// A change set as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenChangeSet {
    /// Its name.
    pub name: String,
    /// The token it was made with.
    pub token: Option<String>,
}

/// Something that happened to a stack or one of its resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEvent {
    /// The resource; the stack's name for the stack itself.
    pub logical_id: String,
    /// The name of what exists of it.
    pub physical_id: String,
    /// The status.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// The token of the operation.
    pub token: Option<String>,
}

/// Every stack there is or was, the oldest first.
pub(crate) fn stacks(endpoint: &Endpoint) -> Vec<SeenStack> {
    let core = endpoint.core();
    let entries = core.state.stacks.values();
    entries.map(|entry| seen(&core.state, entry)).collect()
}

/// Puts a stack into a status.
pub(crate) fn set_status(endpoint: &Endpoint, name: &str, status: &str) -> Result<(), String> {
    let status = status
        .parse()
        .map_err(|()| format!("`{status}` is no status of a stack"))?;
    let mut core = endpoint.core();
    let mut entries = core.state.stacks.values();
    let entry = entries
        .rfind(|entry| entry.stack.name == name)
        .ok_or_else(|| format!("there is no stack `{name}`"))?;
    let mut draft = Draft::of(entry, endpoint.options.seed, endpoint.now());
    if let Some(operation) = &mut draft.stack.operation {
        operation.phase = Phase::Done;
        // Its token is not that of whatever is going on now.
        operation.token = None;
    }
    draft.status(status, None);
    core.commit(draft.finish())
        .map_err(|refusal| refusal.message)
}

fn seen(state: &State, entry: &Entry) -> SeenStack {
    let stack = &entry.stack;
    let definition = &stack.definition;
    let text = state.templates.get(&definition.template);
    SeenStack {
        id: stack.arn.clone(),
        name: stack.name.clone(),
        status: stack.status.as_str(),
        // A nested stack that is held goes on only with the one above.
        is_busy: stack.status.is_in_progress()
            && stack
                .operation
                .as_ref()
                .is_none_or(|operation| operation.phase != Phase::Held),
        template: text.map_or_else(String::new, |text| text.as_ref().to_owned()),
        parameters: definition
            .parameters
            .iter()
            .map(|(name, value)| (name.clone(), value.value.clone()))
            .collect(),
        tags: definition.tags.clone().into_iter().collect(),
        termination_protection: stack.termination_protection,
        outputs: stack
            .outputs
            .iter()
            .map(|output| (output.key.clone(), output.value.clone()))
            .collect(),
        created: stack.created.as_millisecond(),
        resources: entry.resources.values().map(resource).collect(),
        change_sets: entry.change_sets.iter().map(change_set).collect(),
        events: entry.events.iter().map(event).collect(),
    }
}

fn resource(resource: &Arc<Resource>) -> SeenResource {
    SeenResource {
        logical_id: resource.logical_id.clone(),
        resource_type: resource.resource_type.clone(),
        status: resource.status.as_str(),
        physical_id: resource.live.as_ref().map(|live| live.physical_id.clone()),
        properties: resource
            .live
            .as_ref()
            .map_or_else(String::new, |live| live.properties.to_string()),
        actual: resource.live.as_ref().and_then(|live| {
            let actual = live.actual_properties()?;
            Some(actual.to_string())
        }),
        exist: usize::from(resource.live.is_some()) + resource.superseded.len(),
    }
}

fn change_set(change_set: &ChangeSet) -> SeenChangeSet {
    SeenChangeSet {
        name: change_set.name.clone(),
        token: change_set.token.clone(),
    }
}

fn event(event: &Event) -> SeenEvent {
    SeenEvent {
        logical_id: event.logical_id.clone(),
        physical_id: event.physical_id.clone(),
        status: event.status.clone(),
        reason: event.reason.clone(),
        token: event.token.clone(),
    }
}
