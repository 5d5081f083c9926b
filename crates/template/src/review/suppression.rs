//! Findings that somebody accepts, with the reason: by the stacks program, or in a resource's own `Metadata`:
//!
//! ```yaml
//! Metadata:
//!   chitinfra:
//!     suppress: [{rule: CIF101, reason: this is the public web site}]
//! ```

use serde_json::Value;

use crate::{
    finding::{Finding, Findings, Path},
    rules::{self, RULES},
    template::Template,
    validate::place,
};

/// Somebody's reason to accept what a rule finds in a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The resource.
    pub logical_id: String,
    /// The rule's id, or the name of a rule of the project's own policies.
    pub rule: String,
    /// Why it is right.
    pub reason: String,
}

impl Suppression {
    /// Whether it is about one of the rules here, not about one of the project's own policies.
    pub fn is_built_in(&self) -> bool {
        let id = self.rule.to_ascii_uppercase();
        id.strip_prefix("CIF")
            .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn covers(&self, finding: &Finding) -> bool {
        let logical_id = match finding.path.as_slice() {
            [section, logical_id, ..] if section == "Resources" => logical_id,
            _ => return false,
        };
        *logical_id == self.logical_id && finding.rule == self.rule
    }
}

/// What the resources of a template accept in their own `Metadata`, in the order of the text. What is malformed is left
/// out; [`check`](super::check) tells of it.
pub fn suppressions(template: &Template) -> Vec<Suppression> {
    read(template, &mut Findings::default())
}

fn read(template: &Template, findings: &mut Findings) -> Vec<Suppression> {
    let mut suppressions = Vec::new();
    for resource in template.resources() {
        let entries = resource
            .attribute("Metadata")
            .and_then(|metadata| metadata.get("chitinfra")?.get("suppress"));
        let Some(entries) = entries else {
            continue;
        };
        let logical_id = resource.logical_id();
        let path = Path::new(&["Resources", logical_id, "Metadata", "chitinfra", "suppress"]);
        let Value::Array(entries) = entries else {
            let message = "`suppress` is a list of `{rule, reason}`";
            findings.add(&rules::SUPPRESSION, &path, message);
            continue;
        };
        for (index, entry) in entries.iter().enumerate() {
            let text = |key: &str| {
                let text = entry.get(key).and_then(Value::as_str).map(str::trim);
                text.filter(|text| !text.is_empty()).map(str::to_owned)
            };
            match (text("rule"), text("reason")) {
                (Some(rule), Some(reason)) => suppressions.push(Suppression {
                    logical_id: logical_id.to_owned(),
                    rule,
                    reason,
                }),
                (rule, _) => {
                    let mut path = path.clone();
                    path.push_index(index);
                    let missing = if rule.is_none() { "rule" } else { "reason" };
                    let message = format!("a finding is accepted without a `{missing}`");
                    findings.add(&rules::SUPPRESSION, &path, message);
                }
            }
        }
    }
    suppressions
}

/// Marks what is accepted, and adds what is accepted and not found.
pub(super) fn apply(template: &Template, given: &[Suppression], found: &mut Vec<Finding>) {
    let mut findings = Findings::default();
    let written = read(template, &mut findings);
    for suppression in given.iter().chain(&written).filter(|one| one.is_built_in()) {
        let mut used = false;
        for finding in found
            .iter_mut()
            .filter(|finding| suppression.covers(finding))
        {
            finding
                .suppressed
                .get_or_insert_with(|| suppression.reason.clone());
            used = true;
        }
        if used {
            continue;
        }
        let Suppression {
            logical_id, rule, ..
        } = suppression;
        let known = RULES.iter().any(|known| known.id == *rule);
        let message = if template.resource(logical_id).is_none() {
            let ids = template.resources().map(crate::Resource::logical_id);
            format!(
                "there is no resource `{logical_id}` for which `{rule}` could be accepted{}",
                findings.suggestion(logical_id, ids)
            )
        } else if known {
            format!("`{rule}` is accepted and not found; take the acceptance away")
        } else {
            let ids = RULES.iter().map(|rule| rule.id);
            format!(
                "there is no rule `{rule}` that could be accepted{}",
                findings.suggestion(rule, ids)
            )
        };
        findings.add(
            &rules::UNUSED_SUPPRESSION,
            &Path::new(&["Resources", logical_id]),
            message,
        );
    }
    found.extend(place(template, findings));
}
