//! Texts with references in them.

use serde_json::{Value, json};

/// A part of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Text as it stands.
    Literal(&'a str),
    /// What stands within `${` and `}`.
    Variable(&'a str),
}

/// Takes the text of `Fn::Sub` apart. `${!Name}` is the literal text `${Name}`; a `${` that is never closed is literal too.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let (literal, variable) = (&rest[..start], &rest[start + 2..start + length]);
        if let Some(escaped) = variable.strip_prefix('!') {
            // The text behind the exclamation mark runs on to the brace that closes it.
            parts.push(Part::Literal(&rest[..start + 2]));
            let begin = start + 3;
            parts.push(Part::Literal(&rest[begin..=begin + escaped.len()]));
        } else {
            parts.push(Part::Literal(literal));
            parts.push(Part::Variable(variable.trim()));
        }
        rest = &rest[start + length + 1..];
    }
    parts.push(Part::Literal(rest));
    parts.retain(|part| *part != Part::Literal(""));
    parts
}

/// The text a scalar stands for, as CloudFormation hands it on.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            // A whole number is written without a fraction, whatever it was read from.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        _ => value.to_string(),
    }
}

/// Joins the meanings of texts to the meaning of one text.
pub(crate) fn concatenate(texts: impl IntoIterator<Item = Value>) -> Value {
    let mut joined: Vec<Value> = Vec::new();
    for text in texts {
        match text {
            Value::Object(mut expression) => {
                match expression.get_mut("Fn::Join").map(Value::take) {
                    Some(Value::Array(mut join))
                        if join.len() == 2 && join[0] == "" && join[1].is_array() =>
                    {
                        if let Value::Array(items) = join[1].take() {
                            items.into_iter().for_each(|item| append(&mut joined, item));
                        }
                    }
                    Some(other) => {
                        expression.insert("Fn::Join".to_owned(), other);
                        joined.push(Value::Object(expression));
                    }
                    None => joined.push(Value::Object(expression)),
                }
            }
            scalar => append(&mut joined, scalar),
        }
    }
    match joined.len() {
        0 => Value::String(String::new()),
        1 => joined.remove(0),
        _ => json!({"Fn::Join": ["", joined]}),
    }
}

fn append(joined: &mut Vec<Value>, item: Value) {
    if item.is_object() || item.is_array() {
        joined.push(item);
        return;
    }
    let text = text_of(&item);
    if let Some(Value::String(last)) = joined.last_mut() {
        last.push_str(&text);
    } else if !text.is_empty() {
        joined.push(Value::String(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_text_is_taken_apart() {
        use Part::{Literal, Variable};
        let table: [(&str, Vec<Part<'_>>); 6] = [
            ("", vec![]),
            ("plain", vec![Literal("plain")]),
            ("${A}", vec![Variable("A")]),
            (
                "a${B.C}d${AWS::Region}",
                vec![
                    Literal("a"),
                    Variable("B.C"),
                    Literal("d"),
                    Variable("AWS::Region"),
                ],
            ),
            ("a${!B}c", vec![Literal("a${"), Literal("B}"), Literal("c")]),
            ("a${B", vec![Literal("a${B")]),
        ];
        for (text, expected) in table {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn joined_texts_become_one() {
        let reference = json!({"Ref": "A"});
        assert_eq!(
            concatenate([json!("a"), json!(1), json!("b")]),
            json!("a1b")
        );
        assert_eq!(concatenate([json!(""), reference.clone()]), reference);
        assert_eq!(
            concatenate([
                json!("a"),
                json!({"Fn::Join": ["", ["b", {"Ref": "A"}]]}),
                json!("c")
            ]),
            json!({"Fn::Join": ["", ["ab", {"Ref": "A"}, "c"]]})
        );
    }

    #[test]
    fn numbers_read_from_different_texts_are_alike() {
        assert_eq!(text_of(&json!(8.0)), "8");
        assert_eq!(text_of(&json!(8)), "8");
        assert_eq!(text_of(&json!(0.5)), "0.5");
        assert_eq!(text_of(&json!(true)), "true");
    }
}
