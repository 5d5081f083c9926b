//! Declarations of parameters, and values for them.

use serde_json::Value;

use super::{
    context::{Context, is_list_type, is_loop},
    limits::PARAMETER_VALUE,
    patterns, scalars,
};
use crate::{
    finding::{Findings, Path, kind, shown},
    function::Function,
    model::{Members, Section},
    rules,
};

const MEMBERS: [&str; 11] = [
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// Types whose values are names and ids of what exists in the account.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
const RESOURCE_TYPES: [&str; 10] = [
    "AWS::EC2::AvailabilityZone::Name",
    "AWS::EC2::Image::Id",
    "AWS::EC2::Instance::Id",
    "AWS::EC2::KeyPair::KeyName",
    "AWS::EC2::SecurityGroup::GroupName",
    "AWS::EC2::SecurityGroup::Id",
    "AWS::EC2::Subnet::Id",
    "AWS::EC2::VPC::Id",
    "AWS::EC2::Volume::Id",
    "AWS::Route53::HostedZone::Id",
];

/// Why a value is not good for a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParameterError(String);

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut path = Path::new(&[Section::Parameters.key()]);
    for (name, declaration) in context.parameters.into_iter().flatten() {
        if is_loop(name) || name == Function::Transform.key() {
            continue;
        }
        path.push(name);
        match declaration {
            Value::Object(members) => parameter(findings, &mut path, members),
            Value::Null => {}
            other => {
                let message = format!("a declaration must be a mapping, this is {}", kind(other));
                findings.add(&rules::WRONG_SHAPE, &path, message);
            }
        }
        path.pop();
    }
}

fn parameter<'a>(findings: &mut Findings, path: &mut Path<'a>, members: &'a Members) {
    match members.get("Type") {
        None => findings.add(&rules::MISSING_MEMBER, path, "a parameter needs a `Type`"),
        Some(Value::String(name)) if is_type(name) => {}
        Some(Value::String(name)) => {
            let plain = ["String", "Number", "CommaDelimitedList", "List<Number>"];
            let lists = RESOURCE_TYPES.map(|name| format!("List<{name}>"));
            let candidates = plain.into_iter().chain(RESOURCE_TYPES);
            let nearest =
                findings.suggestion(name, candidates.chain(lists.iter().map(String::as_str)));
            let message = format!(
                "`{}` is not a type of parameters{nearest}",
                shown(&name.as_str().into())
            );
            findings.add_at(&rules::PARAMETER, path, "Type", message);
        }
        Some(Value::Null) => {}
        Some(other) => {
            let message = format!("`Type` must be a string, this is {}", kind(other));
            findings.add_at(&rules::PARAMETER, path, "Type", message);
        }
    }
    for (key, value) in members {
        path.push(key);
        member(findings, path, key, value);
        path.pop();
    }
    if let Some(default) = members.get("Default") {
        path.push("Default");
        default_value(findings, path, members, default);
        path.pop();
    }
}

fn member<'a>(findings: &mut Findings, path: &mut Path<'a>, key: &str, value: &'a Value) {
    let scalar = scalars::text(value);
    let wrong = |takes: &str| format!("`{key}` must be {takes}, this is `{}`", shown(value));
    match key {
        _ if value.is_null() => {}
        "Type" => {}
        "Default" | "AllowedPattern" | "ConstraintDescription" | "Description" => {
            if scalar.is_none() {
                findings.add(&rules::PARAMETER, path, wrong("a string"));
            }
        }
        "AllowedValues" => match value {
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    path.push_index(index);
                    match scalars::text(value) {
                        Some(text) => PARAMETER_VALUE.check(text.len(), path, findings),
                        None if value.is_null() => {}
                        None => {
                            let message = "`AllowedValues` is a list of strings, without functions";
                            findings.add(&rules::PARAMETER, path, message);
                        }
                    }
                    path.pop();
                }
            }
            _ => findings.add(&rules::PARAMETER, path, wrong("a list")),
        },
        "MinLength" | "MaxLength" | "MinValue" | "MaxValue" => {
            if scalars::number(value).is_none() {
                findings.add(&rules::PARAMETER, path, wrong("a number"));
            }
        }
        "NoEcho" => {
            let is_boolean = scalar.is_some_and(|text| {
                text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
            });
            if !is_boolean {
                findings.add(&rules::PARAMETER, path, wrong("true or false"));
            }
        }
        _ => {
            let nearest = findings.suggestion(key, MEMBERS);
            let message = format!("a parameter has no `{}`{nearest}", shown(&key.into()));
            findings.add(&rules::UNKNOWN_MEMBER, path, message);
        }
    }
}

fn default_value(findings: &mut Findings, path: &Path<'_>, members: &Members, default: &Value) {
    let Some(text) = scalars::text(default) else {
        return;
    };
    if let Some(message) = PARAMETER_VALUE.exceeded(text.len()) {
        findings.add(&rules::LIMIT, path, message);
    } else if let Err(error) = check_value(members, default, &text) {
        findings.add(&rules::PARAMETER, path, format!("the default {error}"));
    }
}

