//! The plan as data: what `plan --json` and `diff --json` print, and what every other view is drawn from.
//!
//! The forms are a contract: a field may be added, none is renamed. A value that is absent is `null`, as in a
//! template an absent property and a null one mean the same.

mod access;
mod finding;
mod moved;
mod refactor;
mod seal;
mod security;
mod words;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::IgnoredDrift;

pub use access::{AccessDiff, AccessPlan, StackAccess};
pub use finding::Finding;
pub use moved::{Moved, MovedPart};
pub use refactor::{RefactorPlan, RefactoredStack, ResourceMove};
pub use seal::{ChangeSetSeal, DeployedSeal, SEAL_VERSION, Seal, StackSeal, WantedSeal};
pub use security::{
    Direction, Edit, Effect, RuleChange, Security, SettingChange, StatementChange, StatementKind,
    Widening,
};

/// The version of the plan's form. A reader refuses another major version.
pub const FORMAT_VERSION: &str = "1.0";

/// What a deployment of an environment would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
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
    /// The cloud assembly that the stacks are compared with, where it is not what is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Whether stacks are compared with what there is, not with what was deployed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub revert_drift: bool,
    /// SHA-256 of the plan without this field, in hexadecimal; empty until [`Plan::seal`] fills it.
    pub digest: String,
    /// What a saved plan is bound to; a plan that was only shown has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Resources that get another logical id or stack first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refactors: Vec<RefactorPlan>,
    /// Stacks in the order they deploy.
    pub stacks: Vec<StackPlan>,
    /// Outputs that go at last, once their readers are deployed without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removals: Vec<crate::RemovalPlan>,
    /// Stacks that were deployed for the environment and that its app no longer declares: nothing happens to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departed: Vec<DepartedStack>,
    /// Resources outside AWS that change, in the order they deploy.
    #[serde(default)]
    pub external: Vec<ExternalChange>,
    /// How many resources each action concerns, over all stacks and services.
    pub summary: Summary,
}

/// A stack that is deployed and that the app no longer declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartedStack {
    /// The short name, by which it can be destroyed.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// CloudFormation's status.
    pub status: String,
}

/// What a deployment would do to one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackPlan {
    /// The short name, `identity`.
    pub name: String,
    /// The CloudFormation name, `chitchatter-staging-identity`.
    #[serde(default)]
    pub stack_name: String,
    /// What happens to the stack itself.
    pub action: StackAction,
    /// Whether the plan may still change, as an earlier stack must be deployed before all values are known.
    #[serde(default)]
    pub provisional: bool,
    /// Why it is provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional_because: Option<String>,
    /// What could not be verified, and why; nothing where everything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified: Option<String>,
    /// The wave it deploys in, counted from one: all stacks it depends on are in earlier ones.
    #[serde(default)]
    pub wave: usize,
    /// Short names of the stacks that are deployed before.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// What the plan of this stack is bound to, in a saved plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<StackSeal>,
    /// What changes within.
    #[serde(flatten)]
    pub diff: StackDiff,
}

/// What happens to a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackAction {
    /// Nothing.
    None,
    /// It does not exist yet.
    Create,
    /// Something within it changes.
    Update,
    /// It is no longer wanted.
    Delete,
}

