//! Values and expressions of templates as a person reads them.

use serde_json::{Map, Value};

use crate::meaning::intrinsic;

/// Shows a value on one line: scalars bare, expressions readably, everything else as JSON.
///
/// `Users` is a reference to a resource or parameter, `Users.Arn` an attribute of one, `${AWS::Region}` a pseudo
/// parameter, `sub "…"` a text with references in it.
///
/// ```
/// let arn = serde_json::json!({"Fn::GetAtt": ["Users", "Arn"]});
/// assert_eq!(plan::render(&arn), "Users.Arn");
/// ```
pub fn render(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inner).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => match expression(entries) {
            Some((name, argument)) => render_expression(name, argument),
            None => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{key}: {}", inner(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        },
    }
}

/// The name and the argument of an expression. Outside properties the name of a condition is one too.
fn expression(entries: &Map<String, Value>) -> Option<(&str, &Value)> {
    intrinsic(entries).or_else(|| match entries.get("Condition") {
        Some(name @ Value::String(_)) if entries.len() == 1 => Some(("Condition", name)),
        _ => None,
    })
}

/// A value within another: texts are quoted, so that they are told from expressions.
fn inner(value: &Value) -> String {
    match value {
        Value::String(_) => value.to_string(),
        _ => render(value),
    }
}

fn render_expression(name: &str, argument: &Value) -> String {
    let items = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let text = |index: usize| items.get(index).and_then(Value::as_str);
    match name {
        "Ref" => match argument.as_str() {
            Some(pseudo) if pseudo.starts_with("AWS::") => format!("${{{pseudo}}}"),
            Some(target) => target.to_owned(),
            None => format!("ref({})", inner(argument)),
        },
        "Condition" => format!("condition {}", render(argument)),
        "Fn::GetAtt" => match (text(0), items.get(1)) {
            (Some(target), Some(attribute)) => format!("{target}.{}", render(attribute)),
            _ => format!("get_att({})", render(argument)),
        },
        "Fn::Sub" => match (argument, text(0), items.get(1)) {
            (Value::String(template), ..) => format!("sub {template:?}"),
            (_, Some(template), Some(variables)) => {
                format!("sub {template:?} with {}", render(variables))
            }
            _ => format!("sub({})", render(argument)),
        },
        "Fn::If" => match (text(0), items.get(1), items.get(2)) {
            (Some(condition), Some(yes), Some(no)) => {
                format!("if {condition} then {} else {}", inner(yes), inner(no))
            }
            _ => format!("if({})", render(argument)),
        },
        "Fn::Join" => match (text(0), items.get(1)) {
            (Some(""), Some(Value::Array(parts))) => {
                parts.iter().map(inner).collect::<Vec<_>>().join(" + ")
            }
            (Some(separator), Some(parts)) => format!("join({separator:?}, {})", render(parts)),
            _ => format!("join({})", render(argument)),
        },
        "Fn::Equals" if items.len() == 2 => format!("{} == {}", inner(&items[0]), inner(&items[1])),
        "Fn::Not" if items.len() == 1 => format!("not ({})", render(&items[0])),
        "Fn::And" => clauses(items, " and "),
        "Fn::Or" => clauses(items, " or "),
        "Fn::ImportValue" => format!("import({})", inner(argument)),
        "Fn::GetStackOutput" => {
            let part = |key: &str| argument.get(key).map(render);
            match (part("StackName"), part("OutputName")) {
                (Some(stack), Some(output)) => format!("output {output} of {stack}"),
                _ => format!("stack_output({})", render(argument)),
            }
        }
        other => {
            let function = snake_case(other.strip_prefix("Fn::").unwrap_or(other));
            let arguments: Vec<String> = match argument {
                Value::Array(items) => items.iter().map(inner).collect(),
                single => vec![inner(single)],
            };
            format!("{function}({})", arguments.join(", "))
        }
    }
}

fn clauses(items: &[Value], word: &str) -> String {
    let clauses: Vec<String> = items
        .iter()
        .map(|item| format!("({})", render(item)))
        .collect();
    clauses.join(word)
}

/// `FindInMap` to `find_in_map`, `GetAZs` to `get_azs`.
fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && previous_lower {
            text.push('_');
        }
        previous_lower = !letter.is_ascii_uppercase();
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn expressions_read_well() {
        let table = [
            (json!("text"), "text"),
            (json!(8), "8"),
            (json!(false), "false"),
            (json!({"Ref": "Users"}), "Users"),
            (json!({"Ref": "AWS::Region"}), "${AWS::Region}"),
            (json!({"Fn::GetAtt": ["Users", "Arn"]}), "Users.Arn"),
            (
                json!({"Fn::GetAtt": ["Db", "Endpoint.Port"]}),
                "Db.Endpoint.Port",
            ),
            (json!({"Fn::Sub": "${A}/*"}), "sub \"${A}/*\""),
            (
                json!({"Fn::Sub": ["${A}/*", {"A": {"Ref": "B"}}]}),
                "sub \"${A}/*\" with {A: B}",
            ),
            (json!({"Fn::Join": ["", ["a", {"Ref": "B"}]]}), "\"a\" + B"),
            (
                json!({"Fn::Join": [",", ["a", "b"]]}),
                "join(\",\", [\"a\", \"b\"])",
            ),
            (
                json!({"Fn::If": ["Live", "a", {"Ref": "AWS::NoValue"}]}),
                "if Live then \"a\" else ${AWS::NoValue}",
            ),
            (json!({"Condition": "Live"}), "condition Live"),
            (
                json!({"Fn::Equals": [{"Ref": "Stage"}, "live"]}),
                "Stage == \"live\"",
            ),
            (
                json!({"Fn::And": [{"Condition": "Live"}, {"Fn::Not": [{"Condition": "Old"}]}]}),
                "(condition Live) and (not (condition Old))",
            ),
            (
                json!({"Condition": {"Bool": {"a": true}}}),
                "{Condition: {Bool: {a: true}}}",
            ),
            (
                json!({"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "Key"]}),
                "find_in_map(\"Map\", ${AWS::Region}, \"Key\")",
            ),
            (json!({"Fn::GetAZs": ""}), "get_azs(\"\")"),
            (json!({"Fn::ImportValue": "name"}), "import(\"name\")"),
            (
                json!({"Fn::GetStackOutput": {"StackName": "s", "OutputName": "o"}}),
                "output o of s",
            ),
            (
                json!({"Key": "a", "List": [1, "b"]}),
                "{Key: \"a\", List: [1, \"b\"]}",
            ),
        ];
        for (value, expected) in table {
            assert_eq!(render(&value), expected, "{value}");
        }
    }
}
