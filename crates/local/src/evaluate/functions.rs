//! The intrinsic functions.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Failure, KNOWN_AFTER_APPLY, Scope, cidr, conditions, is_unknown, text_of};

/// Calls a function by name.
pub(super) fn call(
    scope: &Scope<'_>,
    name: &str,
    argument: &Value,
) -> Result<Option<Value>, Failure> {
    let value = match name {
        "Ref" => return scope.reference(&literal(argument, name)?),
        "Fn::If" => return choose(scope, argument),
        "Fn::GetAtt" => get_att(scope, argument)?,
        "Fn::Join" => join(scope, argument)?,
        "Fn::Sub" => substitute(scope, argument)?,
        "Fn::Select" => select(scope, argument)?,
        "Fn::Split" => split(scope, argument)?,
        "Fn::Base64" => {
            let text = scope.string(argument, "Fn::Base64")?;
            if text.contains(KNOWN_AFTER_APPLY) {
                KNOWN_AFTER_APPLY.into()
            } else {
                STANDARD.encode(text).into()
            }
        }
        "Fn::FindInMap" => find_in_map(scope, argument)?,
        "Fn::ImportValue" => {
            let name = scope.string(argument, "Fn::ImportValue")?;
            scope.lookups.import(&name)?
        }
        "Fn::GetStackOutput" => get_stack_output(scope, argument)?,
        "Fn::Cidr" => get_cidr(scope, argument)?,
        "Fn::GetAZs" => get_zones(scope, argument)?,
        "Fn::Length" => match scope.value(argument)? {
            Some(Value::Array(items)) => items.len().into(),
            _ => {
                return Err(Failure::new(
                    "Template error: Fn::Length must resolve to a list",
                ));
            }
        },
        "Fn::ToJsonString" => scope
            .value(argument)?
            .unwrap_or(Value::Null)
            .to_string()
            .into(),
        "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
            conditions::holds_function(scope, name, argument)?.into()
        }
        "Fn::Transform" => return Err(no_transform(scope, argument)),
        _ => {
            return Err(Failure::new(format!(
                "Template format error: Unrecognized function {name}"
            )));
        }
    };
    Ok(Some(value))
}

fn no_transform(scope: &Scope<'_>, argument: &Value) -> Failure {
    let name = argument["Name"].as_str().unwrap_or("<unknown>");
    Failure::new(format!(
        "No transform named {}::{name} found.",
        scope.pseudo.account
    ))
}

fn choose(scope: &Scope<'_>, argument: &Value) -> Result<Option<Value>, Failure> {
    let [Value::String(condition), then, otherwise] = items(argument, "Fn::If")? else {
        return Err(malformed(
            "Fn::If",
            "a list with a condition name and two values",
        ));
    };
    let holds = scope.conditions.get(condition).ok_or_else(|| {
        Failure::new(format!(
            "Template error: unresolved condition dependency: {condition}"
        ))
    })?;
    scope.value(if *holds { then } else { otherwise })
}

fn get_att(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    if let Value::String(text) = argument
        && let Some((resource, attribute)) = text.split_once('.')
    {
        return scope.lookups.attribute(resource, attribute);
    }
    match items(argument, "Fn::GetAtt")? {
        [resource, attribute] => {
            let resource = scope.string(resource, "Fn::GetAtt")?;
            let attribute = scope.string(attribute, "Fn::GetAtt")?;
            scope.lookups.attribute(&resource, &attribute)
        }
        _ => Err(malformed(
            "Fn::GetAtt",
            "two non-empty parameters, the resource name and the resource attribute",
        )),
    }
}

