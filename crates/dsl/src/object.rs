//! Properties by name, in the order they were written.

use std::borrow::Cow;

use crate::{Expression, Value};

/// Properties by name, in the order they were written. A later value for the same name takes the earlier one's place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    entries: Vec<(Cow<'static, str>, Expression)>,
}

impl Object {
    /// Makes an empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a typed property; `None` leaves it out.
    pub fn set<T>(&mut self, key: &'static str, value: Option<Value<T>>) {
        if let Some(value) = value {
            self.insert(key, value.into_expression());
        }
    }

    /// Sets a property of any kind and gives the object back.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Expression>) -> Self {
        self.insert(key, value);
        self
    }

    /// Sets a property of any kind.
    pub fn insert(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Expression>) {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(place) => *place = value,
            None => self.entries.push((key, value)),
        }
    }

    /// The object as a typed value.
    pub fn into_value<T>(self) -> Value<T> {
        Value::from_expression(Expression::Object(self))
    }

    /// The value of a property.
    pub fn get(&self, key: &str) -> Option<&Expression> {
        let mut entries = self.entries.iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The value of a property, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Expression> {
        let mut entries = self.entries.iter_mut();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// Removes a property and gives its value.
    pub fn remove(&mut self, key: &str) -> Option<Expression> {
        let position = self.entries.iter().position(|(name, _)| name == key)?;
        Some(self.entries.remove(position).1)
    }

    /// The properties, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Expression)> {
        self.entries
            .iter()
            .map(|(key, value)| (key.as_ref(), value))
    }

    /// Whether it has no properties.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Makes an object of pairs whose keys are known to differ.
    pub(crate) fn from_distinct(entries: Vec<(Cow<'static, str>, Expression)>) -> Self {
        Self { entries }
    }
}
