//! What depends on what.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::{
    Document, function,
    functions::{SubPart, parts_of_sub},
};

/// Something a value refers to by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// A resource or a parameter.
    pub(crate) name: String,
    /// The attribute, when it is one.
    pub(crate) attribute: Option<String>,
}

/// Everything a value refers to, in both branches of every `Fn::If`.
pub(crate) fn references(node: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Value, found: &mut BTreeSet<Reference>) {
    match node {
        Value::Object(members) => match function(members) {
            Some(("Ref", Value::String(name))) => insert(found, name, None),
            Some(("Fn::GetAtt", Value::String(text))) => {
                if let Some((name, attribute)) = text.split_once('.') {
                    insert(found, name, Some(attribute));
                }
            }
            Some(("Fn::GetAtt", Value::Array(items))) => {
                if let Some(Value::String(name)) = items.first() {
                    let attribute = items.get(1).and_then(Value::as_str);
                    insert(found, name, Some(attribute.unwrap_or_default()));
                }
                items.iter().for_each(|item| collect(item, found));
            }
            Some(("Fn::Sub", argument)) => collect_sub(argument, found),
            _ => members.values().for_each(|member| collect(member, found)),
        },
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn collect_sub(argument: &Value, found: &mut BTreeSet<Reference>) {
    let (text, variables) = match argument {
        Value::String(text) => (Some(text.as_str()), None),
        Value::Array(items) => (items.first().and_then(Value::as_str), items.get(1)),
        _ => (None, None),
    };
    for part in parts_of_sub(text.unwrap_or_default()) {
        match part {
            SubPart::Variable(name) if variables.is_none_or(|known| known.get(name).is_none()) => {
                match name.split_once('.') {
                    Some((name, attribute)) => insert(found, name, Some(attribute)),
                    None => insert(found, name, None),
                }
            }
            SubPart::Variable(_) | SubPart::Literal(_) => {}
        }
    }
    if let Some(variables) = variables {
        collect(variables, found);
    }
}

fn insert(found: &mut BTreeSet<Reference>, name: &str, attribute: Option<&str>) {
    found.insert(Reference {
        name: name.to_owned(),
        attribute: attribute.map(str::to_owned),
    });
}

/// The names in a `DependsOn`.
pub(crate) fn depends_on(resource: &Value) -> Vec<&str> {
    match resource.get("DependsOn") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The resources of the template that a resource depends on.
pub(super) fn dependencies(document: &Document, resource: &Value) -> Vec<String> {
    let mut names: BTreeSet<String> = depends_on(resource)
        .into_iter()
        .map(str::to_owned)
        .collect();
    names.extend(
        references(resource.get("Properties").unwrap_or(&Value::Null))
            .into_iter()
            .map(|reference| reference.name),
    );
    names.retain(|name| document.resource(name).is_some());
    names.into_iter().collect()
}

/// The resources that depend on themselves in the end, if any.
pub(super) fn cycle(dependencies: &IndexMap<String, Vec<String>>) -> Vec<String> {
    let mut left: BTreeMap<&str, usize> = dependencies
        .iter()
        .map(|(name, on)| (name.as_str(), on.len()))
        .collect();
    let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, on) in dependencies {
        for other in on {
            dependents.entry(other).or_default().push(name);
        }
    }
    let mut free: Vec<&str> = left
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| *name)
        .collect();
    while let Some(name) = free.pop() {
        left.remove(name);
        for dependent in dependents.get(name).into_iter().flatten() {
            if let Some(count) = left.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    free.push(dependent);
                }
            }
        }
    }
    left.into_keys().map(str::to_owned).collect()
}
