//! Who calls: the holder of a Cognito access token.

mod keys;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use jiff::{SignedDuration, Timestamp};
use ledger::Sub;
use ring::digest;

use self::{
    keys::{Keys, NoKey},
    token::{Flaw, Unverified},
};
use crate::{
    app::App,
    clock::Clock,
    config::CognitoConfig,
    problem::{Kind, Problem},
};

/// How long a token that was verified is remembered.
const MEMORY: SignedDuration = SignedDuration::from_mins(5);

/// How many tokens are remembered: about 2 MB of memory.
const MOST_REMEMBERED: usize = 10_000;

/// Who calls: a signed-in user who is not too fast.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Sub);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Some(verifier) = &app.verifier else {
            return Err(Problem::not_configured("signing in"));
        };
        let sub = match verifier.verify(&parts.headers).await {
            Ok(sub) => sub,
            Err(problem) => {
                app.limits.address(app.address_of(parts))?;
                return Err(problem);
            }
        };
        app.limits.caller(&sub)?;
        Ok(Self(sub))
    }
}

/// Verifies the tokens of some user pools.
#[derive(Debug)]
pub(crate) struct Verifier {
    issuers: Vec<(String, Arc<Keys>)>,
    client_ids: Vec<String>,
    clock: Clock,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    sub: Sub,
    until: Timestamp,
    issuer: usize,
    key_id: Box<str>,
}

impl Verifier {
    pub(crate) fn new(config: &CognitoConfig, clock: &Clock) -> Result<Self, url::ParseError> {
        // One set for all issuers is read once.
        let shared = config.jwks_url.clone();
        let shared = shared.map(|url| Arc::new(Keys::new(url, clock.clone())));
        let keys = |issuer: &String| -> Result<_, url::ParseError> {
            if let Some(shared) = &shared {
                return Ok((issuer.clone(), Arc::clone(shared)));
            }
            let url = format!("{issuer}/.well-known/jwks.json").parse()?;
            Ok((issuer.clone(), Arc::new(Keys::new(url, clock.clone()))))
        };
        Ok(Self {
            issuers: config.issuers.iter().map(keys).collect::<Result<_, _>>()?,
            client_ids: config.client_ids.clone(),
            clock: clock.clone(),
            remembered: Mutex::default(),
        })
    }

    /// Who sent a request with these headers.
    ///
    /// # Errors
    /// There is no token that holds, or its key could not be read.
    async fn verify(&self, headers: &HeaderMap) -> Result<Sub, Problem> {
        let Some(token) = bearer(headers) else {
            return Err(Problem::unauthorized());
        };
        let hash = hash(token);
        if let Some(sub) = self.recall(&hash) {
            return Ok(sub);
        }
        match self.look_at(token, hash).await {
            Ok(sub) => Ok(sub),
            Err(Refusal::Flaw(flaw)) => {
                tracing::debug!(%flaw, "a token was refused");
                Err(Problem::unauthorized())
            }
            Err(Refusal::Unreachable) => Err(Problem::new(
                Kind::SilentUpstream,
                "the keys that tokens are signed with cannot be read",
            )
            .retry_after(5)),
        }
    }

    async fn look_at(&self, token: &str, hash: [u8; 32]) -> Result<Sub, Refusal> {
        let unverified = Unverified::parse(token)?;
        let issuer = self
            .issuers
            .iter()
            .position(|(name, _)| *name == unverified.issuer);
        let issuer = issuer.ok_or(Flaw::Issuer)?;
        let key = self.issuers[issuer].1.get(&unverified.key_id).await;
        let key = key.map_err(|no_key| match no_key {
            NoKey::Unknown => Refusal::Flaw(Flaw::Key),
            NoKey::Unreachable => Refusal::Unreachable,
        })?;
        let now = self.clock.now();
        let claims = unverified.verify(&key, &self.client_ids, now)?;
        let remembered = Remembered {
            sub: claims.sub.clone(),
            until: claims
                .expires
                .min(now.saturating_add(MEMORY).unwrap_or(now)),
            issuer,
            key_id: unverified.key_id.into(),
        };
        self.remember(hash, remembered, now);
        Ok(claims.sub)
    }

    fn recall(&self, hash: &[u8; 32]) -> Option<Sub> {
        let remembered = {
            let remembered = self.remembered.lock().expect("no holder panics");
            remembered.get(hash)?.clone()
        };
        let is_good = self.clock.now() < remembered.until
            && self.issuers[remembered.issuer]
                .1
                .is_good(&remembered.key_id);
        is_good.then_some(remembered.sub)
    }

    fn remember(&self, hash: [u8; 32], token: Remembered, now: Timestamp) {
        let mut remembered = self.remembered.lock().expect("no holder panics");
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, token| now < token.until);
            if remembered.len() >= MOST_REMEMBERED {
                remembered.clear();
            }
        }
        remembered.insert(hash, token);
    }
}

enum Refusal {
    Flaw(Flaw),
    Unreachable,
}

impl From<Flaw> for Refusal {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// The one token that a request brings: <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let is_token = !token.is_empty() && !token.contains([' ', ',', '\t']);
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

fn hash(token: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, token.as_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
