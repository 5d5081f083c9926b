//! coturn with a shared secret: names that carry their expiry, signed.
//!
//! The scheme is that of <https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00>, and
//! `--use-auth-secret` in <https://github.com/coturn/coturn/wiki/turnserver>.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ledger::InstanceId;
use ring::hmac;

use super::{IceServer, TurnProvider};
use crate::{problem::Problem, secret::Secret};

/// A coturn server.
pub(super) struct Coturn {
    urls: Vec<String>,
    key: hmac::Key,
}

impl Coturn {
    pub(super) fn new(urls: Vec<String>, secret: &Secret) -> Self {
        // The scheme says SHA-1; what HMAC needs of it still holds.
        let algorithm = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        Self {
            urls,
            key: hmac::Key::new(algorithm, secret.reveal().as_bytes()),
        }
    }
}

impl fmt::Debug for Coturn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Coturn").finish_non_exhaustive()
    }
}

impl TurnProvider for Coturn {
    fn issue(
        &self,
        instance: &InstanceId,
        _: u64,
        expires: Timestamp,
    ) -> BoxFuture<'static, Result<Vec<IceServer>, Problem>> {
        let username = format!("{}:{instance}", expires.as_second());
        let credential = STANDARD.encode(hmac::sign(&self.key, username.as_bytes()));
        let server = IceServer {
            urls: self.urls.clone(),
            username: Some(username),
            credential: Some(credential),
        };
        Box::pin(async { Ok(vec![server]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl dgst -sha1 -hmac secret -binary | base64`.
    #[test]
    fn the_credential_is_the_signature_of_the_name() {
        let coturn = Coturn::new(vec!["turn:a".into()], &Secret::new("secret"));
        let instance = InstanceId::new("abcdefghij").unwrap();
        let expires = Timestamp::from_second(1_700_000_000).unwrap();
        let issued = futures_util::FutureExt::now_or_never(coturn.issue(&instance, 600, expires));
        let server = issued.unwrap().unwrap().remove(0);
        assert_eq!(server.username.as_deref(), Some("1700000000:abcdefghij"));
        assert_eq!(
            server.credential.as_deref(),
            Some("J7h1+78Rcii1bQ8sOKN/3DUNK+A=")
        );
    }
}
