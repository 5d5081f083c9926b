//! What the expressions of a value make use of.

use serde_json::Value;

use crate::meaning::{Part, intrinsic, parts};

/// One use that an expression makes of something else in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use<'v> {
    /// The value of a parameter or the name of a resource.
    Reference(&'v str),
    /// An attribute of a resource, whichever.
    Attribute(&'v str),
    /// A value in a mapping; `None` where the mapping's name is itself worked out.
    Mapping(Option<&'v str>),
    /// The outcome of a condition.
    Condition(&'v str),
    /// An output of another stack: its CloudFormation name and the output's.
    Output(&'v str, &'v str),
}

/// Tells `visit` every use that a value makes of something else.
pub(crate) fn uses<'v>(value: &'v Value, visit: &mut impl FnMut(Use<'v>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| uses(item, visit)),
        Value::Object(entries) => {
            if let Some((name, argument)) = intrinsic(entries) {
                own_use(name, argument, visit);
            }
            for value in entries.values() {
                uses(value, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn own_use<'v>(name: &str, argument: &'v Value, visit: &mut impl FnMut(Use<'v>)) {
    match name {
        "Ref" => {
            if let Some(target) = argument.as_str() {
                visit(Use::Reference(target));
            }
        }
        "Fn::GetAtt" => attribute(argument, visit),
        "Fn::Sub" => {
            let (text, variables) = match argument {
                Value::Array(items) => (items.first(), items.get(1)),
                text => (Some(text), None),
            };
            for part in parts(text.and_then(Value::as_str).unwrap_or_default()) {
                match part {
                    Part::Literal(_) => {}
                    Part::Variable(name)
                        if variables.is_some_and(|all| all.get(name).is_some()) => {}
                    Part::Variable(name) => match name.split_once('.') {
                        Some((target, _)) => visit(Use::Attribute(target)),
                        None => visit(Use::Reference(name)),
                    },
                }
            }
        }
        "Fn::GetStackOutput" => {
            if let Some((stack_name, output)) = output_of(argument) {
                visit(Use::Output(stack_name, output));
            }
        }
        "Fn::FindInMap" => visit(Use::Mapping(argument.get(0).and_then(Value::as_str))),
        "Fn::If" => {
            if let Some(condition) = argument.get(0).and_then(Value::as_str) {
                visit(Use::Condition(condition));
            }
        }
        _ => {}
    }
}

/// The stack of this account and region, and its output, that the argument of a `Fn::GetStackOutput` names; nothing where
/// it names them by expressions, or one that is elsewhere.
pub(crate) fn output_of(argument: &Value) -> Option<(&str, &str)> {
    let text = |name: &str| argument.get(name)?.as_str();
    let is_elsewhere = argument.get("Region").is_some() || argument.get("RoleArn").is_some();
    Some((text("StackName")?, text("OutputName")?)).filter(|_| !is_elsewhere)
}

fn attribute<'v>(argument: &'v Value, visit: &mut impl FnMut(Use<'v>)) {
    let target = match argument {
        Value::String(text) => text.split_once('.').map(|(target, _)| target),
        Value::Array(items) => items.first().and_then(Value::as_str),
        _ => None,
    };
    if let Some(target) = target {
        visit(Use::Attribute(target));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_use_is_told() {
        let value = json!({
            "A": {"Ref": "One"},
            "B": [{"Fn::GetAtt": ["Two", "Endpoint.Port"]}, {"Fn::GetAtt": "Two.Arn"}],
            "C": {"Fn::Sub": ["${Three}-${Own}-${Four.Arn}-${!Five}", {"Own": {"Ref": "Six"}}]},
            "D": {"Fn::If": ["Live", {"Ref": "Seven"}, {"Fn::FindInMap": ["Map", "a", "b"]}]},
            "E": {"Fn::GetStackOutput": {"StackName": "near", "OutputName": "Id"}},
            "F": {"Fn::GetStackOutput": {"StackName": "far", "OutputName": "Id", "Region": "eu-west-1"}}
        });
        let mut found = Vec::new();
        uses(&value, &mut |found_use| found.push(found_use));
        assert_eq!(
            found,
            [
                Use::Reference("One"),
                Use::Attribute("Two"),
                Use::Attribute("Two"),
                Use::Reference("Three"),
                Use::Attribute("Four"),
                Use::Reference("Six"),
                Use::Condition("Live"),
                Use::Reference("Seven"),
                Use::Mapping(Some("Map")),
                Use::Output("near", "Id"),
            ]
        );
    }
}
