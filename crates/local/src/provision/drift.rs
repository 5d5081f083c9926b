//! Drift: how a resource differs from what its stack deployed.

use serde_json::{Map, Value};

use super::{difference::same, nested::is_stack};
use crate::{
    facts,
    options::{Faults, Step},
    state::{Checked, Deployed, Discrepancy, DriftStatus},
};

/// Whether drift of resources of a type can be detected: CloudFormation must be able to read one.
pub(crate) fn is_checked(type_name: &str) -> bool {
    // What is nested is checked by itself, when that is asked for.
    !is_stack(type_name)
        && facts::of(type_name).is_some_and(|facts| !facts.handlers.read.is_empty())
}

/// Checks a resource that can be. Only properties that the template gives are compared, and only those that can be read.
pub(crate) fn check(
    logical_id: &str,
    deployed: &Deployed,
    faults: &Faults,
    at: jiff::Timestamp,
) -> Checked {
    let found = |status| Checked {
        at,
        physical_id: deployed.physical_id.clone(),
        status,
        reason: None,
        expected: None,
        actual: None,
        discrepancies: Vec::new(),
    };
    if let Some(reason) = faults.failure(logical_id, Step::Read) {
        return Checked {
            reason: Some(reason.to_owned()),
            ..found(DriftStatus::Unknown)
        };
    }
    let Some(actual) = deployed.actual_properties() else {
        return found(DriftStatus::Deleted);
    };
    let type_name = &deployed.resource_type;
    let expected = readable(type_name, &deployed.properties);
    let actual = among(&expected, &readable(type_name, actual));
    let discrepancies = discrepancies(type_name, &expected, &actual);
    let status = if discrepancies.is_empty() {
        DriftStatus::InSync
    } else {
        DriftStatus::Modified
    };
    Checked {
        expected: Some(expected),
        actual: Some(actual),
        discrepancies,
        ..found(status)
    }
}

/// The properties that a template gave, as an update finds them that looks at what there is: those that nobody can read are
/// as they were deployed. Nothing of a resource that is gone.
pub(super) fn as_found(deployed: &Deployed) -> Option<Value> {
    let actual = deployed.actual_properties()?;
    let type_facts = facts::of(&deployed.resource_type);
    let mut found = deployed.properties.clone();
    if let Value::Object(members) = &mut found {
        members.retain(|name, value| {
            let is_readable = type_facts.is_none_or(|facts| !facts.is_write_only(&[name.as_str()]));
            match actual.get(name) {
                Some(actual) if is_readable => value.clone_from(actual),
                Some(_) => {}
                None => return !is_readable,
            }
            true
        });
    }
    Some(found)
}

/// Properties without those that nobody can read.
pub(crate) fn readable(type_name: &str, properties: &Value) -> Value {
    let mut properties = properties.clone();
    for path in facts::of(type_name)
        .into_iter()
        .flat_map(|facts| &facts.write_only)
    {
        remove(&mut properties, path.segments());
    }
    properties
}

fn remove(value: &mut Value, path: &[String]) {
    match (path, value) {
        ([last], Value::Object(members)) => {
            members.shift_remove(last);
        }
        ([first, rest @ ..], Value::Array(items)) if first == "*" => {
            items.iter_mut().for_each(|item| remove(item, rest));
        }
        ([first, rest @ ..], Value::Object(members)) => {
            if let Some(member) = members.get_mut(first) {
                remove(member, rest);
            }
        }
        _ => {}
    }
}

