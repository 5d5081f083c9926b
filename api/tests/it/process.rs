//! The program itself.

use tempfile::TempDir;

use crate::support::{Program, Settings, free_port};

#[tokio::test]
async fn it_runs_without_any_configuration_and_ends_when_told() {
    let folder = TempDir::new().unwrap();
    let mut command = Program::command();
    command.current_dir(folder.path()).env("PORT", "0");
    let program = Program::listen(command);
    let disabled = program.listening["disabled"].as_str().unwrap();
    assert!(disabled.contains("COGNITO_ISSUERS"), "{disabled}");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let health = reqwest::get(format!("{}/api/health", program.url)).await;
    assert_eq!(health.unwrap().status().as_u16(), 200);
    assert!(folder.path().join(".chitinfra/api.db").exists());
    let status = tokio::task::spawn_blocking(|| program.terminate()).await;
    assert_eq!(status.unwrap().code(), Some(0));
}

#[tokio::test]
async fn why_the_ledger_fails_is_logged_and_no_secret() {
    let token = "token_must_not_show";
    let settings = Settings::default()
        .set("PORT", "0")
        .set(
            "TURSO_DATABASE_URL",
            format!("http://127.0.0.1:{}", free_port()),
        )
        .set("TURSO_AUTH_TOKEN", token);
    let program = Program::start(settings.variables());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let health = reqwest::get(format!("{}/api/health", program.url)).await;
    assert_eq!(health.unwrap().status().as_u16(), 503);
    let said = "the database cannot be reached: ";
    while !program.log().contains(said) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let log = program.log();
    assert!(log.contains("Connection refused"), "{log}");
    assert!(!log.contains(token));
}

#[test]
fn every_mistake_of_the_configuration_is_listed() {
    let folder = TempDir::new().unwrap();
    let secret = "whsec_must_not_show";
    let output = Program::command()
        .current_dir(folder.path())
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
