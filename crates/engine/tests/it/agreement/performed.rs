//! What an operation did, told from CloudFormation's own account of it: events and physical ids.

use std::collections::{BTreeMap, BTreeSet};

use engine::{CloudFormation, StackEvent};
use indexmap::IndexMap;

/// What happened to what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Old {
    Deleted,
    Kept,
}

/// What an operation did to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Performed {
    Nothing,
    Created,
    Updated,
    Replaced(Old),
    Removed(Old),
}

/// A stack at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Snapshot {
    /// Physical ids by logical id.
    pub(super) resources: BTreeMap<String, String>,
    pub(super) outputs: IndexMap<String, String>,
    pub(super) status: String,
    /// The newest event.
    pub(super) newest: String,
}

impl Snapshot {
    pub(super) async fn of(cloud: &dyn CloudFormation, stack: &str) -> Self {
        let found = cloud
            .stack(stack)
            .await
            .expect("it answers")
            .expect("it is there");
        let resources = cloud.resources(stack).await.expect("it answers");
        let is_there = |status: &str| !matches!(status, "DELETE_COMPLETE" | "DELETE_SKIPPED");
        let page = cloud.events(stack, None).await.expect("it answers");
        Self {
            resources: resources
                .into_iter()
                .filter(|resource| is_there(&resource.status.0))
                .map(|resource| {
                    (
                        resource.logical_id,
                        resource.physical_id.unwrap_or_default(),
                    )
                })
                .collect(),
            outputs: found.outputs,
            status: found.status.to_string(),
            newest: page
                .events
                .first()
                .map(|event| event.id.clone())
                .unwrap_or_default(),
        }
    }
}

/// What happened between two moments, by logical id.
pub(super) async fn performed(
    cloud: &dyn CloudFormation,
    stack: &str,
    before: &Snapshot,
    after: &Snapshot,
) -> BTreeMap<String, Performed> {
    let events = events_since(cloud, stack, &before.newest).await;
    let ids: BTreeSet<&String> = before
        .resources
        .keys()
        .chain(after.resources.keys())
        .collect();
    ids.into_iter()
        .map(|id| {
            let own: Vec<&StackEvent> = events
                .iter()
                .filter(|event| event.logical_id == *id)
                .collect();
            let (old, new) = (before.resources.get(id), after.resources.get(id));
            (id.clone(), of_one(old, new, &own))
        })
        .collect()
}

fn of_one(old: Option<&String>, new: Option<&String>, events: &[&StackEvent]) -> Performed {
    let has = |status: &str| events.iter().any(|event| event.status.0 == status);
    // A resource may get the name of the one it replaces: what tells is what CloudFormation says of it.
    let is_replaced = events.iter().any(|event| {
        let reason = event.reason.as_deref().unwrap_or_default();
        reason.starts_with("Requested update requires the creation of a new physical resource")
    });
    let fate = if has("DELETE_SKIPPED") {
        Old::Kept
    } else {
        Old::Deleted
    };
    match (old, new) {
        (None, _) => Performed::Created,
        (Some(_), None) => Performed::Removed(fate),
        (Some(old), Some(new)) if old != new || is_replaced => Performed::Replaced(fate),
        (Some(_), Some(_)) if has("UPDATE_COMPLETE") => Performed::Updated,
        (Some(_), Some(_)) => Performed::Nothing,
    }
}

async fn events_since(cloud: &dyn CloudFormation, stack: &str, newest: &str) -> Vec<StackEvent> {
    let mut events = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let answer = cloud
            .events(stack, page.as_deref())
            .await
            .expect("it answers");
        for event in answer.events {
            if event.id == newest {
                return events;
            }
            events.push(event);
        }
        page = answer.next;
        if page.is_none() {
            return events;
        }
    }
}
