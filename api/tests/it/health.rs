//! `GET /api/health`, and what every answer has.

use reqwest::{Method, StatusCode};

use crate::support::{Service, Settings};

#[tokio::test]
async fn what_is_configured_is_ok_and_the_rest_is_disabled() {
    let service = Service::start(Settings::coturn()).await;
    let answer = service
        .send(Method::GET, "/api/health", None, &[], "")
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["status"], "ok");
    let checks = &answer.body["checks"];
    assert_eq!(checks["database"], "ok");
    assert_eq!(
        (&checks["cognito"], &checks["turn"]),
        (&"ok".into(), &"ok".into())
    );
    for feature in ["stripe", "video", "files"] {
        assert_eq!(checks[feature], "disabled", "{feature}");
    }
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_harmless() {
    let service = Service::start(Settings::default()).await;
    for (given, is_kept) in [
        ("abc-DEF_1", true),
        ("a b", false),
        ("", false),
        (&"x".repeat(65), false),
    ] {
        let answer = service
            .send(
                Method::GET,
                "/api/health",
                None,
                &[("x-request-id", given)],
                "",
            )
            .await;
        let id = answer.headers["x-request-id"].to_str().unwrap();
        assert_eq!(id == given, is_kept, "{given}");
        assert!(!id.is_empty());
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let service = Service::start(Settings::default()).await;
    for (method, path, status, problem) in [
        (Method::GET, "/", 404, "not-found"),
        (Method::POST, "/api/turn-credential", 404, "not-found"),
        (Method::DELETE, "/api/health", 405, "method-not-allowed"),
        (
            Method::GET,
            "/api/turn-credentials",
            405,
            "method-not-allowed",
        ),
    ] {
        let answer = service.send(method, path, None, &[], "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (status, problem),
            "{path}"
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(
            answer.body["requestId"],
            answer.headers["x-request-id"].to_str().unwrap()
        );
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.headers.contains_key("allow"), status == 405);
    }
}
