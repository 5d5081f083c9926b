//! Intrinsic functions that are not methods of a value.

use crate::{Expression, Function, Object, Value};

/// The elements of a list with a delimiter between them (`Fn::Join`).
pub fn join(delimiter: &str, list: impl Into<Value<Vec<String>>>) -> Value<String> {
    list.into().join(delimiter)
}

/// A text in Base64 (`Fn::Base64`), as user data of instances has it.
pub fn base64(text: impl Into<Value<String>>) -> Value<String> {
    value(Function::Base64(text.into().into()))
}

/// Address blocks within a range (`Fn::Cidr`): how many, and how many bits of an address number the hosts of each.
///
/// ```
/// let blocks = dsl::cidr("10.0.0.0/16", 4, 8); // 10.0.0.0/24, 10.0.1.0/24, …
/// let first = blocks.get(0);
/// ```
pub fn cidr(
    block: impl Into<Value<String>>,
    count: impl Into<Value<i64>>,
    bits: impl Into<Value<i64>>,
) -> Value<Vec<String>> {
    value(Function::Cidr {
        block: block.into().into(),
        count: count.into().into(),
        bits: bits.into().into(),
    })
}

/// The availability zones of a region (`Fn::GetAZs`).
pub fn availability_zones(region: impl Into<Value<String>>) -> Value<Vec<String>> {
    value(Function::AvailabilityZones(region.into().into()))
}

/// An export of any stack of the account and region (`Fn::ImportValue`). Stacks of this app need no name: use the handle.
pub fn import_value<T>(name: impl Into<Value<String>>) -> Value<T> {
    value(Function::ImportValue(name.into().into()))
}

/// What a macro makes of parameters (`Fn::Transform`).
pub fn transform<T>(name: &str, parameters: Object) -> Value<T> {
    value(Function::Transform {
        name: name.to_owned(),
        parameters,
    })
}

/// A list or an object as JSON in a text (`Fn::ToJsonString`); takes the transform `AWS::LanguageExtensions`.
pub fn to_json_string(of: impl Into<Expression>) -> Value<String> {
    value(Function::ToJsonString(of.into()))
}

/// How many elements a list has (`Fn::Length`); takes the transform `AWS::LanguageExtensions`.
pub fn length<T>(list: impl Into<Value<Vec<T>>>) -> Value<i64> {
    value(Function::Length(list.into().into()))
}

/// An output of any stack, of another region or account if need be (`Fn::GetStackOutput`). Stacks of this app need no name: use
/// the handle.
///
/// ```
/// # use dsl::{StackOutput, Value};
/// let vpc: Value<String> = StackOutput::new("network", "VpcId").region("eu-west-1").value();
/// ```
#[derive(Clone, Debug)]
pub struct StackOutput {
    stack: Value<String>,
    output: Value<String>,
    region: Option<Value<String>>,
    role: Option<Value<crate::Arn>>,
}

impl StackOutput {
    /// An output by the CloudFormation name of its stack, and its own.
    pub fn new(stack: impl Into<Value<String>>, output: impl Into<Value<String>>) -> Self {
        Self {
            stack: stack.into(),
            output: output.into(),
            region: None,
            role: None,
        }
    }

    /// Says which region the stack is in.
    #[must_use]
    pub fn region(mut self, region: impl Into<Value<String>>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Says which role of the stack's account reads it.
    #[must_use]
    pub fn role(mut self, role: impl Into<Value<crate::Arn>>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// The value.
    pub fn value<T>(self) -> Value<T> {
        value(Function::StackOutput {
            stack: self.stack.into(),
            output: self.output.into(),
            region: self.region.map(Into::into),
            role: self.role.map(Into::into),
        })
    }
}

fn value<T>(function: Function) -> Value<T> {
    Value::from_expression(function.into())
}
