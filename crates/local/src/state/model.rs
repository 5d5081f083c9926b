//! What the endpoint remembers: stacks with their resources, events and change sets, uploaded objects, parameters.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    drift::{Actual, DriftContext},
    nesting::{Foreseen, Nesting},
    status::{
        ChangeSetStatus, ChangeSetType, DeletionPolicy, ExecutionStatus, OnFailure, OperationKind,
        ResourceStatus, StackStatus,
    },
};

/// The desired state of a stack: what a create or update was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// The digest under which the template's text is kept.
    pub(crate) template: String,
    /// Parameter values by name.
    pub(crate) parameters: IndexMap<String, ParameterValue>,
    pub(crate) tags: IndexMap<String, String>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) notification_arns: Vec<String>,
    pub(crate) role_arn: Option<String>,
    /// Rollback triggers as sent: `(arn, type)`.
    pub(crate) rollback_triggers: Vec<(String, String)>,
    pub(crate) monitoring_minutes: Option<u32>,
}

/// The value of a template's parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ParameterValue {
    /// What was given, or the default.
    pub(crate) value: String,
    /// What an SSM parameter held when it was read.
    pub(crate) resolved: Option<String>,
}

/// A stack without its resources, events and change sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stack {
    /// The last part of its ARN, and its key in the state.
    pub(crate) uuid: String,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) status: StackStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) deleted: Option<Timestamp>,
    /// What is deployed, or is being deployed.
    pub(crate) definition: Definition,
    /// What was deployed when the stack last was complete: where a rollback leads.
    pub(crate) stable: Option<Definition>,
    pub(crate) outputs: Vec<Output>,
    /// Names of exports that other stacks own and this one reads.
    pub(crate) imports: Vec<String>,
    pub(crate) termination_protection: bool,
    pub(crate) policy: Option<String>,
    pub(crate) disable_rollback: bool,
    pub(crate) retain_except_on_create: bool,
    pub(crate) timeout_minutes: Option<u32>,
    /// The change set that was executed last.
    pub(crate) change_set_arn: Option<String>,
    /// The operation under way, or the last one.
    pub(crate) operation: Option<Operation>,
    /// How many identifiers were made for it; part of the next.
    pub(crate) ordinal: u64,
    /// Where it belongs when it is nested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nesting: Option<Nesting>,
}

impl Stack {
    /// One of which nothing is deployed yet. `account`, `name` and `uuid` make its ARN.
    pub(crate) fn new(
        account: &str,
        region: &str,
        name: String,
        uuid: String,
        definition: Definition,
        now: Timestamp,
    ) -> Self {
        Self {
            arn: format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid}"),
            uuid,
            name,
            region: region.to_owned(),
            status: StackStatus::ReviewInProgress,
            status_reason: None,
            created: now,
            updated: None,
            deleted: None,
            definition,
            stable: None,
            outputs: Vec::new(),
            imports: Vec::new(),
            termination_protection: false,
            policy: None,
            disable_rollback: false,
            retain_except_on_create: false,
            timeout_minutes: None,
            change_set_arn: None,
            operation: None,
            ordinal: 0,
            nesting: None,
        }
    }
}

/// An operation on a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: OperationKind,
    /// The caller's token; stamped on every event.
    pub(crate) token: Option<String>,
    pub(crate) phase: Phase,
    /// Whether a failure pauses the stack instead of rolling it back.
    pub(crate) disable_rollback: bool,
    pub(crate) on_failure: OnFailure,
    /// Whether resources marked Retain are deleted all the same when this very operation made them.
    pub(crate) retain_except_on_create: bool,
    /// Resources a deletion leaves alone.
    pub(crate) retain: Vec<String>,
    /// Resources a continued rollback passes over.
    pub(crate) skip: Vec<String>,
    /// Whether a resource that cannot be restored is left as it is.
    #[serde(default)]
    pub(crate) force_rollback: bool,
    /// Whether a resource that cannot be deleted is left behind.
    pub(crate) force_delete: bool,
    /// Whether the caller cancelled the update.
    pub(crate) cancelled: bool,
    /// Whether it ends when configuration is applied, before resources are stable.
    #[serde(default)]
    pub(crate) express: bool,
    /// Whether it imports and does nothing else.
    #[serde(default)]
    pub(crate) imports_only: bool,
    /// Physical identifiers of existing resources to take into the stack, by logical id.
    pub(crate) import: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether resources that something else has changed are brought back to what the template says.
    #[serde(default)]
    pub(crate) revert_drift: bool,
    /// The stack policy for this operation alone.
    #[serde(default)]
    pub(crate) policy: Option<String>,
    /// Why it fails, once it does.
    pub(crate) failure: Option<String>,
    pub(crate) started: Timestamp,
    /// The status that the stack had before, to which a deletion that is refused leads back.
    #[serde(default)]
    pub(crate) before: Option<StackStatus>,
    /// The operation of the stack above that it is part of, which decides how it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by_parent: Option<String>,
    /// What the change sets of nested stacks were made with.
    #[serde(default, skip_serializing_if = "Foreseen::is_empty")]
    pub(crate) foreseen: Foreseen,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Resources are created and updated.
    Apply,
    /// A nested stack is done with its part, and waits for what the stack above decides.
    Held,
    /// What the update left behind is deleted.
    Cleanup,
    /// Resources are brought back to their previous values.
    Restore,
    /// What the failed update had made is deleted.
    RestoreCleanup,
    /// Everything is deleted: by request, or since the creation failed.
    Delete,
    /// Nothing is left to do.
    Done,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) logical_id: String,
    pub(crate) resource_type: String,
    pub(crate) status: ResourceStatus,
    pub(crate) reason: Option<String>,
    pub(crate) timestamp: Timestamp,
    /// What exists of it.
    pub(crate) live: Option<Deployed>,
    /// What existed of it when the stack last was complete.
    pub(crate) baseline: Baseline,
    /// Where the running operation stands with it.
    pub(crate) progress: Progress,
    /// What was replaced and waits for the clean-up.
    pub(crate) superseded: Vec<Deployed>,
    /// How many physical resources were made for it.
    pub(crate) generation: u32,
}

