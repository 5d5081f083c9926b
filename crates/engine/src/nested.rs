//! Change sets of nested stacks: CloudFormation makes them with the one of the stack above, and each is described by itself.
//!
//! Their resources are named as CloudFormation names them elsewhere, through their stack: `Network.Subnet`.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use plan::{ReportedChange, secret_parameters};
use serde_json::Value;

use crate::{
    engine::Engine,
    error::{AwsErrorKind, Error},
    port::{ChangeSet, ChangeSetStatus, Finding, Values},
    veil::{concealed, veil},
};

/// The type of a nested stack.
pub(crate) const NESTED: &str = "AWS::CloudFormation::Stack";

/// Whether a template has nested stacks.
pub(crate) fn has_nested(template: &Value) -> bool {
    let resources = template["Resources"].as_object();
    let mut resources = resources.into_iter().flatten();
    resources.any(|(_, resource)| resource["Type"] == NESTED)
}

/// How a resource of a nested stack is named.
pub(crate) fn within(stack: &str, logical_id: &str) -> String {
    format!("{stack}.{logical_id}")
}

/// The part of such a name that the stack above all knows.
pub(crate) fn outermost(logical_id: &str) -> &str {
    logical_id.split('.').next().unwrap_or(logical_id)
}

/// The change set of a nested stack.
struct Below {
    /// How the stack is named from above all.
    name: String,
    id: String,
    /// Its parameters that are given what must not be shown.
    concealed: BTreeSet<String>,
    /// Whether that is known.
    is_known: bool,
}

fn below(
    change_set: &ChangeSet,
    name: Option<&str>,
    template: &Value,
    secrets: &BTreeSet<String>,
) -> Vec<Below> {
    let nested = change_set.nested.iter();
    nested
        .map(|(child, id)| Below {
            name: name.map_or_else(|| child.clone(), |name| within(name, child)),
            id: id.clone(),
            concealed: concealed(template, child, secrets),
            is_known: template.is_object(),
        })
        .collect()
}

impl Engine<'_> {
    /// What the change sets of nested stacks would do, and of those nested in them; without values that must not be shown.
    pub(crate) async fn nested_changes(
        &self,
        change_set: &ChangeSet,
        template: &Value,
        secrets: &BTreeSet<String>,
    ) -> Result<Vec<ReportedChange>, Error> {
        let mut changes = Vec::new();
        let mut open = below(change_set, None, template, secrets);
        while !open.is_empty() {
            let described = open.into_iter().map(|one| async move {
                let found = self.cloud.change_set(&one.id, Values::Included);
                let text = async {
                    match one.is_known {
                        true => self.cloud.change_set_template(&one.id).await,
                        false => Ok(None),
                    }
                };
                let (found, text) = tokio::join!(found, text);
                let text = match text {
                    // What may not be read is not known, and nothing of it is shown.
                    Err(error) if error.kind == AwsErrorKind::AccessDenied => None,
                    text => text?,
                };
                let body = text.and_then(|text| template::Template::parse(&text).ok());
                let body = body.map(template::Template::into_body);
                Ok::<_, Error>((one.name, found?, body.unwrap_or_default(), one.concealed))
            });
            let mut next = Vec::new();
            for (name, mut found, body, mut secrets) in try_join_all(described).await? {
                secrets.extend(secret_parameters(&body).map(str::to_owned));
                veil(&mut found.changes, &body, &secrets);
                next.extend(below(&found, Some(&name), &body, &secrets));
                for mut change in found.changes {
                    change.logical_id = within(&name, &change.logical_id);
                    changes.push(change);
                }
            }
            open = next;
        }
        Ok(changes)
    }

    /// What early validation and hooks have against the change sets of nested stacks: the one of the stack above says only that
    /// one of them failed.
    pub(crate) async fn nested_findings(&self, change_set: &ChangeSet) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut open = change_set.nested.clone();
        while let Some((name, id)) = open.pop() {
            // Whatever cannot be read is worth no other error: that it failed is told all the same.
            let Ok(found) = self.cloud.change_set(&id, Values::Left).await else {
                continue;
            };
            let nested = found.nested.iter();
            open.extend(nested.map(|(child, id)| (within(&name, child), id.clone())));
            if found.status != ChangeSetStatus::Failed {
                continue;
            }
            let told = self.cloud.findings(&id).await.unwrap_or_default();
            if told.is_empty() {
                findings.push(Finding {
                    name: None,
                    logical_id: Some(name),
                    message: found.reason.unwrap_or_default(),
                    pointer: None,
                    warning: false,
                });
                continue;
            }
            findings.extend(told.into_iter().map(|finding| Finding {
                logical_id: Some(match finding.logical_id {
                    Some(logical_id) => within(&name, &logical_id),
                    None => name.clone(),
                }),
                ..finding
            }));
        }
        findings
    }
}
