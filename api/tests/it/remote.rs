//! The API with its ledger on a server, as it is with Turso. What happens at a limit is with the endpoints.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Service, Settings, Sqld};

const PATH: &str = "/api/turn-credentials";

#[tokio::test]
#[ignore = "needs sqld"]
async fn a_server_that_is_gone_is_no_missing_subscription() {
    let sqld = Sqld::start();
    let service = Service::start(Settings::coturn().and(sqld.settings())).await;
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
