//! `POST /api/s3-upload-url` and `POST /api/s3-download-url`.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use jiff::SignedDuration;
use ledger::{FileKey, FileName, FileState, Sub, Upload};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Answer, Bucket, Mood, Service, Settings, Sqld};

const UPLOAD: &str = "/api/s3-upload-url";
const DOWNLOAD: &str = "/api/s3-download-url";

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
const QUARTER: i64 = 15 * 60;
const DAY: i64 = 24 * 60 * 60;

fn file(size: u64) -> Value {
    json!({"size": size, "contentType": "application/octet-stream"})
}

async fn used(service: &Service) -> u64 {
    let usage = service.get("/api/instance", "owner").await.body;
    usage["usage"]["storage"]["used"].as_u64().unwrap()
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.problem())
}

fn query(url: &str) -> BTreeMap<String, String> {
    let url: Url = url.parse().unwrap();
    url.query_pairs().into_owned().collect()
}

/// Uploads a file, as far as the bucket and the API are concerned.
async fn upload(service: &Service, bucket: &Bucket, size: u64) -> String {
    let answer = service.post(UPLOAD, "owner", &file(size)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let key = answer.body["key"].as_str().unwrap();
    bucket.put(key, size, service.now());
    key.to_owned()
}

#[tokio::test]
async fn an_upload_is_bound_to_its_file() {
    let settings = Settings::files(None).set("AWS_SESSION_TOKEN", "a/temporary+token==");
    let service = Service::start(settings).await;
    let instance = service.subscribe("owner").await;
    let body = json!({"size": 5, "contentType": "text/plain; charset=utf-8"});
    let answer = service.post(UPLOAD, "owner", &body).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = &answer.body;
    assert_eq!(body["instanceId"], instance.as_str());
    let key = body["key"].as_str().unwrap();
    let name = key.strip_prefix(&format!("instances/{instance}/")).unwrap();
    assert_eq!(name.len(), 26);
    assert!(
        name.bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
    );
    assert_eq!(body["method"], "PUT");
    assert_eq!(
        body["headers"],
        json!({
            "content-type": "text/plain; charset=utf-8",
            "if-none-match": "*",
            "x-amz-tagging": "chitchatter-customer-id=owner",
        })
    );
    assert_eq!(body["expiresAt"], "2026-10-16T12:15:00Z");
    assert_eq!(body["remainingBytes"], 5 * GIB - 5);
    let url = body["url"].as_str().unwrap();
    let place = format!("https://files.s3.eu-central-1.amazonaws.com/{key}?");
    assert!(url.starts_with(&place), "{url}");
    let query = query(url);
    assert_eq!(
        query["X-Amz-SignedHeaders"],
        "content-length;content-type;host;if-none-match;x-amz-tagging"
    );
    assert_eq!(query["X-Amz-Expires"], "900");
    assert_eq!(query["X-Amz-Date"], "20261016T120000Z");
    assert_eq!(query["X-Amz-Security-Token"], "a/temporary+token==");
    let other = service.post(UPLOAD, "owner", &file(5)).await.body;
    assert_ne!(other["key"], key);
    assert_eq!(used(&service).await, 10);
}

#[tokio::test]
async fn refusals_have_their_order_and_reserve_nothing() {
    let service = Service::start(Settings::files(None)).await;
    service.subscribe("owner").await;
    let token = service.pool.token("stranger", service.now());
    let (good, bad) = (Some(&*token), Some("a.b.c"));
    let json = [("content-type", "application/json")];
    let text = [("content-type", "text/plain")];
    let long = format!("\"{}\"", "x".repeat(64 * 1024));
    let file = r#""size":1,"contentType":"text/plain""#;
    let key = format!(r#""key":"instances/aaaaaaaaaa/{}""#, "a".repeat(26));
    for (path, fields) in [(UPLOAD, file), (DOWNLOAD, &key)] {
        let other = format!(r#"{{"instanceId":"aaaaaaaaaa",{fields}}}"#);
        let own = format!("{{{fields}}}");
        let odd = format!(r#"{{"instanceID":"aaaaaaaaaa",{fields}}}"#);
        let no = format!(r#"{{"instanceId":"NO",{fields}}}"#);
        for (token, headers, body, expected) in [
            (None, &text, &*long, (401, "unauthorized")),
            (bad, &text, &long, (401, "unauthorized")),
            (good, &text, &long, (415, "unsupported-media-type")),
            (good, &json, &long, (413, "payload-too-large")),
            (good, &json, "{", (400, "malformed-request")),
            (good, &json, "[]", (422, "invalid-request")),
            (good, &json, "", (422, "invalid-request")),
            (good, &json, &no, (422, "invalid-request")),
            (good, &json, &odd, (422, "invalid-request")),
            (good, &json, &other, (404, "not-found")),
            (good, &json, &own, (402, "subscription-required")),
        ] {
            let answer = service
                .send(Method::POST, path, token, headers, body.to_owned())
                .await;
            assert_eq!(refused(&answer), expected, "{path} {body:.60}");
        }
        let answer = service.send(Method::GET, path, good, &[], "").await;
        assert_eq!(refused(&answer), (405, "method-not-allowed"));
    }
    assert_eq!(used(&service).await, 0);
}

#[tokio::test]
async fn everything_that_does_not_fit_is_told() {
    let service = Service::start(Settings::files(None)).await;
    service.subscribe("owner").await;
    for (body, paths) in [
        (json!({}), &["/size", "/contentType"][..]),
        (file(0), &["/size"]),
        (file(GIB + 1), &["/size"]),
        (json!({"size": -1, "contentType": "a/b"}), &["/size"]),
        (json!({"size": 1.5, "contentType": "a/b"}), &["/size"]),
        (json!({"size": "1", "contentType": "a/b"}), &["/size"]),
        (
            json!({"size": 1, "contentType": "a/b\r\nx-amz-acl: public-read"}),
            &["/contentType"],
        ),
        (
            json!({"size": 1, "contentType": format!("a/{}", "b".repeat(254))}),
            &["/contentType"],
        ),
    ] {
        let answer = service.post(UPLOAD, "owner", &body).await;
        assert_eq!(refused(&answer), (422, "invalid-request"), "{body}");
        let errors = answer.body["errors"].as_array().unwrap();
        let told: Vec<_> = errors.iter().map(|error| error["path"].clone()).collect();
        assert_eq!(told, paths, "{body}");
    }
    for body in [
        json!({}),
        json!({"key": "instances/../x"}),
        json!({"key": 1}),
    ] {
        let answer = service.post(DOWNLOAD, "owner", &body).await;
        assert_eq!(refused(&answer), (422, "invalid-request"), "{body}");
        assert_eq!(answer.body["errors"][0]["path"], "/key");
    }
    for size in [1, GIB] {
        let answer = service.post(UPLOAD, "owner", &file(size)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
    }
}

#[tokio::test]
async fn a_file_that_the_plan_does_not_allow_is_refused() {
    let service = Service::start(Settings::files(None)).await;
    let instance = service.subscribe("owner").await;
    service.sql("UPDATE plans SET file_size = 100").await;
    service
        .sql("INSERT INTO media_types VALUES ('chitchatter_pro_monthly', 'image/*')")
        .await;
    let file = |size, content_type| {
        let instance = instance.as_str();
        json!({"instanceId": instance, "size": size, "contentType": content_type})
    };
    let size =
        json!({"path": "/size", "message": "must be 1 to 100 bytes: the plan allows no more"});
    let other =
        json!({"path": "/contentType", "message": "must be `image/*`: the plan allows no other"});
    for user in ["owner", "guest"] {
        for (body, errors) in [
            (file(101, "image/png"), json!([size])),
            (file(100, "text/plain"), json!([other])),
            (
                file(101, "text/plain; name=image.png"),
                json!([size, other]),
            ),
        ] {
            let answer = service.post(UPLOAD, user, &body).await;
            assert_eq!(refused(&answer), (422, "invalid-request"), "{body}");
            assert_eq!(answer.body["errors"], errors);
        }
    }
    assert_eq!(used(&service).await, 0);
    for user in ["owner", "guest"] {
        let answer = service.post(UPLOAD, user, &file(100, "image/png")).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
    }
    assert_eq!(used(&service).await, 200);
}

#[tokio::test]
async fn without_a_bucket_files_are_not_configured() {
    let service = Service::start(Settings::default()).await;
    service.subscribe("owner").await;
    let answer = service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(refused(&answer), (503, "not-configured"));
    let key = format!("instances/aaaaaaaaaa/{}", "a".repeat(26));
    let answer = service.post(DOWNLOAD, "owner", &json!({"key": key})).await;
    assert_eq!(refused(&answer), (503, "not-configured"));
}

#[tokio::test]
async fn at_the_limit_exactly_what_fits_is_reserved() {
    what_fits_is_reserved(Settings::default()).await;
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn at_the_limit_exactly_what_fits_is_reserved_on_a_server() {
    let sqld = Sqld::start();
    what_fits_is_reserved(sqld.settings()).await;
}

async fn what_fits_is_reserved(database: Settings) {
    let settings = Settings::files(None)
        .set("RATE_LIMIT_PER_MINUTE", "100000")
        .set("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000");
    let service = Service::start(settings.and(database)).await;
    service.subscribe("owner").await;
    // 5 GiB hold 51 of these, and a bit.
    let body = file(100 * MIB);
    let requests = (0..200).map(|_| service.post(UPLOAD, "owner", &body));
    let answers = join_all(requests).await;
    let issued = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(issued, 51);
    let over = answers.iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!(refused(over), (429, "quota-exceeded"));
    assert_eq!(over.body["quota"], "storage");
    assert_eq!(over.body["limit"], 5 * GIB);
    assert_eq!(over.body["used"], 5100 * MIB);
    assert_eq!(over.body["resetsAt"], "2026-10-16T12:15:00Z");
    assert_eq!(used(&service).await, 5100 * MIB);
    let rest = service.post(UPLOAD, "owner", &file(20 * MIB)).await;
    assert_eq!(
        (rest.status.as_u16(), &rest.body["remainingBytes"]),
        (201, &json!(0))
    );
    let over = service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(refused(&over), (429, "quota-exceeded"));
}

#[tokio::test]
async fn room_that_was_never_used_is_free_when_its_url_expires() {
    let bucket = Bucket::start().await;
    let service = Service::start(Settings::files(Some(&bucket.url))).await;
    service.subscribe("owner").await;
    for _ in 0..5 {
        let answer = service.post(UPLOAD, "owner", &file(GIB)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
    }
    let over = service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(refused(&over), (429, "quota-exceeded"));
    assert_eq!(bucket.asked(), 0);
    service.pass(QUARTER);
    let answer = service.post(UPLOAD, "owner", &file(GIB)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    assert_eq!(used(&service).await, GIB);
}

#[tokio::test]
async fn what_was_uploaded_is_charged_for_a_day_though_nobody_downloads_it() {
    let bucket = Bucket::start().await;
    let service = Service::start(Settings::files(Some(&bucket.url))).await;
    service.subscribe("owner").await;
    let key = upload(&service, &bucket, GIB).await;
    service.pass(QUARTER);
    // While the store fails nothing is decided.
    bucket.be(Mood::Fails(500));
    let answer = service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let key = FileKey::new(&key).unwrap();
    let state = service.ledger.file(&key).await.unwrap().unwrap().state;
    assert_eq!(state, FileState::Reserved);
    bucket.be(Mood::Answers);
    let answer = service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    assert_eq!(used(&service).await, GIB + 2);
    service.pass(DAY - QUARTER);
    service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(used(&service).await, 1);
}

#[tokio::test]
async fn a_file_is_downloaded_within_its_instance_for_a_day() {
    let bucket = Bucket::start().await;
    let service = Service::start(Settings::files(Some(&bucket.url))).await;
    let instance = service.subscribe("owner").await;
    let other = service.subscribe("other").await;
    let answer = service.post(UPLOAD, "owner", &file(5)).await;
    let key = answer.body["key"].as_str().unwrap();
    let wanted = json!({"key": key});
    let answer = service.post(DOWNLOAD, "owner", &wanted).await;
    assert_eq!(refused(&answer), (404, "not-found"), "never uploaded");
    bucket.put(key, 5, service.now());

    let answer = service.post(DOWNLOAD, "owner", &wanted).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.body["size"], 5);
    assert_eq!(answer.body["expiresAt"], "2026-10-16T12:15:00Z");
    let url = answer.body["url"].as_str().unwrap();
    let place = format!("{}/files/{key}?", bucket.url);
    assert!(url.starts_with(&place), "{url}");
    let query = query(url);
    assert_eq!(
        (&*query["X-Amz-SignedHeaders"], &*query["X-Amz-Expires"]),
        ("host", "900")
    );

    let answer = service.post(DOWNLOAD, "other", &wanted).await;
    assert_eq!(refused(&answer), (403, "forbidden"));
    let elsewhere = json!({"key": key, "instanceId": other.as_str()});
    let answer = service.post(DOWNLOAD, "owner", &elsewhere).await;
    assert_eq!(refused(&answer), (403, "forbidden"));
    let unknown = format!("instances/{instance}/{}", "a".repeat(26));
    let answer = service
        .post(DOWNLOAD, "owner", &json!({"key": unknown}))
        .await;
    assert_eq!(refused(&answer), (404, "not-found"));

    service.pass(DAY - 60);
    let answer = service.post(DOWNLOAD, "owner", &wanted).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["expiresAt"], "2026-10-17T12:00:00Z");
    service.pass(60);
    let asked = bucket.asked();
    let answer = service.post(DOWNLOAD, "owner", &wanted).await;
    assert_eq!(refused(&answer), (404, "not-found"), "a day old");
    assert_eq!(bucket.asked(), asked);
}

#[tokio::test]
async fn an_upload_that_outlasts_its_url_is_found_and_charged() {
    let bucket = Bucket::start().await;
    let service = Service::start(Settings::files(Some(&bucket.url))).await;
    service.subscribe("owner").await;
    let answer = service.post(UPLOAD, "owner", &file(GIB)).await;
    let key = answer.body["key"].as_str().unwrap();
    service.pass(QUARTER);
    service.post(UPLOAD, "owner", &file(1)).await;
    assert_eq!(used(&service).await, 1, "its room was let go");
    bucket.put(key, GIB, service.now());
    let answer = service.post(DOWNLOAD, "owner", &json!({"key": key})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(used(&service).await, GIB + 1);
}

#[tokio::test]
async fn a_guest_is_bounded_by_what_is_answered() {
    let bucket = Bucket::start().await;
    let settings = Settings::files(Some(&bucket.url)).set("GUEST_DAILY_LIMIT", "2");
    let service = Service::start(settings).await;
    let instance = service.subscribe("owner").await;
    let key = upload(&service, &bucket, 5).await;
    let wanted = json!({"key": key, "instanceId": instance.as_str()});
    let unknown = format!("instances/{instance}/{}", "a".repeat(26));
    let missing = json!({"key": unknown, "instanceId": instance.as_str()});
    for _ in 0..3 {
        let answer = service.post(DOWNLOAD, "guest", &missing).await;
        assert_eq!(refused(&answer), (404, "not-found"));
    }
    bucket.be(Mood::Fails(500));
    for _ in 0..3 {
        let answer = service.post(DOWNLOAD, "guest", &wanted).await;
        assert_eq!(refused(&answer), (502, "upstream-unavailable"));
    }
    bucket.be(Mood::Answers);
    for _ in 0..2 {
        let answer = service.post(DOWNLOAD, "guest", &wanted).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
    }
    let answer = service.post(DOWNLOAD, "guest", &wanted).await;
    assert_eq!(refused(&answer), (429, "quota-exceeded"));
    assert_eq!(answer.body["quota"], "guest");
    let upload = json!({"size": 1, "contentType": "a/b", "instanceId": instance.as_str()});
    let answer = service.post(UPLOAD, "guest", &upload).await;
    assert_eq!(refused(&answer), (429, "quota-exceeded"));
    assert_eq!(used(&service).await, 5);
}

#[tokio::test]
async fn a_store_that_fails_is_told_from_one_without_the_file() {
    let bucket = Bucket::start().await;
    let service = Service::start(Settings::files(Some(&bucket.url))).await;
    service.subscribe("owner").await;
    let wanted = json!({"key": upload(&service, &bucket, 5).await});
    for (mood, status) in [
        (Mood::Fails(403), 502),
        (Mood::Fails(301), 502),
        (Mood::Fails(503), 502),
        (Mood::Hangs, 503),
    ] {
        bucket.be(mood);
        let answer = service.post(DOWNLOAD, "owner", &wanted).await;
        assert_eq!(
            refused(&answer),
            (status, "upstream-unavailable"),
            "{mood:?}"
        );
        assert!(answer.headers.contains_key("retry-after"));
    }
}

/// Where a container finds its credentials, which never come.
async fn silent_credentials() -> (TcpListener, Settings) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let settings = Settings::default()
        .set("FILES_BUCKET", "files")
        .set("AWS_REGION", "eu-central-1")
        .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    (listener, settings)
}

/// Waits until so much is held by the owner's instance.
async fn wait_for(service: &Service, bytes: u64) {
    let is_so = async {
        while used(service).await != bytes {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waiting = tokio::time::timeout(Duration::from_secs(10), is_so);
    waiting.await.expect("it becomes so");
}

#[tokio::test]
async fn without_credentials_nothing_is_charged_even_to_who_hangs_up() {
    let (_listener, settings) = silent_credentials().await;
    let settings = settings.set("RATE_LIMIT_PER_MINUTE", "100000");
    let settings = settings.set("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000");
    let settings = settings.set("GUEST_DAILY_LIMIT", "1");
    let (service, _program) = Service::start_program(settings).await;
    let instance = service.subscribe("owner").await;
    let body = json!({"size": 7, "contentType": "a/b", "instanceId": instance.as_str()});
    let hanging_up = service.post(UPLOAD, "guest", &body);
    let seen = wait_for(&service, 7);
    tokio::select! {
        answer = hanging_up => panic!("it has credentials: {:?}", answer.body),
        () = seen => {}
    }
    wait_for(&service, 0).await;
    let answer = service.post(UPLOAD, "guest", &body).await;
    assert_eq!(
        refused(&answer),
        (503, "upstream-unavailable"),
        "the guest may try again"
    );
    assert_eq!(used(&service).await, 0);
}

#[tokio::test]
async fn a_crash_before_signing_costs_room_until_the_url_would_have_expired() {
    let (_listener, settings) = silent_credentials().await;
    let settings = settings.set("RATE_LIMIT_PER_MINUTE", "100000");
    let settings = settings.set("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000");
    let (service, mut program) = Service::start_program(settings).await;
    service.subscribe("owner").await;
    let body = file(7);
    let crashing = service.post(UPLOAD, "owner", &body);
    let crash = async {
        wait_for(&service, 7).await;
        program.kill();
    };
    tokio::select! {
        answer = crashing => panic!("it has credentials: {:?}", answer.body),
        () = crash => {}
    }
    let owner = Sub::new("owner").unwrap();
    for (later, used) in [(0, 7), (QUARTER + 60, 0)] {
        let at = service.now() + SignedDuration::from_secs(later);
        let instance = service.ledger.instance(&owner, None, at).await.unwrap();
        assert_eq!(instance.unwrap().storage.used, used);
    }
}

#[tokio::test]
async fn reservations_of_the_ledger_fit_together() {
    let service = Service::start(Settings::files(None)).await;
    service.subscribe("owner").await;
    let (ledger, owner, now) = (&service.ledger, Sub::new("owner").unwrap(), service.now());
    let reservations = (0..200).map(|_| {
        let owner = owner.clone();
        async move {
            let upload = Upload {
                name: FileName::random().unwrap(),
                size: 100 * MIB,
                content_type: "a/b".to_owned(),
                url_expires_at: now + SignedDuration::from_mins(15),
            };
            ledger
                .reserve_file(&owner, None, &upload, 1, now)
                .await
                .unwrap()
        }
    });
    let fitting = join_all(reservations)
        .await
        .into_iter()
        .filter(Result::is_ok);
    assert_eq!(fitting.count(), 51);
}
