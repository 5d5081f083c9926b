//! Sign-in with Amazon Cognito: user pools, their clients, their domains.

mod client;
mod domain;
mod messages;
mod password;
mod user_pool;

pub use client::{Lifetime, Scope, UserPoolClient};
pub use domain::{DomainName, InvalidDomainName, Prefix, SignIn, SignInPages, UserPoolDomain};
pub use password::PasswordPolicy;
pub use user_pool::{Attribute, Contact, Mfa, SecondFactor, UserPool, Users};

#[cfg(test)]
mod tests;
