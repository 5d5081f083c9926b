//! Whether two texts of a template say the same.

use std::ptr;

use serde_json::Value;

/// Whether two values are equal, as `==` tells.
///
/// `==` looks every key up. What is compared here was mostly written by one program twice, so that keys stand in the
/// same order, and going along both is several times as fast.
pub(crate) fn is_same(before: &Value, after: &Value) -> bool {
    if ptr::eq(before, after) {
        return true;
    }
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            let mut pairs = before.iter().zip(after);
            before.len() == after.len() && pairs.all(|(before, after)| is_same(before, after))
        }
        (Value::Object(before), Value::Object(after)) => {
            let mut pairs = before.iter().zip(after);
            before.len() == after.len()
                && pairs.all(|((key, value), (other_key, other))| {
                    let other = Some(other).filter(|_| key == other_key);
                    let other = other.or_else(|| after.get(key));
                    other.is_some_and(|other| is_same(value, other))
                })
        }
        (before, after) => before == after,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_equality() {
        let values = [
            json!(null),
            json!(1),
            json!(1.0),
            json!("1"),
            json!([]),
            json!([1, 2]),
            json!([2, 1]),
            json!({}),
            json!({"A": 1}),
            json!({"B": 1}),
            json!({"A": 1, "B": {"C": [1], "D": 2}}),
            json!({"B": {"D": 2, "C": [1]}, "A": 1}),
            json!({"B": {"D": 2, "C": [2]}, "A": 1}),
            json!({"A": 1, "C": {"C": [1], "D": 2}}),
        ];
        for one in &values {
            for other in &values {
                assert_eq!(is_same(one, other), one == other, "{one} {other}");
            }
        }
    }
}
