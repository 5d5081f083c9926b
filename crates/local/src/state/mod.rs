//! The state of the endpoint: a value changed by [`Record`]s alone, so that replaying the journal rebuilds it.

mod drift;
mod journal;
mod lock;
mod model;
mod nesting;
#[macro_use]
mod status;
mod refactor;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use drift::*;
pub(crate) use journal::Journal;
pub(crate) use lock::Lock;
pub(crate) use model::*;
pub(crate) use nesting::*;
pub(crate) use refactor::*;
pub(crate) use status::*;

/// How long a deleted stack can still be asked about; AWS keeps them as long.
const DELETED_STACKS_ARE_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many detections of drift are kept of a stack.
const DETECTIONS_ARE_KEPT: usize = 10;

/// A change of the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    /// The text of a template, by digest.
    Template(String, String),
    Stack(Box<Stack>),
    StackGone(String),
    /// A resource of a stack.
    Resource(String, Box<Resource>),
    ResourceGone(String, String),
    /// An event of a stack.
    Event(String, Box<Event>),
    ChangeSet(Box<ChangeSet>),
    /// A change set of a stack, by its ARN.
    ChangeSetGone(String, String),
    /// A detection of drift on a stack.
    Detection(String, Box<Detection>),
    Orphan(Box<Orphan>),
    /// Region, type, physical id.
    OrphanGone(String, String, String),
    Bucket(String, Timestamp),
    Object(Box<Object>),
    ObjectGone(String, String),
    Parameter(Box<StoredParameter>),
    ParameterGone(String, String),
    Refactor(Box<Refactor>),
}

/// Resources by logical id. They are shared with the steps of an operation, each of which copies only what it changes:
/// with a copy of every resource in every step, an operation would take as long as the square of its resources.
pub(crate) type Resources = IndexMap<String, Arc<Resource>>;

/// A stack with all that belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) stack: Stack,
    pub(crate) resources: Resources,
    pub(crate) events: Vec<Event>,
    pub(crate) change_sets: Vec<ChangeSet>,
    /// Detections of drift, the newest last.
    pub(crate) detections: Vec<Detection>,
}

/// Everything the endpoint remembers.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Stacks by uuid, in the order of their creation.
    pub(crate) stacks: IndexMap<String, Entry>,
    /// The one stack of a region and a name that is not deleted.
    names: HashMap<(String, String), String>,
    pub(crate) templates: HashMap<String, Arc<str>>,
    pub(crate) orphans: BTreeMap<(String, String, String), Orphan>,
    pub(crate) buckets: BTreeMap<String, Timestamp>,
    pub(crate) objects: BTreeMap<(String, String), Object>,
    pub(crate) parameters: BTreeMap<(String, String), StoredParameter>,
    /// Stack refactors by id, in the order they were made.
    pub(crate) refactors: IndexMap<String, Refactor>,
}

