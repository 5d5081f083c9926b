//! What the endpoint asks of the facts about resource types.

use schema::{AdditionalProperties, Kind, PropertyPath, ResourceType};
use serde_json::Value;

/// Types the facts hold no schema of, yet CloudFormation accepts.
fn is_unlisted(name: &str) -> bool {
    name.starts_with("Custom::") || name == "AWS::CDK::Metadata" || name.ends_with("::MODULE")
}

/// Whether CloudFormation accepts the type.
pub(crate) fn is_known(name: &str) -> bool {
    is_unlisted(name) || schema::resource_type(name).is_some()
}

/// Whether a change replaces the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Recreation {
    /// It does not.
    Never,
    /// It may, under conditions the facts do not know.
    Conditionally,
    /// It does.
    Always,
}

impl Recreation {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::Conditionally => "Conditionally",
            Self::Always => "Always",
        }
    }
}

/// Whether a change of the value at a path of the properties replaces the resource.
///
/// A whole object that comes or goes counts when it holds a create-only property.
pub(crate) fn recreation(
    type_name: &str,
    path: &[&str],
    before: Option<&Value>,
    after: Option<&Value>,
) -> Recreation {
    let Some(facts) = schema::resource_type(type_name) else {
        return Recreation::Never;
    };
    let strikes = |property: &PropertyPath| {
        property.covers(path)
            || property.is_within(path) && {
                let rest = &property.segments()[path.len()..];
                let before = before.map(|value| at(value, rest)).unwrap_or_default();
                let after = after.map(|value| at(value, rest)).unwrap_or_default();
                before != after
            }
    };
    if facts.create_only.iter().any(strikes) {
        Recreation::Always
    } else if facts.conditional_create_only.iter().any(strikes) {
        Recreation::Conditionally
    } else {
        Recreation::Never
    }
}

/// Whether what stands at a path of the properties is a document without a form of its own, such as a policy.
pub(crate) fn holds_document(type_name: &str, path: &[&str]) -> bool {
    let shape = schema::resource_type(type_name).and_then(|facts| facts.shape_at(path));
    shape.is_some_and(|shape| {
        let is_free = shape.properties.is_empty()
            && shape.pattern_properties.is_empty()
            && shape.branches().next().is_none()
            && shape.additional_properties() == AdditionalProperties::Any;
        // What may be given as text as well is a document, whatever else is known of it.
        shape.kinds.contains(Kind::Object) && (is_free || shape.kinds.contains(Kind::String))
    })
}

/// The values at a path that may have wildcards.
fn at<'a>(value: &'a Value, path: &[String]) -> Vec<&'a Value> {
    let Some((segment, rest)) = path.split_first() else {
        return vec![value];
    };
    match value {
        Value::Array(items) if segment == "*" => {
            items.iter().flat_map(|item| at(item, rest)).collect()
        }
        Value::Object(members) if segment == "*" => members
            .values()
            .flat_map(|member| at(member, rest))
            .collect(),
        Value::Object(members) => members
            .get(segment)
            .map_or_else(Vec::new, |member| at(member, rest)),
        _ => Vec::new(),
    }
}

/// The facts of a type.
pub(crate) fn of(type_name: &str) -> Option<&'static ResourceType> {
    schema::resource_type(type_name)
}