/// Whether a type is one that parameters may have.
fn is_type(name: &str) -> bool {
    let is_plain =
        |name: &str| matches!(name, "String" | "Number") || RESOURCE_TYPES.contains(&name);
    let is_listed = |name: &str| {
        name == "CommaDelimitedList"
            || name
                .strip_prefix("List<")
                .and_then(|inner| inner.strip_suffix('>'))
                .is_some_and(is_plain)
    };
    let inner = name
        .strip_prefix("AWS::SSM::Parameter::Value<")
        .and_then(|inner| inner.strip_suffix('>'));
    match inner {
        Some(inner) => is_plain(inner) || is_listed(inner) || inner == "AWS::SSM::Parameter::Name",
        None => is_plain(name) || is_listed(name) || name == "AWS::SSM::Parameter::Name",
    }
}

/// Checks a value against the declaration of its parameter: type, `AllowedValues`, `AllowedPattern`, lengths and range.
///
/// The value of an SSM parameter is not known here; only its name is given, which has no constraint but the limit.
///
/// # Errors
/// The value breaks one of the constraints; the message says which.
pub fn check_parameter_value(declaration: &Value, value: &str) -> Result<(), ParameterError> {
    if let Some(message) = PARAMETER_VALUE.exceeded(value.len()) {
        return Err(ParameterError(message));
    }
    match declaration.as_object() {
        Some(members) => check_value(members, &Value::from(value), value),
        None => Ok(()),
    }
}

fn check_value(members: &Members, value: &Value, text: &str) -> Result<(), ParameterError> {
    let parameter_type = members
        .get("Type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if parameter_type.starts_with("AWS::SSM::Parameter::Value<") {
        return Ok(());
    }
    let is_list = is_list_type(parameter_type);
    let is_allowed_whole = members
        .get("AllowedValues")
        .and_then(Value::as_array)
        .is_some_and(|allowed| allowed.iter().any(|allowed| scalars::same(allowed, value)));
    let elements: Vec<&str> = if is_list && is_allowed_whole {
        Vec::new()
    } else if is_list {
        text.split(',').map(str::trim).collect()
    } else {
        vec![text]
    };
    for element in &elements {
        check_element(members, parameter_type, element, is_list)?;
    }
    let length = text.chars().count();
    let limit = |key: &str| members.get(key).and_then(scalars::number);
    // Lengths and patterns are for single strings.
    if !is_list && parameter_type != "Number" {
        // Character counts are far below where `f64` loses whole numbers.
        let length_number = f64::from(u32::try_from(length).unwrap_or(u32::MAX));
        if limit("MinLength").is_some_and(|least| length_number < least) {
            return Err(error(
                value,
                &format!(
                    "is shorter than the {} characters of `MinLength`",
                    shown(&members["MinLength"])
                ),
            ));
        }
        if limit("MaxLength").is_some_and(|most| length_number > most) {
            return Err(error(
                value,
                &format!(
                    "is longer than the {} characters of `MaxLength`",
                    shown(&members["MaxLength"])
                ),
            ));
        }
        if let Some(pattern) = members.get("AllowedPattern").and_then(Value::as_str)
            && patterns::matches_whole(pattern, text) == Some(false)
        {
            return Err(error(
                value,
                &format!(
                    "does not match `AllowedPattern` `{}`",
                    shown(&pattern.into())
                ),
            ));
        }
    }
    Ok(())
}

fn check_element(
    members: &Members,
    parameter_type: &str,
    element: &str,
    is_list: bool,
) -> Result<(), ParameterError> {
    if is_list && element.is_empty() {
        return Ok(());
    }
    let value = Value::from(element);
    if let Some(Value::Array(allowed)) = members.get("AllowedValues") {
        let is_allowed = allowed.iter().any(|allowed| scalars::same(allowed, &value));
        if !is_allowed {
            let listed: Vec<String> = allowed
                .iter()
                .take(8)
                .map(|value| format!("`{}`", shown(value)))
                .collect();
            return Err(error(
                &value,
                &format!("is not one of `AllowedValues`: {}", listed.join(", ")),
            ));
        }
    }
    if matches!(parameter_type, "Number" | "List<Number>") {
        let Some(number) = scalars::number(&value) else {
            return Err(error(&value, "is not a number"));
        };
        let limit = |key: &str| members.get(key).and_then(scalars::number);
        if limit("MinValue").is_some_and(|least| number < least) {
            return Err(error(
                &value,
                &format!("is less than `MinValue` {}", shown(&members["MinValue"])),
            ));
        }
        if limit("MaxValue").is_some_and(|most| number > most) {
            return Err(error(
                &value,
                &format!("is greater than `MaxValue` {}", shown(&members["MaxValue"])),
            ));
        }
    }
    Ok(())
}

fn error(value: &Value, what: &str) -> ParameterError {
    ParameterError(format!("`{}` {what}", shown(value)))
}
