//! What a value of a template means: two values that CloudFormation treats alike have one meaning.
//!
//! Expressions are worked out as far as parameters, mappings and conditions are known; what is left are references to
//! resources and what only AWS knows. Texts joined in different ways become one form.

mod condition;
mod expression;
mod extent;
mod place;
mod possible;
mod side;
mod text;

use serde_json::{Map, Value};

pub(crate) use place::{Mode, Place};
pub(crate) use possible::may_be_same;
pub(crate) use side::{Side, is_secret, sides};
pub(crate) use text::{Part, parts, text_of};

use crate::policy;

/// The mark of what is not known and comes to something else than before.
const CHANGED: &str = "changed";
/// The mark of what is not known and may come to something else than before.
const MAY_CHANGE: &str = "may change";

/// The name and the argument of an expression, where the object is one.
pub(crate) fn intrinsic(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    if entries.len() != 1 {
        return None;
    }
    let (name, argument) = entries.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

/// A member of an object, as `get` finds it. Most objects of a template have few members: to go over these is quicker than
/// to hash the name.
pub(crate) fn member<'v>(entries: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    const FEW: usize = 8;
    if entries.len() > FEW {
        return entries.get(name);
    }
    let mut entries = entries.iter();
    let found = entries.find(|(key, _)| *key == name);
    found.map(|(_, value)| value)
}

/// An expression with its argument.
fn expression_of(name: &str, argument: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), argument)]))
}

/// Whether nothing of a meaning is left to be worked out.
pub(crate) fn is_literal(meaning: &Value) -> bool {
    match meaning {
        Value::Array(items) => items.iter().all(is_literal),
        Value::Object(entries) => intrinsic(entries).is_none() && entries.values().all(is_literal),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

impl Side<'_> {
    /// What a value at a place means; `None` where it stands for nothing at all (`AWS::NoValue`).
    pub(crate) fn meaning(&self, value: &Value, place: &Place<'_>) -> Option<Value> {
        match value {
            Value::Null => None,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(self.scalar(value, place)),
            Value::Array(items) => {
                let within = place.child("*");
                let items = items.iter().filter_map(|item| self.meaning(item, &within));
                Some(place.list(items.collect()))
            }
            Value::Object(entries) => match intrinsic(entries) {
                Some((name, argument)) => self.expression(name, argument, place),
                None => Some(self.members(entries, &place.enter(value))),
            },
        }
    }

    /// What a property means, wherever expressions of parameters and conditions come to literal values. Lists keep
    /// their order and scalars their types, so that it can be shown.
    pub(crate) fn shown(&self, value: &Value, place: &Place<'_>) -> Option<Value> {
        self.meaning(value, &place.with(Mode::Shown))
    }

    fn scalar(&self, value: &Value, place: &Place<'_>) -> Value {
        if let Value::String(text) = value
            && text.starts_with(['{', '['])
            && place.is_document()
            && let Ok(document) = serde_json::from_str::<Value>(text)
            && let Some(meaning) = self.meaning(&document, &place.with(Mode::Document))
        {
            return meaning;
        }
        place.scalar(value)
    }

    fn members(&self, entries: &Map<String, Value>, place: &Place<'_>) -> Value {
        let mut sorted: Vec<(&String, &Value)> = entries.iter().collect();
        sorted.sort_unstable_by_key(|(key, _)| *key);
        let mut members = Map::with_capacity(sorted.len());
        for (key, value) in sorted {
            let within = place.child(key);
            if let Some(meaning) = self.meaning(value, &within) {
                members.insert(key.clone(), policy::member(&within, meaning));
            }
        }
        if place.mode == Mode::Policy {
            policy::complete(&mut members);
        }
        Value::Object(members)
    }
}
