//! The OpenAPI document.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Service, Settings};

/// To write it anew: `UPDATE_OPENAPI=1 cargo test -p api openapi`.
#[test]
fn the_document_is_the_one_that_is_made() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = format!("{:#}\n", api::openapi::document());
    #[expect(clippy::disallowed_methods, reason = "a test may be told to write")]
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        kept == made,
        "`UPDATE_OPENAPI=1 cargo test -p api openapi` writes it anew"
    );
}

#[tokio::test]
async fn every_operation_of_the_document_is_there() {
    let service = Service::start(Settings::default()).await;
    let document = service
        .send(Method::GET, "/api/openapi.json", None, &[], "")
        .await;
    assert_eq!(document.headers["content-type"], "application/json");
    let paths = document.body["paths"].as_object().unwrap();
    assert!(
        api::paths().eq(paths
            .keys()
            .map(String::as_str)
            .collect::<std::collections::BTreeSet<_>>())
    );
    for (path, operations) in paths {
        for (name, operation) in operations.as_object().unwrap() {
            let method: Method = name.to_uppercase().parse().unwrap();
            let answer = service.send(method, path, None, &[], "").await;
            assert!(!matches!(answer.status.as_u16(), 404 | 405), "{path}");
            let is_told = operation["responses"].get(answer.status.as_str()).is_some();
            assert!(is_told, "{name} {path} answers {}", answer.status);
        }
    }
    let text = document.body.to_string();
    let references = text
        .split("\"$ref\":\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    for reference in references {
        assert!(
            document
                .body
                .pointer(reference)
                .is_some_and(Value::is_object),
            "{reference}"
        );
    }
}