/// What exists of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deployed {
    pub(crate) resource_type: String,
    pub(crate) physical_id: String,
    /// What `Ref` gives.
    pub(crate) reference: String,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: IndexMap<String, Value>,
    /// The evaluated properties.
    pub(crate) properties: Value,
    /// The resource as the template has it.
    pub(crate) declared: Value,
    pub(crate) deletion_policy: DeletionPolicy,
    pub(crate) update_replace_policy: DeletionPolicy,
    /// Logical ids it depends on.
    pub(crate) dependencies: Vec<String>,
    /// What something else has made of it since; nothing where it is as its stack left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) actual: Option<Actual>,
}

/// What existed of a resource when the stack last was complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Baseline {
    /// What exists now.
    Same,
    /// Nothing.
    Nothing,
    /// Something else than now.
    Was(Box<Deployed>),
}

/// Where the running operation stands with a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Progress {
    /// Not begun.
    Idle,
    /// Begun; ends at a time with a result.
    Started { until: Timestamp, goal: Goal },
    /// Ended well, or there was nothing to do.
    Done,
    /// Ended badly.
    Failed,
}

/// What a step of a resource leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    /// It will exist so.
    Exist(Box<Deployed>),
    /// What exists will be gone.
    Gone,
    /// The superseded one with this physical id will be gone.
    SupersededGone(String),
    /// It will fail for a reason.
    Fail(String),
}

/// An event of a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) operation_id: Option<String>,
    pub(crate) operation_kind: Option<OperationKind>,
    pub(crate) token: Option<String>,
    pub(crate) logical_id: String,
    pub(crate) physical_id: String,
    pub(crate) resource_type: String,
    pub(crate) timestamp: Timestamp,
    /// A word of [`ResourceStatus`] or [`StackStatus`].
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    /// The evaluated properties as JSON text.
    pub(crate) properties: Option<String>,
    /// Whether its configuration is applied, though it is not stable yet.
    #[serde(default)]
    pub(crate) configured: bool,
}

/// A change set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChangeSet {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) stack: String,
    pub(crate) kind: ChangeSetType,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) status: ChangeSetStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) execution: ExecutionStatus,
    pub(crate) definition: Definition,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) import: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) import_existing: bool,
    pub(crate) include_nested: Option<bool>,
    pub(crate) token: Option<String>,
    /// Whether it compares with what there is, not with what was deployed.
    #[serde(default)]
    pub(crate) revert_drift: bool,
    pub(crate) changes: Vec<Change>,
    /// Whether executing it ends before resources are stable, and then whether a failure is not rolled back.
    #[serde(default)]
    pub(crate) express: Option<bool>,
    /// What early validation and hooks found.
    #[serde(default)]
    pub(crate) validations: Vec<Validation>,
    /// The ARN of the change set of the stack above, with which it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// The ARN of the change set above all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) root: Option<String>,
}

/// What early validation or a hook found in a change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validation {
    /// The name of the validation, or the type of the hook.
    pub(crate) name: String,
    pub(crate) is_hook: bool,
    /// Whether it only warns.
    pub(crate) warns: bool,
    pub(crate) logical_id: String,
    pub(crate) resource_type: String,
    pub(crate) reason: String,
    /// A JSON pointer into the template.
    pub(crate) path: Option<String>,
}

/// What a change set does to one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// `Add`, `Modify`, `Remove`, `Import`.
    pub(crate) action: String,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) resource_type: String,
    /// `True`, `False`, `Conditional`.
    pub(crate) replacement: Option<String>,
    pub(crate) policy_action: Option<String>,
    pub(crate) scope: Vec<String>,
    pub(crate) details: Vec<ChangeDetail>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    /// What something else has made of it, where that is looked at.
    #[serde(default)]
    pub(crate) drift: Option<DriftContext>,
    /// The ARN of the change set of a nested stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) change_set: Option<String>,
}

/// One reason for a change of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeDetail {
    /// `Properties`, `Metadata`, `DeletionPolicy`, …
    pub(crate) attribute: String,
    /// The top-level property.
    pub(crate) name: Option<String>,
    /// A JSON pointer from the resource, `/Properties/Policies/0`.
    pub(crate) path: String,
    /// `Never`, `Conditionally`, `Always`.
    pub(crate) requires_recreation: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// `Add`, `Remove`, `Modify`.
    pub(crate) change_type: String,
    /// `Static`, `Dynamic`.
    pub(crate) evaluation: String,
    pub(crate) source: Option<String>,
    pub(crate) causing_entity: Option<String>,
    /// What was deployed and what there is, where something else has changed it.
    #[serde(default)]
    pub(crate) drift: Option<(Option<String>, Option<String>)>,
}

/// A resource that exists outside every stack: retained by one that let it go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Orphan {
    pub(crate) region: String,
    pub(crate) deployed: Deployed,
}

/// An object in a bucket; the body as base64 text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) body: String,
    pub(crate) size: usize,
    pub(crate) content_type: String,
    pub(crate) etag: String,
    /// `x-amz-meta-…` headers.
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) modified: Timestamp,
}

/// A parameter of the SSM parameter store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredParameter {
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// The value; that of a `SecureString` as [`crate::vault`] encrypts it.
    pub(crate) value: String,
    pub(crate) version: u64,
    pub(crate) modified: Timestamp,
    pub(crate) data_type: String,
}
