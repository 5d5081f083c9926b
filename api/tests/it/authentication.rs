//! Tokens that hold, and everything that does not.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Service, Settings, jwk, sign, sign_text};

const PATH: &str = "/api/instance";

/// What a request with this token is answered. Without a subscription, 402 means that the token held.
async fn status(service: &Service, token: &str) -> u16 {
    let answer = service.send(Method::GET, PATH, Some(token), &[], "").await;
    answer.status.as_u16()
}

fn without(value: &Value, name: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().unwrap().remove(name);
    value
}

fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut value = value.clone();
    value[name] = member;
    value
}

#[tokio::test]
async fn no_attack_gets_through() {
    let settings = Settings::default().set("RATE_LIMIT_PER_MINUTE", "10000");
    let service = Service::start(settings).await;
    let pool = &service.pool;
    let now = service.now();
    let (header, claims) = (pool.header(0), pool.claims("user", now));
    assert_eq!(status(&service, &sign(0, &header, &claims)).await, 402);

    let now = now.as_second();
    let n = jwk(0)["n"].as_str().unwrap().to_owned();
    let valid = sign(0, &header, &claims);
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    let other = sign(0, &header, &pool.claims("other", service.now()));
    let other_claims = other.split('.').nth(1).unwrap();
    let mut attacks: Vec<(&str, String)> = vec![
        (
            "alg none",
            sign(0, &with(&header, "alg", json!("none")), &claims),
        ),
        ("alg none, no signature", format!("{signed}.")),
        (
            "alg None",
            sign(0, &with(&header, "alg", json!("None")), &claims),
        ),
        (
            "alg RS512",
            sign(0, &with(&header, "alg", json!("RS512")), &claims),
        ),
        ("no alg", sign(0, &without(&header, "alg"), &claims)),
        (
            "HS256 with the public key",
            hs256(&header, &claims, n.as_bytes()),
        ),
        ("HS256 with an empty key", hs256(&header, &claims, b"")),
        (
            "unknown kid",
            sign(0, &with(&header, "kid", json!("nobody")), &claims),
        ),
        ("no kid", sign(0, &without(&header, "kid"), &claims)),
        (
            "kid is a number",
            sign(0, &with(&header, "kid", json!(0)), &claims),
        ),
        (
            "kid is a path",
            sign(0, &with(&header, "kid", json!("../../dev/null")), &claims),
        ),
        ("another pool's key", sign(1, &header, &claims)),
        (
            "another user's claims",
            format!(
                "{}.{other_claims}.{signature}",
                valid.split('.').next().unwrap()
            ),
        ),
        (
            "crit",
            sign(0, &with(&header, "crit", json!(["exp"])), &claims),
        ),
        (
            "a key of its own",
            sign(
                1,
                &with(&with(&header, "jwk", jwk(1)), "kid", json!("key-1")),
                &claims,
            ),
        ),
        (
            "a place of its own",
            sign(
                0,
                &with(&header, "jku", json!("http://127.0.0.1/")),
                &claims,
            ),
        ),
        (
            "wrong issuer",
            sign(
                0,
                &header,
                &with(&claims, "iss", json!("https://example.com")),
            ),
        ),
        (
            "issuer with a slash",
            sign(
                0,
                &header,
                &with(&claims, "iss", json!(format!("{}/", pool.issuer))),
            ),
        ),
        ("no issuer", sign(0, &header, &without(&claims, "iss"))),
        (
            "issuers in a list",
            sign(0, &header, &with(&claims, "iss", json!([pool.issuer]))),
        ),
        (
            "ID token",
            sign(0, &header, &with(&claims, "token_use", json!("id"))),
        ),
        ("no use", sign(0, &header, &without(&claims, "token_use"))),
        (
            "another client",
            sign(0, &header, &with(&claims, "client_id", json!("another"))),
        ),
        (
            "no client",
            sign(0, &header, &without(&claims, "client_id")),
        ),
        (
            "aud for client_id",
            sign(
                0,
                &header,
                &with(&without(&claims, "client_id"), "aud", json!("web-client")),
            ),
        ),
        ("no sub", sign(0, &header, &without(&claims, "sub"))),
        (
            "empty sub",
            sign(0, &header, &with(&claims, "sub", json!(""))),
        ),
        (
            "sub is a number",
            sign(0, &header, &with(&claims, "sub", json!(1))),
        ),
        (
            "expired now",
            sign(0, &header, &with(&claims, "exp", json!(now))),
        ),
        (
            "expired",
            sign(0, &header, &with(&claims, "exp", json!(now - 1))),
        ),
        ("no exp", sign(0, &header, &without(&claims, "exp"))),
        (
            "exp is a text",
            sign(
                0,
                &header,
                &with(&claims, "exp", json!((now + 60).to_string())),
            ),
        ),
        (
            "exp beyond time",
            sign(0, &header, &with(&claims, "exp", json!(1e300))),
        ),
        (
            "future",
            sign(0, &header, &with(&claims, "nbf", json!(now + 1))),
        ),
        (
            "oversized",
            sign(0, &header, &with(&claims, "scope", json!("x".repeat(8192)))),
        ),
        ("truncated", valid[..valid.len() - 4].to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{valid}.{signature}")),
        ("five parts", format!("{valid}.a.b")),
        ("padded", format!("{valid}=")),
        ("no parts", "token".to_owned()),
        ("dots", "..".to_owned()),
    ];
    let text = claims.to_string();
    let head = header.to_string();
    let twice = |text: &str, member: &str| format!("{{{member},{}", &text[1..]);
    attacks.extend([
        (
            "sub twice",
            sign_text(0, &head, &twice(&text, r#""sub":"admin""#)),
        ),
        (
            "exp twice",
            sign_text(0, &head, &twice(&text, r#""exp":1"#)),
        ),
        (
            "sub twice, escaped",
            sign_text(0, &head, &twice(&text, r#""\u0073ub":"admin""#)),
        ),
        (
            "alg twice",
            sign_text(0, &twice(&head, r#""alg":"none""#), &text),
        ),
        ("claims are a list", sign_text(0, &head, "[]")),
        ("claims are no JSON", sign_text(0, &head, "{")),
        (
            "more after the claims",
            sign_text(0, &head, &format!("{text}{{}}")),
        ),
        ("header is no JSON", sign_text(0, "", &text)),
        ("deep claims", sign_text(0, &head, &"[".repeat(5000))),
    ]);
    for (name, token) in &attacks {
        let answer = service.send(Method::GET, PATH, Some(token), &[], "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (401, "unauthorized"),
            "{name}"
        );
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{name}");
    }
}

fn hs256(header: &Value, claims: &Value, key: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use ring::hmac;
    let header = with(header, "alg", json!("HS256"));
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[tokio::test]
async fn one_token_in_one_header() {
    let service = Service::start(Settings::default()).await;
    let token = service.pool.token("user", service.now());
    for (values, expected) in [
        (vec![format!("Bearer {token}")], 402),
        (vec![format!("bearer {token}")], 402),
        (vec![format!("BEARER  {token}")], 402),
        (vec![format!("Basic {token}")], 401),
        (vec![token.clone()], 401),
        (vec!["Bearer".to_owned()], 401),
        (vec![format!("Bearer {token}, Bearer {token}")], 401),
        (
            vec![format!("Bearer {token}"), format!("Bearer {token}")],
            401,
        ),
        (vec![], 401),
    ] {
        let headers: Vec<(&str, &str)> = values
            .iter()
            .map(|value| ("authorization", value.as_str()))
            .collect();
        let answer = service.send(Method::GET, PATH, None, &headers, "").await;
        assert_eq!(answer.status.as_u16(), expected, "{} headers", values.len());
    }
}

#[tokio::test]
async fn a_token_is_good_until_its_last_second() {
    let service = Service::start(Settings::default()).await;
    let claims = with(
        &service.pool.claims("user", service.now()),
        "exp",
        json!(service.now().as_second() + 60),
    );
    let token = sign(0, &service.pool.header(0), &claims);
    assert_eq!(status(&service, &token).await, 402);
    service.pass(59);
    assert_eq!(status(&service, &token).await, 402);
    service.pass(1);
    assert_eq!(status(&service, &token).await, 401);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_fetch_in_five_seconds() {
    let settings = Settings::default().set("RATE_LIMIT_PER_MINUTE", "10000");
    let service = Service::start(settings).await;
    let pool = &service.pool;
    assert_eq!(
        status(&service, &pool.token("user", service.now())).await,
        402
    );
    assert_eq!(pool.fetches(), 1);
    let flood = || async {
        let tokens: Vec<String> = (0..100)
            .map(|index| {
                let header = with(&pool.header(0), "kid", json!(format!("nobody-{index}")));
                sign(0, &header, &pool.claims("user", service.now()))
            })
            .collect();
        let requests = tokens.iter().map(|token| status(&service, token));
        for status in futures_util::future::join_all(requests).await {
            assert_eq!(status, 401);
        }
    };
    flood().await;
    assert_eq!(pool.fetches(), 1);
    for round in 0..3 {
        service.pass(5);
        flood().await;
        assert_eq!(pool.fetches(), 2 + round);
    }
}

#[tokio::test]
async fn a_new_key_works_within_ten_seconds_and_an_old_one_for_ten_minutes() {
    let service = Service::start(Settings::default()).await;
    let pool = &service.pool;
    let old = |now| sign(0, &pool.header(0), &pool.claims("user", now));
    let new = |now| sign(1, &pool.header(1), &pool.claims("user", now));
    assert_eq!(status(&service, &old(service.now())).await, 402);
    pool.publish(&[1]);
    service.pass(10);
    assert_eq!(status(&service, &new(service.now())).await, 402);
    // It left the set, and was last seen ten seconds ago.
    assert_eq!(status(&service, &old(service.now())).await, 402);
    service.pass(9 * 60);
    assert_eq!(status(&service, &old(service.now())).await, 402);
    service.pass(60);
    assert_eq!(status(&service, &old(service.now())).await, 401);
    assert_eq!(status(&service, &new(service.now())).await, 402);
}

#[tokio::test]
async fn a_remembered_token_goes_with_its_key() {
    let service = Service::start(Settings::default()).await;
    let pool = &service.pool;
    let token = pool.token("user", service.now());
    assert_eq!(status(&service, &token).await, 402);
    pool.publish(&[1]);
    for _ in 0..12 {
        service.pass(60);
        let _ = status(&service, &token).await;
    }
    assert_eq!(status(&service, &token).await, 401);
}

#[tokio::test]
async fn known_keys_go_on_working_when_the_pool_fails() {
    let service = Service::start(Settings::default()).await;
    let pool = &service.pool;
    assert_eq!(
        status(&service, &pool.token("user", service.now())).await,
        402
    );
    pool.publish_set(None);
    for _ in 0..10 {
        service.pass(30 * 60);
        assert_eq!(
            status(&service, &pool.token("user", service.now())).await,
            402
        );
    }
    let unknown = sign(1, &pool.header(1), &pool.claims("user", service.now()));
    let answer = service
        .send(Method::GET, PATH, Some(&unknown), &[], "")
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "upstream-unavailable");
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_set_is_taken_with_care() {
    let good = jwk(0);
    for (name, set, expected) in [
        (
            "a short key",
            json!({"keys": [with(&good, "n", json!("AQAB"))]}),
            503,
        ),
        (
            "another purpose",
            json!({"keys": [with(&good, "use", json!("enc"))]}),
            503,
        ),
        (
            "another algorithm",
            json!({"keys": [with(&good, "alg", json!("RS512"))]}),
            503,
        ),
        (
            "another type",
            json!({"keys": [with(&good, "kty", json!("EC"))]}),
            503,
        ),
        ("no keys", json!({"keys": []}), 503),
        ("no set", json!([]), 503),
        (
            "no purpose said",
            json!({"keys": [without(&without(&good, "use"), "alg")]}),
            402,
        ),
        (
            "one good among bad",
            json!({"keys": [{"kty": "EC", "crv": "P-256"}, good]}),
            402,
        ),
    ] {
        let service = Service::start(Settings::default()).await;
        service.pool.publish_set(Some(set));
        let token = service.pool.token("user", service.now());
        assert_eq!(status(&service, &token).await, expected, "{name}");
    }
}

#[tokio::test]
async fn who_is_too_fast_waits() {
    let service = Service::start(Settings::default().set("RATE_LIMIT_PER_MINUTE", "3")).await;
    let token = service.pool.token("user", service.now());
    for _ in 0..3 {
        assert_eq!(status(&service, &token).await, 402);
    }
    let answer = service.send(Method::GET, PATH, Some(&token), &[], "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (429, "rate-limited")
    );
    let wait: u64 = answer.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    // Another caller is not, and who is not signed in has ten times as much for a whole address.
    let other = service.pool.token("other", service.now());
    assert_eq!(status(&service, &other).await, 402);
    for _ in 0..30 {
        assert_eq!(status(&service, "nothing").await, 401);
    }
    assert_eq!(status(&service, "nothing").await, 429);
    assert_eq!(status(&service, &other).await, 402);
    let health = service
        .send(Method::GET, "/api/health", None, &[], "")
        .await;
    assert_eq!(health.status, StatusCode::OK);
}

#[tokio::test]
async fn without_issuers_nobody_can_sign_in() {
    let settings = Settings::default()
        .set("COGNITO_ISSUERS", "")
        .set("COGNITO_CLIENT_IDS", "");
    let service = Service::start(settings).await;
    let answer = service
        .send(Method::GET, PATH, Some("a.b.c"), &[], "")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (503, "not-configured")
    );
}
