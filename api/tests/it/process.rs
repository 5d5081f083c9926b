//! The program itself.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api"));
    command
        .env_clear()
        .current_dir(folder.path())
        .env("PORT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts the program and reads its log until it says where it listens.
fn start(folder: &TempDir) -> (Child, String, Value) {
    let mut child = command(folder).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        let entry: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        if entry["message"] == "listening" {
            let url = format!("http://{}", entry["address"].as_str().unwrap());
            // What it writes later must have somewhere to go.
            std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
            return (child, url, entry);
        }
        line.clear();
    }
    panic!("it ended: {:?}", child.wait());
}

#[tokio::test]
async fn it_runs_without_any_configuration_and_ends_when_told() {
    let folder = TempDir::new().unwrap();
    let (mut child, url, entry) = start(&folder);
    assert!(
        entry["disabled"]
            .as_str()
            .unwrap()
            .contains("COGNITO_ISSUERS"),
        "{entry}"
    );
    let _ = rustls::crypto::ring::default_provider().install_default();
    let health = reqwest::get(format!("{url}/api/health")).await.unwrap();
    assert_eq!(health.status().as_u16(), 200);
    assert!(folder.path().join(".chitinfra/api.db").exists());
    let killed = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    let status = tokio::task::spawn_blocking(move || child.wait())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn every_mistake_of_the_configuration_is_listed() {
    let folder = TempDir::new().unwrap();
    let secret = "whsec_must_not_show";
    let output = command(&folder)
        .env("PORT", "none")
        .env("COGNITO_ISSUERS", "http://example.com/pool")
        .env("STRIPE_WEBHOOK_SECRETS", secret)
        .env("STRIPE_LIVEMODE", secret)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    for name in [
        "PORT:",
        "COGNITO_ISSUERS:",
        "COGNITO_CLIENT_IDS:",
        "STRIPE_LIVEMODE:",
    ] {
        assert!(text.contains(name), "{text}");
    }
    assert!(!text.contains(secret));
    assert!(output.stdout.is_empty());
}
