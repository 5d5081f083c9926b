//! Mappings: tables in a template.

use crate::{Function, Reference, Value};

/// A table in a template, read by two keys.
///
/// ```
/// # let stack = dsl::testing::app().stack("web");
/// let images = stack.mapping("Images", [
///     ("us-east-1", [("arm", "ami-1"), ("x86", "ami-2")]),
///     ("eu-west-1", [("arm", "ami-3"), ("x86", "ami-4")]),
/// ]);
/// let image = images.find::<String>(dsl::aws::region(), "arm");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping(pub(crate) Reference);

impl Mapping {
    /// The entry under two keys (`Fn::FindInMap`).
    pub fn find<T>(
        &self,
        top: impl Into<Value<String>>,
        second: impl Into<Value<String>>,
    ) -> Value<T> {
        self.entry(top.into(), second.into(), None)
    }

    /// The entry under two keys, or another value when there is none; takes the transform `AWS::LanguageExtensions`.
    pub fn find_or<T>(
        &self,
        top: impl Into<Value<String>>,
        second: impl Into<Value<String>>,
        default: impl Into<Value<T>>,
    ) -> Value<T> {
        self.entry(top.into(), second.into(), Some(default.into()))
    }

    fn entry<T>(
        &self,
        top: Value<String>,
        second: Value<String>,
        default: Option<Value<T>>,
    ) -> Value<T> {
        Value::from_expression(
            Function::FindInMap {
                mapping: self.clone(),
                top: top.into_expression(),
                second: second.into_expression(),
                default: default.map(Value::into_expression),
            }
            .into(),
        )
    }
}
