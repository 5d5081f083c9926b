//! Changes to a stack on their way to the state: what one step decides, collected into one transaction.

use std::sync::Arc;

use jiff::Timestamp;

use super::nested::is_stack;
use crate::{
    identifiers,
    state::{
        Deployed, Entry, Event, Orphan, Record, Resource, ResourceStatus, Resources, Stack,
        StackStatus,
    },
};

/// The type under which a stack appears in its own events.
pub(crate) const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// A stack as it will be after a step.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) stack: Stack,
    pub(crate) resources: Resources,
    changed: Vec<String>,
    gone: Vec<String>,
    events: Vec<Event>,
    orphans: Vec<Record>,
    /// What changes in other stacks with it.
    beside: Vec<Record>,
    /// The stacks whose operations begin or go on with it.
    begun: Vec<String>,
    seed: u64,
    pub(crate) now: Timestamp,
}

impl Draft {
    pub(crate) fn of(entry: &Entry, seed: u64, now: Timestamp) -> Self {
        Self {
            stack: entry.stack.clone(),
            resources: entry.resources.clone(),
            changed: Vec::new(),
            gone: Vec::new(),
            events: Vec::new(),
            orphans: Vec::new(),
            beside: Vec::new(),
            begun: Vec::new(),
            seed,
            now,
        }
    }

    /// A stack that does not exist yet.
    pub(crate) fn new(stack: Stack, seed: u64, now: Timestamp) -> Self {
        Self {
            stack,
            resources: Resources::new(),
            changed: Vec::new(),
            gone: Vec::new(),
            events: Vec::new(),
            orphans: Vec::new(),
            beside: Vec::new(),
            begun: Vec::new(),
            seed,
            now,
        }
    }

    /// An identifier that this stack never had before.
    pub(crate) fn uuid(&mut self, purpose: &str) -> String {
        self.stack.ordinal += 1;
        identifiers::uuid(
            self.seed,
            &[purpose, &self.stack.uuid, &self.stack.ordinal.to_string()],
        )
    }

    /// A resource to change and put back.
    pub(crate) fn resource(&self, logical_id: &str) -> Option<Resource> {
        self.resources
            .get(logical_id)
            .map(|resource| resource.as_ref().clone())
    }

    /// The resources of which something holds, to change and put back.
    pub(crate) fn select(&self, holds: impl Fn(&Resource) -> bool) -> Vec<Resource> {
        let resources = self.resources.values().filter(|resource| holds(resource));
        resources
            .map(|resource| resource.as_ref().clone())
            .collect()
    }

    /// Changes a resource, without a word about it.
    pub(crate) fn put(&mut self, resource: Resource) {
        self.changed.push(resource.logical_id.clone());
        self.resources
            .insert(resource.logical_id.clone(), Arc::new(resource));
    }

    /// Changes a resource and tells it in an event.
    pub(crate) fn tell(
        &mut self,
        mut resource: Resource,
        status: ResourceStatus,
        reason: Option<String>,
    ) {
        resource.status = status;
        resource.reason.clone_from(&reason);
        resource.timestamp = self.now;
        let (physical_id, properties) = match &resource.live {
            Some(live) => (live.physical_id.clone(), Some(live.properties.to_string())),
            None => (String::new(), None),
        };
        self.resource_event(&resource, physical_id, status, reason, properties);
        self.put(resource);
    }

    /// Tells something of a resource without changing it.
    pub(crate) fn resource_event(
        &mut self,
        resource: &Resource,
        physical_id: String,
        status: ResourceStatus,
        reason: Option<String>,
        properties: Option<String>,
    ) {
        let id = format!(
            "{}-{}-{}",
            resource.logical_id,
            status.as_str(),
            self.event_stamp()
        );
        self.event(
            id,
            resource.logical_id.clone(),
            physical_id,
            resource.resource_type.clone(),
            status.as_str(),
            reason,
            properties,
        );
    }

