//! How much the expressions of a template may come to, before any is worked out.
//!
//! A few lines can stand for more than any machine holds: a long value referred to a thousand times, a text in which a
//! text stands twice in which a text stands twice. What is counted here is never less than what there would be.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Part, Side, intrinsic, parts};

/// How many bytes all values of a template may come to: many times what a whole template may have.
const MOST: usize = 16_000_000;

/// Whether all that stands in a template can be worked out.
pub(super) fn is_within_reason(side: &Side<'_>) -> bool {
    let parameters = side.section("Parameters").keys();
    let mappings = side.section("Mappings").iter();
    let extent = Extent {
        side,
        parameters: parameters
            .filter_map(|name| Some((name.as_str(), length(&side.known(name)?))))
            .collect(),
        mappings: mappings
            .map(|(name, mapping)| (name.as_str(), longest(mapping)))
            .collect(),
    };
    extent.of(side.body, true) <= MOST
}

/// What is known of one template.
struct Extent<'e, 'a> {
    side: &'e Side<'a>,
    /// How long the values of parameters are.
    parameters: HashMap<&'a str, usize>,
    /// How long the longest value of each mapping is.
    mappings: HashMap<&'a str, usize>,
}

impl Extent<'_, '_> {
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
                    .map(|(key, entry)| key.len().saturating_add(self.of(entry, may_be_document)))),
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
        let parameter = self.parameters.get(target).copied();
        let pseudo_parameter = || Some(length(&self.side.known(target)?));
        let known = parameter.or_else(pseudo_parameter);
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