fn join(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let [Value::String(delimiter), list] = items(argument, "Fn::Join")? else {
        return Err(malformed(
            "Fn::Join",
            "a list with a string delimiter and a list of strings",
        ));
    };
    let parts = match scope.value(list)? {
        Some(Value::Array(parts)) => parts,
        Some(Value::String(text)) if text.contains(KNOWN_AFTER_APPLY) => return Ok(text.into()),
        _ => {
            return Err(malformed(
                "Fn::Join",
                "a list with a string delimiter and a list of strings",
            ));
        }
    };
    let texts: Option<Vec<String>> = parts.iter().map(text_of).collect();
    match texts {
        Some(texts) => Ok(texts.join(delimiter).into()),
        None => Err(malformed("Fn::Join", "a list of strings to join")),
    }
}

fn substitute(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let (text, variables) = match argument {
        Value::String(text) => (text, None),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text), Value::Object(variables)] => (text, Some(variables)),
            _ => {
                return Err(malformed(
                    "Fn::Sub",
                    "a string, or a list with a string and a map",
                ));
            }
        },
        _ => {
            return Err(malformed(
                "Fn::Sub",
                "a string, or a list with a string and a map",
            ));
        }
    };
    let mut result = String::new();
    for part in parts_of_sub(text) {
        let name = match part {
            SubPart::Literal(text) => {
                result.push_str(text);
                continue;
            }
            SubPart::Variable(name) => name,
        };
        let value = match variables.and_then(|variables| variables.get(name)) {
            Some(node) => scope.value(node)?,
            None => match name.split_once('.') {
                Some((resource, attribute)) => Some(scope.lookups.attribute(resource, attribute)?),
                None => scope.reference(name)?,
            },
        };
        let text = match &value {
            Some(Value::Array(items)) => {
                let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
                texts.map(|texts| texts.join(","))
            }
            Some(value) => text_of(value),
            None => None,
        };
        match text {
            Some(text) => result.push_str(&text),
            None => {
                return Err(Failure::new(format!(
                    "Template error: variable {name} in Fn::Sub expression does not resolve to a string"
                )));
            }
        }
    }
    Ok(result.into())
}

/// A part of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SubPart<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

/// Takes the text of `Fn::Sub` apart; `${!Name}` stands for `${Name}`.
pub(super) fn parts_of_sub(text: &str) -> Vec<SubPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        parts.push(SubPart::Literal(&rest[..start]));
        let end = start + length;
        let inner = rest[start + 2..end].trim();
        match inner.strip_prefix('!') {
            Some(_) => {
                parts.push(SubPart::Literal("${"));
                parts.push(SubPart::Literal(&rest[start + 3..=end]));
            }
            None => parts.push(SubPart::Variable(inner)),
        }
        rest = &rest[end + 1..];
    }
    parts.push(SubPart::Literal(rest));
    parts
}

fn select(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let [index, list] = items(argument, "Fn::Select")? else {
        return Err(malformed(
            "Fn::Select",
            "a list with an index and a list of values",
        ));
    };
    let index = scope.string(index, "Fn::Select")?;
    let list = match scope.value(list)? {
        Some(Value::Array(list)) => list,
        Some(value) if is_unknown(&value) => return Ok(KNOWN_AFTER_APPLY.into()),
        _ => {
            return Err(malformed(
                "Fn::Select",
                "a list with an index and a list of values",
            ));
        }
    };
    let index: usize = index
        .parse()
        .map_err(|_| malformed("Fn::Select", "an index that is a number"))?;
    list.get(index).cloned().ok_or_else(|| {
        Failure::new(format!(
            "Template error: Fn::Select cannot select nonexistent value at index {index}"
        ))
    })
}

fn split(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let [Value::String(delimiter), source] = items(argument, "Fn::Split")? else {
        return Err(malformed(
            "Fn::Split",
            "a list with a delimiter and a string",
        ));
    };
    let text = scope.string(source, "Fn::Split")?;
    if text.contains(KNOWN_AFTER_APPLY) {
        return Ok(KNOWN_AFTER_APPLY.into());
    }
    if delimiter.is_empty() {
        return Err(malformed("Fn::Split", "a delimiter that is not empty"));
    }
    Ok(text.split(delimiter.as_str()).map(Value::from).collect())
}