/// What changes between two templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StackDiff {
    /// The version of this form.
    pub format_version: String,
    /// How many resources each action concerns.
    pub summary: Summary,
    /// Resources that change: those of the new template in its order, then those it no longer has in the old one's.
    pub changes: Vec<Change>,
    /// Parameters whose declaration or value changes.
    pub parameters: Vec<EntryChange>,
    /// Mappings that change.
    pub mappings: Vec<EntryChange>,
    /// Conditions whose expression or outcome changes.
    pub conditions: Vec<EntryChange>,
    /// Outputs that change.
    pub outputs: Vec<EntryChange>,
    /// Everything else of the template: `Description`, `Transform`, `Rules.Name`, `Metadata.Key`.
    pub other: Vec<EntryChange>,
    /// Logical ids of resources whose text differs and whose meaning does not.
    pub equivalent: Vec<String>,
    /// What changes in access.
    pub security: Security,
    /// What is wrong with what is wanted, the gravest first.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// How many resources each action concerns. A resource that moves and also changes is counted under both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// New ones.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Created anew in place of the old ones.
    pub replace: usize,
    /// Changed in place or replaced; what it will be is known only to AWS.
    pub may_replace: usize,
    /// Removed for good.
    pub delete: usize,
    /// Left in the account, and no longer managed.
    pub orphan: usize,
    /// Taken into the stack as they are.
    pub import: usize,
    /// Given another logical id or stack.
    #[serde(rename = "move")]
    pub moved: usize,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// A new one is made, then the old one deleted or left behind.
    Replace,
    /// It is changed in place or replaced; what it will be is known only to AWS.
    MayReplace,
    /// It is deleted with all it holds.
    Delete,
    /// It stays in the account, and CloudFormation forgets it.
    Orphan,
    /// One that exists is taken into the stack.
    Import,
    /// It gets another logical id or stack and stays what it is.
    Move,
}

/// What a change of one property means for its resource; the order is from harmless to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// The resource is changed in place.
    InPlace,
    /// The resource is changed in place or replaced.
    MayReplace,
    /// The resource is replaced.
    Replace,
}

/// Why a resource changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is new in the template.
    Added,
    /// It is no longer in the template.
    Removed,
    /// It is no longer in the template, and its deletion policy keeps it.
    Retained,
    /// The condition it stands under now holds.
    ConditionMet,
    /// The condition it stands under no longer holds.
    ConditionUnmet,
    /// Its type changes. CloudFormation refuses this under one logical id, so it needs another.
    TypeChanged,
    /// A property changes.
    PropertyChanged,
    /// No property changes, but a policy or another attribute of the resource does.
    AttributeChanged,
    /// Nothing changes but its `Metadata`.
    MetadataChanged,
    /// A resource that it refers to is replaced.
    ReferenceReplaced,
    /// An attribute of a resource that it refers to may change, as that resource is updated.
    ReferenceChanged,
    /// A parameter, mapping or condition that it reads has another value.
    InputChanged,
    /// The code or the command says that it moves.
    Moved,
    /// It exists, and the change set takes it into the stack.
    Imported,
    /// CloudFormation's change set says so; the templates alone do not, or say less.
    Reported,
    /// Something else than the stack has changed or deleted it since it was deployed.
    Drifted,
}

/// What happens to one resource, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The resource's logical id: in the new template, or in the old one where the new one has none.
    pub logical_id: String,
    /// Its type, `AWS::Cognito::UserPool`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What happens to it.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Whether it holds data that are lost with it.
    pub stateful: bool,
    /// Where it is declared, `stacks/src/auth.rs:41`.
    #[serde(default)]
    pub source: Option<String>,
    /// Its construct path, `auth/Users`.
    #[serde(default)]
    pub path: Option<String>,
    /// Properties that change, in template order.
    #[serde(default)]
    pub properties: Vec<PropertyChange>,
    /// Attributes that change: `DeletionPolicy`, `DependsOn`, `Metadata` and their like.
    #[serde(default)]
    pub attributes: Vec<AttributeChange>,
    /// The type it had, when that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_type: Option<String>,
    /// Where it was, `stack/LogicalId`, when it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<String>,
    /// Where it goes, `stack/LogicalId`, when it leaves for another stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// What becomes of the old resource when this one is or may be replaced, or of the resource when it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_copy: Option<OldCopy>,
    /// A removed resource, by logical id, that is the same but for its name: most likely this is a rename.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely_moved_from: Option<String>,
    /// The name AWS knows it by, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_id: Option<String>,
    /// What CloudFormation's change set says of it, when one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Action>,
    /// Properties that something else may have changed without anybody seeing it, in a plan that looks at drift.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_drift: Vec<IgnoredDrift>,
}

