//! Roles, and what they may do.

use dsl::{Arn, Construct, Diagnostic, Handle, ResourceOptions, Stack, Value};
use resources::iam::{self, role};

use super::{
    Statement, Trust,
    policy::{check, document},
};
use crate::arns;

/// A role: who may take it on, for up to an hour, and what it may do then.
///
/// ```
/// use constructs::{actions::s3, prelude::*};
///
/// # let stack = dsl::testing::app().stack("account");
/// # let reports: Value<Arn> = "arn:aws:s3:::reports".into();
/// let reader = stack.add(
///     "Reader",
///     Role::assumed_by(Trust::service("lambda.amazonaws.com"))
///         .description("Reads the reports")
///         .may(allow([s3::ListBucket]).on([reports])),
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Role {
    trust: Trust,
    name: Option<String>,
    description: Option<String>,
    statements: Vec<Statement>,
    everything: Option<&'static str>,
    boundary: Option<Value<Arn>>,
}

impl Role {
    /// Begins a role that may do nothing yet.
    pub fn assumed_by(trust: Trust) -> Self {
        Self {
            trust,
            name: None,
            description: None,
            statements: Vec::new(),
            everything: None,
            boundary: None,
        }
    }

    /// Names it, for those outside the stacks who must know its name beforehand. Without a name CloudFormation makes one.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says what it is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Lets it do something.
    #[must_use]
    pub fn may(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Lets it do everything, and says why that is right.
    #[must_use]
    pub fn may_do_everything(mut self, why: &'static str) -> Self {
        self.everything = Some(why);
        self
    }

    /// Keeps it within a boundary: whatever its policies allow, it may do only what the boundary allows too.
    ///
    /// In an environment that `chitinfra bootstrap` prepares, every role is within the environment's boundary by itself, and
    /// CloudFormation may make none within another.
    #[must_use]
    pub fn within(mut self, boundary: &iam::ManagedPolicyRef) -> Self {
        self.boundary = Some(boundary.id());
        self
    }
}

impl Construct for Role {
    type Output = iam::RoleRef;

    fn build(self, stack: &Stack, id: &str) -> iam::RoleRef {
        let mut role = iam::Role::new(self.trust.into_document());
        if let Some(name) = self.name {
            role = role.role_name(name);
        }
        if let Some(text) = self.description {
            role = role.description(text);
        }
        let own = self.boundary;
        let of_environment = || {
            Some(arns::global(
                "iam",
                format_args!("policy/{}", stack.app().permissions_boundary()?),
            ))
        };
        if let Some(boundary) = own.or_else(of_environment) {
            role = role.permissions_boundary(boundary.cast::<String>());
        }
        if self.everything.is_some() {
            role = role.managed_policy_arns([arns::of_aws("iam", "policy/AdministratorAccess")]);
        }
        if !self.statements.is_empty() {
            let policy = role::Policy::new(document(self.statements.clone()), POLICY);
            role = role.policies([policy]);
        }
        let role = stack.add(id, role);
        let role = match self.everything {
            Some(why) => role.suppress("CIF110", why),
            None => role,
        };
        let path = role.reference().path();
        check(stack, path, &self.statements);
        if self.everything.is_some_and(|why| why.trim().is_empty()) {
            let diagnostic = Diagnostic::error("role may do everything without a reason");
            stack.diagnose(diagnostic.at_path(path));
        }
        role
    }
}

/// The name of the policy a role carries with it; others come from the stacks that own what it uses.
const POLICY: &str = "own";

/// What the owner of something lets a role do with it.
///
/// It becomes a policy of the role that stands in the owner's stack: the role's stack knows nothing of what it is used for, and the
/// permission goes when what it is for goes.
#[derive(Clone, Debug)]
#[must_use = "a grant grants nothing until it is added to a stack"]
pub struct Grant {
    role: Value<String>,
    statements: Vec<Statement>,
}

impl Grant {
    /// Begins a grant that allows nothing yet.
    pub fn to(role: &iam::RoleRef) -> Self {
        Self {
            role: role.id(),
            statements: Vec::new(),
        }
    }

    /// Lets the role do something.
    pub fn may(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }
}

impl Construct for Grant {
    type Output = iam::RolePolicyRef;

    fn build(self, stack: &Stack, id: &str) -> iam::RolePolicyRef {
        // Unlike the id, the name must be the only one among all the stacks that grant something to the role.
        let name = format!("{}-{id}", stack.name());
        let policy = iam::RolePolicy::new(name, self.role)
            .policy_document(document(self.statements.clone()));
        let policy = stack.add(id, policy);
        check(stack, policy.reference().path(), &self.statements);
        policy
    }
}

/// A policy of its own, to be attached to roles or to be their boundary.
#[derive(Clone, Debug, Default)]
pub struct ManagedPolicy {
    description: Option<String>,
    statements: Vec<Statement>,
}

impl ManagedPolicy {
    /// Begins a policy that allows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what it is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Lets whoever has it do something.
    #[must_use]
    pub fn may(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }
}

impl Construct for ManagedPolicy {
    type Output = iam::ManagedPolicyRef;

    fn build(self, stack: &Stack, id: &str) -> iam::ManagedPolicyRef {
        let mut policy =
            iam::ManagedPolicy::new(document(self.statements.clone()).cast::<String>());
        if let Some(text) = self.description {
            policy = policy.description(text);
        }
        let policy = stack.add(id, policy);
        check(stack, policy.reference().path(), &self.statements);
        policy
    }
}
