//! Parameters: given values, previous values and defaults, checked against what the template allows.

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value;

use super::{Document, Failure, KNOWN_AFTER_APPLY, Lookups, text_of};
use crate::state::ParameterValue;

/// A parameter as the caller gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
    pub(crate) use_previous: bool,
}

const SSM_VALUE: &str = "AWS::SSM::Parameter::Value<";

/// Finds the value of every parameter of the template.
pub(crate) fn resolve_parameters(
    document: &Document,
    given: &[Given],
    previous: Option<&IndexMap<String, ParameterValue>>,
    lookups: &dyn Lookups,
) -> Result<IndexMap<String, ParameterValue>, Failure> {
    let nothing = serde_json::Map::new();
    let declared = document.section("Parameters").unwrap_or(&nothing);
    let unknown: Vec<&str> = given
        .iter()
        .map(|parameter| parameter.name.as_str())
        .filter(|name| !declared.contains_key(*name))
        .collect();
    if !unknown.is_empty() {
        return Err(Failure::new(format!(
            "Parameters: [{}] do not exist in the template",
            unknown.join(", ")
        )));
    }
    let mut missing = Vec::new();
    let mut values = IndexMap::new();
    for (name, declaration) in declared {
        let explicit = given.iter().find(|parameter| parameter.name == *name);
        let value = match explicit {
            Some(Given {
                use_previous: true, ..
            }) => {
                let before = previous.and_then(|previous| previous.get(name)).ok_or_else(|| {
                    Failure::new(format!(
                        "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                    ))
                })?;
                Some(before.value.clone())
            }
            Some(Given {
                value: Some(value), ..
            }) => Some(value.clone()),
            _ => declaration.get("Default").and_then(default_text),
        };
        match value {
            None => missing.push(name.as_str()),
            Some(value) => {
                // What a stack above will tell is checked once it is known.
                if value.contains(KNOWN_AFTER_APPLY) {
                    let resolved = None;
                    values.insert(name.clone(), ParameterValue { value, resolved });
                    continue;
                }
                check(name, declaration, &value)?;
                let resolved = resolve_stored(declaration, &value, lookups)?;
                values.insert(name.clone(), ParameterValue { value, resolved });
            }
        }
    }
    if missing.is_empty() {
        Ok(values)
    } else {
        Err(Failure::new(format!(
            "Parameters: [{}] must have values",
            missing.join(", ")
        )))
    }
}

/// The values as `Ref` gives them: lists as lists.
pub(crate) fn typed_parameters(
    document: &Document,
    values: &IndexMap<String, ParameterValue>,
) -> IndexMap<String, Value> {
    values
        .iter()
        .map(|(name, value)| {
            let kind = document
                .section("Parameters")
                .and_then(|declared| declared.get(name)?.get("Type")?.as_str())
                .unwrap_or("String");
            let text = value.resolved.as_ref().unwrap_or(&value.value);
            let typed = if is_list(kind) {
                text.split(',')
                    .map(|item| Value::from(item.trim()))
                    .collect()
            } else {
                Value::from(text.as_str())
            };
            (name.clone(), typed)
        })
        .collect()
}

fn default_text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(text_of).collect();
            texts.map(|texts| texts.join(","))
        }
        value => text_of(value),
    }
}

fn is_list(kind: &str) -> bool {
    let kind = kind
        .strip_prefix(SSM_VALUE)
        .and_then(|inner| inner.strip_suffix('>'))
        .unwrap_or(kind);
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

/// Reads the SSM parameter that the value names, for the types that ask for it.
fn resolve_stored(
    declaration: &Value,
    value: &str,
    lookups: &dyn Lookups,
) -> Result<Option<String>, Failure> {
    let kind = declaration["Type"].as_str().unwrap_or_default();
    if !kind.starts_with(SSM_VALUE) {
        return Ok(None);
    }
    lookups.stored_parameter(value).map(Some).map_err(|_| {
        Failure::new(format!(
            "Unable to fetch parameters [{value}] from parameter store for this account."
        ))
    })
}

fn check(name: &str, declaration: &Value, value: &str) -> Result<(), Failure> {
    let refuse = |reason: String| {
        let described = declaration["ConstraintDescription"].as_str();
        Failure::new(match described {
            Some(text) => format!("Parameter {name} failed to satisfy constraint: {text}"),
            None => format!("Parameter '{name}' must {reason}"),
        })
    };
    let number_of = |key: &str| declaration.get(key).and_then(text_of)?.parse::<f64>().ok();
    let kind = declaration["Type"].as_str().unwrap_or_default();
    if value.len() > 4096 {
        return Err(refuse("contain at most 4096 bytes".to_owned()));
    }
    if let Some(allowed) = declaration["AllowedValues"].as_array() {
        let allowed: Vec<String> = allowed.iter().filter_map(text_of).collect();
        let items: Vec<&str> = if is_list(kind) {
            value.split(',').map(str::trim).collect()
        } else {
            vec![value]
        };
        if !items
            .iter()
            .all(|item| allowed.iter().any(|one| one == item))
        {
            return Err(refuse("be one of AllowedValues".to_owned()));
        }
    }
    if let Some(pattern) = declaration["AllowedPattern"].as_str()
        // A pattern this regular expression language cannot express decides nothing.
        && let Ok(pattern_whole) = Regex::new(&format!("^(?:{pattern})$"))
        && !pattern_whole.is_match(value)
    {
        return Err(refuse(format!("match pattern {pattern}")));
    }
    let characters = value.chars().count() as f64;
    if let Some(least) = number_of("MinLength").filter(|least| characters < *least) {
        return Err(refuse(format!("contain at least {least} characters")));
    }
    if let Some(most) = number_of("MaxLength").filter(|most| characters > *most) {
        return Err(refuse(format!("contain at most {most} characters")));
    }
    if kind == "Number" || kind == "List<Number>" {
        for item in value.split(',') {
            let number: f64 = item
                .trim()
                .parse()
                .map_err(|_| Failure::new(format!("Parameter '{name}' must be a number.")))?;
            if let Some(least) = number_of("MinValue").filter(|least| number < *least) {
                return Err(refuse(format!("be a number not less than {least}")));
            }
            if let Some(most) = number_of("MaxValue").filter(|most| number > *most) {
                return Err(refuse(format!("be a number not greater than {most}")));
            }
        }
    }
    Ok(())
}
