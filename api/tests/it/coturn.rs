//! Credentials that a coturn server takes: <https://github.com/coturn/coturn>.

use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Foreign, Service, Settings, finish, free_port};

const SECRET: &str = "the secret of both";

#[tokio::test]
#[ignore = "needs coturn"]
async fn an_allocation_is_made_with_what_is_issued() {
    let port = free_port().to_string();
    let mut server = Command::new("turnserver");
    server.args(["-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]);
    server.args(["--no-tls", "--no-dtls", "--no-cli", "--fingerprint"]);
    server.args([
        "--use-auth-secret",
        "--realm=chitchatter",
        "--allow-loopback-peers",
    ]);
    server.args([
        "--log-file=stdout",
        "--simple-log",
        "--userdb=turndb",
        "--pidfile=pid",
    ]);
    server.arg(format!("--static-auth-secret={SECRET}"));
    server.arg(format!("--listening-port={port}"));
    let folder = TempDir::new().unwrap();
    let _server = Foreign::start(server, folder, port.parse().unwrap());

    let settings = Settings::coturn()
        .set("COTURN_SECRET", SECRET)
        .set("COTURN_URLS", format!("turn:127.0.0.1:{port}"));
    let service = Service::start_now(settings).await;
    service.subscribe("owner").await;
    let answer = service
        .post("/api/turn-credentials", "owner", &json!({}))
        .await;
    let server = &answer.body["iceServers"][0];
    let username = server["username"].as_str().unwrap();
    let credential = server["credential"].as_str().unwrap();
    // Five messages through a relay, to another client of the same kind.
    let allocate = async |username: &str, credential: &str| {
        let mut client = Command::new("turnutils_uclient");
        client.args(["-y", "-n", "5", "-c", "-u", username, "-w", credential]);
        client.args(["-p", &port, "127.0.0.1"]);
        finish(client).await
    };
    let output = allocate(username, credential).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    // Another time in the name, another credential.
    let forged = format!("9{username}");
    assert!(!allocate(&forged, credential).await.status.success());
    assert!(
        !allocate(username, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            .await
            .status
            .success()
    );
}
