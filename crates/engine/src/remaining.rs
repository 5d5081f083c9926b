//! What remains after stacks are deleted, and why: nothing is to be left behind without a word.
//!
//! What the stack itself kept is told by its events. The rest is what CloudFormation never knew of: snapshots, and what
//! services made on their own for the resources of the stack.

use std::collections::BTreeMap;

use assembly::StackManifest;
use futures_util::future::{BoxFuture, FutureExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    engine::{Engine, TOKEN_PREFIX},
    error::{AwsErrorKind, Error},
    nested::{NESTED, within},
    port::{Stack, StackResource},
    status::StackStatus,
};

/// Something that is still there, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// What it is.
    pub kind: RemainingKind,
    /// The stack's short name, when it was of one.
    pub stack: Option<String>,
    /// The logical id of the resource that it was or belonged to.
    pub logical_id: Option<String>,
    /// The resource's type, when it is one.
    pub resource_type: Option<String>,
    /// The name AWS knows it by, as far as that is known.
    pub name: String,
    /// Why it is there.
    pub why: String,
    /// Whether it is certain to be there; what services make of their own accord may never have been made.
    pub certain: bool,
}

/// What remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemainingKind {
    /// A resource that its policy kept.
    Retained,
    /// A resource that could not be deleted.
    Undeleted,
    /// A snapshot of a resource that was deleted.
    Snapshot,
    /// A log group that a service made.
    LogGroup,
    /// A bucket that a service made.
    Bucket,
    /// A stack that was not deleted.
    Stack,
    /// A change set of someone else.
    ChangeSet,
    /// Records of what was done to the environment.
    Records,
    /// What `bootstrap` made for the account and region.
    Bootstrap,
}

/// What is known of a stack before it is deleted.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    template: Value,
    /// The names AWS knows its resources by, by logical id.
    names: BTreeMap<String, String>,
    /// The same of its nested stacks.
    nested: BTreeMap<String, Self>,
}

impl Engine<'_> {
    /// Reads what a stack has before it is deleted. What these credentials may not read is not known then.
    pub(crate) async fn inventory(
        &self,
        stack: &StackManifest,
        found: &Stack,
    ) -> Result<Inventory, Error> {
        if matches!(
            found.status,
            StackStatus::ReviewInProgress | StackStatus::RollbackComplete
        ) {
            return Ok(Inventory::default());
        }
        self.inventory_of(&stack.name, found.id.clone()).await
    }

    fn inventory_of<'a>(
        &'a self,
        stack: &'a str,
        id: String,
    ) -> BoxFuture<'a, Result<Inventory, Error>> {
        async move { self.read_inventory(stack, &id).await }.boxed()
    }

    async fn read_inventory(&self, stack: &str, id: &str) -> Result<Inventory, Error> {
        self.pace.permit().await;
        let (template, resources) = tokio::join!(self.cloud.template(id), self.cloud.resources(id));
        let denied = |error: &crate::error::AwsError| match error.kind {
            AwsErrorKind::AccessDenied => {
                let note = format!("what services made for it is not known: {error}");
                self.note(stack, note);
                true
            }
            _ => false,
        };
        let template = match template {
            Ok(text) => text.unwrap_or_default(),
            Err(error) if denied(&error) => String::new(),
            Err(error) => return Err(error.into()),
        };
        let resources = match resources {
            Ok(resources) => resources,
            Err(error) if denied(&error) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut nested = BTreeMap::new();
        for resource in resources.iter().filter(|one| one.resource_type == NESTED) {
            if let Some(id) = resource.physical_id.clone().filter(|id| !id.is_empty()) {
                let found = self.inventory_of(stack, id).await?;
                nested.insert(resource.logical_id.clone(), found);
            }
        }
        Ok(Inventory {
            nested,
            template: template::Template::parse(&template)
                .map(template::Template::into_body)
                .unwrap_or_default(),
            names: resources
                .into_iter()
                .filter_map(|resource| Some((resource.logical_id, resource.physical_id?)))
                .collect(),
        })
    }

    /// Names of change sets that someone else keeps in a shell without resources.
    pub(crate) async fn foreign_change_sets(&self, found: &Stack) -> Result<Vec<String>, Error> {
        if found.status != StackStatus::ReviewInProgress {
            return Ok(Vec::new());
        }
        let change_sets = self.cloud.change_sets(&found.id).await?;
        let foreign = change_sets.into_iter().map(|change_set| change_set.name);
        Ok(foreign
            .filter(|name| !name.starts_with(TOKEN_PREFIX))
            .collect())
    }
}

