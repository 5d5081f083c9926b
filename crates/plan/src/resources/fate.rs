//! What becomes of resources, as far as it concerns those that refer to them.
//!
//! The rules, where a resource refers to another:
//! - The other is replaced: its name (`Ref`) and its ARN or whole identifier change for certain. Any other attribute may
//!   change, unless it is a property that the template gives and leaves as it is.
//! - The other may be replaced: the same, but never for certain.
//! - The other is updated in place: its name, its identifier and its ARN stay, as do properties that the template gives
//!   and leaves as they are. Every other attribute may change; CloudFormation reports such a change with a dynamic
//!   evaluation, and a replacement that hangs on it as conditional.
//! - `DependsOn` hands on nothing.
//!
//! An output of another stack that is not settled yet may change whatever reads it, never for certain.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::consequence::Identity;
use crate::{
    Cause, Facts, Impact, OutputName,
    meaning::intrinsic,
    uses::{Use, output_of},
};

/// What becomes of one resource.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fate<'a> {
    pub(crate) impact: Impact,
    /// Properties that change.
    pub(crate) properties: Vec<Vec<String>>,
    /// The resource in the new template.
    pub(crate) resource: &'a Value,
}

/// What becomes of the resources that change, by logical id in the new template.
pub(crate) struct Fates<'a> {
    facts: &'a dyn Facts,
    unsettled: &'a BTreeSet<OutputName>,
    by_id: HashMap<&'a str, Fate<'a>>,
}

impl<'a> Fates<'a> {
    pub(crate) fn new(facts: &'a dyn Facts, unsettled: &'a BTreeSet<OutputName>) -> Self {
        Self {
            facts,
            unsettled,
            by_id: HashMap::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.unsettled.is_empty()
    }

    /// Notes what becomes of a resource; whether that is news.
    pub(crate) fn note(&mut self, logical_id: &'a str, fate: Fate<'a>) -> bool {
        let is_news = self.by_id.get(logical_id) != Some(&fate);
        self.by_id.insert(logical_id, fate);
        is_news
    }

    /// Whether a use may be one of a resource that changes, or of an output that is not settled.
    pub(crate) fn reach(&self, found: &Use<'_>) -> bool {
        match found {
            Use::Reference(target) | Use::Attribute(target) => self.by_id.contains_key(target),
            Use::Output(stack_name, output) => self.is_unsettled(stack_name, output),
            Use::Mapping(_) | Use::Condition(_) => false,
        }
    }

    /// Whether an attribute has the name of a property that changes.
    pub(crate) fn repeats_a_change(&self, target: &str, attribute: &str) -> bool {
        let fate = self.by_id.get(target);
        fate.is_some_and(|fate| fate.changes(attribute))
    }

    fn is_unsettled(&self, stack_name: &str, output: &str) -> bool {
        self.unsettled
            .iter()
            .any(|name| name.stack_name == stack_name && name.output == output)
    }

    /// What makes a meaning change that refers to other resources, and whether it changes for certain.
    pub(crate) fn causes(&self, meaning: &Value) -> (Vec<Cause>, bool) {
        let mut found = (Vec::new(), false);
        if !self.is_empty() {
            self.collect(meaning, &mut found);
            found.0.sort();
            found.0.dedup();
        }
        found
    }

    fn collect(&self, meaning: &Value, found: &mut (Vec<Cause>, bool)) {
        match meaning {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, found)),
            Value::Object(entries) => {
                let cause = match intrinsic(entries) {
                    Some(("Ref", Value::String(target))) => self.cause(target, None),
                    Some(("Fn::GetAtt", Value::Array(items))) => {
                        let text = |index: usize| items.get(index).and_then(Value::as_str);
                        text(0).and_then(|target| self.cause(target, Some(text(1).unwrap_or(""))))
                    }
                    Some(("Fn::GetStackOutput", argument)) => output_of(argument)
                        .filter(|(stack_name, output)| self.is_unsettled(stack_name, output))
                        .map(|(stack_name, output)| {
                            let (stack_name, output) = (stack_name.to_owned(), output.to_owned());
                            (Cause::Output { stack_name, output }, false)
                        }),
                    _ => None,
                };
                if let Some((cause, is_certain)) = cause {
                    found.0.push(cause);
                    found.1 |= is_certain;
                }
                entries
                    .values()
                    .for_each(|value| self.collect(value, found));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What makes a reference change, and whether it changes for certain.
    fn cause(&self, target: &str, attribute: Option<&str>) -> Option<(Cause, bool)> {
        let fate = self.by_id.get(target)?;
        let logical_id = target.to_owned();
        let given = |attribute: &str| fate.gives(attribute);
        if attribute.is_some_and(given) {
            return None;
        }
        let type_name = fate.resource["Type"].as_str().unwrap_or_default();
        match (fate.impact, attribute) {
            (Impact::InPlace, None) => None,
            (Impact::InPlace, Some(attribute)) => {
                let attribute = attribute.to_owned();
                let stays = Identity::of(type_name, self.facts).has(&attribute);
                (!stays).then_some((
                    Cause::Updated {
                        logical_id,
                        attribute,
                    },
                    false,
                ))
            }
            (Impact::MayReplace, attribute) => {
                let attribute = attribute.map(str::to_owned);
                let cause = Cause::MayBeReplaced {
                    logical_id,
                    attribute,
                };
                Some((cause, false))
            }
            (Impact::Replace, attribute) => {
                let is_certain = attribute.is_none_or(|attribute| {
                    Identity::of(type_name, self.facts).is_whole(attribute)
                });
                let attribute = attribute.map(str::to_owned);
                let cause = Cause::Replaced {
                    logical_id,
                    attribute,
                };
                Some((cause, is_certain))
            }
        }
    }
}

impl Fate<'_> {
    /// Whether an attribute is a property that the template gives and leaves as it is.
    fn gives(&self, attribute: &str) -> bool {
        let properties = self.resource.get("Properties");
        let value = attribute
            .split('.')
            .fold(properties, |value, name| value?.get(name));
        value.is_some() && !self.changes(attribute)
    }

    /// Whether an attribute is a property that changes, or lies within one or around one.
    fn changes(&self, attribute: &str) -> bool {
        let overlaps =
            |changed: &Vec<String>| attribute.split('.').zip(changed).all(|(a, b)| a == b);
        self.properties.iter().any(overlaps)
    }
}
