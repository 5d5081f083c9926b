//! Who vouches for identities in an account, of which it knows each once.

use crate::port::Answer;

/// The identity providers of an account.
pub trait IdentityProviders: Send + Sync {
    /// For whom the tokens are that the identity provider of this ARN vouches for; nothing when the account does not know it.
    fn audiences<'a>(&'a self, arn: &'a str) -> Answer<'a, Option<Vec<String>>>;
}
