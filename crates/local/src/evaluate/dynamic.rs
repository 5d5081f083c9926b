//! Dynamic references, `{{resolve:ssm:/name:1}}`. Plain parameters are resolved; secrets are left as they stand, so
//! that no secret's value enters the state.

use serde_json::Value;

use super::{Failure, Lookups};

const START: &str = "{{resolve:";

/// Resolves every reference within a value.
pub(super) fn resolve(value: &mut Value, lookups: &dyn Lookups) -> Result<(), Failure> {
    match value {
        Value::String(text) if text.contains(START) => {
            *text = resolve_text(text, lookups)?;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, lookups)),
        Value::Object(members) => members
            .values_mut()
            .try_for_each(|member| resolve(member, lookups)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn resolve_text(text: &str, lookups: &dyn Lookups) -> Result<String, Failure> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        let Some(length) = rest[start..].find("}}") else {
            break;
        };
        let end = start + length + 2;
        result.push_str(&rest[..start]);
        let inner = &rest[start + START.len()..end - 2];
        match inner.split_once(':') {
            Some(("ssm", name)) => result.push_str(&lookups.stored_parameter(name)?),
            Some(("ssm-secure" | "secretsmanager", _)) => result.push_str(&rest[start..end]),
            _ => {
                return Err(Failure::new(format!(
                    "Incorrect format is used in the following reference: [{}]",
                    &rest[start..end]
                )));
            }
        }
        rest = &rest[end..];
    }
    result.push_str(rest);
    Ok(result)
}
