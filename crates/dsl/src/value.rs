//! Typed values: what the properties of resources are made of.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use crate::{Expression, Function, Object};

/// A value of type `T`, known now or known to CloudFormation when it deploys.
///
/// Literals become values by themselves (`"name"`, `12`, `true`, lists, maps); the handles of resources give the rest.
/// `T` says what the value means, so that an ARN does not end up where a name is wanted:
///
/// ```compile_fail
/// # use dsl::{Arn, Value};
/// fn bucket_name(name: impl Into<Value<String>>) {}
/// let arn: Value<Arn> = "arn:aws:s3:::reports".into();
/// bucket_name(arn);
/// ```
pub struct Value<T> {
    expression: Expression,
    of: PhantomData<fn() -> T>,
}

/// Marks a value as an Amazon Resource Name, which is not a name.
#[derive(Clone, Copy, Debug)]
pub enum Arn {}

/// Marks a value as a map from text to `T`.
pub struct Map<T>(PhantomData<fn() -> T>);

/// A JSON document, where a resource takes one: a policy, a dashboard, a state machine.
pub type Json = serde_json::Value;

/// A structure or enumeration that a property takes; the crate `resources` has one for each there is.
///
/// One conversion for all of them, in place of one each, keeps the compiler from weighing thousands of conversions
/// against every setter.
pub trait Part {
    /// The part in CloudFormation's words.
    fn into_expression(self) -> Expression;
}

impl<T: Part> From<T> for Value<T> {
    fn from(part: T) -> Self {
        Self::from_expression(part.into_expression())
    }
}

impl<T> Value<T> {
    /// Makes a value of JSON as it stands, whatever its type: the way around the types, when they are behind AWS.
    pub fn raw(json: Json) -> Self {
        Self::from_expression(Expression::Json(json))
    }

    /// Makes a value of an expression, whatever its type.
    pub fn from_expression(expression: Expression) -> Self {
        Self {
            expression,
            of: PhantomData,
        }
    }

    /// The value as another type, for the rare place where the types are stricter than CloudFormation.
    pub fn cast<U>(self) -> Value<U> {
        Value::from_expression(self.expression)
    }

    /// What the value holds.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// What the value holds, without the value.
    pub fn into_expression(self) -> Expression {
        self.expression
    }
}

impl<T> Value<Vec<T>> {
    /// One element, counted from zero (`Fn::Select`).
    pub fn get(&self, index: impl Into<Value<i64>>) -> Value<T> {
        Value::from_expression(
            Function::Select {
                index: index.into().into_expression(),
                list: self.expression.clone(),
            }
            .into(),
        )
    }

    /// The elements with a delimiter between them (`Fn::Join`).
    pub fn join(&self, delimiter: &str) -> Value<String> {
        Value::from_expression(
            Function::Join {
                delimiter: delimiter.to_owned(),
                list: self.expression.clone(),
            }
            .into(),
        )
    }
}

impl Value<String> {
    /// The text cut at each delimiter (`Fn::Split`).
    pub fn split(&self, delimiter: &str) -> Value<Vec<String>> {
        Value::from_expression(
            Function::Split {
                delimiter: delimiter.to_owned(),
                text: self.expression.clone(),
            }
            .into(),
        )
    }
}

/// Whether `T` is a list. Outputs of stacks are texts, so a list that crosses from stack to stack travels joined.
pub(crate) fn is_list<T>() -> bool {
    // Stable Rust cannot ask an unbounded `T` whether it is a `Vec`; its name can, and a test holds the name in place.
    std::any::type_name::<T>().starts_with("alloc::vec::Vec<")
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self::from_expression(self.expression.clone())
    }
}

impl<T> fmt::Debug for Value<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(formatter)
    }
}

