//! Derives, as CloudFormation templates, what an account and an environment need before stacks can be deployed to them.
//!
//! There are two stacks, deployed like any other: planned, shown, approved.
//!
//! - `chitinfra-bootstrap` is what an account and region has once, whoever deploys there ([`account`]): the asset bucket,
//!   the parameter that says the version, and GitHub's identity provider. Of the provider an account has one, whatever the
//!   region: where it is there already, this stack does without.
//! - `chitinfra-bootstrap-<project>-<environment>` is what one environment has of its own ([`Environment`]): the role
//!   CloudFormation acts in, the boundary of that role and of every role and user that it makes, and the roles of workflows.
//!   Environments that share an account share nothing of this, and none may touch another's.
//!
//! What CloudFormation may do is derived ([`Needs`]): the permissions that the handlers of the declared resource types need,
//! on the ARNs that their actions can be limited to, with the names that the stacks give. Roles and policies have the path
//! `/chitinfra/`, stacks the prefix `chitinfra-bootstrap`; names of stacks have neither, so that no pattern of theirs
//! matches.

mod account;
mod boundary;
mod coverage;
mod environment;
mod names;
mod needs;
mod person;
mod pipeline;
mod policy;
mod scope;
mod secrets;

pub use account::{AUDIENCE, IDENTITY_PROVIDER, IdentityProvider, account, identity_provider_arn};
pub use coverage::{Uncovered, unbounded, uncovered};
pub use environment::{Environment, ROLE_NAME_LIMIT, TooMuch};
pub use needs::Needs;
pub use person::policy_of_person;
pub use scope::Scope;
pub use secrets::{SecretReference, secret_references};

/// The version of what these templates make. It grows when an account that was prepared must be prepared again.
pub const VERSION: u32 = 1;

/// The output in which both stacks tell their version.
pub const VERSION_OUTPUT: &str = "Version";

/// The parameter that tells an account and region's version to whoever looks for it.
pub const VERSION_PARAMETER: &str = "/chitinfra/bootstrap/version";
