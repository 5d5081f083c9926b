//! What early validation and hooks have against change sets: asked for, and told with the line that declares the resource.
//!
//! Why a change set failed names no more than the validation; `DescribeEvents` has the rest.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html>

use assembly::{ResourceOrigin, StackManifest};

use crate::{
    engine::Engine,
    error::{AwsErrorKind, Error},
    port::{ChangeSet, Finding},
};

impl Engine<'_> {
    /// What early validation and hooks warn of. That it cannot be read changes nothing: nobody is stopped by a warning.
    pub(crate) async fn warnings(&self, stack: &str, change_set: &str) -> Vec<Finding> {
        let findings = match self.cloud.findings(change_set).await {
            Ok(findings) => findings,
            Err(error) => {
                if error.kind == AwsErrorKind::AccessDenied {
                    self.note(
                        stack,
                        format!("what early validation warns of is not known: {error}"),
                    );
                }
                Vec::new()
            }
        };
        findings
            .into_iter()
            .filter(|finding| finding.warning)
            .collect()
    }

    /// Why CloudFormation could not make a change set, with what early validation and hooks found.
    pub(crate) async fn refused(
        &self,
        stack: &StackManifest,
        found: &ChangeSet,
        reason: String,
    ) -> Error {
        let mut findings = match self.cloud.findings(&found.id).await {
            Ok(findings) => findings,
            // The reason alone is still true; that the details cannot be read is worth a word, not another error.
            Err(error) => {
                if error.kind == AwsErrorKind::AccessDenied {
                    self.note(&stack.name, error.to_string());
                }
                Vec::new()
            }
        };
        findings.extend(self.nested_findings(found).await);
        // Errors first; what only warns did not fail it.
        findings.sort_by_key(|finding| finding.warning);
        // What is found says more than where it could be asked for.
        let reason = match (reason.split_once(". To troubleshoot"), findings.is_empty()) {
            (Some((what, _)), false) => what.to_owned(),
            _ => reason,
        };
        let told = findings.into_iter().map(|finding| tell(stack, finding));
        Error::ChangeSet {
            stack: stack.name.clone(),
            reason,
            findings: told.collect(),
        }
    }
}

/// A finding in one line, with where its resource is declared.
pub(crate) fn tell(stack: &StackManifest, finding: Finding) -> String {
    let logical_id = finding.logical_id.or_else(|| {
        // `/Resources/Users/Properties/…`
        let mut parts = finding.pointer.as_deref()?.split('/').skip(1);
        (parts.next() == Some("Resources")).then(|| parts.next().map(str::to_owned))?
    });
    let origin = logical_id.as_ref().and_then(|id| origin(stack, id));
    let place = match (&logical_id, origin) {
        (Some(id), Some(origin)) => format!("`{id}` ({}): ", origin.source),
        (Some(id), None) => format!("`{id}`: "),
        (None, _) => String::new(),
    };
    let within = finding
        .pointer
        .map_or_else(String::new, |pointer| format!(" (at {pointer})"));
    let name = finding
        .name
        .map_or_else(String::new, |name| format!("{name}: "));
    let warning = if finding.warning { "warning: " } else { "" };
    let message = finding.message.trim_end_matches('.');
    format!("{warning}{place}{name}{message}{within}")
}

/// Where a resource is declared; what is within a nested stack, where that is.
fn origin<'m>(stack: &'m StackManifest, logical_id: &str) -> Option<&'m ResourceOrigin> {
    stack.resources.get(logical_id.split('.').next()?)
}

/// What warns of a change set, as the plan keeps it.
pub(crate) fn warning(stack: &StackManifest, finding: Finding) -> plan::Finding {
    let origin = finding.logical_id.as_ref().and_then(|id| origin(stack, id));
    // `/Resources/Users/Properties/…`
    let pointer = finding.pointer.as_deref().unwrap_or_default();
    let property = pointer.split('/').skip(4).map(str::to_owned).collect();
    plan::Finding {
        severity: plan::Severity::Warning,
        rule: finding.name.unwrap_or_else(|| "CloudFormation".to_owned()),
        message: finding.message.trim_end_matches('.').to_owned(),
        path: origin.map(|origin| origin.path.clone()),
        source: origin.map(|origin| origin.source.clone()),
        logical_id: finding.logical_id,
        property,
        suppressed: None,
    }
}
