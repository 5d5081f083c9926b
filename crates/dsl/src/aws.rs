//! Pseudo parameters: what CloudFormation knows about the place a stack is deployed to.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>

use crate::{Arn, Expression, Value};

/// The account's number.
pub fn account_id() -> Value<String> {
    pseudo("AWS::AccountId")
}

/// The region, `us-east-1`.
pub fn region() -> Value<String> {
    pseudo("AWS::Region")
}

/// The partition, `aws` or `aws-cn`; the second part of every ARN.
pub fn partition() -> Value<String> {
    pseudo("AWS::Partition")
}

/// The domain of the partition's services, `amazonaws.com`.
pub fn url_suffix() -> Value<String> {
    pseudo("AWS::URLSuffix")
}

/// The stack's ARN.
pub fn stack_id() -> Value<Arn> {
    pseudo("AWS::StackId")
}

/// The stack's name.
pub fn stack_name() -> Value<String> {
    pseudo("AWS::StackName")
}

/// The topics the stack's events are sent to.
pub fn notification_arns() -> Value<Vec<Arn>> {
    pseudo("AWS::NotificationARNs")
}

/// No value: leaves a property out. Use it where one of two values is "none".
pub fn no_value<T>() -> Value<T> {
    pseudo("AWS::NoValue")
}

fn pseudo<T>(name: &'static str) -> Value<T> {
    Value::from_expression(Expression::Pseudo(name))
}
