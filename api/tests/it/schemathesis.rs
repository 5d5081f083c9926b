//! Requests that nobody thought of, made from the OpenAPI document: <https://schemathesis.readthedocs.io>.

use std::process::Command;

use tempfile::TempDir;

use crate::support::{Bucket, Chime, Service, Settings, finish, tool};

#[tokio::test]
#[ignore = "needs schemathesis"]
async fn no_request_makes_it_fail_or_contradict_its_document() {
    let (bucket, chime) = (Bucket::start().await, Chime::start().await);
    let settings = Settings::coturn()
        .and(Settings::files(Some(&bucket.url)))
        .and(chime.settings())
        .set("STRIPE_WEBHOOK_SECRETS", "whsec_unknown_to_callers")
        .set("RATE_LIMIT_PER_MINUTE", "1000000")
        .set("INSTANCE_RATE_LIMIT_PER_MINUTE", "1000000");
    let service = Service::start_now(settings).await;
    service.subscribe("owner").await;
    let token = service.pool.token("owner", service.now());
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(tool("schemathesis/bin/schemathesis"));
    command
        .arg("--config-file")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/schemathesis.toml"))
        .args(["run", &format!("{}/api/openapi.json", service.url)])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-examples", "100", "--seed", "1", "--workers", "2"])
        .args(["--phases", "examples,coverage,fuzzing", "--no-color"])
        .env("PYTHONUTF8", "1")
        // It keeps what it found where it runs.
        .current_dir(folder.path());
    let output = finish(command).await;
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}");
}
