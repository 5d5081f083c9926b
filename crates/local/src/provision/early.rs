//! Early validation: what is found in a change set before anything is provisioned, all of it at once, and what hooks say.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>

use serde_json::Value;

use super::{
    conflict::{Owner, owner_of},
    identity::{Birth, first_generation, identify},
    outlook::Question,
    sight::pseudo_of,
    validation::violations,
};
use crate::{
    evaluate::Pseudo,
    options::{Faults, HookMode},
    state::{Change, DeletionPolicy, Deployed, Validation},
};

const PROPERTIES: &str = "AWS::EarlyValidation::PropertyValidation";
const EXISTENCE: &str = "AWS::EarlyValidation::ResourceExistenceCheck";

/// What is wrong with the resources that a change set adds or changes.
pub(crate) fn validate(
    question: &Question<'_>,
    changes: &[Change],
    seed: u64,
    faults: &Faults,
) -> Vec<Validation> {
    let pseudo = pseudo_of(question.account, question.stack, question.definition);
    let mut found = Vec::new();
    for change in changes.iter().filter(|change| change.action != "Remove") {
        let properties = change.after.as_ref().map(|after| &after["Properties"]);
        let properties = properties.unwrap_or(&Value::Null);
        for violation in violations(&change.resource_type, properties) {
            let (place, reason) = violation.split_once(": ").unwrap_or(("#", &violation));
            found.push(Validation {
                name: PROPERTIES.to_owned(),
                path: Some(path_of(&change.logical_id, place)),
                reason: reason.to_owned(),
                ..of(change)
            });
        }
        if change.action == "Add" {
            let identity = named(question, change, properties, seed, &pseudo);
            let is_taken = match owner_of(question.state, &question.stack.region, &identity) {
                // What the same update takes away may free the name or not: the deployment tells.
                Some(Owner::Stack(uuid, _)) => uuid != question.stack.uuid,
                Some(Owner::Nobody) => true,
                None => false,
            };
            if is_taken {
                let id = &identity.physical_id;
                found.push(Validation {
                    name: EXISTENCE.to_owned(),
                    path: Some(path_of(&change.logical_id, "#")),
                    reason: format!(
                        "Resource of type '{}' with identifier '{id}' already exists.",
                        change.resource_type
                    ),
                    ..of(change)
                });
            }
        }
    }
    for hook in &faults.hooks {
        let mut invoked = changes.iter().filter(|one| one.logical_id == hook.resource);
        found.extend(invoked.next().map(|change| Validation {
            name: hook.hook.clone(),
            is_hook: true,
            warns: hook.mode == HookMode::Warn,
            reason: hook.reason.clone(),
            ..of(change)
        }));
    }
    found
}

/// A finding about a change's resource, of which nothing is said yet.
fn of(change: &Change) -> Validation {
    Validation {
        name: String::new(),
        is_hook: false,
        warns: false,
        logical_id: change.logical_id.clone(),
        resource_type: change.resource_type.clone(),
        reason: String::new(),
        path: None,
    }
}

/// A JSON pointer into the template, of a place within the properties: `#/Tags/0`.
fn path_of(logical_id: &str, place: &str) -> String {
    let within = place.trim_start_matches('#');
    let properties = if within.is_empty() { "" } else { "/Properties" };
    format!("/Resources/{logical_id}{properties}{within}")
}

/// What a new resource will be called, as far as that is what others could be called too.
pub(super) fn named(
    question: &Question<'_>,
    change: &Change,
    properties: &Value,
    seed: u64,
    pseudo: &Pseudo,
) -> Deployed {
    let resource = question.resources.get(&change.logical_id);
    let identity = identify(&Birth {
        seed,
        pseudo,
        stack_uuid: &question.stack.uuid,
        logical_id: &change.logical_id,
        type_name: &change.resource_type,
        properties,
        generation: resource.map_or_else(
            || first_generation(question.stack),
            |resource| resource.generation,
        ),
        imported: None,
    });
    Deployed {
        resource_type: change.resource_type.clone(),
        physical_id: identity.physical_id,
        reference: identity.reference,
        attributes: identity.attributes,
        properties: properties.clone(),
        actual: None,
        declared: Value::Null,
        deletion_policy: DeletionPolicy::Delete,
        update_replace_policy: DeletionPolicy::Delete,
        dependencies: Vec::new(),
    }
}
