//! Who vouches for identities in an account, of which it knows each once.

use crate::port::Answer;

/// The identity providers of an account.
pub trait IdentityProviders: Send + Sync {
    /// Whether the account knows the identity provider of this ARN.
    fn has_identity_provider<'a>(&'a self, arn: &'a str) -> Answer<'a, bool>;
}
