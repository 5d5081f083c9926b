//! `POST /api/turn-credentials`.

use ledger::Sub;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Service, Settings, Sqld};

const PATH: &str = "/api/turn-credentials";

#[tokio::test]
async fn an_owner_gets_credentials_and_is_charged() {
    let service = Service::start(Settings::coturn()).await;
    let instance = service.subscribe("owner").await;
    let answer = service.post(PATH, "owner", &json!({})).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = &answer.body;
    assert_eq!(body["instanceId"], instance.as_str());
    assert_eq!(
        (&body["ttl"], &body["remaining"]),
        (&json!(600), &json!(499))
    );
    let server = &body["iceServers"][0];
    assert_eq!(server["urls"], json!(["turn:127.0.0.1:3478"]));
    let expiry = service.now().as_second() + 600;
    assert_eq!(server["username"], format!("{expiry}:{instance}"));
    let usage = service.get("/api/instance", "owner").await.body;
    assert_eq!(usage["usage"]["turn"]["used"], 1);
}

#[tokio::test]
async fn a_body_may_be_empty() {
    let service = Service::start(Settings::coturn()).await;
    service.subscribe("owner").await;
    let token = service.pool.token("owner", service.now());
    let answer = service
        .send(Method::POST, PATH, Some(&token), &[], "")
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
}

#[tokio::test]
async fn refusals_have_their_order_and_charge_nothing() {
    let service = Service::start(Settings::coturn()).await;
    let instance = service.subscribe("owner").await;
    let token = service.pool.token("stranger", service.now());
    let json = [("content-type", "application/json")];
    let text = [("content-type", "text/plain")];
    let long = format!("\"{}\"", "x".repeat(64 * 1024));
    for (token, headers, body, status, problem) in [
        (None, &text, long.clone(), 401, "unauthorized"),
        (Some("a.b.c"), &text, long.clone(), 401, "unauthorized"),
        (
            Some(&*token),
            &text,
            long.clone(),
            415,
            "unsupported-media-type",
        ),
        (Some(&*token), &json, long, 413, "payload-too-large"),
        (
            Some(&*token),
            &json,
            "{".to_owned(),
            400,
            "malformed-request",
        ),
        (
            Some(&*token),
            &json,
            "[]".to_owned(),
            422,
            "invalid-request",
        ),
        (
            Some(&*token),
            &json,
            r#"{"instanceId":"NOT"}"#.to_owned(),
            422,
            "invalid-request",
        ),
        (
            Some(&*token),
            &json,
            r#"{"instanceID":"x"}"#.to_owned(),
            422,
            "invalid-request",
        ),
        (
            Some(&*token),
            &json,
            r#"{"instanceId":"aaaaaaaaaa"}"#.to_owned(),
            404,
            "not-found",
        ),
        (
            Some(&*token),
            &json,
            "{}".to_owned(),
            402,
            "subscription-required",
        ),
    ] {
        let answer = service
            .send(Method::POST, PATH, token, headers, body.clone())
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (status, problem),
            "{body:.40}"
        );
        assert_eq!(
            answer.headers.contains_key("www-authenticate"),
            status == 401
        );
    }
    let usage = service.get("/api/instance", "owner").await.body;
    assert_eq!(usage["usage"]["turn"]["used"], 0, "{instance}");
}

#[tokio::test]
async fn at_the_limit_exactly_one_is_issued() {
    one_of_200_is_issued(Settings::default()).await;
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn at_the_limit_exactly_one_is_issued_on_a_server() {
    let sqld = Sqld::start();
    one_of_200_is_issued(sqld.settings()).await;
}

async fn one_of_200_is_issued(database: Settings) {
    let settings = Settings::coturn()
        .set("RATE_LIMIT_PER_MINUTE", "100000")
        .set("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000");
    let service = Service::start(settings.and(database)).await;
    service.subscribe("owner").await;
    let owner = Sub::new("owner").unwrap();
    for _ in 0..499 {
        let counted = service.ledger.count_turn(&owner, None, 50, service.now());
        assert!(counted.await.unwrap().is_ok());
    }
    let (empty, service) = (json!({}), &service);
    let requests = (0..200).map(|_| service.post(PATH, "owner", &empty));
    let answers = futures_util::future::join_all(requests).await;
    let issued = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(issued, 1);
    let refused = answers
        .iter()
        .find(|answer| answer.status != StatusCode::OK)
        .unwrap();
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (429, "quota-exceeded")
    );
    assert_eq!(refused.body["quota"], "turn");
    assert_eq!(
        (&refused.body["limit"], &refused.body["used"]),
        (&json!(500), &json!(500))
    );
    assert_eq!(refused.body["resetsAt"], "2026-11-01T00:00:00Z");
}

#[tokio::test]
async fn a_guest_is_charged_to_the_instance_and_bounded() {
    let service = Service::start(Settings::coturn().set("GUEST_DAILY_LIMIT", "2")).await;
    let instance = service.subscribe("owner").await;
    let body = json!({"instanceId": instance.as_str()});
    for _ in 0..2 {
        let answer = service.post(PATH, "guest", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }
    let refused = service.post(PATH, "guest", &body).await;
    assert_eq!(
        (refused.problem(), &refused.body["quota"]),
        ("quota-exceeded", &json!("guest"))
    );
    service.pass(24 * 60 * 60);
    assert_eq!(
        service.post(PATH, "guest", &body).await.status,
        StatusCode::OK
    );
    let usage = service.get("/api/instance", "owner").await.body;
    assert_eq!(usage["usage"]["turn"]["used"], 3);
}
