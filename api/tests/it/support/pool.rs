//! A user pool: signs tokens, and serves its keys over a real socket.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Keys for tests alone; whoever runs tests can read them.
const KEYS: [&[u8]; 2] = [
    include_bytes!("../../fixtures/first.pk8"),
    include_bytes!("../../fixtures/second.pk8"),
];

/// The client that tokens are issued to.
pub(crate) const CLIENT: &str = "web-client";

/// A user pool that runs until the test ends.
pub(crate) struct Pool {
    pub(crate) issuer: String,
    state: Arc<PoolState>,
}

struct PoolState {
    /// What is served as the set of keys; nothing means that the pool fails.
    published: Mutex<Option<Value>>,
    fetches: AtomicUsize,
}

impl Pool {
    /// A pool that publishes its first key.
    pub(crate) async fn start() -> Self {
        let state = Arc::new(PoolState {
            published: Mutex::new(None),
            fetches: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}/pool", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/pool/.well-known/jwks.json", get(keys))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let pool = Self { issuer, state };
        pool.publish(&[0]);
        pool
    }

    /// Publishes these keys, by their index, and no others.
    pub(crate) fn publish(&self, keys: &[usize]) {
        let keys: Vec<Value> = keys.iter().map(|index| jwk(*index)).collect();
        self.publish_set(Some(json!({"keys": keys})));
    }

    /// Publishes any document, or fails.
    pub(crate) fn publish_set(&self, set: Option<Value>) {
        *self.state.published.lock().unwrap() = set;
    }

    /// How often the keys were asked for.
    pub(crate) fn fetches(&self) -> usize {
        self.state.fetches.load(Ordering::SeqCst)
    }

    /// An access token of a user, valid for an hour from `now`, signed with the first key.
    pub(crate) fn token(&self, sub: &str, now: Timestamp) -> String {
        sign(0, &self.header(0), &self.claims(sub, now))
    }

    pub(crate) fn header(&self, key: usize) -> Value {
        json!({"alg": "RS256", "kid": key_id(key)})
    }

    pub(crate) fn claims(&self, sub: &str, now: Timestamp) -> Value {
        claims(&self.issuer, sub, now)
    }
}

/// What Cognito says of a user's access.
pub(crate) fn claims(issuer: &str, sub: &str, now: Timestamp) -> Value {
    json!({
        "iss": issuer, "sub": sub, "token_use": "access", "client_id": CLIENT,
        "username": sub, "scope": "openid", "jti": "1",
        "iat": now.as_second(), "auth_time": now.as_second(), "exp": now.as_second() + 3600,
    })
}

/// A token of this header and these claims.
pub(crate) fn sign(key: usize, header: &Value, claims: &Value) -> String {
    sign_text(key, &header.to_string(), &claims.to_string())
}

/// The same of texts that may be wrong.
pub(crate) fn sign_text(key: usize, header: &str, claims: &str) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let pair = pair(key);
    let mut signature = vec![0; pair.public().modulus_len()];
    let random = SystemRandom::new();
    pair.sign(
        &RSA_PKCS1_SHA256,
        &random,
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn key_id(key: usize) -> String {
    format!("key-{key}")
}

/// A public key as it is published.
pub(crate) fn jwk(key: usize) -> Value {
    let public: PublicKeyComponents<Vec<u8>> = pair(key).public().into();
    json!({
        "kid": key_id(key), "kty": "RSA", "alg": "RS256", "use": "sig",
        "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e),
    })
}

fn pair(key: usize) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(KEYS[key]).unwrap()
}

async fn keys(State(state): State<Arc<PoolState>>) -> Result<String, StatusCode> {
    state.fetches.fetch_add(1, Ordering::SeqCst);
    let published = state.published.lock().unwrap();
    let set = published
        .as_ref()
        .ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(set.to_string())
}