impl State {
    /// Makes a change.
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Template(digest, text) => {
                self.templates.insert(digest, text.into());
            }
            Record::Stack(stack) => self.put_stack(*stack),
            Record::StackGone(uuid) => {
                if let Some(entry) = self.stacks.shift_remove(&uuid) {
                    self.forget_name(&entry.stack);
                }
            }
            Record::Resource(stack, resource) => {
                if let Some(entry) = self.stacks.get_mut(&stack) {
                    entry
                        .resources
                        .insert(resource.logical_id.clone(), resource.into());
                }
            }
            Record::ResourceGone(stack, logical_id) => {
                if let Some(entry) = self.stacks.get_mut(&stack) {
                    entry.resources.shift_remove(&logical_id);
                }
            }
            Record::Event(stack, event) => {
                if let Some(entry) = self.stacks.get_mut(&stack) {
                    entry.events.push(*event);
                }
            }
            Record::ChangeSet(change_set) => self.put_change_set(*change_set),
            Record::ChangeSetGone(stack, arn) => {
                if let Some(entry) = self.stacks.get_mut(&stack) {
                    entry.change_sets.retain(|change_set| change_set.arn != arn);
                }
            }
            Record::Detection(stack, detection) => {
                if let Some(entry) = self.stacks.get_mut(&stack) {
                    entry.detections.push(*detection);
                    let old = entry.detections.len().saturating_sub(DETECTIONS_ARE_KEPT);
                    entry.detections.drain(..old);
                }
            }
            Record::Orphan(orphan) => {
                let deployed = &orphan.deployed;
                let key = (
                    orphan.region.clone(),
                    deployed.resource_type.clone(),
                    deployed.physical_id.clone(),
                );
                self.orphans.insert(key, *orphan);
            }
            Record::OrphanGone(region, resource_type, physical_id) => {
                self.orphans.remove(&(region, resource_type, physical_id));
            }
            Record::Bucket(name, created) => {
                self.buckets.insert(name, created);
            }
            Record::Object(object) => {
                self.objects
                    .insert((object.bucket.clone(), object.key.clone()), *object);
            }
            Record::ObjectGone(bucket, key) => {
                self.objects.remove(&(bucket, key));
            }
            Record::Parameter(parameter) => {
                self.parameters.insert(
                    (parameter.region.clone(), parameter.name.clone()),
                    *parameter,
                );
            }
            Record::ParameterGone(region, name) => {
                self.parameters.remove(&(region, name));
            }
            Record::Refactor(refactor) => {
                self.refactors.insert(refactor.id.clone(), *refactor);
            }
        }
    }

    /// The fewest records that rebuild this state; stacks deleted long ago and templates nobody uses are left out.
    pub(crate) fn snapshot(&self, now: Timestamp) -> Vec<Record> {
        let kept = || {
            self.stacks.values().filter(|entry| {
                entry
                    .stack
                    .deleted
                    .is_none_or(|deleted| now.duration_since(deleted) < DELETED_STACKS_ARE_KEPT)
            })
        };
        let mut used = BTreeSet::new();
        for entry in kept() {
            used.insert(entry.stack.definition.template.as_str());
            used.extend(
                entry
                    .stack
                    .stable
                    .iter()
                    .map(|stable| stable.template.as_str()),
            );
            used.extend(
                entry
                    .change_sets
                    .iter()
                    .map(|set| set.definition.template.as_str()),
            );
            let operation = entry.stack.operation.iter();
            let foreseen = operation.flat_map(|operation| operation.foreseen.values());
            used.extend(foreseen.flat_map(ForeseenStack::templates));
        }
        let refactors = self.refactors.values();
        used.extend(
            refactors
                .flat_map(|refactor| &refactor.stacks)
                .map(|stack| stack.template.as_str()),
        );
        let mut records: Vec<Record> = used
            .into_iter()
            .filter_map(|digest| {
                let text = self.templates.get(digest)?;
                Some(Record::Template(
                    digest.to_owned(),
                    text.as_ref().to_owned(),
                ))
            })
            .collect();
        for entry in kept() {
            let uuid = &entry.stack.uuid;
            records.push(Record::Stack(Box::new(entry.stack.clone())));
            let resources = entry.resources.values().map(|each| each.as_ref().clone());
            records.extend(resources.map(|each| Record::Resource(uuid.clone(), Box::new(each))));
            let events = entry.events.iter().cloned();
            records.extend(events.map(|each| Record::Event(uuid.clone(), Box::new(each))));
            let change_sets = entry.change_sets.iter().cloned();
            records.extend(change_sets.map(|each| Record::ChangeSet(Box::new(each))));
            let detections = entry.detections.iter().cloned();
            records.extend(detections.map(|each| Record::Detection(uuid.clone(), Box::new(each))));
        }
        let orphans = self.orphans.values().cloned();
        records.extend(orphans.map(|each| Record::Orphan(Box::new(each))));
        let buckets = self.buckets.iter();
        records.extend(buckets.map(|(name, created)| Record::Bucket(name.clone(), *created)));
        let objects = self.objects.values().cloned();
        records.extend(objects.map(|each| Record::Object(Box::new(each))));
        let parameters = self.parameters.values().cloned();
        records.extend(parameters.map(|each| Record::Parameter(Box::new(each))));
        let refactors = self.refactors.values().cloned();
        records.extend(refactors.map(|each| Record::Refactor(Box::new(each))));
        records
    }

    /// How many records a snapshot would have, more or less.
    pub(crate) fn size(&self) -> usize {
        let stacks = self.stacks.values().map(|entry| {
            1 + entry.resources.len()
                + entry.events.len()
                + entry.change_sets.len()
                + entry.detections.len()
        });
        stacks.sum::<usize>()
            + self.templates.len()
            + self.objects.len()
            + self.parameters.len()
            + self.refactors.len()
            + 1
    }

    /// The stack that has a name now.
    pub(crate) fn named(&self, region: &str, name: &str) -> Option<&Entry> {
        let uuid = self.names.get(&(region.to_owned(), name.to_owned()))?;
        self.stacks.get(uuid)
    }

    /// The stack with an ARN, deleted or not.
    pub(crate) fn with_arn(&self, arn: &str) -> Option<&Entry> {
        let uuid = arn.rsplit('/').next()?;
        self.stacks.get(uuid).filter(|entry| entry.stack.arn == arn)
    }

    /// The stacks of a region that are not deleted.
    pub(crate) fn present<'a>(&'a self, region: &str) -> impl Iterator<Item = &'a Entry> {
        let region = region.to_owned();
        self.stacks.values().filter(move |entry| {
            entry.stack.region == region && entry.stack.status != StackStatus::DeleteComplete
        })
    }

    /// How many stacks of a region ever had a name.
    pub(crate) fn times_named(&self, region: &str, name: &str) -> usize {
        self.stacks
            .values()
            .filter(|entry| entry.stack.region == region && entry.stack.name == name)
            .count()
    }

    /// The export of a region with a name, and the stack that owns it.
    pub(crate) fn export(&self, region: &str, name: &str) -> Option<(&Stack, &Output)> {
        self.present(region).find_map(|entry| {
            let output = entry
                .stack
                .outputs
                .iter()
                .find(|output| output.export.as_deref() == Some(name))?;
            Some((&entry.stack, output))
        })
    }

    fn put_stack(&mut self, stack: Stack) {
        let key = (stack.region.clone(), stack.name.clone());
        if stack.status == StackStatus::DeleteComplete {
            self.forget_name(&stack);
        } else {
            self.names.insert(key, stack.uuid.clone());
        }
        match self.stacks.get_mut(&stack.uuid) {
            Some(entry) => entry.stack = stack,
            None => {
                let entry = Entry {
                    stack,
                    resources: IndexMap::new(),
                    events: Vec::new(),
                    change_sets: Vec::new(),
                    detections: Vec::new(),
                };
                self.stacks.insert(entry.stack.uuid.clone(), entry);
            }
        }
    }

    fn put_change_set(&mut self, change_set: ChangeSet) {
        let Some(entry) = self.stacks.get_mut(&change_set.stack) else {
            return;
        };
        match entry
            .change_sets
            .iter_mut()
            .find(|other| other.arn == change_set.arn)
        {
            Some(place) => *place = change_set,
            None => entry.change_sets.push(change_set),
        }
    }

    fn forget_name(&mut self, stack: &Stack) {
        let key = (stack.region.clone(), stack.name.clone());
        if self.names.get(&key) == Some(&stack.uuid) {
            self.names.remove(&key);
        }
    }
}
