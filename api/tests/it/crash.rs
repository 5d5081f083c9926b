//! The shipped program is killed in the middle of what it does.

use std::time::Duration;

use jiff::Timestamp;
use ledger::Sub;
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{CLIENT, Chime, Program, Service, real_second};

/// Killed while Chime lets somebody wait, it has charged one minute for nothing, and no meeting is made twice.
#[tokio::test]
async fn between_counting_and_joining_it_costs_one_minute() {
    let chime = Chime::start().await;
    let folder = TempDir::new().unwrap();
    let database = format!("file:{}", folder.path().join("shared.db").display());
    let settings = chime.settings().set("TURSO_DATABASE_URL", database);
    let service = Service::start(settings.clone()).await;
    service.subscribe("owner").await;
    let settings = settings
        .set("PORT", "0")
        .set("COGNITO_ISSUERS", &service.pool.issuer)
        .set("COGNITO_CLIENT_IDS", CLIENT);
    for (round, operation) in [(0, "CreateMeeting"), (1, "CreateAttendee")] {
        let mut program = Program::start(settings.variables());
        chime.fail(operation, "no-answer", 100).await;
        let killed = tokio::spawn(join(&service, &program.url));
        while used(&service).await == 2 * round {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        program.kill();
        assert!(killed.await.unwrap().is_err(), "nobody answers");
        chime.recover().await;

        let program = Program::start(settings.variables());
        let answer = join(&service, &program.url).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["remainingMinutes"], 1000 - 2 * (round + 1));
        assert_eq!(used(&service).await, 2 * (round + 1));
        assert_eq!(chime.meetings().await.len(), 1);
        let token = body["attendee"]["JoinToken"].as_str().unwrap();
        while !program.log().contains("answered") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(!program.log().contains(token), "{}", program.log());
    }
}

/// Joins a room of the owner's.
fn join(
    service: &Service,
    url: &str,
) -> impl Future<Output = reqwest::Result<reqwest::Response>> + use<> {
    let request = service.client.post(format!("{url}/api/video-session"));
    let request = request
        .bearer_auth(service.pool.token("owner", now()))
        .header("content-type", "application/json")
        .body(r#"{"roomId":"room"}"#);
    request.send()
}

async fn used(service: &Service) -> u64 {
    let owner = Sub::new("owner").unwrap();
    let instance = service.ledger.instance(&owner, None, now()).await;
    instance.unwrap().expect("the owner has one").video.used
}

/// The time, as the program tells it.
fn now() -> Timestamp {
    Timestamp::from_second(real_second()).unwrap()
}
