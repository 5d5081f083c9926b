//! What the engine asks of CloudFormation and its neighbours, in the engine's own words.
//!
//! [`crate::Aws`] answers over the network; tests answer from memory. Every answer is complete: pages are read to the
//! end by whoever implements this. "Not found" is a value only where it is the answer to the question asked.

use std::{collections::BTreeMap, pin::Pin};

use indexmap::IndexMap;
use plan::ReportedChange;
use serde::{Deserialize, Serialize};

use crate::{
    error::AwsError,
    refactor::StackRefactors,
    stack_policy::StackPolicies,
    status::{ResourceStatus, StackStatus},
};

/// The answer to a call.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Box<AwsError>>> + Send + 'a>>;

/// The calls the engine makes. A stack is named by its name or, where it must not be mistaken for a later one of the
/// same name, by its ARN.
pub trait CloudFormation: StackPolicies + StackRefactors {
    /// Whether something stands in for AWS here, which may not know everything that AWS knows.
    fn stands_in(&self) -> bool {
        false
    }

    /// Whose credentials these are.
    fn caller(&self) -> Answer<'_, Caller>;

    /// A stack as it is now; nothing when there is none.
    fn stack<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<Stack>>;

    /// The names of all stacks of the account and region, but those that were deleted.
    fn stack_names(&self) -> Answer<'_, Vec<String>>;

    /// The names of the stacks that import an export, by the export's name.
    fn importers<'a>(&'a self, export: &'a str) -> Answer<'a, Vec<String>>;

    /// The template a stack was last deployed with, as it was given; nothing when there is no such stack.
    fn template<'a>(&'a self, stack: &'a str) -> Answer<'a, Option<String>>;

    /// The resources of a stack.
    fn resources<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<StackResource>>;

    /// One page of a stack's events, the newest first.
    fn events<'a>(&'a self, stack: &'a str, page: Option<&'a str>) -> Answer<'a, EventPage>;

    /// Starts making a change set.
    fn create_change_set<'a>(&'a self, request: &'a ChangeSetRequest) -> Answer<'a, ChangeSetId>;

    /// The change sets of a stack; none when there is no such stack.
    fn change_sets<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<ChangeSetSummary>>;

    /// The template of a change set, by its ARN, as it was given; nothing when there is no such change set.
    fn change_set_template<'a>(&'a self, change_set: &'a str) -> Answer<'a, Option<String>>;

    /// A change set as it is now, by its ARN.
    fn change_set<'a>(&'a self, change_set: &'a str, values: Values) -> Answer<'a, ChangeSet>;

    /// What early validation and hooks have against a change set, warnings too.
    fn findings<'a>(&'a self, change_set: &'a str) -> Answer<'a, Vec<Finding>>;

    /// Starts executing a change set; a failure is rolled back.
    fn execute_change_set<'a>(&'a self, request: &'a ExecuteRequest) -> Answer<'a, ()>;

    /// Deletes a change set, by its ARN; one that does not exist is fine.
    fn delete_change_set<'a>(&'a self, change_set: &'a str) -> Answer<'a, ()>;

    /// Starts deleting a stack, by its ARN.
    fn delete_stack<'a>(&'a self, request: &'a DeleteRequest) -> Answer<'a, ()>;

    /// Starts undoing an update that failed, or goes on with undoing it.
    fn roll_back<'a>(&'a self, request: &'a RollbackRequest) -> Answer<'a, ()>;

    /// Stops the update of a stack, by its ARN; CloudFormation then undoes it.
    fn cancel_update<'a>(&'a self, stack: &'a str, token: &'a str) -> Answer<'a, ()>;

    /// Protects a stack against deletion, or no longer.
    fn set_termination_protection<'a>(&'a self, stack: &'a str, on: bool) -> Answer<'a, ()>;

    /// Stores a template where CloudFormation can read it, and gives its URL.
    fn store_template<'a>(&'a self, key: &'a str, body: &'a str) -> Answer<'a, String>;
}

/// Whose credentials these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account: twelve digits.
    pub account: String,
    /// The user or the session of a role.
    pub arn: String,
}

/// A stack as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: StackStatus,
    /// Why it is in that status, when CloudFormation says so.
    pub status_reason: Option<String>,
    /// Values of its parameters; CloudFormation shows `****` for secret ones.
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Values of its outputs, in CloudFormation's order.
    pub outputs: IndexMap<String, String>,
    /// The names under which outputs are exported, by output.
    pub exports: BTreeMap<String, String>,
    /// Whether CloudFormation refuses to delete it.
    pub termination_protection: bool,
    /// Who is told of its events.
    pub notification_arns: Vec<String>,
    /// The role CloudFormation acts in.
    pub role_arn: Option<String>,
    /// When it was last changed, or created, in RFC 3339.
    pub updated_at: Option<String>,
    /// The ARN of the change set that was executed last, when there was one.
    pub change_set: Option<String>,
    /// Whether the last operation was to end before resources are stable.
    pub express: bool,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// The name AWS knows it by.
    pub physical_id: Option<String>,
    /// Its type, `AWS::S3::Bucket`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// Its status.
    pub status: ResourceStatus,
    /// Why it is in that status.
    pub reason: Option<String>,
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// The events, the newest first.
    pub events: Vec<StackEvent>,
    /// How to ask for the next page.
    pub next: Option<String>,
}

