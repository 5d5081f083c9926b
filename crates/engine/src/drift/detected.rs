//! CloudFormation's findings in the words of the report.

use plan::secret_parameters;
use serde_json::Value;

use super::{
    DetectedDrift, DetectedStatus, DriftStatus, PropertyDrift, ResourceDrift, UncheckedProperty,
};
use crate::{engine::Engine, port::StackResource, veil::conceals};

/// What is shown in place of a value that may be a secret.
const HIDDEN: &str = "****";

impl Engine<'_> {
    /// What CloudFormation found of a resource, `problem` being why it did not find all of the stack; `template` is what is
    /// deployed.
    pub(super) fn read_detected(
        &self,
        resource: &StackResource,
        found: Option<&DetectedDrift>,
        problem: Option<&str>,
        template: &Value,
    ) -> ResourceDrift {
        let mut drift = ResourceDrift {
            logical_id: resource.logical_id.clone(),
            resource_type: resource.resource_type.clone(),
            physical_id: resource.physical_id.clone(),
            source: None,
            status: DriftStatus::Unchecked,
            reason: None,
            properties: Vec::new(),
            unchecked: Vec::new(),
        };
        let Some(found) = found else {
            drift.reason = Some(match problem {
                Some(problem) => problem.to_owned(),
                None => format!(
                    "CloudFormation does not detect drift of {}",
                    resource.resource_type
                ),
            });
            return drift;
        };
        drift.reason.clone_from(&found.reason);
        drift.status = match &found.status {
            DetectedStatus::InSync => DriftStatus::InSync,
            DetectedStatus::Modified => DriftStatus::Modified,
            DetectedStatus::Deleted => DriftStatus::Deleted,
            DetectedStatus::Unchecked(word) => {
                drift
                    .reason
                    .get_or_insert_with(|| format!("CloudFormation says no more than `{word}`"));
                DriftStatus::Unchecked
            }
        };
        let declared = &template["Resources"][resource.logical_id.as_str()]["Properties"];
        if matches!(drift.status, DriftStatus::InSync | DriftStatus::Modified) {
            drift.unchecked = self.unseen(resource, declared, found.expected.as_ref());
        }
        drift.properties = found
            .differences
            .iter()
            .map(|difference| PropertyDrift {
                path: difference.path.clone(),
                expected: difference.expected.clone(),
                actual: difference.actual.clone(),
            })
            .map(|difference| veiled(difference, declared, template))
            .collect();
        drift
    }

    /// The properties that the template gives of a resource and that CloudFormation did not look at.
    fn unseen(
        &self,
        resource: &StackResource,
        declared: &Value,
        expected: Option<&Value>,
    ) -> Vec<UncheckedProperty> {
        let write_only = self.facts.write_only(&resource.resource_type);
        let mut unseen = Vec::new();
        for path in &write_only {
            for path in places(declared, path) {
                unseen.push(UncheckedProperty {
                    path,
                    reason: "AWS never shows it again".to_owned(),
                });
            }
        }
        let Some(expected) = expected.and_then(Value::as_object) else {
            return unseen;
        };
        let names = declared
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name);
        for name in names.filter(|name| !expected.contains_key(*name)) {
            let is_known = |path: &Vec<String>| path.first() == Some(name);
            let may_be_absent =
                declared[name].get("Fn::If").is_some() || declared[name]["Ref"] == "AWS::NoValue";
            if !may_be_absent && !unseen.iter().any(|one| is_known(&one.path)) {
                unseen.push(UncheckedProperty {
                    path: vec![name.clone()],
                    reason: "CloudFormation did not look at it".to_owned(),
                });
            }
        }
        unseen
    }
}

/// The places in a value that a pattern names, `*` being any element of a list.
fn places(value: &Value, pattern: &[String]) -> Vec<Vec<String>> {
    let Some((first, rest)) = pattern.split_first() else {
        return vec![Vec::new()];
    };
    let members: Vec<(String, &Value)> = match value {
        Value::Array(items) if first == "*" => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| (index.to_string(), item))
                .collect()
        }
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| first == "*" || *name == first)
            .map(|(name, member)| (name.clone(), member))
            .collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, member) in members {
        for mut place in places(member, rest) {
            place.insert(0, name.clone());
            found.push(place);
        }
    }
    found
}

/// A difference without values that may come from where they are kept secret: what the template says stands for what is
/// expected.
fn veiled(mut difference: PropertyDrift, declared: &Value, template: &Value) -> PropertyDrift {
    let secrets = secret_parameters(template).map(str::to_owned).collect();
    let property = difference
        .path
        .first()
        .and_then(|first| declared.get(first));
    if let Some(property) = property.filter(|property| conceals(property, &secrets)) {
        difference.expected = difference.expected.map(|_| property.clone());
        difference.actual = difference.actual.map(|_| Value::from(HIDDEN));
    }
    difference
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_found_where_there_are_any() {
        let value = json!({"Rules": [{"A": 1}, {"B": 2}, {"A": 3}], "A": 4});
        let find = |pattern: &[&str]| -> Vec<String> {
            let pattern: Vec<String> = pattern.iter().map(|part| (*part).to_owned()).collect();
            let found = places(&value, &pattern);
            found.iter().map(|place| place.join("/")).collect()
        };
        assert_eq!(find(&["Rules", "*", "A"]), ["Rules/0/A", "Rules/2/A"]);
        assert_eq!(find(&["A"]), ["A"]);
        assert!(find(&["C", "D"]).is_empty());
    }

    #[test]
    fn a_value_that_may_be_a_secret_is_not_shown() {
        let template = json!({"Parameters": {"Password": {"Type": "String", "NoEcho": true}}});
        let declared = json!({
            "Secret": {"Ref": "Password"}, "Stored": "{{resolve:ssm-secure:/a}}", "Open": "x",
        });
        let veil = |name: &str| {
            let difference = PropertyDrift {
                path: vec![name.to_owned()],
                expected: Some(json!("one")),
                actual: Some(json!("two")),
            };
            let veiled = veiled(difference, &declared, &template);
            (
                veiled.expected.unwrap_or_default(),
                veiled.actual.unwrap_or_default(),
            )
        };
        assert_eq!(veil("Secret"), (json!({"Ref": "Password"}), json!("****")));
        assert_eq!(
            veil("Stored"),
            (json!("{{resolve:ssm-secure:/a}}"), json!("****"))
        );
        assert_eq!(veil("Open"), (json!("one"), json!("two")));
    }
}
