//! What was found: what `drift --json` prints.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of this form.
pub(super) const FORMAT_VERSION: &str = "1.0";

/// The drift of an environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// The version of this form.
    pub format_version: String,
    /// The stacks, in the order they deploy.
    pub stacks: Vec<StackDrift>,
    /// Resources outside AWS.
    pub external: Vec<Value>,
}

/// The drift of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackDrift {
    /// The short name.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// Whether there is such a stack.
    pub deployed: bool,
    /// Why CloudFormation's detection failed, for all of the stack or a part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its resources, in CloudFormation's order.
    pub resources: Vec<ResourceDrift>,
}

/// The drift of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceDrift {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type, `AWS::S3::Bucket`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The name AWS knows it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_id: Option<String>,
    /// Where it is declared, `stacks/src/files.rs:20`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it is.
    pub status: DriftStatus,
    /// Why it could not be checked, or what else is to be known of the status.
    pub reason: Option<String>,
    /// Properties that are not what the template says.
    pub properties: Vec<PropertyDrift>,
    /// Properties that the template gives and that could not be checked, of a resource that was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchecked: Vec<UncheckedProperty>,
}

/// How a resource is, compared with its template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    /// All that was checked of it is as the template says.
    InSync,
    /// Something is not.
    Modified,
    /// It is gone.
    Deleted,
    /// Nobody knows.
    Unchecked,
}

/// A property that is not what the template says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyDrift {
    /// The way from `Properties` to the value: property names and list indexes.
    pub path: Vec<String>,
    /// What the template says; nothing for an element of a list that was added.
    pub expected: Option<Value>,
    /// What there is; nothing when it was removed.
    pub actual: Option<Value>,
}

/// A property that could not be checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UncheckedProperty {
    /// The way from `Properties` to the value.
    pub path: Vec<String>,
    /// Why.
    pub reason: String,
}

impl UncheckedProperty {
    /// What could not be checked, and why.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.path.join("."), self.reason)
    }
}

impl DriftReport {
    /// Whether anything is known not to be as its template says.
    pub fn has_drift(&self) -> bool {
        self.resources().any(|resource| {
            matches!(
                resource.status,
                DriftStatus::Modified | DriftStatus::Deleted
            )
        })
    }

    /// How many resources are in a status.
    pub fn count(&self, status: DriftStatus) -> usize {
        self.resources().filter(|one| one.status == status).count()
    }

    /// All resources.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceDrift> {
        self.stacks.iter().flat_map(|stack| &stack.resources)
    }
}

impl StackDrift {
    /// Whether nothing at all is known of a stack that is there.
    pub fn is_unknown(&self) -> bool {
        let mut resources = self.resources.iter();
        self.problem.is_some() && resources.all(|one| one.status == DriftStatus::Unchecked)
    }
}