/// The top-level properties that the template gives.
fn among(expected: &Value, actual: &Value) -> Value {
    let (Value::Object(expected), Value::Object(actual)) = (expected, actual) else {
        return Value::Object(Map::new());
    };
    let given = actual
        .iter()
        .filter(|(name, _)| expected.contains_key(*name));
    Value::Object(
        given
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

fn discrepancies(type_name: &str, expected: &Value, actual: &Value) -> Vec<Discrepancy> {
    let mut comparison = Comparison {
        type_name,
        path: Vec::new(),
        found: Vec::new(),
    };
    comparison.compare(Some(expected), Some(actual), false);
    comparison.found
}

struct Comparison<'t> {
    type_name: &'t str,
    path: Vec<String>,
    found: Vec<Discrepancy>,
}

impl Comparison<'_> {
    /// Compares what is expected at the path with what is there. Within a document everything counts, elsewhere only what
    /// is expected.
    fn compare(&mut self, expected: Option<&Value>, actual: Option<&Value>, in_document: bool) {
        match (expected, actual) {
            (Some(Value::Object(wanted)), Some(Value::Object(there))) => {
                let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
                let in_document = in_document || facts::holds_document(self.type_name, &path);
                for (name, value) in wanted {
                    self.step(name.clone(), Some(value), there.get(name), in_document);
                }
                let more = there.iter().filter(|(name, _)| !wanted.contains_key(*name));
                for (name, value) in more.filter(|_| in_document) {
                    self.step(name.clone(), None, Some(value), in_document);
                }
            }
            (Some(Value::Array(wanted)), Some(Value::Array(there))) => {
                self.lists(wanted, there, in_document);
            }
            (expected, actual) if same(expected, actual) => {}
            (expected, actual) => self.found.push(Discrepancy {
                path: self.path.clone(),
                expected: expected.cloned(),
                actual: actual.cloned(),
            }),
        }
    }

    fn lists(&mut self, wanted: &[Value], there: &[Value], in_document: bool) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let shape = facts::of(self.type_name).and_then(|facts| facts.shape_at(&path));
        let is_set = !in_document && shape.is_some_and(schema::Shape::is_unordered);
        let mut wanted: Vec<(usize, &Value)> = wanted.iter().enumerate().collect();
        let mut there: Vec<(usize, &Value)> = there.iter().enumerate().collect();
        if is_set {
            wanted.retain(|(_, value)| {
                let partner = there
                    .iter()
                    .position(|(_, other)| same(Some(value), Some(other)));
                partner.map(|place| there.remove(place)).is_none()
            });
        }
        let mut there = there.into_iter();
        for (index, value) in wanted {
            let partner = there.next().map(|(_, value)| value);
            self.step(index.to_string(), Some(value), partner, in_document);
        }
        for (index, value) in there {
            self.step(index.to_string(), None, Some(value), in_document);
        }
    }

    fn step(
        &mut self,
        name: String,
        expected: Option<&Value>,
        actual: Option<&Value>,
        in_document: bool,
    ) {
        self.path.push(name);
        self.compare(expected, actual, in_document);
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(type_name: &str, expected: &Value, actual: &Value) -> Vec<String> {
        discrepancies(type_name, expected, actual)
            .iter()
            .map(|one| one.path.join("/"))
            .collect()
    }

    #[test]
    fn only_what_the_template_gives_is_compared() {
        let table = [
            (json!({"A": 1}), json!({"A": "1", "B": 2}), vec![]),
            (
                json!({"A": {"B": 1}}),
                json!({"A": {"B": 2, "C": 3}}),
                vec!["A/B"],
            ),
            (json!({"A": 1}), json!({}), vec!["A"]),
            (json!({"A": [1, 2]}), json!({"A": [1, 2, 3]}), vec!["A/2"]),
            (json!({"A": [1, 2]}), json!({"A": [2]}), vec!["A/0", "A/1"]),
        ];
        for (expected, actual, found) in table {
            assert_eq!(
                paths("AWS::None::Such", &expected, &actual),
                found,
                "{expected} {actual}"
            );
        }
    }

    #[test]
    fn sets_have_no_order_and_documents_are_compared_whole() {
        let tags = |tags: [(&str, &str); 2]| {
            let tags = tags.map(|(key, value)| json!({"Key": key, "Value": value}));
            json!({"Tags": tags})
        };
        let expected = tags([("a", "1"), ("b", "2")]);
        let bucket = "AWS::S3::Bucket";
        assert!(paths(bucket, &expected, &tags([("b", "2"), ("a", "1")])).is_empty());
        let changed = tags([("b", "3"), ("a", "1")]);
        assert_eq!(paths(bucket, &expected, &changed), ["Tags/1/Value"]);
        let policy =
            |statement: Value| json!({"AssumeRolePolicyDocument": {"Statement": statement}});
        let expected = policy(json!([{"Effect": "Allow"}]));
        let wider = policy(json!([{"Effect": "Allow", "Principal": "*"}]));
        assert_eq!(
            paths("AWS::IAM::Role", &expected, &wider),
            ["AssumeRolePolicyDocument/Statement/0/Principal"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let properties = json!({"BucketName": "b", "AccessControl": "Private"});
        assert_eq!(
            readable("AWS::S3::Bucket", &properties),
            json!({"BucketName": "b"})
        );
        assert!(is_checked("AWS::S3::Bucket") && !is_checked("AWS::IAM::Policy"));
        assert!(!is_checked("Custom::Thing") && !is_checked("AWS::CloudFormation::Stack"));
    }
}
