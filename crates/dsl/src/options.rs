//! What CloudFormation lets every resource have, beside its properties.

use std::{borrow::Cow, rc::Rc};

use assembly::{AllowedLoss, Suppression};
use indexmap::IndexMap;

use crate::{Condition, Expression, Handle, Object, Value};

/// What becomes of a resource when it leaves its stack, or the stack goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// It is deleted.
    Delete,
    /// It stays, outside any stack.
    Retain,
    /// It stays, unless the deployment that creates it fails.
    RetainExceptOnCreate,
    /// A snapshot is taken, then it is deleted; for types that can.
    Snapshot,
}

/// What becomes of the old resource when a new one takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateReplacePolicy {
    /// It is deleted.
    Delete,
    /// It stays, outside any stack.
    Retain,
    /// A snapshot is taken, then it is deleted; for types that can.
    Snapshot,
}

impl DeletionPolicy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::RetainExceptOnCreate => "RetainExceptOnCreate",
            Self::Snapshot => "Snapshot",
        }
    }
}

impl UpdateReplacePolicy {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::Snapshot => "Snapshot",
        }
    }
}

/// What an update does with a resource, and a stack policy can forbid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// It changes in place.
    Modify,
    /// Another takes its place.
    Replace,
    /// It leaves the stack.
    Delete,
}

impl Update {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Modify => "Update:Modify",
            Self::Replace => "Update:Replace",
            Self::Delete => "Update:Delete",
        }
    }
}

/// The options of one resource, as they were set so far.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) depends_on: Vec<crate::Reference>,
    pub(crate) condition: Option<Condition>,
    pub(crate) deletion_policy: Option<DeletionPolicy>,
    pub(crate) update_replace_policy: Option<UpdateReplacePolicy>,
    /// What the stack policy forbids, where the author says something of it.
    pub(crate) forbidden: Option<Vec<Update>>,
    pub(crate) metadata: Object,
    pub(crate) creation_policy: Option<Expression>,
    pub(crate) update_policy: Option<Expression>,
    pub(crate) tags: IndexMap<String, Expression>,
    /// Raw properties by dotted path, applied in order after all else.
    pub(crate) properties: Vec<(String, Expression)>,
    /// Raw keys beside `Properties`.
    pub(crate) attributes: Object,
    pub(crate) allowed_loss: Option<AllowedLoss>,
    pub(crate) suppressions: Vec<Suppression>,
}

/// What every resource can be told once it is declared; each gives the handle back, so they chain.
///
/// ```
/// use dsl::{App, RawResource, ResourceOptions};
/// # let app = dsl::testing::app();
/// let stack = app.stack("files");
/// let keys = stack.add("Keys", RawResource::new("AWS::KMS::Key"));
/// let uploads = stack
///     .add("Uploads", RawResource::new("AWS::S3::Bucket"))
///     .depends_on(&keys)
///     .tag("purpose", "uploads")
///     .retain();
/// ```
pub trait ResourceOptions: Handle {
    /// Deploys it after another resource, which a reference in a property does by itself (`DependsOn`). When the other is in
    /// another stack, the stacks follow one another.
    fn depends_on(&self, other: &impl Handle) -> Self {
        change(self, |options| {
            let other = other.reference();
            let mut others = options.depends_on.iter();
            if !others.any(|known| Rc::ptr_eq(known.node(), other.node())) {
                options.depends_on.push(other.clone());
            }
        })
    }

    /// Says what becomes of it when it leaves its stack.
    fn deletion_policy(&self, policy: DeletionPolicy) -> Self {
        change(self, |options| options.deletion_policy = Some(policy))
    }

    /// Says what becomes of it when another takes its place.
    fn update_replace_policy(&self, policy: UpdateReplacePolicy) -> Self {
        change(self, |options| options.update_replace_policy = Some(policy))
    }

    /// Keeps it in AWS when it leaves its stack or another takes its place. Only a deployment that fails to create it removes it again.
    fn retain(&self) -> Self {
        self.deletion_policy(DeletionPolicy::RetainExceptOnCreate)
            .update_replace_policy(UpdateReplacePolicy::Retain)
    }

    /// Has CloudFormation itself refuse updates that do this with it, whoever asks: the stack's policy is made of it, and holds for
    /// the very deployment that declares it. CloudFormation keeps the policy of a stack of which the code no longer says
    /// anything; an empty list allows everything again.
    fn forbid(&self, updates: &[Update]) -> Self {
        change(self, |options| options.forbidden = Some(updates.to_vec()))
    }

    /// Creates it only where a condition holds.
    fn condition(&self, condition: &Condition) -> Self {
        change(self, |options| options.condition = Some(condition.clone()))
    }

    /// Adds metadata, which CloudFormation keeps and does not read.
    fn metadata(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Expression>) -> Self {
        change(self, |options| options.metadata.insert(key, value))
    }

    /// Says what signals its creation waits for.
    fn creation_policy(&self, policy: impl Into<Expression>) -> Self {
        change(self, |options| {
            options.creation_policy = Some(policy.into());
        })
    }

    /// Says how an update goes about it.
    fn update_policy(&self, policy: impl Into<Expression>) -> Self {
        change(self, |options| options.update_policy = Some(policy.into()))
    }

    /// Sets a tag, over the same tag of a scope, a stack or the app.
    fn tag(&self, key: &str, value: impl Into<Value<String>>) -> Self {
        change(self, |options| {
            let value = value.into().into_expression();
            options.tags.insert(key.to_owned(), value);
        })
    }

    /// Sets a property by its dotted path in CloudFormation's own words, `"Rules.0.Status"`, when AWS is newer than our facts.
    /// JSON `null` removes it.
    fn override_property(&self, path: &str, value: impl Into<Expression>) -> Self {
        change(self, |options| {
            options.properties.push((path.to_owned(), value.into()));
        })
    }

    /// Sets a key beside `Properties`, when CloudFormation is newer than this crate.
    fn override_attribute(
        &self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Expression>,
    ) -> Self {
        change(self, |options| options.attributes.insert(key, value))
    }

    /// Allows what it holds to be lost until a day (`"2026-12-31"`), with the reason. Without it, a plan that removes or replaces
    /// a stateful resource stops.
    fn allow_loss(&self, until: &str, reason: &str) -> Self {
        change(self, |options| {
            options.allowed_loss = Some(AllowedLoss {
                logical_id: self.reference().logical_id().to_owned(),
                until: until.to_owned(),
                reason: reason.to_owned(),
            });
        })
    }

    /// Accepts what a rule finds in it, with the reason: `CIF101`, or the name of a rule of the project's own policies. A reason
    /// that no longer has a cause is told.
    fn suppress(&self, rule: &str, reason: &str) -> Self {
        change(self, |options| {
            options.suppressions.push(Suppression {
                logical_id: self.reference().logical_id().to_owned(),
                rule: rule.to_owned(),
                reason: reason.to_owned(),
            });
        })
    }

    /// The same resource, held firmly by the stacks that use it: CloudFormation then refuses to change or remove what they use.
    fn strong(&self) -> Self {
        Self::from_reference(self.reference().strong())
    }
}

impl<H: Handle> ResourceOptions for H {}

fn change<H: Handle>(handle: &H, change: impl FnOnce(&mut Options)) -> H {
    change(&mut handle.reference().node().options.borrow_mut());
    handle.clone()
}
