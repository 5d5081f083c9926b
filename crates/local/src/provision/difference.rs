//! What differs between two evaluated values.

use serde_json::Value;

use crate::{evaluate::text_of, facts};

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference<'a> {
    /// The way from the properties; list members by index.
    pub(crate) path: Vec<String>,
    pub(crate) before: Option<&'a Value>,
    pub(crate) after: Option<&'a Value>,
}

/// All differences between the properties of a resource type, as deep as both sides have the same form.
pub(crate) fn differences<'a>(
    type_name: &str,
    before: &'a Value,
    after: &'a Value,
) -> Vec<Difference<'a>> {
    let mut comparison = Comparison {
        type_name,
        path: Vec::new(),
        found: Vec::new(),
    };
    comparison.compare(Some(before), Some(after), Scalars::Texts);
    comparison.found
}

/// Whether two values are the same to CloudFormation, wherever they stand.
pub(crate) fn same(before: Option<&Value>, after: Option<&Value>) -> bool {
    let mut comparison = Comparison {
        type_name: "",
        path: Vec::new(),
        found: Vec::new(),
    };
    comparison.compare(before, after, Scalars::Texts);
    comparison.found.is_empty()
}

/// How numbers and truth values compare with texts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalars {
    /// `1` and `"1"` are the same.
    Texts,
    /// A document is handed to the service as it is: `1` and `"1"` are two things.
    Typed,
}

struct Comparison<'t, 'a> {
    type_name: &'t str,
    path: Vec<String>,
    found: Vec<Difference<'a>>,
}

impl<'a> Comparison<'_, 'a> {
    fn compare(&mut self, before: Option<&'a Value>, after: Option<&'a Value>, scalars: Scalars) {
        match (before, after) {
            (Some(Value::Object(left)), Some(Value::Object(right))) => {
                let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
                let scalars = if facts::holds_document(self.type_name, &path) {
                    Scalars::Typed
                } else {
                    scalars
                };
                for (name, value) in left {
                    self.step(name.clone(), Some(value), right.get(name), scalars);
                }
                for (name, value) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
                    self.step(name.clone(), None, Some(value), scalars);
                }
            }
            (Some(Value::Array(left)), Some(Value::Array(right))) if left.len() == right.len() => {
                for (index, (left, right)) in left.iter().zip(right).enumerate() {
                    self.step(index.to_string(), Some(left), Some(right), scalars);
                }
            }
            (left, right) if is_same(left, right, scalars) => {}
            (before, after) => self.found.push(Difference {
                path: self.path.clone(),
                before,
                after,
            }),
        }
    }

    fn step(
        &mut self,
        name: String,
        before: Option<&'a Value>,
        after: Option<&'a Value>,
        scalars: Scalars,
    ) {
        self.path.push(name);
        self.compare(before, after, scalars);
        self.path.pop();
    }
}

fn is_same(before: Option<&Value>, after: Option<&Value>, scalars: Scalars) -> bool {
    before == after
        || scalars == Scalars::Texts
            && match (before.and_then(text_of), after.and_then(text_of)) {
                (Some(before), Some(after)) => before == after,
                _ => false,
            }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(type_name: &str, before: &Value, after: &Value) -> Vec<String> {
        differences(type_name, before, after)
            .iter()
            .map(|difference| difference.path.join("/"))
            .collect()
    }

    #[test]
    fn differences_are_as_deep_as_possible() {
        let before = json!({"A": {"B": 1, "C": [1, 2], "D": "x"}, "E": [1], "F": true});
        let after = json!({"A": {"B": "1", "C": [1, 3], "G": 0}, "E": [1, 2], "F": "true"});
        assert_eq!(
            paths("AWS::None::Such", &before, &after),
            ["A/C/1", "A/D", "A/G", "E"]
        );
    }

    #[test]
    fn documents_keep_the_types_of_their_scalars() {
        let queue = |count: Value| {
            let count = count.clone();
            json!({"DelaySeconds": count, "RedrivePolicy": {"maxReceiveCount": count}})
        };
        assert_eq!(
            paths("AWS::SQS::Queue", &queue(json!(3)), &queue(json!("3"))),
            ["RedrivePolicy/maxReceiveCount"]
        );
    }
}
