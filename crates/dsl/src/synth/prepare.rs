//! Settles each resource before anything looks at it: inherited tags and raw overrides go into its properties.

use std::{borrow::Cow, cell::Ref};

use indexmap::IndexMap;

use super::{Findings, Subject};
use crate::{
    Expression, Json, Object, TagProperty, TagStyle,
    model::{Model, ResourceModel, Scope},
    options::Options,
};

/// The resources of a stack, settled.
pub(super) struct PreparedStack<'a> {
    pub(super) resources: Vec<Prepared<'a>>,
}

/// A resource as it goes into the template.
pub(super) struct Prepared<'a> {
    pub(super) model: &'a ResourceModel,
    pub(super) options: Ref<'a, Options>,
    pub(super) properties: Cow<'a, Object>,
}

impl Prepared<'_> {
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            path: &self.model.node.path,
            place: self.model.node.place,
        }
    }
}

/// Settles every resource of an app.
pub(super) fn stacks<'a>(model: &'a Model, findings: &mut Findings<'_>) -> Vec<PreparedStack<'a>> {
    let stacks = model.stacks.iter();
    stacks
        .map(|stack| PreparedStack {
            resources: stack
                .resources
                .iter()
                .map(|resource| prepare(resource, findings))
                .collect(),
        })
        .collect()
}

fn prepare<'a>(model: &'a ResourceModel, findings: &mut Findings<'_>) -> Prepared<'a> {
    let mut prepared = Prepared {
        model,
        options: model.node.options.borrow(),
        properties: Cow::Borrowed(&model.properties),
    };
    let tags = inherited(&model.scope, &prepared.options.tags);
    match model.tag_property {
        Some(property) if !tags.is_empty() => {
            if let Err(message) = tag(prepared.properties.to_mut(), property, &tags) {
                let hint = "write the tags of this resource as a plain list";
                findings.error(prepared.subject(), message, hint);
            }
        }
        None if !prepared.options.tags.is_empty() => {
            let message = format!("`{}` has no tags", model.type_name);
            findings.error(prepared.subject(), message, "take the tag away");
        }
        Some(_) | None => {}
    }
    for (path, value) in &prepared.options.properties {
        if let Err(message) = set(prepared.properties.to_mut(), path, value) {
            let hint = "override the nearest property that can be written as a whole";
            let subject = Subject {
                path: &model.node.path,
                place: model.node.place,
            };
            findings.error(subject, message, hint);
        }
    }
    prepared
}

/// The tags of the scopes around a resource and its own, the nearest over the farther.
fn inherited(scope: &Scope, own: &IndexMap<String, Expression>) -> IndexMap<String, Expression> {
    let mut tags = IndexMap::new();
    let mut scopes = vec![scope];
    while let Some(parent) = scopes.last().and_then(|scope| scope.parent.as_deref()) {
        scopes.push(parent);
    }
    // A scope without parent is the stack, whose tags CloudFormation sets itself.
    for scope in scopes.iter().rev().skip(1) {
        for (key, value) in scope.tags.borrow().iter() {
            tags.insert(key.clone(), value.clone().into());
        }
    }
    tags.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
    tags
}

/// Adds tags to those the properties have, which stay as they are.
fn tag(
    properties: &mut Object,
    property: TagProperty,
    tags: &IndexMap<String, Expression>,
) -> Result<(), String> {
    let conflict = || {
        format!(
            "`{}` is an expression, to which no tag can be added",
            property.name
        )
    };
    match property.style {
        TagStyle::Map => {
            if properties.get(property.name).is_none() {
                properties.insert(property.name, Object::new());
            }
            let place = properties.get_mut(property.name).map(open);
            let Some(Expression::Object(map)) = place else {
                return Err(conflict());
            };
            for (key, value) in tags {
                if map.get(key).is_none() {
                    map.insert(key.clone(), value.clone());
                }
            }
        }
        TagStyle::List | TagStyle::ListWithPropagation => {
            if properties.get(property.name).is_none() {
                properties.insert(property.name, Expression::List(Vec::new()));
            }
            let place = properties.get_mut(property.name).map(open);
            let Some(Expression::List(list)) = place else {
                return Err(conflict());
            };
            for (key, value) in tags {
                if list.iter().any(|tag| has_key(tag, key)) {
                    continue;
                }
                let mut tag = vec![("Key".into(), key.into()), ("Value".into(), value.clone())];
                if property.style == TagStyle::ListWithPropagation {
                    tag.push(("PropagateAtLaunch".into(), true.into()));
                }
                list.push(Object::from_distinct(tag).into());
            }
        }
    }
    Ok(())
}

fn has_key(tag: &Expression, key: &str) -> bool {
    match tag {
        Expression::Object(tag) => {
            matches!(tag.get("Key"), Some(Expression::Text(text)) if text == key)
        }
        Expression::Json(tag) => tag.get("Key").and_then(Json::as_str) == Some(key),
        _ => false,
    }
}

/// Sets the property at a dotted path; `null` removes it.
fn set(properties: &mut Object, path: &str, value: &Expression) -> Result<(), String> {
    let steps: Vec<&str> = path.split('.').collect();
    if steps.iter().any(|step| step.is_empty()) {
        return Err(format!("`{path}` is not the path of a property"));
    }
    set_in_object(properties, &steps, value)
        .map_err(|step| format!("`{path}` cannot be set: there is no place `{step}`"))
}

/// Sets the value at the end of the steps, or gives the step that leads nowhere.
fn set_in_object(object: &mut Object, steps: &[&str], value: &Expression) -> Result<(), String> {
    let [step, rest @ ..] = steps else {
        return Ok(());
    };
    if rest.is_empty() && is_null(value) {
        object.remove(step);
        return Ok(());
    }
    if object.get(step).is_none() {
        object.insert((*step).to_owned(), Object::new());
    }
    let place = object
        .get_mut(step)
        .expect("it was there or has just been added");
    set_in(place, rest, value)
}

fn set_in(place: &mut Expression, steps: &[&str], value: &Expression) -> Result<(), String> {
    let [step, rest @ ..] = steps else {
        *place = value.clone();
        return Ok(());
    };
    match open(place) {
        Expression::Object(object) => set_in_object(object, steps, value),
        Expression::List(list) => {
            let position = step.parse().ok().filter(|position| *position <= list.len());
            let position: usize = position.ok_or_else(|| (*step).to_owned())?;
            if rest.is_empty() && is_null(value) {
                list.drain(position..(position + 1).min(list.len()));
                return Ok(());
            }
            if position == list.len() {
                list.push(Object::new().into());
            }
            set_in(&mut list[position], rest, value)
        }
        _ => Err((*step).to_owned()),
    }
}

/// Turns raw JSON into an object or a list of ours, one level deep, so that something can be set in it.
fn open(place: &mut Expression) -> &mut Expression {
    if let Expression::Json(json) = place {
        match std::mem::take(json) {
            Json::Object(entries) => {
                let entries = entries.into_iter();
                let entries = entries.map(|(key, value)| (key.into(), value.into()));
                *place = Object::from_distinct(entries.collect()).into();
            }
            Json::Array(elements) => *place = elements.into(),
            other => *json = other,
        }
    }
    place
}

fn is_null(value: &Expression) -> bool {
    matches!(value, Expression::Json(Json::Null))
}
