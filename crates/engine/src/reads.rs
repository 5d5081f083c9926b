//! What stacks read of one another, and how a changed value reaches its readers.
//!
//! `Fn::GetStackOutput` is resolved when its stack is created or updated, and CloudFormation compares templates: with the
//! same template there is nothing to update, whatever the producer's output has become. So each resource that reads an
//! output is stamped: its `Metadata` gets a digest of the value it was deployed with. When the value changes, so does
//! the digest, the template differs, CloudFormation updates the resource and resolves the function anew. The stamp
//! also makes a reader that was left behind, by a crash between two stacks, stand out in the next plan.

use std::collections::{BTreeMap, BTreeSet};

use plan::{Action, OutputName, StackDiff};
use serde_json::{Map, Value};

use crate::desired::sha256;

/// The key of the stamp within a resource's `Metadata`.
const STAMP: &str = "chitinfra:reads";

/// What a template reads of other stacks of the same account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Outputs read by each resource.
    pub(crate) by_resource: BTreeMap<String, BTreeSet<OutputName>>,
    /// Whether an export is read, whose stack the template does not tell.
    pub(crate) imports: bool,
}

impl Reads {
    /// Finds what a template reads. An output that is read by an output of this template counts for its first
    /// resource, as outputs are computed anew whenever a resource is.
    pub(crate) fn of(template: &Value) -> Self {
        let mut reads = Self::default();
        let empty = Map::new();
        let resources = template["Resources"].as_object().unwrap_or(&empty);
        for (logical_id, resource) in resources {
            let mut found = BTreeSet::new();
            collect(resource, &mut found, &mut reads.imports);
            if !found.is_empty() {
                reads.by_resource.insert(logical_id.clone(), found);
            }
        }
        let mut found = BTreeSet::new();
        collect(&template["Outputs"], &mut found, &mut reads.imports);
        if let Some(first) = resources.keys().next()
            && !found.is_empty()
        {
            reads
                .by_resource
                .entry(first.clone())
                .or_default()
                .extend(found);
        }
        reads
    }

    /// Every output that is read.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &OutputName> {
        self.by_resource.values().flatten()
    }

    /// Stamps the readers in a template with the values they read. An output that does not exist yet leaves no stamp.
    pub(crate) fn stamp<'v>(
        &self,
        template: &mut Value,
        value: impl Fn(&OutputName) -> Option<&'v str>,
    ) {
        for (logical_id, outputs) in &self.by_resource {
            let stamps: Map<String, Value> = outputs
                .iter()
                .filter_map(|name| {
                    let digest = sha256(value(name)?.as_bytes());
                    let key = format!("{}.{}", name.stack_name, name.output);
                    Some((key, Value::from(&digest[..16])))
                })
                .collect();
            let Some(Value::Object(resource)) = template
                .pointer_mut("/Resources")
                .and_then(|all| all.get_mut(logical_id))
            else {
                continue;
            };
            if stamps.is_empty() {
                continue;
            }
            let metadata = resource
                .entry("Metadata")
                .or_insert_with(|| Map::new().into());
            if let Value::Object(metadata) = metadata {
                metadata.insert(STAMP.to_owned(), stamps.into());
            }
        }
    }
}