impl<T> PartialEq for Value<T> {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl<T> From<&Self> for Value<T> {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}

macro_rules! from_literals {
    ($($literal:ty => $($of:ty),+;)*) => {$($(
        impl From<$literal> for Value<$of> {
            fn from(literal: $literal) -> Self {
                Self::from_expression(literal.into())
            }
        }
    )+)*};
}

from_literals! {
    &str => String, Arn;
    &String => String, Arn;
    String => String, Arn;
    bool => bool;
    i64 => i64;
    i32 => i64;
    i16 => i64;
    u32 => i64;
    u16 => i64;
    u8 => i64;
    f64 => f64;
    Json => Json;
    Object => Json;
}

macro_rules! numbers_from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Value<f64> {
            fn from(integer: $integer) -> Self {
                Self::from_expression(integer.into())
            }
        }
    )*};
}
numbers_from_integers!(i64, i32, i16, u32, u16, u8);

impl From<&Json> for Value<Json> {
    fn from(json: &Json) -> Self {
        Self::raw(json.clone())
    }
}

fn list<T, U: Into<Value<T>>>(elements: impl IntoIterator<Item = U>) -> Value<Vec<T>> {
    let elements = elements.into_iter();
    Value::from_expression(Expression::List(
        elements
            .map(|element| element.into().into_expression())
            .collect(),
    ))
}

impl<T, U: Into<Value<T>>, const N: usize> From<[U; N]> for Value<Vec<T>> {
    fn from(elements: [U; N]) -> Self {
        list(elements)
    }
}

impl<T, U: Into<Value<T>>> From<Vec<U>> for Value<Vec<T>> {
    fn from(elements: Vec<U>) -> Self {
        list(elements)
    }
}

impl<T, U: Clone + Into<Value<T>>> From<&[U]> for Value<Vec<T>> {
    fn from(elements: &[U]) -> Self {
        list(elements.iter().cloned())
    }
}

impl<T, U: Clone + Into<Value<T>>> From<&Vec<U>> for Value<Vec<T>> {
    fn from(elements: &Vec<U>) -> Self {
        list(elements.iter().cloned())
    }
}

impl<T, U: Clone + Into<Value<T>>, const N: usize> From<&[U; N]> for Value<Vec<T>> {
    fn from(elements: &[U; N]) -> Self {
        list(elements.iter().cloned())
    }
}

impl<T, K: Into<String>, U: Into<Value<T>>> From<BTreeMap<K, U>> for Value<Map<T>> {
    fn from(entries: BTreeMap<K, U>) -> Self {
        let entries = entries.into_iter();
        let entries = entries
            .map(|(key, value)| (Cow::Owned(key.into()), value.into().into_expression()))
            .collect();
        Object::from_distinct(entries).into_value()
    }
}

impl<T, K: Into<String>, U: Into<Value<T>>, const N: usize> From<[(K, U); N]> for Value<Map<T>> {
    fn from(entries: [(K, U); N]) -> Self {
        Vec::from(entries).into()
    }
}

impl<T, K: Into<String>, U: Into<Value<T>>> From<Vec<(K, U)>> for Value<Map<T>> {
    fn from(entries: Vec<(K, U)>) -> Self {
        let mut object = Object::new();
        for (key, value) in entries {
            object.insert(key.into(), value.into());
        }
        object.into_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_known_by_its_type() {
        assert!(is_list::<Vec<String>>());
        assert!(is_list::<Vec<Arn>>());
        assert!(!is_list::<String>());
        assert!(!is_list::<Map<Vec<String>>>());
    }

    #[test]
    fn literals_become_values() {
        let list: Value<Vec<String>> = ["a", "b"].into();
        let same: Value<Vec<String>> = vec!["a".to_owned(), "b".to_owned()].into();
        assert_eq!(list, same);
        let map: Value<Map<i64>> = [("b", 1), ("a", 2)].into();
        let Expression::Object(map) = map.expression() else {
            panic!("a map is an object");
        };
        let keys: Vec<_> = map.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["b", "a"], "a map keeps the order it was written in");
    }
}
