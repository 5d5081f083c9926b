//! Conflicts of names: two physical resources of one type cannot have the same id.

use crate::{
    facts,
    state::{Deployed, Goal, Progress, State},
};

/// Whether the old resource goes before the new one comes, so that both may have the same name.
pub(super) fn replaces_in_place(type_name: &str) -> bool {
    facts::of(type_name).is_some_and(|facts| {
        facts.replacement_strategy == schema::ReplacementStrategy::DeleteThenCreate
    })
}

/// Who has a physical resource already.
pub(super) enum Owner {
    /// A resource of a stack.
    Stack(String, String),
    /// It stands outside every stack.
    Nobody,
}

/// Who has a physical resource of this type and id already, if anybody.
pub(super) fn owner_of(state: &State, region: &str, wanted: &Deployed) -> Option<Owner> {
    let is_global = matches!(
        wanted.resource_type.split("::").nth(1),
        Some("IAM" | "CloudFront" | "Budgets" | "Route53")
    ) || wanted.resource_type == "AWS::S3::Bucket";
    let is_same = |other: &Deployed| {
        other.physical_id == wanted.physical_id && other.resource_type == wanted.resource_type
    };
    for entry in state.stacks.values() {
        if !is_global && entry.stack.region != region {
            continue;
        }
        for resource in entry.resources.values() {
            let goal = match &resource.progress {
                Progress::Started {
                    goal: Goal::Exist(goal),
                    ..
                } => Some(goal.as_ref()),
                _ => None,
            };
            let all = resource.live.iter().chain(&resource.superseded).chain(goal);
            if all.into_iter().any(is_same) {
                let owner = (entry.stack.uuid.clone(), resource.logical_id.clone());
                return Some(Owner::Stack(owner.0, owner.1));
            }
        }
    }
    let is_left = state
        .orphans
        .values()
        .any(|orphan| (is_global || orphan.region == region) && is_same(&orphan.deployed));
    let is_uploaded = wanted.resource_type == "AWS::S3::Bucket"
        && state.buckets.contains_key(&wanted.physical_id);
    (is_left || is_uploaded).then_some(Owner::Nobody)
}
