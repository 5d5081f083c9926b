//! What the server bears: slow and endless callers, foreign pages, and its own end.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Service, Settings};

#[tokio::test]
async fn only_the_products_pages_may_read_answers() {
    let settings = Settings::coturn().set(
        "ALLOWED_ORIGINS",
        "https://pro.chitchatter.im,https://*.chitchatter.im",
    );
    let service = Service::start(settings).await;
    for (origin, is_allowed) in [
        ("https://pro.chitchatter.im", true),
        ("https://abcdefghij.chitchatter.im", true),
        ("https://a.b.chitchatter.im", false),
        ("https://chitchatter.im.example.com", false),
        ("http://localhost:3000", false),
        ("null", false),
    ] {
        let preflight = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type,x-request-id",
            ),
        ];
        let answer = service
            .send(
                Method::OPTIONS,
                "/api/turn-credentials",
                None,
                &preflight,
                "",
            )
            .await;
        let allowed = answer.headers.get("access-control-allow-origin");
        assert_eq!(
            allowed.is_some_and(|allowed| allowed == origin),
            is_allowed,
            "{origin}"
        );
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
        // A refusal is to be read by those pages, too.
        let refused = service
            .send(
                Method::POST,
                "/api/turn-credentials",
                None,
                &[("origin", origin)],
                "",
            )
            .await;
        assert_eq!(refused.status.as_u16(), 401);
        let allowed = refused.headers.get("access-control-allow-origin");
        assert_eq!(
            allowed.is_some_and(|allowed| allowed == origin),
            is_allowed,
            "{origin}"
        );
        if is_allowed {
            let exposed = refused.headers["access-control-expose-headers"]
                .to_str()
                .unwrap();
            assert!(
                exposed.contains("x-request-id") && exposed.contains("retry-after"),
                "{exposed}"
            );
        }
    }
}

#[tokio::test]
async fn every_answer_is_safe_in_a_browser() {
    let service = Service::start(Settings::default()).await;
    for path in ["/api/health", "/api/instance", "/nothing"] {
        let answer = service.send(Method::GET, path, None, &[], "").await;
        assert_eq!(
            answer.headers["x-content-type-options"], "nosniff",
            "{path}"
        );
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert!(
            answer.headers.contains_key("content-security-policy"),
            "{path}"
        );
        assert!(
            answer.headers.contains_key("strict-transport-security"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_without_an_announced_end_is_cut_off() {
    let service = Service::start(Settings::coturn()).await;
    service.subscribe("owner").await;
    let token = service.pool.token("owner", service.now());
    let parts =
        futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 16 * 1024]));
    let body = reqwest::Body::wrap_stream(futures_util::StreamExt::take(parts, 1000));
    let headers = [("content-type", "application/json")];
    let answer = service
        .send(
            Method::POST,
            "/api/turn-credentials",
            Some(&token),
            &headers,
            body,
        )
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (413, "payload-too-large")
    );
}

#[tokio::test]
async fn who_never_ends_the_headers_is_hung_up_on() {
    let service = Service::start(Settings::default()).await;
    let address = service.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /api/health HTTP/1.1\r\nHost: a\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(15), stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection is still open");
}

#[tokio::test]
async fn an_instance_has_a_rate_of_its_own() {
    let settings = Settings::coturn()
        .set("INSTANCE_RATE_LIMIT_PER_MINUTE", "3")
        .set("RATE_LIMIT_PER_MINUTE", "100");
    let service = Service::start(settings).await;
    let instance = service.subscribe("owner").await;
    let body = json!({"instanceId": instance.as_str()});
    for guest in ["one", "two", "three"] {
        assert_eq!(
            service
                .post("/api/turn-credentials", guest, &body)
                .await
                .status
                .as_u16(),
            200
        );
    }
    let refused = service.post("/api/turn-credentials", "four", &body).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (429, "rate-limited")
    );
    let other = service.subscribe("other").await;
    let body = json!({"instanceId": other.as_str()});
    assert_eq!(
        service
            .post("/api/turn-credentials", "four", &body)
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test]
async fn whose_request_it_is_a_trusted_proxy_says_and_nobody_else() {
    for (proxy, expected) in [("vercel", 401), ("none", 429)] {
        let settings = Settings::default()
            .set("TRUSTED_PROXY", proxy)
            .set("RATE_LIMIT_PER_MINUTE", "1");
        let service = Service::start(settings).await;
        // Ten are too many from one address; what comes behind it is added on the way.
        let mut last = 0;
        for number in 0..12 {
            let forwarded = format!("203.0.113.{number}, 127.0.0.1");
            let headers = [("x-forwarded-for", forwarded.as_str())];
            let path = "/api/instance";
            let answer = service.send(Method::GET, path, None, &headers, "").await;
            last = answer.status.as_u16();
        }
        assert_eq!(last, expected, "{proxy}");
    }
}