    /// Changes the stack's status and tells it in an event.
    pub(crate) fn status(&mut self, status: StackStatus, reason: Option<String>) {
        self.stack.status = status;
        self.stack.status_reason.clone_from(&reason);
        let id = self.uuid("event");
        let name = self.stack.name.clone();
        let arn = self.stack.arn.clone();
        self.event(
            id,
            name,
            arn,
            STACK_TYPE.to_owned(),
            status.as_str(),
            reason,
            None,
        );
    }

    /// Takes a resource off the stack's list.
    pub(crate) fn remove(&mut self, logical_id: &str) {
        self.resources.shift_remove(logical_id);
        self.gone.push(logical_id.to_owned());
    }

    /// Changes something of another stack in the same transaction.
    pub(crate) fn beside(&mut self, records: Vec<Record>) {
        self.beside.extend(records);
    }

    /// Lets the operation of another stack begin or go on.
    pub(crate) fn begin(&mut self, uuid: String) {
        self.begun.push(uuid);
    }

    /// The stacks whose operations begin or go on.
    pub(crate) fn begun(&self) -> Vec<String> {
        self.begun.clone()
    }

    /// Leaves a physical resource behind, outside every stack. A nested stack stays what it is: a stack.
    pub(crate) fn orphan(&mut self, deployed: Deployed) {
        if is_stack(&deployed.resource_type) {
            return;
        }
        self.orphans.push(Record::Orphan(Box::new(Orphan {
            region: self.stack.region.clone(),
            deployed,
        })));
    }

    /// Takes a physical resource that stood outside every stack.
    pub(crate) fn adopt(&mut self, deployed: &Deployed) {
        self.orphans.push(Record::OrphanGone(
            self.stack.region.clone(),
            deployed.resource_type.clone(),
            deployed.physical_id.clone(),
        ));
    }

    /// The transaction.
    pub(crate) fn finish(self) -> Vec<Record> {
        let uuid = self.stack.uuid.clone();
        let mut records = vec![Record::Stack(Box::new(self.stack))];
        let mut resources = self.resources;
        // One that came back under its name is still there.
        let mut gone = self.gone;
        gone.retain(|logical_id| !resources.contains_key(logical_id));
        for logical_id in self.changed {
            // A resource changed twice is written once, as it is in the end.
            if let Some(resource) = resources.swap_remove(&logical_id) {
                let resource = Box::new(Arc::unwrap_or_clone(resource));
                records.push(Record::Resource(uuid.clone(), resource));
            }
        }
        let gone = gone.into_iter();
        records.extend(gone.map(|logical_id| Record::ResourceGone(uuid.clone(), logical_id)));
        records.extend(self.orphans);
        records.extend(self.beside);
        let events = self.events.into_iter();
        records.extend(events.map(|event| Record::Event(uuid.clone(), Box::new(event))));
        records
    }

    fn event_stamp(&mut self) -> String {
        self.stack.ordinal += 1;
        format!("{}.{}", self.now, self.stack.ordinal)
    }

    #[expect(clippy::too_many_arguments, reason = "they are the fields of an event")]
    fn event(
        &mut self,
        id: String,
        logical_id: String,
        physical_id: String,
        resource_type: String,
        status: &str,
        reason: Option<String>,
        properties: Option<String>,
    ) {
        let operation = self.stack.operation.as_ref();
        let initiated = reason
            .as_deref()
            .is_some_and(|reason| reason.ends_with("Initiated"));
        let configured = initiated
            && resource_type != STACK_TYPE
            && operation.is_some_and(|operation| operation.express);
        self.events.push(Event {
            id,
            operation_id: operation.map(|operation| operation.id.clone()),
            operation_kind: operation.map(|operation| operation.kind),
            token: operation.and_then(|operation| operation.token.clone()),
            logical_id,
            physical_id,
            resource_type,
            timestamp: self.now,
            status: status.to_owned(),
            reason,
            properties,
            configured,
        });
    }
}
