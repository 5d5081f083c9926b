//! The public keys of one issuer, kept up to date without asking more than is polite.
//!
//! A set is read again in the background once it is two minutes old, and before anything is answered once it is eight
//! minutes old or a token names a key that it lacks; never twice within five seconds. A key that left the set is good for
//! ten minutes after it was last seen. When the issuer does not answer, known keys stay good.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::token::PublicKey;
use crate::{clock::Clock, upstream};

/// The least time between two readings.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// The age from which a set is read again beside the answer.
const STALE: SignedDuration = SignedDuration::from_mins(2);
/// The age from which a set is read again before the answer.
const OLD: SignedDuration = SignedDuration::from_mins(8);
/// How long a key that left the set is good after it was last seen.
const FAREWELL: SignedDuration = SignedDuration::from_mins(10);
/// How long the issuer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The least size of a key, in bytes: 2,048 bits.
const SHORTEST_MODULUS: usize = 256;
/// How many keys are kept of one issuer; Cognito has two.
const MOST_KEYS: usize = 32;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// The issuer has no such key.
    Unknown,
    /// The issuer could not be asked.
    Unreachable,
}

/// The keys of one issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    url: Url,
    clock: Clock,
    known: RwLock<Known>,
    /// Held by whoever reads the set, so that all others wait for that answer.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<String, Key>,
    /// When the set was last asked for.
    asked: Option<Timestamp>,
    /// When it last came.
    read: Option<Timestamp>,
}

#[derive(Debug)]
struct Key {
    key: Arc<PublicKey>,
    last_seen: Timestamp,
}

impl Keys {
    pub(crate) fn new(url: Url, clock: Clock) -> Self {
        Self {
            url,
            clock,
            known: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Whether a key is still good; for tokens that were verified with it before.
    pub(crate) fn is_good(&self, id: &str) -> bool {
        let now = self.clock.now();
        let known = self.known.read().expect("no reader panics");
        known.age(now) < OLD && known.good(id, now).is_some()
    }

    /// The key of this id.
    ///
    /// # Errors
    /// The issuer has none, or whether it has could not be found out.
    pub(crate) async fn get(self: &Arc<Self>, id: &str) -> Result<Arc<PublicKey>, NoKey> {
        let now = self.clock.now();
        let (good, age) = {
            let known = self.known.read().expect("no reader panics");
            (known.good(id, now), known.age(now))
        };
        match good {
            Some(key) if age < STALE => Ok(key),
            Some(key) if age < OLD => {
                let keys = Arc::clone(self);
                tokio::spawn(async move { keys.read_again().await });
                Ok(key)
            }
            _ => {
                let is_read = self.read_again().await;
                let now = self.clock.now();
                let known = self.known.read().expect("no reader panics");
                match known.good(id, now) {
                    Some(key) => Ok(key),
                    None if is_read => Err(NoKey::Unknown),
                    None => Err(NoKey::Unreachable),
                }
            }
        }
    }

    /// Reads the set unless that was tried just now; whether the last try brought it.
    async fn read_again(&self) -> bool {
        let before = self.clock.now();
        let _reading = self.reading.lock().await;
        let now = self.clock.now();
        {
            let mut known = self.known.write().expect("no writer panics");
            // Somebody else may have read it while this one waited, or before.
            let is_early = known
                .asked
                .is_some_and(|asked| asked >= before || now.duration_since(asked) < PAUSE);
            if is_early {
                return known.read.is_some() && known.read >= known.asked;
            }
            known.asked = Some(now);
        }
        let url = self.url.clone();
        let fetched = tokio::time::timeout(PATIENCE, fetch(url)).await;
        let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match fetched {
            Ok(set) => {
                let now = self.clock.now();
                let mut known = self.known.write().expect("no writer panics");
                known.take(set, now);
                true
            }
            Err(reason) => {
                tracing::warn!(url = %self.url, reason, "the keys of an issuer could not be read");
                false
            }
        }
    }
}

impl Known {
    fn age(&self, now: Timestamp) -> SignedDuration {
        self.read
            .map_or(SignedDuration::MAX, |read| now.duration_since(read))
    }

    /// A key that is in the set, or left it lately.
    fn good(&self, id: &str, now: Timestamp) -> Option<Arc<PublicKey>> {
        let key = self.keys.get(id)?;
        let is_in_set = Some(key.last_seen) == self.read;
        (is_in_set || now.duration_since(key.last_seen) <= FAREWELL).then(|| Arc::clone(&key.key))
    }

    fn take(&mut self, set: HashMap<String, PublicKey>, now: Timestamp) {
        self.keys
            .retain(|_, key| now.duration_since(key.last_seen) <= FAREWELL);
        for (id, key) in set {
            let key = Key {
                key: Arc::new(key),
                last_seen: now,
            };
            self.keys.insert(id, key);
        }
        self.read = Some(now);
    }
}

/// A JSON Web Key Set: <https://www.rfc-editor.org/rfc/rfc7517#section-5>.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

async fn fetch(url: Url) -> Result<HashMap<String, PublicKey>, String> {
    let body = upstream::get(url).await?;
    let set: Set = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    let keys: HashMap<_, _> = set
        .keys
        .into_iter()
        .filter_map(usable)
        .take(MOST_KEYS)
        .collect();
    if keys.is_empty() {
        return Err("there is no usable key in the set".to_owned());
    }
    Ok(keys)
}

/// A key that signs with RS256 and is long enough.
fn usable(key: Jwk) -> Option<(String, PublicKey)> {
    let is_right = key.kty == "RSA"
        && key.alg.as_deref().is_none_or(|alg| alg == "RS256")
        && key
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig");
    let decode = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?.trim_end_matches('=')).ok();
    let (id, modulus, exponent) = (key.kid?, decode(key.n)?, decode(key.e)?);
    // Leading zeros are no length; `ring` refuses numbers that have them.
    let strip = |number: Vec<u8>| -> Vec<u8> {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        number[zeros..].to_vec()
    };
    let (modulus, exponent) = (strip(modulus), strip(exponent));
    let is_long = modulus.len() > SHORTEST_MODULUS
        || modulus.len() == SHORTEST_MODULUS && modulus.first().is_some_and(|byte| *byte >= 0x80);
    (is_right && is_long).then_some((id, PublicKey { modulus, exponent }))
}
