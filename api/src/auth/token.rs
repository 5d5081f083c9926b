//! A Cognito access token, looked at with suspicion.
//!
//! The form is that of <https://www.rfc-editor.org/rfc/rfc7519>, the claims are those of
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>.
//! The form is read here rather than by a general library, which would let pass what nobody means: members that stand
//! twice, keys that a token brings itself, extensions that are critical and unknown. The signature is `ring`'s matter.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ledger::Sub;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Map, Value};

use crate::json;

/// How long a token may be, in bytes. Cognito's own have about 1,000.
const LONGEST: usize = 8 * 1024;

/// Members of a header by which a token would say itself which key is right, or ask for what is not known here.
const FORBIDDEN_IN_HEADERS: [&str; 6] = ["crit", "jku", "jwk", "x5u", "x5c", "b64"];

/// Why a token does not hold; for the log alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it is not a signed token")]
    Form,
    #[error("its algorithm is not RS256")]
    Algorithm,
    #[error("its header asks for what is not done here")]
    Header,
    #[error("its issuer is unknown")]
    Issuer,
    #[error("its key is unknown")]
    Key,
    #[error("its signature does not hold")]
    Signature,
    #[error("it is not an access token")]
    Use,
    #[error("it was issued to another client")]
    Client,
    #[error("it says nothing of its holder")]
    Subject,
    #[error("it is expired, or not yet valid")]
    Time,
}

/// A token whose form is right and whose claims are not believed yet.
#[derive(Debug)]
pub(crate) struct Unverified<'t> {
    /// The id of the key it says it is signed with.
    pub(crate) key_id: String,
    /// The issuer it says it is from.
    pub(crate) issuer: String,
    claims: Map<String, Value>,
    signed: &'t str,
    signature: Vec<u8>,
}

/// What a token that holds says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) sub: Sub,
    pub(crate) expires: Timestamp,
}

/// A key of an issuer.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey {
    pub(crate) modulus: Vec<u8>,
    pub(crate) exponent: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Takes a token apart.
    pub(crate) fn parse(token: &'t str) -> Result<Self, Flaw> {
        if token.len() > LONGEST {
            return Err(Flaw::Form);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Flaw::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(Flaw::Form)?;
        let header = object(header)?;
        if header.get("alg").and_then(Value::as_str) != Some("RS256") {
            return Err(Flaw::Algorithm);
        }
        if FORBIDDEN_IN_HEADERS
            .iter()
            .any(|name| header.contains_key(*name))
        {
            return Err(Flaw::Header);
        }
        let claims = object(claims)?;
        Ok(Self {
            key_id: text(&header, "kid").ok_or(Flaw::Key)?.to_owned(),
            issuer: text(&claims, "iss").ok_or(Flaw::Issuer)?.to_owned(),
            claims,
            signed,
            signature: decode(signature)?,
        })
    }

    /// Believes the token if this key has signed it, for one of these clients, and it is valid now.
    pub(crate) fn verify(
        &self,
        key: &PublicKey,
        client_ids: &[String],
        now: Timestamp,
    ) -> Result<Claims, Flaw> {
        let key = RsaPublicKeyComponents {
            n: &key.modulus,
            e: &key.exponent,
        };
        key.verify(
            &RSA_PKCS1_2048_8192_SHA256,
            self.signed.as_bytes(),
            &self.signature,
        )
        .map_err(|_| Flaw::Signature)?;
        let claims = &self.claims;
        if text(claims, "token_use") != Some("access") {
            return Err(Flaw::Use);
        }
        let client = text(claims, "client_id").ok_or(Flaw::Client)?;
        if !client_ids.iter().any(|allowed| allowed == client) {
            return Err(Flaw::Client);
        }
        let sub = text(claims, "sub").and_then(|sub| Sub::new(sub).ok());
        let sub = sub.ok_or(Flaw::Subject)?;
        let expires = time(claims, "exp")?.ok_or(Flaw::Time)?;
        let begins = time(claims, "nbf")?;
        if now >= expires || begins.is_some_and(|begins| now < begins) {
            return Err(Flaw::Time);
        }
        Ok(Claims { sub, expires })
    }
}

/// A text that is not empty.
fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    let text = members.get(name)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

/// Seconds since 1970, whole or not.
fn time(members: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Flaw> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_f64().ok_or(Flaw::Time)?;
    if !(0.0..1e11).contains(&seconds) {
        return Err(Flaw::Time);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let time = Timestamp::from_millisecond((seconds * 1000.0) as i64);
    time.map(Some).map_err(|_| Flaw::Time)
}

fn object(part: &str) -> Result<Map<String, Value>, Flaw> {
    match json::parse(&decode(part)?) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Flaw::Form),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Flaw> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Flaw::Form)
}
