//! What signed URLs allow, judged by a store that checks signatures, and by the URLs of another SDK.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{Router, routing::get};
use jiff::Timestamp;
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{S3s, Service, Settings, presigned_by_botocore, real_second};

const UPLOAD: &str = "/api/s3-upload-url";
const DOWNLOAD: &str = "/api/s3-download-url";
const BYTES: &str = "what only the receiver can read";

/// Makes a request that was signed, with its headers or others.
async fn make(method: &Method, url: &str, headers: &Value, body: &str) -> (StatusCode, String) {
    let mut request = Client::new().request(method.clone(), url);
    for (name, value) in headers.as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let response = request.body(body.to_owned()).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

async fn sign_upload(service: &Service) -> Value {
    let body = json!({"size": BYTES.len(), "contentType": "text/plain; charset=utf-8"});
    let answer = service.post(UPLOAD, "owner", &body).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    answer.body
}

#[tokio::test]
#[ignore = "needs s3s-fs"]
async fn a_signed_upload_and_download_allow_just_that() {
    let store = S3s::start();
    let service = Service::start_at(Settings::files(Some(&store.url)), real_second()).await;
    service.subscribe("owner").await;
    let signed = sign_upload(&service).await;
    let (url, headers) = (signed["url"].as_str().unwrap(), &signed["headers"]);
    let key = signed["key"].as_str().unwrap();
    let (put, get) = (Method::PUT, Method::GET);

    let without = |name: &str| {
        let mut headers = headers.clone();
        headers.as_object_mut().unwrap().remove(name);
        headers
    };
    let with = |name: &str, value: &str| {
        let mut headers = headers.clone();
        headers[name] = value.into();
        headers
    };
    let other_key = url.replace(key, &format!("{key}a"));
    let longer = format!("{BYTES}!");
    for (what, url, headers, body) in [
        ("no tag", url, without("x-amz-tagging"), BYTES),
        (
            "another's tag",
            url,
            with("x-amz-tagging", "chitchatter-customer-id=other"),
            BYTES,
        ),
        ("no type", url, without("content-type"), BYTES),
        (
            "another type",
            url,
            with("content-type", "text/html"),
            BYTES,
        ),
        ("no condition", url, without("if-none-match"), BYTES),
        ("a longer body", url, headers.clone(), &longer),
        ("a shorter body", url, headers.clone(), &BYTES[1..]),
        ("no body", url, headers.clone(), ""),
        ("another key", &other_key, headers.clone(), BYTES),
    ] {
        let (status, text) = make(&put, url, &headers, body).await;
        assert_eq!(status, 403, "{what}: {text}");
    }
    let (status, text) = make(&get, url, headers, "").await;
    assert_eq!(status, 403, "{text}");
    let answer = service.post(DOWNLOAD, "owner", &json!({"key": key})).await;
    assert_eq!(answer.status, 404, "nothing of that was stored");

    let (status, text) = make(&put, url, headers, BYTES).await;
    assert_eq!(status, 200, "{text}");
    let (status, text) = make(&put, url, headers, BYTES).await;
    assert_eq!(status, 412, "a second upload: {text}");

    let answer = service.post(DOWNLOAD, "owner", &json!({"key": key})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert_eq!(answer.body["size"], BYTES.len());
    let url = answer.body["url"].as_str().unwrap();
    let nothing = json!({});
    let (status, text) = make(&get, url, &nothing, "").await;
    assert_eq!((status, &*text), (StatusCode::OK, BYTES));
    let other_key = url.replace(key, &format!("{key}a"));
    for (what, method, url) in [
        ("another key", &get, &*other_key),
        ("an upload", &put, url),
        ("a deletion", &Method::DELETE, url),
    ] {
        let (status, text) = make(method, url, &nothing, "").await;
        assert_eq!(status, 403, "{what}: {text}");
    }
    let usage = service.get("/api/instance", "owner").await.body;
    assert_eq!(usage["usage"]["storage"]["used"], BYTES.len());
}

#[tokio::test]
#[ignore = "needs s3s-fs"]
async fn a_signed_url_ends_with_its_time() {
    let store = S3s::start();
    for (age, status) in [(895, 200), (901, 403)] {
        let settings = Settings::files(Some(&store.url));
        let service = Service::start_at(settings, real_second() - age).await;
        service.subscribe("owner").await;
        let signed = sign_upload(&service).await;
        let url = signed["url"].as_str().unwrap();
        let (found, text) = make(&Method::PUT, url, &signed["headers"], BYTES).await;
        assert_eq!(found, status, "after {age} s: {text}");
    }
}

#[tokio::test]
#[ignore = "needs s3s-fs"]
async fn the_program_logs_nothing_of_what_it_signs() {
    let store = S3s::start();
    let (service, program) = Service::start_program(Settings::files(Some(&store.url))).await;
    service.subscribe("owner").await;
    let signed = sign_upload(&service).await;
    let (put, get) = (Method::PUT, Method::GET);
    let url = signed["url"].as_str().unwrap();
    let (status, text) = make(&put, url, &signed["headers"], BYTES).await;
    assert_eq!(status, 200, "{text}");
    let key = &signed["key"];
    let answer = service.post(DOWNLOAD, "owner", &json!({"key": key})).await;
    let url = answer.body["url"].as_str().unwrap();
    let (status, text) = make(&get, url, &json!({}), "").await;
    assert_eq!((status, &*text), (StatusCode::OK, BYTES));
    drop(store);
    let answer = service.post(DOWNLOAD, "owner", &json!({"key": key})).await;
    assert_eq!(answer.status, 503, "{:?}", answer.body);
    let log = program.log();
    assert!(log.contains("the store of files failed"), "{log}");
    for secret in ["X-Amz", "wJalr", "AKID", key.as_str().unwrap(), "owner"] {
        assert!(!log.contains(secret), "`{secret}` in {log}");
    }
}

/// A container's credentials: the first expire in ten minutes, the next in an hour.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
async fn container_credentials() -> (Arc<AtomicI64>, Settings) {
    let given = Arc::new(AtomicI64::new(0));
    let count = Arc::clone(&given);
    let answer = move || async move {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let minutes = if number == 0 { 10 } else { 60 };
        let expiration = Timestamp::from_second(real_second() + minutes * 60).unwrap();
        json!({
            "AccessKeyId": format!("ASIA{number}"),
            "SecretAccessKey": "hidden",
            "Token": format!("token {number}"),
            "Expiration": expiration.to_string(),
        })
        .to_string()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let settings = Settings::default()
        .set("FILES_BUCKET", "files")
        .set("AWS_REGION", "eu-central-1")
        .set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    (given, settings)
}

#[tokio::test]
async fn temporary_credentials_outlive_what_they_sign() {
    let (given, settings) = container_credentials().await;
    let (service, program) = Service::start_program(settings).await;
    service.subscribe("owner").await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let signed = sign_upload(&service).await;
        let (_, _, query) = parts(signed["url"].as_str().unwrap());
        assert!(query["X-Amz-Credential"].starts_with("ASIA"));
        tokens.push(query["X-Amz-Security-Token"].clone());
    }
    assert_eq!(tokens[1..], ["token 1", "token 1"]);
    assert_eq!(given.load(Ordering::SeqCst), 2);
    let log = program.log();
    assert!(!log.contains("token") && !log.contains("hidden"), "{log}");
}

fn parts(url: &str) -> (String, String, BTreeMap<String, String>) {
    let url: Url = url.parse().unwrap();
    let query = url.query_pairs().into_owned().collect();
    let origin = url.origin().ascii_serialization();
    (origin, url.path().to_owned(), query)
}

#[tokio::test]
#[ignore = "needs botocore"]
async fn urls_are_those_of_botocore() {
    let store = crate::support::Bucket::start().await;
    let local = Some(&*store.url);
    let token = Some("IQoJb3JpZ2luX2VjE/+a=");
    for (endpoint, token) in [(None, None), (None, token), (local, None), (local, token)] {
        let mut settings = Settings::files(endpoint);
        if let Some(token) = token {
            settings = settings.set("AWS_SESSION_TOKEN", token);
        }
        let service = Service::start(settings).await;
        service.subscribe("a-sub_of-somebody").await;
        let body = json!({"size": 5, "contentType": "text/plain;charset=utf-8"});
        let answer = service.post(UPLOAD, "a-sub_of-somebody", &body).await.body;
        let mut request = json!({
            "now": service.now().as_second(),
            "endpoint": endpoint,
            "token": token,
            "operation": "put_object",
            "seconds": 900,
            "parameters": {
                "Bucket": "files",
                "Key": answer["key"],
                "ContentLength": 5,
                "ContentType": "text/plain;charset=utf-8",
                "Tagging": "chitchatter-customer-id=a-sub_of-somebody",
                "IfNoneMatch": "*",
            },
        });
        let ours = answer["url"].as_str().unwrap();
        assert_eq!(parts(ours), parts(&presigned_by_botocore(&request)));

        if endpoint.is_none() {
            continue;
        }
        let key = answer["key"].as_str().unwrap();
        store.put(key, 5, service.now());
        let wanted = json!({"key": key});
        let answer = service.post(DOWNLOAD, "a-sub_of-somebody", &wanted).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        request["operation"] = "get_object".into();
        request["parameters"] = json!({"Bucket": "files", "Key": key});
        let ours = answer.body["url"].as_str().unwrap();
        assert_eq!(parts(ours), parts(&presigned_by_botocore(&request)));
    }
}
