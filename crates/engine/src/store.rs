//! Where deployments are recorded: objects under keys, written on a condition so that two writers never both win.

use crate::{error::AwsError, port::Answer};

/// What an object is known by as long as nobody writes it again: S3's `ETag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(pub String);

/// An object as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub body: Vec<u8>,
    /// What it is known by until it is written again.
    pub tag: Tag,
}

/// A bucket of the environment's account and region. Where there is no bucket, every call fails with an error of which
/// [`AwsError::is_missing_bucket`] says so; that something is not allowed is another error.
pub trait ObjectStore: Send + Sync {
    /// An object; nothing when there is none under this key.
    fn object<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Object>>;

    /// Writes an object that is to be new; nothing is written, and nothing returned, when there is one.
    fn put_new<'a>(&'a self, key: &'a str, body: &'a [u8]) -> Answer<'a, Option<Tag>>;

    /// Writes an object in place of the one of this tag; nothing is written, and nothing returned, when that is no longer
    /// the one there is.
    fn put_if_unchanged<'a>(
        &'a self,
        key: &'a str,
        body: &'a [u8],
        tag: &'a Tag,
    ) -> Answer<'a, Option<Tag>>;

    /// Every key that begins so, sorted.
    fn keys<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>>;

    /// What stands between `prefix` and the next `/` in the keys that begin so, sorted, each once.
    fn folders<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>>;
}

impl AwsError {
    /// Whether the bucket itself does not exist, as before `bootstrap`.
    pub fn is_missing_bucket(&self) -> bool {
        self.code.as_deref() == Some("NoSuchBucket")
    }
}
