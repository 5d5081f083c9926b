//! What `bootstrap` prepares for an environment, as far as both sides must know it: the settings, and the names.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::deserialize_text;

/// The IAM path of everything that `bootstrap` makes. What stacks declare is elsewhere, so that nothing they may do
/// reaches it.
pub const BOOTSTRAP_PATH: &str = "/chitinfra/";

/// The stack of what an account and region has once.
pub const ACCOUNT_STACK: &str = "chitinfra-bootstrap";

/// What `bootstrap` prepares for an environment: `bootstrap:` in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// The repository on GitHub whose workflows plan and deploy; without one there are no roles for workflows.
    #[serde(default)]
    pub repository: Option<Repository>,
    /// Actions that CloudFormation needs beyond those that AWS says its resource types need: `codebuild:CreateProject`.
    #[serde(default)]
    pub permissions: Vec<Permission>,
}

/// A repository on GitHub, `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Repository(String);

impl Repository {
    /// Reads `owner/name`.
    ///
    /// # Errors
    /// The text is not of that form.
    pub fn new(text: &str) -> Result<Self, String> {
        let is_name = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => Ok(Self(text.to_owned())),
            _ => Err(format!("repository `{text}` is not `owner/name`")),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Repository {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, Self::new)
    }
}

/// An IAM action by its full name, `codebuild:CreateProject`. It names one action, not all that match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Permission(String);

impl Permission {
    /// Reads `service:Action`.
    ///
    /// # Errors
    /// The text is not of that form, or has a wildcard.
    pub fn new(text: &str) -> Result<Self, String> {
        let is_word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match text.split_once(':') {
            Some((service, action)) if is_word(service) && is_word(action) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(format!(
                "permission `{text}` is not one action, `service:Action`"
            )),
        }
    }

    /// The action.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_text(deserializer, Self::new)
    }
}

/// The names of what `bootstrap` makes for one environment of a project.
#[derive(Clone, Copy, Debug)]
pub struct BootstrapNames<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The environment's name.
    pub environment: &'a str,
}

impl BootstrapNames<'_> {
    /// The stack of what the environment has of its own.
    pub fn stack(self) -> String {
        format!("{ACCOUNT_STACK}-{}-{}", self.project, self.environment)
    }

    /// A role or policy of the environment, `execution`, without the path.
    pub fn own(self, what: &str) -> String {
        format!("{}-{}-{what}", self.project, self.environment)
    }

    /// The role in which CloudFormation acts, with its path: `chitinfra/<project>-<environment>-execution`.
    pub fn execution_role(self) -> String {
        format!("{}{}", in_arn(), self.own("execution"))
    }

    /// The policy that is the boundary of every role and user of the environment, with its path.
    pub fn boundary(self) -> String {
        format!("{}{}", in_arn(), self.own("boundary"))
    }
}

/// The path as ARNs have it, without the slash in front.
fn in_arn() -> &'static str {
    BOOTSTRAP_PATH.trim_start_matches('/')
}

/// The partition that a region belongs to: `aws`.
pub fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("eu-isoe-") => "aws-iso-e",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}
