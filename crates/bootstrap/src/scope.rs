//! What is prepared: an environment of a project, in an account and region.

use assembly::{ACCOUNT_STACK, BootstrapNames, partition};

/// An environment of a project, where it lives, and the stacks it has.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// The account: twelve digits.
    pub account: String,
    /// The region, `us-east-1`.
    pub region: String,
    /// The bucket of templates and records.
    pub asset_bucket: String,
    /// The CloudFormation names of the stacks.
    pub stacks: Vec<String>,
}

/// CloudFormation may cut a stack's name off in the names it makes from it, but leaves this much of it.
/// It joins at most 24 letters of the stack's name, 24 of the logical id and 12 of its own where 64 is the limit.
const KEPT_OF_NAME: usize = 24;

impl Scope {
    /// The names of what is made for it.
    pub fn names(&self) -> BootstrapNames<'_> {
        BootstrapNames {
            project: &self.project,
            environment: &self.environment,
        }
    }

    /// What every name of the environment begins with.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-{}-", self.project, self.environment)
    }

    /// Patterns for the names of the environment's stacks: one, unless an app names its stacks in its own way.
    pub(crate) fn stack_names(&self) -> Vec<String> {
        self.patterns(|name| name)
    }

    /// Patterns for names that CloudFormation makes from the names of stacks.
    pub(crate) fn made_names(&self) -> Vec<String> {
        self.patterns(|name| &name[..floor(name, KEPT_OF_NAME)])
    }

    fn patterns(&self, cut: impl Fn(&str) -> &str) -> Vec<String> {
        let prefix = self.prefix();
        let mut patterns = vec![format!("{}*", cut(&prefix))];
        for stack in self
            .stacks
            .iter()
            .filter(|stack| !stack.starts_with(&prefix))
        {
            patterns.push(format!("{}*", cut(&format!("{stack}-"))));
        }
        patterns.sort();
        patterns.dedup();
        patterns
    }

    /// An ARN of the account's partition, of a service and resource with their own region and account.
    pub(crate) fn arn(&self, rest: &str) -> String {
        format!("arn:{}:{rest}", partition(&self.region))
    }

    pub(crate) fn iam(&self, resource: &str) -> String {
        self.arn(&format!("iam::{}:{resource}", self.account))
    }

    pub(crate) fn regional(&self, service: &str, resource: &str) -> String {
        self.arn(&format!(
            "{service}:{}:{}:{resource}",
            self.region, self.account
        ))
    }

    /// The role CloudFormation acts in.
    pub fn execution_role_arn(&self) -> String {
        self.iam(&format!("role/{}", self.names().execution_role()))
    }

    /// The boundary of every role and user.
    pub fn boundary_arn(&self) -> String {
        self.iam(&format!("policy/{}", self.names().boundary()))
    }

    pub(crate) fn bucket_arn(&self) -> String {
        self.arn(&format!("s3:::{}", self.asset_bucket))
    }

    /// What the environment keeps in the bucket, by the beginning of its keys.
    pub(crate) fn folder(&self) -> String {
        format!("{}/{}/", self.project, self.environment)
    }

    /// The stack of the account, and those of its environments.
    pub(crate) fn bootstrap_stacks_arn(&self) -> String {
        self.regional("cloudformation", &format!("stack/{ACCOUNT_STACK}*/*"))
    }
}

/// The largest index up to `most` at which a text can be cut.
fn floor(text: &str, most: usize) -> usize {
    let mut at = most.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
