//! What is wrong with a stack, or might be: what validation, the security rules and a project's own policies found.

use assembly::{ResourceOrigin, Severity};
use serde::{Deserialize, Serialize};

/// One finding about a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave it is. An error stops a plan from being deployed.
    pub severity: Severity,
    /// The rule's stable id, `CIF101`, or the name of a rule of the project's own policies.
    pub rule: String,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
    /// The resource it is about, when it is about one.
    #[serde(default)]
    pub logical_id: Option<String>,
    /// The resource's construct path, `files/Files`, when known.
    #[serde(default)]
    pub path: Option<String>,
    /// Where that is declared, `stacks/src/files.rs:20`, when known.
    #[serde(default)]
    pub source: Option<String>,
    /// The way to what it is about: from the resource's properties, or from the template's root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub property: Vec<String>,
    /// The reason why it is accepted, when somebody wrote one. It then counts for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
}

impl Finding {
    /// A finding about a stack as a whole.
    pub fn new(severity: Severity, rule: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity,
            rule: rule.into(),
            message: message.into(),
            logical_id: None,
            path: None,
            source: None,
            property: Vec::new(),
            suppressed: None,
        }
    }

    /// The same finding, about a resource, which `origin` says where it is declared.
    #[must_use]
    pub fn about(self, logical_id: &str, origin: Option<&ResourceOrigin>) -> Self {
        Self {
            logical_id: Some(logical_id.to_owned()),
            path: origin.map(|origin| origin.path.clone()),
            source: origin.map(|origin| origin.source.clone()),
            ..self
        }
    }

    /// Whether it stops a deployment.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error && self.suppressed.is_none()
    }
}
