//! How CloudFormation reads scalars: any of them as text, texts as numbers and booleans.

use std::borrow::Cow;

use schema::{Kind, Kinds};
use serde_json::Value;

/// The text of a string, number or boolean.
pub(crate) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        _ => None,
    }
}

/// The number a scalar stands for.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Whether a value is accepted as one of these kinds; none named means any.
pub(crate) fn is_one_of(value: &Value, kinds: Kinds) -> bool {
    kinds.is_empty() || kinds.iter().any(|kind| is(value, kind))
}

fn is(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Object => value.is_object(),
        Kind::Array => value.is_array(),
        Kind::Null => value.is_null(),
        Kind::String => value.is_string() || value.is_number() || value.is_boolean(),
        Kind::Number => number(value).is_some(),
        Kind::Integer => number(value).is_some_and(|number| number.fract() == 0.0),
        Kind::Boolean => match value {
            Value::Bool(_) => true,
            Value::String(text) => {
                text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
            }
            _ => false,
        },
    }
}

/// Whether two scalars are the same to CloudFormation: `1` and `"1"`, `true` and `"True"`.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    if left == right {
        return true;
    }
    match (text(left), text(right)) {
        (Some(left_text), Some(right_text)) => {
            left_text == right_text
                || (left.is_boolean() || right.is_boolean())
                    && left_text.eq_ignore_ascii_case(&right_text)
                || (left.is_number() || right.is_number())
                    && number(left).is_some()
                    && number(left) == number(right)
        }
        _ => false,
    }
}

/// The kinds in words: `a string or a whole number`.
pub(crate) fn described(kinds: Kinds) -> String {
    let words: Vec<&str> = kinds
        .iter()
        .map(|kind| match kind {
            Kind::String => "a string",
            Kind::Integer => "a whole number",
            Kind::Number => "a number",
            Kind::Boolean => "a boolean",
            Kind::Object => "a mapping",
            Kind::Array => "a list",
            Kind::Null => "nothing",
        })
        .collect();
    words.join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_stand_for_each_other() {
        for (value, kind, expected) in [
            (json!("5"), Kind::Integer, true),
            (json!(5.0), Kind::Integer, true),
            (json!("5.5"), Kind::Integer, false),
            (json!("5.5"), Kind::Number, true),
            (json!("five"), Kind::Number, false),
            (json!("nan"), Kind::Number, false),
            (json!(5), Kind::String, true),
            (json!(true), Kind::String, true),
            (json!("True"), Kind::Boolean, true),
            (json!("yes"), Kind::Boolean, false),
            (json!(1), Kind::Boolean, false),
            (json!(["a"]), Kind::String, false),
            (json!("a"), Kind::Array, false),
        ] {
            assert_eq!(is(&value, kind), expected, "{value} as {kind:?}");
        }
        assert!(same(&json!(1), &json!("1")));
        assert!(same(&json!("True"), &json!(true)));
        assert!(same(&json!(1.0), &json!(1)));
        assert!(!same(&json!("1.0"), &json!("1")));
        assert!(!same(&json!("true"), &json!("True")));
    }
}
