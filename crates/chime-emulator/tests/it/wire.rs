//! The router over HTTP, byte by byte, with a clock of the test's own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use chime_emulator::{Options, router};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// The router, served to the test alone.
pub(crate) struct Served {
    pub(crate) address: String,
    /// The time, in seconds since 1970.
    clock: Arc<AtomicU64>,
}

/// What came over the wire.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = headers.find_map(|(header, value)| (header == name).then_some(value));
        found.unwrap_or_else(|| panic!("no `{name}`: {self:?}"))
    }
}

impl Served {
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(AtomicU64::new(1_795_000_000));
        let hands = Arc::clone(&clock);
        let options = Options::new(Arc::new(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(hands.load(Ordering::Relaxed))
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        tokio::spawn(async move { axum::serve(listener, router(options)).await });
        Self { address, clock }
    }

    fn advance(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// A request that is signed in form.
    async fn ask(&self, line: &str, body: Value) -> Answer {
        let signature = "0".repeat(64);
        let signed = format!(
            "x-amz-date: 20261129T100000Z\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential=AKID/20261129/us-east-1/chime/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature={signature}\r\n"
        );
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(line, &signed, &body).await
    }

    async fn send(&self, line: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        );
        let written = stream.write_all(request.as_bytes()).await;
        written.expect("it reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("it answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.unwrap_or_else(|| panic!("no status: {head}")),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

fn meeting(token: &str) -> Value {
    json!({"ClientRequestToken": token, "MediaRegion": "us-east-1", "ExternalMeetingId": "room"})
}

#[tokio::test]
async fn answers_and_refusals_have_the_form_of_the_service() {
    let served = Served::start().await;
    let made = served.ask("POST /meetings", meeting("t1")).await;
    assert_eq!(made.status, 200);
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!(made.header("x-amzn-requestid").len(), 36);
    let made = made.json();
    let meeting = &made["Meeting"];
    // What was not said is told as such.
    assert_eq!(meeting["MeetingHostId"], Value::Null);
    assert_eq!(meeting["TenantIds"], json!([]));
    let id = meeting["MeetingId"].as_str().expect("an id");

    let gone = served
        .ask(&format!("DELETE /meetings/{id}"), Value::Null)
        .await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    let refused = served
        .ask(&format!("GET /meetings/{id}"), Value::Null)
        .await;
    assert_eq!(refused.status, 404);
    assert_eq!(refused.header("x-amzn-errortype"), "NotFoundException");
    assert_eq!(
        refused.json(),
        json!({
            "Code": "NotFound",
            "Message": format!("Meeting <{id}> not found"),
            "RequestId": refused.header("x-amzn-requestid"),
        })
    );
}

#[tokio::test]
async fn paths_and_methods_that_the_service_does_not_have() {
    let served = Served::start().await;
    for line in [
        "GET /",
        "GET /meetings",
        "PUT /meetings",
        "POST /meetings?operation=other",
        "POST /meetings/",
        "POST /meetings/x",
        "GET /meetings/x/",
        "GET /meetings/x/attendees/y/z",
        "POST /tags",
        "DELETE /tags?arn=arn:x",
        "POST /meetings/x/transcription?operation=start",
    ] {
        let refused = served.ask(line, json!({})).await;
        assert_eq!(refused.status, 404, "{line}");
        let error_type = refused.header("x-amzn-errortype");
        // The last but one path has an empty id, which is a wrong one.
        assert_eq!(error_type, "UnknownOperationException", "{line}");
    }
    let empty = served.ask("GET /meetings/", Value::Null).await;
    assert_eq!(empty.header("x-amzn-errortype"), "BadRequestException");
    assert!(empty.body.contains("'meetingId'"), "{empty:?}");
}

#[tokio::test]
async fn bodies_that_are_none() {
    let served = Served::start().await;
    let signed = served.ask("POST /meetings", Value::Null).await;
    assert_eq!(signed.status, 400);
    let message = signed.json()["Message"].to_string();
    assert!(
        message.contains("3 validation errors detected"),
        "{message}"
    );
    for body in [json!([]), json!("text"), json!(7)] {
        let refused = served.ask("POST /meetings", body).await;
        assert_eq!(refused.header("x-amzn-errortype"), "BadRequestException");
    }
    // What stands in the path counts, whatever the body says.
    let made = served.ask("POST /meetings", meeting("t1")).await.json();
    let id = made["Meeting"]["MeetingId"].as_str().expect("an id");
    let line = format!("POST /meetings/{id}/attendees");
    let body = json!({"ExternalUserId": "user", "MeetingId": "another"});
    assert_eq!(served.ask(&line, body).await.status, 200);
}

#[tokio::test]
async fn a_request_must_be_signed_and_those_of_tests_need_not() {
    let served = Served::start().await;
    let refused = served.send("GET /meetings/x", "", "").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("x-amzn-errortype"), "UnauthorizedException");
    let refused = served
        .send("GET /meetings/x", "authorization: Bearer x\r\n", "")
        .await;
    assert_eq!(refused.status, 403);
    let listed = served.send("GET /_emulator/meetings", "", "").await;
    assert_eq!(
        (listed.status, listed.json()),
        (200, json!({"meetings": []}))
    );
}

#[tokio::test]
async fn the_time_is_the_one_that_is_passed_in() {
    let served = Served::start().await;
    let made = served.ask("POST /meetings", meeting("t1")).await.json();
    let id = made["Meeting"]["MeetingId"].as_str().expect("an id");
    let line = format!("GET /meetings/{id}");
    served.advance(300);
    assert_eq!(served.ask(&line, Value::Null).await.status, 200);
    served.advance(1);
    assert_eq!(served.ask(&line, Value::Null).await.status, 404);
    let listed = served.send("GET /_emulator/meetings", "", "").await.json();
    assert_eq!(listed["meetings"][0]["ending"], "empty");
}

#[tokio::test]
async fn requests_of_tests_that_make_no_sense_are_refused() {
    let served = Served::start().await;
    let made = served.ask("POST /meetings", meeting("t1")).await.json();
    let id = made["Meeting"]["MeetingId"].as_str().expect("an id");
    for (line, body, status, told) in [
        ("GET /_emulator/", "", 404, "no such request"),
        ("POST /_emulator/meetings/x/end", "", 404, "no such meeting"),
        (
            "PUT /_emulator/meetings/x/attendees/y/connection",
            "",
            404,
            "no such meeting",
        ),
        (
            &format!("PUT /_emulator/meetings/{id}/attendees/y/connection"),
            "",
            404,
            "no such attendee",
        ),
        (
            "POST /_emulator/clock",
            "{\"advanceSeconds\": -1}",
            400,
            "invalid value",
        ),
        (
            "POST /_emulator/clock",
            "{\"seconds\": 1}",
            400,
            "advanceSeconds",
        ),
        (
            "POST /_emulator/faults",
            "{\"operation\": \"MakeMeeting\", \"fault\": \"throttle\"}",
            400,
            "CreateMeeting",
        ),
        (
            "POST /_emulator/faults",
            "{\"operation\": \"GetMeeting\", \"fault\": \"delay\"}",
            400,
            "lost-answer",
        ),
    ] {
        let refused = served.send(line, "", body).await;
        assert_eq!(refused.status, status, "{line}");
        let message = refused.json()["message"].to_string();
        assert!(message.contains(told), "{line}: {message}");
    }
}
