//! The manifest: what an assembly holds, beside the templates themselves.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::Diagnostic;

/// The version of the manifest's form. A reader refuses another major version.
pub const FORMAT_VERSION: &str = "1.0";

/// What an assembly holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub format_version: String,
    /// The project's name, first part of every CloudFormation stack name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// The account it was synthesized for.
    pub account: String,
    /// The region it was synthesized for.
    pub region: String,
    /// Stacks in the order they deploy: a stack stands after all it depends on.
    pub stacks: Vec<StackManifest>,
    /// Resources outside AWS, in the order they deploy.
    #[serde(default)]
    pub external: Vec<ExternalResource>,
    /// Resources that were given another place or name.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// What synthesis had to say. With an error among them there are no stacks.
    #[serde(default)]
    pub diagnostics: Vec<Diagnostic>,
}

/// One stack of an assembly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackManifest {
    /// The short name, as on the command line: `identity`.
    pub name: String,
    /// The CloudFormation name: `chitchatter-staging-identity`.
    pub stack_name: String,
    /// The template's file name within the assembly.
    pub template: String,
    /// Short names of the stacks that must be deployed before.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Tags of the stack itself.
    #[serde(default)]
    pub tags: IndexMap<String, String>,
    /// Values of the template's parameters.
    #[serde(default)]
    pub parameters: IndexMap<String, String>,
    /// Whether CloudFormation refuses to delete the stack.
    #[serde(default)]
    pub termination_protection: bool,
    /// ARNs of the SNS topics that are told of everything that happens to the stack. Without a list, those of the deployed stack
    /// stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_arns: Option<Vec<String>>,
    /// The [stack policy](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html): what an
    /// update may do with which resources. Without one, that of the deployed stack stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack_policy: Option<serde_json::Value>,
    /// The role CloudFormation acts in for this stack; by default that of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Where each resource was declared, by logical id, in template order.
    #[serde(default)]
    pub resources: IndexMap<String, ResourceOrigin>,
    /// Stateful resources that may be replaced or removed for a while.
    #[serde(default)]
    pub allowed_losses: Vec<AllowedLoss>,
    /// What is found in resources and accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressions: Vec<Suppression>,
}

/// Where a resource was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceOrigin {
    /// Construct path: `identity/Users`.
    pub path: String,
    /// File and line: `stacks/src/identity.rs:41`.
    pub source: String,
}

/// Permission, written in code, to lose what a stateful resource holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedLoss {
    /// The resource.
    pub logical_id: String,
    /// The last day of the permission, `2026-12-31`.
    pub until: String,
    /// Why it is right.
    pub reason: String,
}

/// A reason, written in code, to accept what a rule finds in a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The resource.
    pub logical_id: String,
    /// The rule's id, or the name of a rule of the project's own policies.
    pub rule: String,
    /// Why it is right.
    pub reason: String,
}

/// A resource outside AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalResource {
    /// The service: `vercel`.
    pub provider: String,
    /// The kind of resource: `project`.
    pub kind: String,
    /// Its natural key at the service.
    pub key: String,
    /// What must be deployed before: stack names and `provider/kind/key`.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// What is wanted.
    pub properties: serde_json::Value,
    /// Where it was declared.
    pub origin: ResourceOrigin,
}

/// A resource that was given another place or name; both ends are `stack/LogicalId`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Where it is deployed.
    pub from: String,
    /// Where it is declared now.
    pub to: String,
}
