//! Where a value stands, and so how it compares.

use serde_json::Value;

use crate::{Facts, Form, policy};

/// How values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In the properties of a resource: scalars by their text, lists as the facts say.
    Property,
    /// In a JSON document: scalars by type and value, lists in order.
    Document,
    /// In a policy document: a lone value is a list of one, no list has an order.
    Policy,
    /// In the argument of an expression: scalars by their text, lists in order.
    Argument,
    /// To be shown, not compared: everything as it is written.
    Shown,
}

/// Where a value stands: a chain of keys up to the properties of a resource.
#[derive(Clone, Copy)]
pub(crate) struct Place<'p> {
    facts: &'p dyn Facts,
    type_name: &'p str,
    parent: Option<&'p Self>,
    /// The key of the value, `*` for an element of a list; empty at the top.
    pub(crate) key: &'p str,
    pub(crate) mode: Mode,
}

impl<'p> Place<'p> {
    /// The properties of a resource.
    pub(crate) fn properties(facts: &'p dyn Facts, type_name: &'p str) -> Self {
        Self {
            facts,
            type_name,
            parent: None,
            key: "",
            mode: Mode::Property,
        }
    }

    /// Somewhere outside the properties of a resource.
    pub(crate) fn elsewhere(facts: &'p dyn Facts, mode: Mode) -> Self {
        Self {
            mode,
            ..Self::properties(facts, "")
        }
    }

    /// The place of a member or an element within.
    pub(crate) fn child<'c>(&'c self, key: &'c str) -> Place<'c> {
        Place {
            parent: Some(self),
            key,
            ..*self
        }
    }

    /// The same place where another mode rules.
    pub(crate) fn with(&self, mode: Mode) -> Self {
        Self { mode, ..*self }
    }

    /// The same place with the mode that rules within this object.
    pub(crate) fn enter(&self, object: &Value) -> Self {
        let mode = match self.mode {
            Mode::Property | Mode::Document if policy::is_document(object) => Mode::Policy,
            Mode::Property if self.is_document() => Mode::Document,
            mode => mode,
        };
        self.with(mode)
    }

    /// Whether a JSON document of its own stands here.
    pub(crate) fn is_document(&self) -> bool {
        self.mode == Mode::Property && self.form() == Form::Document
    }

    /// Whether a list that stands here has no order.
    pub(crate) fn is_set(&self) -> bool {
        match self.mode {
            Mode::Property => self.form() == Form::Set,
            Mode::Policy => true,
            Mode::Document | Mode::Argument | Mode::Shown => false,
        }
    }

    /// The meaning of a scalar that stands here.
    pub(crate) fn scalar(&self, value: &Value) -> Value {
        match self.mode {
            Mode::Document | Mode::Shown => value.clone(),
            Mode::Property | Mode::Argument => Value::String(super::text_of(value)),
            Mode::Policy => policy::scalar(self, super::text_of(value)),
        }
    }

    /// The meaning of a list that stands here, its items' meanings given.
    pub(crate) fn list(&self, mut items: Vec<Value>) -> Value {
        if self.is_set() {
            items.sort_by_cached_key(Value::to_string);
            if self.mode == Mode::Policy {
                items.dedup();
            }
        }
        Value::Array(items)
    }

    /// Whether two lists that stand here and have no order are the same, the texts of their items' meanings given.
    pub(crate) fn is_same_set(&self, texts: &[Vec<String>; 2]) -> bool {
        let [before, after] = texts.each_ref().map(|texts| {
            let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            texts.sort_unstable();
            if self.mode == Mode::Policy {
                texts.dedup();
            }
            texts
        });
        before == after
    }

    /// The nearest key that is a name: for the element of a list, that of the list.
    pub(crate) fn name(&self) -> &'p str {
        match self.parent {
            Some(parent) if self.key == "*" => parent.name(),
            _ => self.key,
        }
    }

    fn form(&self) -> Form {
        if self.type_name.is_empty() {
            return Form::Plain;
        }
        let mut path = Vec::with_capacity(8);
        let mut place = self;
        while let Some(parent) = place.parent {
            path.push(place.key);
            place = parent;
        }
        path.reverse();
        self.facts.form(self.type_name, &path)
    }
}