impl Inventory {
    /// What remains of the stack, once it is deleted but for `kept`.
    pub(crate) fn remaining(&self, stack: &str, kept: &[StackResource]) -> Vec<Remaining> {
        let mut remaining: Vec<Remaining> = kept
            .iter()
            .map(|resource| Remaining {
                kind: if resource.status.is_failed() {
                    RemainingKind::Undeleted
                } else {
                    RemainingKind::Retained
                },
                stack: Some(stack.to_owned()),
                logical_id: Some(resource.logical_id.clone()),
                resource_type: Some(resource.resource_type.clone()),
                name: resource.physical_id.clone().unwrap_or_default(),
                why: if resource.status.is_failed() {
                    let reason = resource.reason.as_deref().unwrap_or("no reason is given");
                    format!("it could not be deleted: {reason}")
                } else {
                    "its deletion policy keeps it".to_owned()
                },
                certain: true,
            })
            .collect();
        let declared = self.template["Resources"].as_object();
        for (logical_id, resource) in declared.into_iter().flatten() {
            let is_kept = kept.iter().any(|kept| kept.logical_id == *logical_id);
            let (Some(name), false) = (self.names.get(logical_id), is_kept) else {
                continue;
            };
            let resource_type = resource["Type"].as_str().unwrap_or_default();
            let of = |kind, name: String, why: &str, certain| Remaining {
                kind,
                stack: Some(stack.to_owned()),
                logical_id: Some(logical_id.clone()),
                resource_type: Some(resource_type.to_owned()),
                name,
                why: why.to_owned(),
                certain,
            };
            if is_snapshotted(resource_type, resource) {
                let why = "its deletion policy takes a snapshot before it is deleted";
                remaining.push(of(RemainingKind::Snapshot, name.clone(), why, true));
            }
            if let Some(log_group) = log_group(resource_type, name)
                && !self.declares(&log_group)
            {
                let why = "the service makes it when it first writes a log; no stack knows of it";
                remaining.push(of(RemainingKind::LogGroup, log_group, why, false));
            }
            if let Some(bucket) = bucket(resource_type) {
                let why = "the service makes it and keeps what is in it; no stack knows of it";
                remaining.push(of(RemainingKind::Bucket, bucket.to_owned(), why, false));
            }
        }
        for (name, nested) in &self.nested {
            // One that is kept has lost nothing.
            if kept.iter().any(|one| one.logical_id == *name) {
                continue;
            }
            let start = within(name, "");
            let below: Vec<StackResource> = kept
                .iter()
                .filter_map(|one| {
                    let logical_id = one.logical_id.strip_prefix(&start)?.to_owned();
                    Some(StackResource {
                        logical_id,
                        ..one.clone()
                    })
                })
                .collect();
            let known = below.len();
            let found = nested.remaining(stack, &below).into_iter();
            // What it kept itself is told above.
            remaining.extend(found.skip(known).map(|one| Remaining {
                logical_id: one.logical_id.map(|logical_id| within(name, &logical_id)),
                ..one
            }));
        }
        remaining
    }

    /// Whether the stack declares a log group of its own by this name, which went with it.
    fn declares(&self, log_group: &str) -> bool {
        self.names.values().any(|name| name == log_group)
    }
}

/// Whether a snapshot is taken when the resource goes.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html>
fn is_snapshotted(resource_type: &str, resource: &Value) -> bool {
    match resource["DeletionPolicy"].as_str() {
        Some(policy) => policy == "Snapshot",
        None => match resource_type {
            "AWS::RDS::DBCluster" => true,
            "AWS::RDS::DBInstance" => resource["Properties"]["DBClusterIdentifier"].is_null(),
            _ => false,
        },
    }
}

