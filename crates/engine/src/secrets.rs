//! Secrets: encrypted parameters of SSM. A value goes in and never comes back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::port::Answer;

/// The most bytes that a parameter of the standard tier holds.
pub const SECRET_LIMIT: usize = 4_096;

/// The value of a secret. It is shown nowhere.
pub struct SecretValue(String);

impl SecretValue {
    /// Takes a value over.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretValue(..)")
    }
}

/// What is told of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFact {
    /// The parameter's name.
    pub name: String,
    /// How many values it has had.
    pub version: i64,
    /// When it got the present one, in RFC 3339.
    pub modified_at: Option<String>,
    /// Who gave it.
    pub modified_by: Option<String>,
}

/// Whether a secret is there before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// It must not be.
    New,
    /// It gets a new version.
    Another,
}

/// The parameter store, as far as secrets are in it.
pub trait Secrets: Send + Sync {
    /// The secrets below a path, `/chitchatter/staging`, sorted by name.
    fn secrets<'a>(&'a self, path: &'a str) -> Answer<'a, Vec<SecretFact>>;

    /// Those of these parameters that exist, secret or not.
    fn existing<'a>(&'a self, names: &'a [String]) -> Answer<'a, Vec<SecretFact>>;

    /// Writes a secret, and gives its version; nothing is written, and nothing returned, when it is to be new and is not.
    fn put_secret<'a>(
        &'a self,
        name: &'a str,
        value: &'a SecretValue,
        secrecy: Secrecy,
    ) -> Answer<'a, Option<i64>>;
}
