//! Change sets of nested stacks: CloudFormation makes them with the one of the stack above, and each is described by itself.
//!
//! Their resources are named as CloudFormation names them elsewhere, through their stack: `Network.Subnet`.

use futures_util::future::try_join_all;
use plan::ReportedChange;
use serde_json::Value;

use crate::{
    engine::Engine,
    error::Error,
    port::{ChangeSet, ChangeSetStatus, Finding, Values},
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

impl Engine<'_> {
    /// What the change sets of nested stacks would do, and of those nested in them.
    pub(crate) async fn nested_changes(
        &self,
        change_set: &ChangeSet,
    ) -> Result<Vec<ReportedChange>, Error> {
        let mut changes = Vec::new();
        let mut open = change_set.nested.clone();
        while !open.is_empty() {
            let described = open.into_iter().map(|(name, id)| async move {
                let found = self.cloud.change_set(&id, Values::Included).await?;
                Ok::<_, Error>((name, found))
            });
            let mut below = Vec::new();
            for (name, found) in try_join_all(described).await? {
                for mut change in found.changes {
                    change.logical_id = within(&name, &change.logical_id);
                    changes.push(change);
                }
                let nested = found.nested.iter();
                below.extend(nested.map(|(child, id)| (within(&name, child), id.clone())));
            }
            open = below;
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
