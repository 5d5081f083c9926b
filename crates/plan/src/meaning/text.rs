//! Texts with references in them.

use std::{iter, mem};

use serde_json::Value;

use super::expression_of;

/// A part of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Text as it stands.
    Literal(&'a str),
    /// What stands within `${` and `}`.
    Variable(&'a str),
}

/// Takes the text of `Fn::Sub` apart. `${!Name}` is the literal text `${Name}`; a `${` that is never closed is literal too.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    let mut next = None;
    let parts = iter::from_fn(move || {
        if next.is_some() || rest.is_empty() {
            return next.take();
        }
        let Some((start, end)) = variable(rest) else {
            return Some(Part::Literal(mem::take(&mut rest)));
        };
        let (literal, name) = (&rest[..start], &rest[start + 2..end]);
        let (first, second) = if name.starts_with('!') {
            // The text behind the exclamation mark runs on to the brace that closes it.
            let (first, second) = (&rest[..start + 2], &rest[start + 3..=end]);
            (Part::Literal(first), Part::Literal(second))
        } else {
            (Part::Literal(literal), Part::Variable(name.trim()))
        };
        rest = &rest[end + 1..];
        next = Some(second);
        Some(first)
    });
    parts.filter(|part| *part != Part::Literal(""))
}

/// Where the first `${` of a text and the `}` that closes it stand.
fn variable(text: &str) -> Option<(usize, usize)> {
    let mut signs = text.match_indices('$');
    let (start, _) = signs.find(|(index, _)| text[index + 1..].starts_with('{'))?;
    let length = text[start..].find('}')?;
    Some((start, start + length))
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
        _ => {
            let join = vec![Value::String(String::new()), Value::Array(joined)];
            expression_of("Fn::Join", Value::Array(join))
        }
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
    use serde_json::json;

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
            assert_eq!(parts(text).collect::<Vec<_>>(), expected, "{text}");
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
