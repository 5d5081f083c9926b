//! Chime, played by the emulator on a port of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use axum::{extract::Request, middleware};
use chime_emulator::Options;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Settings;

/// The region of all meetings.
pub(crate) const REGION: &str = "eu-central-1";

/// A Chime that runs until the test ends.
pub(crate) struct Chime {
    url: String,
    client: Client,
    calls: Arc<AtomicUsize>,
}

impl Chime {
    pub(crate) async fn start() -> Self {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_792_152_000);
        let calls = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&calls);
        let counted = middleware::map_request(move |request: Request| {
            if !request.uri().path().starts_with("/_emulator/") {
                count.fetch_add(1, Ordering::SeqCst);
            }
            async { request }
        });
        let router = chime_emulator::router(Options::new(Arc::new(move || start))).layer(counted);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::new();
        Self { url, client, calls }
    }

    /// How many calls of its operations there have been.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// What lets the API find it.
    pub(crate) fn settings(&self) -> Settings {
        Settings::default()
            .set("CHIME_REGION", REGION)
            .set("AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS", &self.url)
            .set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .set("AWS_SECRET_ACCESS_KEY", "not checked")
    }

    /// What Chime itself answers to a path of its own, without what it has no value for.
    pub(crate) async fn tell(&self, path: &str) -> Value {
        let scope = format!("20261016/{REGION}/chime/aws4_request");
        let signature = "0".repeat(64);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders=host, Signature={signature}"
        );
        let request = self.client.get(format!("{}/{path}", self.url));
        let request = request
            .header("authorization", authorization)
            .header("x-amz-date", "20261016T120000Z");
        let response = request.send().await.unwrap().error_for_status().unwrap();
        let mut answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        for told in answer.as_object_mut().unwrap().values_mut() {
            told.as_object_mut()
                .unwrap()
                .retain(|_, value| !value.is_null());
        }
        answer
    }

    /// All meetings there have been.
    pub(crate) async fn meetings(&self) -> Vec<Value> {
        let mut answer = self.ask(Method::GET, "meetings", &json!({})).await;
        serde_json::from_value(answer["meetings"].take()).unwrap()
    }

    /// Ends a meeting.
    pub(crate) async fn end(&self, meeting: &str) {
        let path = format!("meetings/{meeting}/end");
        self.ask(Method::POST, &path, &json!({})).await;
    }

    /// Moves the time of the meetings on.
    pub(crate) async fn pass(&self, seconds: u64) {
        let body = json!({"advanceSeconds": seconds});
        self.ask(Method::POST, "clock", &body).await;
    }

    /// Lets the next calls of an operation go wrong.
    pub(crate) async fn fail(&self, operation: &str, fault: &str, times: u32) {
        let body = json!({"operation": operation, "fault": fault, "times": times});
        self.ask(Method::POST, "faults", &body).await;
    }

    /// Lets nothing more go wrong.
    pub(crate) async fn recover(&self) {
        self.ask(Method::DELETE, "faults", &json!({})).await;
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}/_emulator/{path}", self.url);
        let request = self.client.request(method, url).body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status();
        let body = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        assert!(status.is_success(), "{path} answers {status}: {body}");
        body
    }
}