impl Change {
    /// A change of which nothing more is known yet.
    pub(crate) fn new(logical_id: &str, type_name: &str, action: Action, reason: Reason) -> Self {
        Self {
            logical_id: logical_id.to_owned(),
            type_name: type_name.to_owned(),
            action,
            reason,
            stateful: false,
            source: None,
            path: None,
            properties: Vec::new(),
            attributes: Vec::new(),
            previous_type: None,
            moved_from: None,
            moved_to: None,
            old_copy: None,
            likely_moved_from: None,
            physical_id: None,
            reported: None,
            ignored_drift: Vec::new(),
        }
    }
}

/// What becomes of a resource that is replaced or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldCopy {
    /// It is deleted.
    Deleted,
    /// It stays in the account, and CloudFormation forgets it.
    Retained,
    /// It is deleted after a snapshot was taken.
    Snapshot,
}

/// A change of one property.
///
/// Before and after are as in the templates, expressions included. They are equal where only the value of an
/// expression changes; then `causes` says what makes it change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyChange {
    /// The way from `Properties` to the value: property names and list indexes. An index counts in the list before,
    /// unless the element is new; then it counts in the list after.
    pub path: Vec<String>,
    /// What it is.
    pub before: Option<Value>,
    /// What it becomes.
    pub after: Option<Value>,
    /// What that means for the resource.
    pub impact: Impact,
    /// Whether the value after is known only during the deployment, so that it may turn out to be the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dynamic: bool,
    /// Whether AWS never shows the value again, so that a drift of it cannot be seen.
    #[serde(default, skip_serializing_if = "is_false")]
    pub write_only: bool,
    /// What makes the value change, beside its own text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// What the expression before comes to, where it is one and its value is known and not secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_value: Option<Value>,
    /// What the expression after comes to, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_value: Option<Value>,
    /// Whether something else than the stack has changed it since it was deployed: before is what there is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub drifted: bool,
}

/// What makes the value of an expression change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// A parameter's value changes.
    Parameter {
        /// The parameter.
        name: String,
    },
    /// A value in a mapping changes.
    Mapping {
        /// The mapping.
        name: String,
    },
    /// A condition's outcome changes.
    Condition {
        /// The condition.
        name: String,
    },
    /// A resource is replaced, so that its name and attributes change.
    Replaced {
        /// The resource's logical id.
        logical_id: String,
        /// The attribute that is read; none for its name (`Ref`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attribute: Option<String>,
    },
    /// A resource may be replaced, so that its name and attributes may change.
    MayBeReplaced {
        /// The resource's logical id.
        logical_id: String,
        /// The attribute that is read; none for its name (`Ref`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attribute: Option<String>,
    },
    /// A resource is updated in place, so that the attribute may change.
    Updated {
        /// The resource's logical id.
        logical_id: String,
        /// The attribute that is read.
        attribute: String,
    },
    /// The output of another stack changes.
    Output {
        /// The CloudFormation name of the stack.
        stack_name: String,
        /// The output.
        output: String,
    },
}

/// A change of something beside the properties of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// The attribute, `DeletionPolicy`.
    pub name: String,
    /// What it is.
    pub before: Option<Value>,
    /// What it becomes.
    pub after: Option<Value>,
}

/// A change of a named part of the template beside resources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryChange {
    /// The name within its section.
    pub name: String,
    /// [`Action::Create`], [`Action::Update`] or [`Action::Delete`].
    pub action: Action,
    /// What it is.
    pub before: Option<Value>,
    /// What it becomes.
    pub after: Option<Value>,
    /// What it comes to before, where that is known and not secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_value: Option<Value>,
    /// What it comes to after, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_value: Option<Value>,
    /// What makes its value change, beside its own text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
}