/// Something that happened to a stack or one of its resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// Its own id.
    pub id: String,
    /// The resource's logical id; the stack's name for the stack itself.
    pub logical_id: String,
    /// The name AWS knows the resource by; the stack's ARN for the stack itself.
    pub physical_id: Option<String>,
    /// The resource's type.
    pub resource_type: String,
    /// The resource's status.
    pub status: ResourceStatus,
    /// Why it is in that status.
    pub reason: Option<String>,
    /// Whether its configuration is applied, though it may not be stable yet.
    pub configured: bool,
    /// The token of the operation it belongs to.
    pub token: Option<String>,
    /// When it happened, in milliseconds since 1970.
    pub at: i64,
}

impl StackEvent {
    /// Whether it is about the stack of this ARN as a whole.
    pub fn is_of_stack(&self, stack_id: &str) -> bool {
        self.physical_id.as_deref() == Some(stack_id)
    }
}

/// Whether a change set is made for a stack that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSetType {
    /// There is none, or a shell without resources.
    Create,
    /// There is one.
    Update,
}

/// Where a template is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateSource {
    /// In the call itself.
    Inline(String),
    /// At this URL.
    Stored(String),
}

/// What a change set is asked to do. Everything that CloudFormation would otherwise take from the last deployment
/// (parameters, tags, role, notification targets) is given each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetRequest {
    /// The stack's name.
    pub stack_name: String,
    /// The change set's name.
    pub name: String,
    /// What it is for, told to whoever looks at it.
    pub description: String,
    /// A token that makes repeating this call safe.
    pub token: String,
    /// Whether the stack exists.
    pub kind: ChangeSetType,
    /// The template.
    pub template: TemplateSource,
    /// Values of the parameters.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// Who is told of events.
    pub notification_arns: Vec<String>,
    /// The role CloudFormation acts in; none for the caller's own rights.
    pub role_arn: Option<String>,
    /// Whether what exists outside every stack under a name that the template gives is taken in.
    pub import_existing: bool,
    /// Whether nested stacks get change sets of their own.
    pub nested: bool,
    /// Whether the operation ends when configuration is applied, before resources are stable.
    pub express: bool,
    /// Whether to compare with what there is instead of what was deployed, and to bring that back.
    pub revert_drift: bool,
}

/// A change set that is being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetId {
    /// Its ARN.
    pub id: String,
    /// The ARN of its stack, which may have been made for it.
    pub stack_id: String,
}

/// How far a change set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSetStatus {
    /// It is being made.
    Pending,
    /// It is ready to be executed.
    Complete,
    /// It could not be made, or there is nothing to change.
    Failed,
    /// It is being deleted, or deleted.
    Deleted,
}

/// Whether a change set can be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// It can.
    Available,
    /// Not yet or no longer: it is being executed, was executed, or failed.
    Unavailable,
    /// The stack has changed since it was made.
    Obsolete,
}

/// Whether the values before and after are asked for. CloudFormation may leave resources out when they are, and says so
/// only in the status reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// With the values.
    Included,
    /// Without.
    Left,
}

/// A change set in the list of its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeSetSummary {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
}

/// A change set as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet {
    /// Its ARN.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Values of the parameters; CloudFormation shows `****` for secret ones.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack.
    pub tags: BTreeMap<String, String>,
    /// The ARN of its stack.
    pub stack_id: String,
    /// How far it is.
    pub status: ChangeSetStatus,
    /// Whether it can be executed.
    pub execution: Execution,
    /// Why it is in that status; warnings too.
    pub reason: Option<String>,
    /// What it would do to resources.
    pub changes: Vec<ReportedChange>,
    /// ARNs of the change sets of nested stacks, by the logical id of the stack.
    pub nested: Vec<(String, String)>,
    /// Whether executing it ends before resources are stable.
    pub express: bool,
}

/// What early validation or a hook has against a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Who found it: a validation or the type of a hook.
    pub name: Option<String>,
    /// The resource, when it is about one.
    pub logical_id: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Where in the template, as a JSON pointer.
    pub pointer: Option<String>,
    /// Whether it only warns.
    pub warning: bool,
}

/// What the execution of a change set is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecuteRequest {
    /// The change set's ARN.
    pub change_set: String,
    /// A token that is stamped on every event of the operation.
    pub token: String,
    /// Whether the change set was made to end before resources are stable; it then says itself what becomes of a failure.
    pub express: bool,
}

/// What a deletion is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteRequest {
    /// The stack's ARN.
    pub stack: String,
    /// A token that is stamped on every event of the operation.
    pub token: String,
    /// The role CloudFormation acts in.
    pub role_arn: Option<String>,
    /// What becomes of resources that cannot be deleted.
    pub deletion: Deletion,
}

/// What becomes of resources that cannot be deleted. All but the first are for a stack whose deletion failed before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Deletion {
    /// They fail the deletion.
    #[default]
    Whole,
    /// Those of these logical ids are left behind.
    Retaining(Vec<String>),
    /// Each is left behind.
    Forced,
}

/// What undoing a failed update is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollbackRequest {
    /// The stack's ARN.
    pub stack: String,
    /// A token that is stamped on every event of the operation.
    pub token: String,
    /// The role CloudFormation acts in.
    pub role_arn: Option<String>,
    /// Where it begins.
    pub rollback: Rollback,
    /// Whether the operation that failed was to end before resources are stable: it is then undone in the same way.
    pub express: bool,
}

/// Where undoing a failed update begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// At an update that failed and was left as it was (`RollbackStack`).
    Paused,
    /// At an undoing that failed, which goes on without the resources of these logical ids (`ContinueUpdateRollback`).
    Continued(Vec<String>),
    /// There too, and goes on without every resource that cannot be undone.
    Forced,
}