fn find_in_map(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let (map, first, second, default) = match items(argument, "Fn::FindInMap")? {
        [map, first, second] => (map, first, second, None),
        [map, first, second, options] => (map, first, second, options.get("DefaultValue")),
        _ => {
            return Err(malformed(
                "Fn::FindInMap",
                "three parameters, the map name, top level key, and second level key",
            ));
        }
    };
    let map = scope.string(map, "Fn::FindInMap")?;
    let first = scope.string(first, "Fn::FindInMap")?;
    let second = scope.string(second, "Fn::FindInMap")?;
    let found = scope
        .document
        .section("Mappings")
        .and_then(|mappings| mappings.get(&map)?.get(&first)?.get(&second));
    match (found, default) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(default)) => Ok(scope.value(default)?.unwrap_or(Value::Null)),
        (None, None) => Err(Failure::new(format!(
            "Template error: Unable to get mapping for {map}::{first}::{second}"
        ))),
    }
}

fn get_stack_output(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let part = |name: &str| {
        argument
            .get(name)
            .map(|node| scope.string(node, "Fn::GetStackOutput"))
    };
    let (Some(stack), Some(output)) = (part("StackName"), part("OutputName")) else {
        return Err(malformed(
            "Fn::GetStackOutput",
            "a map with StackName and OutputName",
        ));
    };
    let region = part("Region").transpose()?;
    scope
        .lookups
        .stack_output(&stack?, &output?, region.as_deref())
}

fn get_cidr(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let (block, count, bits) = match items(argument, "Fn::Cidr")? {
        [block, count] => (block, count, None),
        [block, count, bits] => (block, count, Some(bits)),
        _ => {
            return Err(malformed(
                "Fn::Cidr",
                "an IP block, a count and optionally the bits of each",
            ));
        }
    };
    let block = scope.string(block, "Fn::Cidr")?;
    if block.contains(KNOWN_AFTER_APPLY) {
        return Ok(KNOWN_AFTER_APPLY.into());
    }
    let number = |node: &Value| -> Result<u32, Failure> {
        scope
            .string(node, "Fn::Cidr")?
            .parse()
            .map_err(|_| malformed("Fn::Cidr", "a count and bits that are numbers"))
    };
    let count = number(count)?;
    let bits = bits.map(number).transpose()?;
    let blocks = cidr::split(&block, count, bits)
        .map_err(|reason| Failure::new(format!("Template error: Fn::Cidr: {reason}")))?;
    Ok(blocks.into())
}

/// The zones of a region: three, as most regions have.
fn get_zones(scope: &Scope<'_>, argument: &Value) -> Result<Value, Failure> {
    let named = scope.string(argument, "Fn::GetAZs")?;
    let region = if named.is_empty() {
        &scope.pseudo.region
    } else {
        &named
    };
    Ok(["a", "b", "c"]
        .iter()
        .map(|zone| Value::from(format!("{region}{zone}")))
        .collect())
}

fn literal(argument: &Value, name: &str) -> Result<String, Failure> {
    argument
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| malformed(name, "a string"))
}

fn items<'a>(argument: &'a Value, name: &str) -> Result<&'a [Value], Failure> {
    argument
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| malformed(name, "a list"))
}

fn malformed(name: &str, wanted: &str) -> Failure {
    Failure::new(format!(
        "Template error: every {name} object requires {wanted}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_texts_are_taken_apart() {
        use SubPart::{Literal, Variable};
        for (text, parts) in [
            ("plain", vec![Literal("plain")]),
            ("${A}", vec![Literal(""), Variable("A"), Literal("")]),
            (
                "a${B.C}d",
                vec![Literal("a"), Variable("B.C"), Literal("d")],
            ),
            (
                "${!A}",
                vec![Literal(""), Literal("${"), Literal("A}"), Literal("")],
            ),
            ("$a${", vec![Literal("$a${")]),
            ("$${A}", vec![Literal("$"), Variable("A"), Literal("")]),
        ] {
            assert_eq!(parts_of_sub(text), parts, "{text}");
        }
    }
}
