//! A plan with nothing in it but access.

use serde::{Deserialize, Serialize};

use super::{FORMAT_VERSION, Plan, Security, StackDiff};

/// What a deployment of an environment would change in access: what `plan --security-only --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessPlan {
    /// The version of this form.
    pub format_version: String,
    /// The environment's name.
    pub environment: String,
    /// The account it is for.
    pub account: String,
    /// The region it is for.
    pub region: String,
    /// The commit of the project it was made from, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The assembly it is compared with, where that is not what is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Whether access widens in any stack.
    pub widened: bool,
    /// Stacks in the order they deploy.
    pub stacks: Vec<StackAccess>,
}

/// What changes in the access of one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackAccess {
    /// The short name, `identity`.
    pub name: String,
    /// The CloudFormation name, `chitchatter-staging-identity`.
    pub stack_name: String,
    /// Whether the plan may still change, as an earlier stack must be deployed before all values are known.
    #[serde(default)]
    pub provisional: bool,
    /// What could not be verified, and why; nothing where everything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified: Option<String>,
    /// What changes.
    pub security: Security,
}

/// What changes in access between two templates: what `diff --security-only --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessDiff {
    /// The version of this form.
    pub format_version: String,
    /// What changes.
    pub security: Security,
}

impl Plan {
    /// The part of the plan that tells of access.
    pub fn access(&self) -> AccessPlan {
        let stacks = self.stacks.iter().map(|stack| StackAccess {
            name: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            provisional: stack.provisional,
            unverified: stack.unverified.clone(),
            security: stack.diff.security.clone(),
        });
        AccessPlan {
            format_version: FORMAT_VERSION.to_owned(),
            environment: self.environment.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
            commit: self.commit.clone(),
            against: self.against.clone(),
            widened: self.stacks.iter().any(|stack| stack.diff.security.widened),
            stacks: stacks.collect(),
        }
    }
}

impl AccessPlan {
    /// Whether access changes, or may where not everything could be verified.
    pub fn may_change(&self) -> bool {
        self.stacks
            .iter()
            .any(|stack| !stack.security.is_empty() || stack.unverified.is_some())
    }
}

impl StackDiff {
    /// The part that tells of access.
    pub fn access(&self) -> AccessDiff {
        AccessDiff {
            format_version: FORMAT_VERSION.to_owned(),
            security: self.security.clone(),
        }
    }
}
