//! `POST /api/stripe-webhook`.

use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{Answer, Service, Settings};

const SECRET: &str = "whsec_of_tests";

async fn start() -> Service {
    Service::start(Settings::coturn().set("STRIPE_WEBHOOK_SECRETS", SECRET)).await
}

async fn send(service: &Service, event: &Value) -> Answer {
    let body = event.to_string();
    let time = service.now().as_second().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
    let tag: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let signature = format!("t={time},v1={tag}");
    let headers = [("stripe-signature", signature.as_str())];
    service
        .send(Method::POST, "/api/stripe-webhook", None, &headers, body)
        .await
}

fn event(service: &Service, id: &str, type_name: &str, object: &Value) -> Value {
    json!({
        "id": id, "object": "event", "type": type_name, "created": service.now().as_second(),
        "livemode": false, "data": {"object": object},
    })
}

#[tokio::test]
async fn a_subscription_opens_the_door_and_its_end_closes_it() {
    let service = start().await;
    let object = |status: &str| {
        json!({
            "id": "sub_1", "customer": "cus_1", "status": status,
            "items": {"data": [{"price": {"lookup_key": "chitchatter_pro_monthly"}}]},
        })
    };
    let created = event(
        &service,
        "evt_1",
        "customer.subscription.created",
        &object("active"),
    );
    assert_eq!(send(&service, &created).await.status, StatusCode::OK);
    // Nobody knows yet whose it is.
    assert_eq!(
        service.get("/api/instance", "user").await.problem(),
        "subscription-required"
    );
    let checkout =
        json!({"client_reference_id": "user", "customer": "cus_1", "subscription": "sub_1"});
    let checkout = event(&service, "evt_2", "checkout.session.completed", &checkout);
    assert_eq!(
        send(&service, &checkout).await.body,
        json!({"received": true})
    );
    let instance = service.get("/api/instance", "user").await;
    assert_eq!(
        instance.body["subscription"]["status"], "active",
        "{:?}",
        instance.body
    );
    assert_eq!(
        service
            .post("/api/turn-credentials", "user", &json!({}))
            .await
            .status,
        StatusCode::OK
    );
    service.pass(1);
    let deleted = event(
        &service,
        "evt_3",
        "customer.subscription.deleted",
        &object("canceled"),
    );
    for _ in 0..2 {
        assert_eq!(send(&service, &deleted).await.status, StatusCode::OK);
    }
    let refused = service
        .post("/api/turn-credentials", "user", &json!({}))
        .await;
    assert_eq!(refused.problem(), "subscription-required");
    // What comes late changes nothing.
    let late = event(
        &service,
        "evt_0",
        "customer.subscription.updated",
        &object("active"),
    );
    let late = {
        let mut late = late;
        late["created"] = json!(service.now().as_second() - 1);
        late
    };
    assert_eq!(send(&service, &late).await.status, StatusCode::OK);
    assert_eq!(
        service
            .post("/api/turn-credentials", "user", &json!({}))
            .await
            .status
            .as_u16(),
        402
    );
    assert_eq!(
        service.get("/api/instance", "user").await.body["subscription"]["status"],
        "canceled"
    );
}

#[tokio::test]
async fn what_is_not_signed_or_of_the_other_mode_is_refused() {
    let service = start().await;
    let live = {
        let mut event = event(&service, "evt_1", "customer.created", &json!({}));
        event["livemode"] = json!(true);
        event
    };
    let refused = send(&service, &live).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (400, "livemode-mismatch")
    );
    let unsigned = service
        .send(Method::POST, "/api/stripe-webhook", None, &[], "{}")
        .await;
    assert_eq!(
        (unsigned.status.as_u16(), unsigned.problem()),
        (400, "invalid-signature")
    );
}

#[tokio::test]
async fn without_a_secret_webhooks_are_off() {
    let service = Service::start(Settings::default()).await;
    let answer = service
        .send(Method::POST, "/api/stripe-webhook", None, &[], "{}")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (503, "not-configured")
    );
}
