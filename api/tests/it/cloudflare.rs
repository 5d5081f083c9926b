//! TURN credentials of Cloudflare's, from a server that answers as Cloudflare does, and as it should not.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Service, Settings};

const PATH: &str = "/api/turn-credentials";

/// What is answered, and what was asked.
struct Stub {
    mood: Mutex<Mood>,
    asked: Mutex<Vec<Value>>,
}

#[derive(Clone, Copy)]
enum Mood {
    Well,
    Fails,
    Refuses,
    Babbles,
    Floods,
    Sleeps,
}

async fn start() -> (Arc<Stub>, Service) {
    let (stub, settings) = play().await;
    let service = Service::start(settings).await;
    service.subscribe("owner").await;
    (stub, service)
}

/// Plays Cloudflare, and says how it is found.
async fn play() -> (Arc<Stub>, Settings) {
    let stub = Arc::new(Stub {
        mood: Mutex::new(Mood::Well),
        asked: Mutex::default(),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = Settings::default()
        .set("TURN_PROVIDER", "cloudflare")
        .set("CLOUDFLARE_TURN_KEY_ID", "a-key")
        .set("CLOUDFLARE_TURN_API_TOKEN", "a-token")
        .set("CLOUDFLARE_TURN_URL", format!("http://{address}/"));
    let router = Router::new()
        .route(
            "/v1/turn/keys/{key}/credentials/generate-ice-servers",
            post(generate),
        )
        .with_state(Arc::clone(&stub));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (stub, settings)
}

async fn generate(
    State(stub): State<Arc<Stub>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let body: Value = serde_json::from_str(&body).unwrap();
    let authorization = headers[header::AUTHORIZATION].to_str().unwrap();
    stub.asked
        .lock()
        .unwrap()
        .push(json!([key, authorization, body]));
    let mood = *stub.mood.lock().unwrap();
    match mood {
        Mood::Well => {
            let servers = json!({"iceServers": [
                {"urls": ["stun:stun.cloudflare.com:3478", "stun:stun.cloudflare.com:53"]},
                {"urls": ["turn:turn.cloudflare.com:3478?transport=udp", "turn:turn.cloudflare.com:53?transport=udp"],
                 "username": "u", "credential": "c"},
            ]});
            (StatusCode::CREATED, servers.to_string()).into_response()
        }
        Mood::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Refuses => (StatusCode::FORBIDDEN, "a-token is wrong").into_response(),
        Mood::Babbles => (StatusCode::CREATED, "<html>").into_response(),
        Mood::Floods => (StatusCode::CREATED, "x".repeat(10_000_000)).into_response(),
        Mood::Sleeps => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::CREATED.into_response()
        }
    }
}

async fn used(service: &Service) -> Value {
    service.get("/api/instance", "owner").await.body["usage"]["turn"]["used"].clone()
}

#[tokio::test]
async fn cloudflares_servers_are_passed_on_without_port_53() {
    let (stub, service) = start().await;
    let answer = service.post(PATH, "owner", &json!({})).await;
    assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.body);
    let servers = json!([
        {"urls": ["stun:stun.cloudflare.com:3478"]},
        {"urls": ["turn:turn.cloudflare.com:3478?transport=udp"], "username": "u", "credential": "c"},
    ]);
    assert_eq!(answer.body["iceServers"], servers);
    let asked = stub.asked.lock().unwrap().clone();
    assert_eq!(asked, [json!(["a-key", "Bearer a-token", {"ttl": 600}])]);
}

#[tokio::test]
async fn what_is_not_issued_is_given_back() {
    let (stub, service) = start().await;
    for (mood, status) in [
        (Mood::Fails, 502),
        (Mood::Refuses, 502),
        (Mood::Babbles, 502),
        (Mood::Floods, 503),
        (Mood::Sleeps, 503),
    ] {
        *stub.mood.lock().unwrap() = mood;
        let answer = service.post(PATH, "owner", &json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (status, "upstream-unavailable")
        );
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(used(&service).await, 0);
    }
    *stub.mood.lock().unwrap() = Mood::Well;
    assert_eq!(
        service
            .post(PATH, "owner", &json!({}))
            .await
            .status
            .as_u16(),
        200
    );
    assert_eq!(used(&service).await, 1);
}

#[tokio::test]
async fn who_hangs_up_is_not_charged_for_what_fails() {
    let (stub, service) = start().await;
    *stub.mood.lock().unwrap() = Mood::Sleeps;
    let empty = json!({});
    let request = service.post(PATH, "owner", &empty);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), request)
            .await
            .is_err()
    );
    assert_eq!(used(&service).await, 1);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(used(&service).await, 0);
}

/// The shipped program, killed while Cloudflare lets somebody wait: one allocation is lost, and none is free.
#[tokio::test]
async fn a_crash_between_counting_and_issuing_costs_one_allocation() {
    let (stub, settings) = play().await;
    let (service, mut program) = Service::start_program(settings).await;
    service.subscribe("owner").await;
    *stub.mood.lock().unwrap() = Mood::Sleeps;
    let empty = json!({});
    let wait = async {
        while stub.asked.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        program.kill();
    };
    let token = service.pool.token("owner", service.now());
    let request = service
        .client
        .post(format!("{}{PATH}", service.url))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(empty.to_string())
        .send();
    let (answer, ()) = tokio::join!(request, wait);
    assert!(answer.is_err(), "nobody answers");
    let owner = ledger::Sub::new("owner").unwrap();
    let instance = service.ledger.instance(&owner, None, service.now()).await;
    assert_eq!(instance.unwrap().unwrap().turn.used, 1);
}
