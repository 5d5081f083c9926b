//! What differs between two evaluated values.

use serde_json::Value;

use crate::evaluate::text_of;

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference<'a> {
    /// The way from the properties; list members by index.
    pub(crate) path: Vec<String>,
    pub(crate) before: Option<&'a Value>,
    pub(crate) after: Option<&'a Value>,
}

/// All differences, as deep as both sides have the same form.
pub(crate) fn differences<'a>(before: &'a Value, after: &'a Value) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), Some(before), Some(after), &mut found);
    found
}

/// Whether two values are the same to CloudFormation.
pub(crate) fn same(before: &Value, after: &Value) -> bool {
    differences(before, after).is_empty()
}

fn compare<'a>(
    path: &mut Vec<String>,
    before: Option<&'a Value>,
    after: Option<&'a Value>,
    found: &mut Vec<Difference<'a>>,
) {
    let mut step = |name: String, before, after, found: &mut Vec<_>| {
        path.push(name);
        compare(path, before, after, found);
        path.pop();
    };
    match (before, after) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            for (name, value) in left {
                step(name.clone(), Some(value), right.get(name), found);
            }
            for (name, value) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
                step(name.clone(), None, Some(value), found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                step(index.to_string(), Some(left), Some(right), found);
            }
        }
        (left, right) if is_same(left, right) => {}
        (before, after) => found.push(Difference {
            path: path.clone(),
            before,
            after,
        }),
    }
}

fn is_same(before: Option<&Value>, after: Option<&Value>) -> bool {
    before == after
        || match (before.and_then(text_of), after.and_then(text_of)) {
            (Some(before), Some(after)) => before == after,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_as_deep_as_possible() {
        let before = json!({"A": {"B": 1, "C": [1, 2], "D": "x"}, "E": [1], "F": true});
        let after = json!({"A": {"B": "1", "C": [1, 3], "G": 0}, "E": [1, 2], "F": "true"});
        let paths: Vec<String> = differences(&before, &after)
            .iter()
            .map(|difference| difference.path.join("/"))
            .collect();
        assert_eq!(paths, ["A/C/1", "A/D", "A/G", "E"]);
    }
}
