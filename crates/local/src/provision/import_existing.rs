//! `ImportExistingResources`: what a change set would add and exists outside every stack is taken in instead.
//!
//! Only resources whose names the template gives, and that it would not delete.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    apply::policy,
    conflict::{Owner, owner_of},
    early::named,
    outlook::Question,
    sight::pseudo_of,
    well_known::name_property,
};
use crate::{
    evaluate::{Failure, text_of},
    state::{Change, DeletionPolicy},
};

/// The identifiers of what is to be taken in, by logical id.
pub(crate) fn existing(
    question: &Question<'_>,
    changes: &[Change],
    seed: u64,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, Failure> {
    let pseudo = pseudo_of(question.account, question.stack, question.definition);
    let mut found = BTreeMap::new();
    let mut unprotected = Vec::new();
    for change in changes.iter().filter(|change| change.action == "Add") {
        let properties = change.after.as_ref().map(|after| &after["Properties"]);
        let properties = properties.unwrap_or(&Value::Null);
        let Some((property, name)) = given_name(&change.resource_type, properties) else {
            continue;
        };
        let wanted = named(question, change, properties, seed, &pseudo);
        let owner = owner_of(question.state, &question.stack.region, &wanted);
        if !matches!(owner, Some(Owner::Nobody)) {
            continue;
        }
        let node = question.document.resource(&change.logical_id);
        let policy = policy(node.unwrap_or(&Value::Null), "DeletionPolicy");
        if !matches!(
            policy,
            DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate
        ) {
            unprotected.push(change.logical_id.as_str());
        }
        found.insert(
            change.logical_id.clone(),
            BTreeMap::from([(property, name)]),
        );
    }
    if unprotected.is_empty() {
        return Ok(found);
    }
    Err(Failure::new(format!(
        "Resources [{}] to be imported must have a DeletionPolicy of Retain or RetainExceptOnCreate in the template.",
        unprotected.join(", ")
    )))
}

/// The name that the template gives a resource.
fn given_name(type_name: &str, properties: &Value) -> Option<(String, String)> {
    let own = name_property(type_name).map(str::to_owned);
    let identifier = || {
        let facts = crate::facts::of(type_name)?;
        let [only] = facts.primary_identifier.as_slice() else {
            return None;
        };
        let name = only.attribute();
        (!facts.is_read_only(&[name.as_str()])).then_some(name)
    };
    let property = own.or_else(identifier)?;
    let name = properties.get(&property).and_then(text_of)?;
    Some((property, name))
}
