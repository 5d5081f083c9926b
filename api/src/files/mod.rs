//! Files that clients put into a store and get from it by themselves, over signed URLs. They are encrypted before they
//! leave the sender: nothing here, and nothing there, can read them.

mod s3;

use std::{collections::BTreeMap, fmt, time::Duration};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use ledger::{FileKey, Sub};

use crate::{
    clock::Clock,
    config::{AwsCredentials, FilesConfig},
    problem::Problem,
};

/// How large a file may be, in bytes: 1 GiB.
pub(crate) const LARGEST: u64 = 1024 * 1024 * 1024;

/// How long a signed URL works.
pub(crate) const URL_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// How long a file can be had after it was uploaded. The store deletes it some time later.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How long the name of a media type may be, in bytes.
const LONGEST_MEDIA_TYPE: usize = 255;

/// A file that is about to be uploaded.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    pub(crate) key: &'a FileKey,
    /// Whom the file is charged to.
    pub(crate) owner: &'a Sub,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) content_type: &'a str,
}

/// A request that whoever has it may make.
pub(crate) struct Signed {
    pub(crate) url: String,
    /// What must be sent with it, beside what every client sends by itself.
    pub(crate) headers: BTreeMap<String, String>,
}

/// The URL is left out: its signature is a credential.
impl fmt::Debug for Signed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signed").finish_non_exhaustive()
    }
}

/// A file as the store has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// In bytes.
    pub(crate) size: u64,
    /// When it was uploaded.
    pub(crate) uploaded_at: Timestamp,
}

/// Where files are kept. All its futures fail with a refusal when the store, or the one who gives out its credentials,
/// does not answer as it should.
pub(crate) trait FileStore: fmt::Debug + Send + Sync {
    /// Signs the request that puts this very file there, once, until [`URL_LIFETIME`] after `now`.
    fn sign_upload<'a>(
        &'a self,
        upload: &'a Upload<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Signed, Problem>>;

    /// Signs the request that gets this file, for as long as this.
    fn sign_download<'a>(
        &'a self,
        key: &'a FileKey,
        now: Timestamp,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<Signed, Problem>>;

    /// The file, if it is there.
    fn find<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<Option<Stored>, Problem>>;
}

/// The store that is configured.
pub(crate) fn store(
    config: &FilesConfig,
    credentials: Option<&AwsCredentials>,
    clock: &Clock,
) -> Box<dyn FileStore> {
    Box::new(s3::S3::new(config, credentials.cloned(), clock.clone()))
}

/// Whether a text is a [media type](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1) that comes through a signature
/// unchanged: parameters are plain words, with one space before each at most.
pub(crate) fn is_media_type(text: &str) -> bool {
    let mut parts = text.split(';');
    let essence = parts.next().and_then(|essence| essence.split_once('/'));
    let are_words = |pair: Option<(&str, &str)>| {
        pair.is_some_and(|(left, right)| is_word(left) && is_word(right))
    };
    text.len() <= LONGEST_MEDIA_TYPE
        && are_words(essence)
        && parts.all(|part| are_words(part.strip_prefix(' ').unwrap_or(part).split_once('=')))
}

/// A token: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>.
fn is_word(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_media_type;

    #[test]
    fn media_types_have_their_form() {
        let long = format!("a/{}", "b".repeat(253));
        for text in [
            "application/octet-stream",
            "image/svg+xml",
            "text/plain;charset=utf-8",
            "text/plain; charset=utf-8; format=flowed",
            &long,
        ] {
            assert!(is_media_type(text), "{text}");
        }
        for text in [
            "",
            "text",
            "/plain",
            "text/",
            "text/plain ",
            " text/plain",
            "text/pl ain",
            "text/plain/more",
            "text/plain;",
            "text/plain;  charset=utf-8",
            "text/plain; charset=\"utf-8\"",
            "text/plain; charset",
            "text/plain\r\nx-amz-acl: public-read",
            "text/pläin",
            &format!("{long}b"),
        ] {
            assert!(!is_media_type(text), "{text:?}");
        }
    }
}