/// The log group that a service makes for a resource by itself.
fn log_group(resource_type: &str, name: &str) -> Option<String> {
    Some(match resource_type {
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => format!("/aws/lambda/{name}"),
        "AWS::CodeBuild::Project" => format!("/aws/codebuild/{name}"),
        "AWS::ApiGateway::RestApi" => format!("API-Gateway-Execution-Logs_{name}/…"),
        "AWS::SageMaker::Endpoint" => format!("/aws/sagemaker/Endpoints/{name}"),
        _ => return None,
    })
}

/// The bucket that a service makes for a resource by itself.
fn bucket(resource_type: &str) -> Option<&'static str> {
    Some(match resource_type {
        "AWS::ElasticBeanstalk::Application" => "elasticbeanstalk-REGION-ACCOUNT",
        "AWS::SageMaker::Domain" => "sagemaker-REGION-ACCOUNT",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::status::ResourceStatus;

    #[test]
    fn snapshots_and_what_services_make_are_named_besides_what_was_kept() {
        let inventory = Inventory {
            template: json!({"Resources": {
                "Database": {"Type": "AWS::RDS::DBCluster"},
                "Reader": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBClusterIdentifier": "x"}},
                "Volume": {"Type": "AWS::EC2::Volume", "DeletionPolicy": "Snapshot"},
                "Report": {"Type": "AWS::Lambda::Function"},
                "Tidy": {"Type": "AWS::Lambda::Function"},
                "TidyLogs": {"Type": "AWS::Logs::LogGroup"},
                "Never": {"Type": "AWS::Lambda::Function", "Condition": "No"},
                "Files": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"},
            }}),
            names: [
                ("Database", "shop-database"),
                ("Reader", "shop-reader"),
                ("Volume", "vol-1"),
                ("Report", "shop-report"),
                ("Tidy", "shop-tidy"),
                ("TidyLogs", "/aws/lambda/shop-tidy"),
                ("Files", "shop-files"),
            ]
            .map(|(id, name)| (id.to_owned(), name.to_owned()))
            .into(),
            nested: BTreeMap::from([(
                "Child".to_owned(),
                Inventory {
                    template: json!({"Resources": {
                        "Mail": {"Type": "AWS::Lambda::Function"},
                        "Kept": {"Type": "AWS::Lambda::Function", "DeletionPolicy": "Retain"},
                    }}),
                    names: [("Mail", "shop-mail"), ("Kept", "shop-kept")]
                        .map(|(id, name)| (id.to_owned(), name.to_owned()))
                        .into(),
                    nested: BTreeMap::new(),
                },
            )]),
        };
        let retained = |id: &str, name: &str, resource_type: &str| StackResource {
            logical_id: id.to_owned(),
            physical_id: Some(name.to_owned()),
            resource_type: resource_type.to_owned(),
            status: ResourceStatus("DELETE_SKIPPED".to_owned()),
            reason: None,
        };
        let kept = [
            retained("Files", "shop-files", "AWS::S3::Bucket"),
            retained("Child.Kept", "shop-kept", "AWS::Lambda::Function"),
        ];
        let found = inventory.remaining("shop", &kept);
        let short: Vec<_> = found
            .iter()
            .map(|one| (one.kind, one.name.as_str(), one.certain))
            .collect();
        assert_eq!(
            short,
            [
                (RemainingKind::Retained, "shop-files", true),
                (RemainingKind::Retained, "shop-kept", true),
                (RemainingKind::Snapshot, "shop-database", true),
                (RemainingKind::Snapshot, "vol-1", true),
                (RemainingKind::LogGroup, "/aws/lambda/shop-report", false),
                (RemainingKind::LogGroup, "/aws/lambda/shop-mail", false),
            ]
        );
        let last = found.last().and_then(|one| one.logical_id.as_deref());
        assert_eq!(last, Some("Child.Mail"));
    }
}
