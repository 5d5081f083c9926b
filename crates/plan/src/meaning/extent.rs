//! How much the expressions of a template may come to, before any is worked out.
//!
//! A few lines can stand for more than any machine holds: a long value referred to a thousand times, a text in which a
//! text stands twice in which a text stands twice. What is counted here is never less than what there would be.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Part, Side, intrinsic, parts};
use crate::Resource;

/// How many bytes all values of a template may come to: many times what a whole template may have.
const MOST: usize = 16_000_000;

/// Whether all that stands in two templates can be worked out.
pub(super) fn are_within_reason(old: &Side<'_>, new: &Side<'_>) -> bool {
    let (before, after) = (Extent::new(old), Extent::new(new));
    // What both refer to is as long in both, if what it reads is.
    let is_alike = before.parameters == after.parameters && before.mappings == after.mappings;
    let is_shared = |logical_id: &str, resource: &Resource<'_>, others: &Side<'_>| {
        let other = others.resources().get(logical_id);
        is_alike && other.is_some_and(|other| other.is(resource))
    };
    let (mut of_old, mut of_new) = (before.of_sections(), after.of_sections());
    for (logical_id, resource) in old.resources() {
        let length = before.of_resource(logical_id, *resource);
        of_old = of_old.saturating_add(length);
        if is_shared(logical_id, resource, new) {
            of_new = of_new.saturating_add(length);
        }
    }
    for (logical_id, resource) in new.resources() {
        if !is_shared(logical_id, resource, old) {
            of_new = of_new.saturating_add(after.of_resource(logical_id, *resource));
        }
    }
    of_old <= MOST && of_new <= MOST
}

/// What is known of one template.
struct Extent<'e, 'a> {
    side: &'e Side<'a>,
    /// How long the values of parameters are, where they are known.
    parameters: HashMap<&'a str, Option<usize>>,
    /// How long the longest value of each mapping is.
    mappings: HashMap<&'a str, usize>,
}

impl<'e, 'a> Extent<'e, 'a> {
    fn new(side: &'e Side<'a>) -> Self {
        let parameters = side.section("Parameters").keys();
        let mappings = side.section("Mappings").iter();
        Self {
            side,
            parameters: parameters
                .map(|name| (name.as_str(), side.known(name).as_ref().map(length)))
                .collect(),
            mappings: mappings
                .map(|(name, mapping)| (name.as_str(), longest(mapping)))
                .collect(),
        }
    }

    /// How long the meaning of all that is no resource may be.
    fn of_sections(&self) -> usize {
        let sections = self.side.sections().iter();
        let sections = sections.filter(|(name, _)| *name != "Resources");
        sum(sections.map(|(name, section)| self.of_member(name, section, true)))
    }

    fn of_resource(&self, logical_id: &str, resource: Resource<'_>) -> usize {
        match resource {
            Resource::Read(value) => self.of_member(logical_id, value, true),
            Resource::Unread(gist, _) => {
                let references = gist.references();
                let meant =
                    references.map(|(name, times)| self.reference(name).saturating_mul(times));
                logical_id
                    .len()
                    .saturating_add(gist.length())
                    .saturating_add(sum(meant))
            }
        }
    }

    fn of_member(&self, key: &str, value: &Value, may_be_document: bool) -> usize {
        key.len().saturating_add(self.of(value, may_be_document))
    }

    /// How long the meaning of a value may be. `may_be_document` says whether a text in it may be read as JSON.
    fn of(&self, value: &Value, may_be_document: bool) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 1,
            Value::String(text) => {
                let document = (may_be_document && text.starts_with(['{', '[']))
                    .then(|| serde_json::from_str::<Value>(text).ok())
                    .flatten();
                document.map_or(text.len(), |document| self.of(&document, false))
            }
            Value::Array(items) => self.all(items, may_be_document),
            Value::Object(entries) => match intrinsic(entries) {
                Some((name, argument)) => self.expression(name, argument),
                None => sum(entries
                    .iter()
                    .map(|(key, entry)| self.of_member(key, entry, may_be_document))),
            },
        }
    }

    fn all(&self, items: &[Value], may_be_document: bool) -> usize {
        sum(items.iter().map(|item| self.of(item, may_be_document)))
    }

    fn expression(&self, name: &str, argument: &Value) -> usize {
        let items = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        let meant = match (name, argument, items) {
            ("Ref", Value::String(target), _) => self.reference(target),
            ("Fn::Sub", Value::String(text), _) | ("Fn::Sub", _, [Value::String(text)]) => {
                self.substitution(text, &Map::new())
            }
            ("Fn::Sub", _, [Value::String(text), Value::Object(variables)]) => {
                self.substitution(text, variables)
            }
            ("Fn::Join", _, [separator, Value::Array(texts)]) => {
                let separators = self.of(separator, false).saturating_mul(texts.len());
                self.all(texts, false).saturating_add(separators)
            }
            ("Fn::Join", _, [separator, texts]) => {
                // Every byte of it may be an element.
                let texts = self.of(texts, false);
                self.of(separator, false).saturating_mul(texts)
            }
            ("Fn::FindInMap", _, [map, keys @ ..]) => {
                self.mapping(map).saturating_add(self.all(keys, false))
            }
            _ => self.of(argument, false),
        };
        meant.saturating_add(name.len())
    }

    fn reference(&self, target: &str) -> usize {
        let pseudo_parameter = || Some(length(&self.side.known(target)?));
        let parameter = self.parameters.get(target).copied();
        let known = parameter.unwrap_or_else(pseudo_parameter);
        known.unwrap_or(target.len())
    }

    fn substitution(&self, text: &str, variables: &Map<String, Value>) -> usize {
        let lengths: HashMap<&str, usize> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), self.of(value, false)))
            .collect();
        sum(parts(text).map(|part| match part {
            Part::Literal(literal) => literal.len(),
            Part::Variable(name) => {
                let given = lengths.get(name).copied();
                given.unwrap_or_else(|| self.reference(name))
            }
        }))
    }

    /// The longest value of a mapping, or of any where its name is worked out.
    fn mapping(&self, name: &Value) -> usize {
        let longest = match name {
            Value::String(name) => self.mappings.get(name.as_str()),
            _ => self.mappings.values().max(),
        };
        longest.copied().unwrap_or(0)
    }
}

/// How long a value is in which nothing is left to be worked out.
fn length(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(length).sum(),
        Value::Object(entries) => entries.values().map(length).sum(),
    }
}

/// How long the longest value of a mapping is, two names deep.
fn longest(mapping: &Value) -> usize {
    let entries = mapping.as_object().into_iter().flatten();
    let values = entries.flat_map(|(_, values)| values.as_object().into_iter().flatten());
    values.map(|(_, value)| length(value)).max().unwrap_or(0)
}

fn sum(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.fold(0, usize::saturating_add)
}