/// Finds every `Fn::GetStackOutput` of this account and region whose arguments are plain, and whether there is an
/// `Fn::ImportValue`.
fn collect(value: &Value, outputs: &mut BTreeSet<OutputName>, imports: &mut bool) {
    match value {
        Value::Object(map) => {
            *imports |= map.contains_key("Fn::ImportValue");
            if let Some(Value::Object(arguments)) = map.get("Fn::GetStackOutput")
                && !arguments.contains_key("Region")
                && !arguments.contains_key("RoleArn")
                && let (Some(stack_name), Some(output)) = (
                    arguments.get("StackName").and_then(Value::as_str),
                    arguments.get("OutputName").and_then(Value::as_str),
                )
            {
                outputs.insert(OutputName {
                    stack_name: stack_name.to_owned(),
                    output: output.to_owned(),
                });
            }
            for value in map.values() {
                collect(value, outputs, imports);
            }
        }
        Value::Array(list) => {
            for value in list {
                collect(value, outputs, imports);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The outputs of a template whose values may change when this difference is deployed: those that change themselves,
/// and those that mention a resource which is new, replaced, or changed where an attribute of it is read.
pub(crate) fn outputs_at_risk(template: &Value, diff: &StackDiff) -> BTreeSet<String> {
    let inputs_change =
        !(diff.parameters.is_empty() && diff.mappings.is_empty() && diff.conditions.is_empty());
    let changed: BTreeSet<&str> = diff
        .outputs
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    let empty = Map::new();
    template["Outputs"]
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .filter(|(name, output)| {
            inputs_change
                || changed.contains(name.as_str())
                || mentions_change(&output["Value"], diff)
        })
        .map(|(name, _)| name.clone())
        .collect()
}

fn mentions_change(value: &Value, diff: &StackDiff) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| match (key.as_str(), value) {
            ("Ref", Value::String(id)) => diff
                .change(id)
                .is_some_and(|change| !matches!(change.action, Action::Update | Action::Move)),
            ("Fn::GetAtt", Value::Array(list)) => list
                .first()
                .and_then(Value::as_str)
                .is_some_and(|id| diff.change(id).is_some()),
            ("Fn::Sub", value) => {
                let text = value
                    .as_str()
                    .or_else(|| value[0].as_str())
                    .unwrap_or_default();
                mentions_change(&value[1], diff)
                    || names_in(text).any(|id| diff.change(id).is_some())
            }
            (_, value) => mentions_change(value, diff),
        }),
        Value::Array(list) => list.iter().any(|value| mentions_change(value, diff)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The logical ids in the text of a `Fn::Sub`: of `${Users.Arn}`, `Users`.
fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| {
        let name = rest.split('}').next()?;
        name.split('.').next()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reader() -> Value {
        json!({"Resources": {
            "Plain": {"Type": "A"},
            "Reader": {"Type": "A", "Metadata": {"Kept": 1}, "Properties": {"Ids": [
                {"Fn::Join": ["", ["x", {"Fn::GetStackOutput": {"StackName": "p-identity", "OutputName": "Id"}}]]},
                {"Fn::GetStackOutput": {"StackName": "far", "OutputName": "Id", "Region": "eu-west-1"}},
            ]}},
        }})
    }

    #[test]
    fn a_reader_is_stamped_and_the_stamp_follows_the_value() {
        let reads = Reads::of(&reader());
        assert_eq!(reads.outputs().count(), 1);
        let stamped = |value: &'static str| {
            let mut template = reader();
            reads.stamp(&mut template, |_| Some(value));
            template
        };
        let (one, two) = (stamped("1"), stamped("2"));
        assert_ne!(one, two);
        assert_eq!(one, stamped("1"));
        assert_eq!(one["Resources"]["Reader"]["Metadata"]["Kept"], 1);
        assert_eq!(one["Resources"]["Plain"], reader()["Resources"]["Plain"]);
        let mut unknown = reader();
        reads.stamp(&mut unknown, |_| None);
        assert_eq!(unknown, reader());
    }

    #[test]
    fn what_outputs_read_counts_for_the_first_resource() {
        let mut template = reader();
        template["Outputs"] = json!({"Id": {"Value": {"Fn::Join": ["", [
            {"Fn::GetStackOutput": {"StackName": "p-files", "OutputName": "Name"}}]]}}});
        let reads = Reads::of(&template);
        assert!(reads.by_resource.contains_key("Plain"));
        assert_eq!(reads.outputs().count(), 2);
        assert!(!reads.imports);
    }

    #[test]
    fn an_output_is_at_risk_when_its_source_may_change() {
        let template = json!({"Outputs": {
            "Id": {"Value": {"Ref": "Users"}},
            "Arn": {"Value": {"Fn::GetAtt": ["Users", "Arn"]}},
            "Text": {"Value": {"Fn::Sub": "x-${Files.Arn}"}},
            "Fixed": {"Value": "y"},
        }});
        let change = |id: &str, action: &str| json!({"logical_id": id, "type": "A", "action": action, "reason": "property_changed", "stateful": false});
        let diff = |changes: Value| -> StackDiff {
            let mut diff = serde_json::to_value(StackDiff::default()).expect("it is data");
            diff["changes"] = changes;
            serde_json::from_value(diff).expect("it is a difference")
        };
        let at_risk = |changes: Value| {
            outputs_at_risk(&template, &diff(changes))
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(at_risk(json!([change("Users", "update")])), ["Arn"]);
        assert_eq!(at_risk(json!([change("Users", "replace")])), ["Arn", "Id"]);
        assert_eq!(at_risk(json!([change("Files", "update")])), ["Text"]);
        assert!(at_risk(json!([])).is_empty());
    }
}