/// What happens to a resource outside AWS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalChange {
    /// The service, `vercel`.
    pub provider: String,
    /// The kind of resource, `project`.
    pub kind: String,
    /// Its natural key at the service.
    pub key: String,
    /// What happens to it.
    pub action: Action,
    /// Properties that change.
    #[serde(default)]
    pub properties: Vec<PropertyChange>,
    /// What is deployed before: stack names and `provider/kind/key`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// Where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its construct path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl StackPlan {
    /// The plan of a stack that depends on no other, fully known.
    pub fn new(name: &str, stack_name: &str, action: StackAction, diff: StackDiff) -> Self {
        Self {
            name: name.to_owned(),
            stack_name: stack_name.to_owned(),
            action,
            provisional: false,
            provisional_because: None,
            unverified: None,
            wave: 0,
            depends_on: Vec::new(),
            seal: None,
            diff,
        }
    }
}

impl Default for StackDiff {
    fn default() -> Self {
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            summary: Summary::default(),
            changes: Vec::new(),
            parameters: Vec::new(),
            mappings: Vec::new(),
            conditions: Vec::new(),
            outputs: Vec::new(),
            other: Vec::new(),
            equivalent: Vec::new(),
            security: Security::default(),
            findings: Vec::new(),
        }
    }
}

impl StackDiff {
    /// Whether there is nothing to say at all, not even of form.
    pub fn is_empty(&self) -> bool {
        !self.needs_deployment()
            && self.parameters.is_empty()
            && self.mappings.is_empty()
            && self.conditions.is_empty()
            && self.other.is_empty()
            && self.equivalent.is_empty()
    }

    /// Whether CloudFormation has anything to do: a resource or an output changes.
    ///
    /// Parameters, mappings, conditions, rules, metadata and the description of a template cannot be
    /// [updated by themselves](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/metadata-section-structure.html).
    pub fn needs_deployment(&self) -> bool {
        !self.changes.is_empty() || !self.outputs.is_empty()
    }

    /// Whether something was found that stops a deployment.
    pub fn has_error(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }

    /// Adds what was found; all are then in order, the gravest first.
    pub fn add_findings(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        // What is accepted is the least of all; what is equally grave keeps its order.
        self.findings
            .sort_by_key(|finding| (finding.suppressed.is_some(), Reverse(finding.severity)));
    }

    /// The change of a resource.
    pub fn change(&self, logical_id: &str) -> Option<&Change> {
        self.changes
            .iter()
            .find(|change| change.logical_id == logical_id)
    }
}

impl Summary {
    /// Counts resources by what happens to them.
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut summary = Self::default();
        for change in changes {
            // One that leaves for another stack is counted where it arrives.
            if change.moved_to.is_some() {
                continue;
            }
            summary.count(change.action);
            if change.moved_from.is_some() && change.action != Action::Move {
                summary.count(Action::Move);
            }
        }
        summary
    }

    /// Adds one resource.
    pub fn count(&mut self, action: Action) {
        let field = match action {
            Action::Create => &mut self.create,
            Action::Update => &mut self.update,
            Action::Replace => &mut self.replace,
            Action::MayReplace => &mut self.may_replace,
            Action::Delete => &mut self.delete,
            Action::Orphan => &mut self.orphan,
            Action::Import => &mut self.import,
            Action::Move => &mut self.moved,
        };
        *field += 1;
    }

    /// How many actions there are in all.
    pub fn total(&self) -> usize {
        self.create
            + self.update
            + self.replace
            + self.may_replace
            + self.delete
            + self.orphan
            + self.import
            + self.moved
    }
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.create += other.create;
        self.update += other.update;
        self.replace += other.replace;
        self.may_replace += other.may_replace;
        self.delete += other.delete;
        self.orphan += other.orphan;
        self.import += other.import;
        self.moved += other.moved;
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
