//! Servers that refuse, are not there, or say nothing.

use std::{net::TcpListener, time::Instant};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ledger::{Error, Ledger, Location, Readiness};
use ring::signature::{Ed25519KeyPair, KeyPair};

use crate::place::{Place, customer, now, sub};

async fn error_at(location: &str) -> Error {
    let location: Location = location.parse().unwrap();
    let ledger = Ledger::open(&location).await.unwrap();
    ledger.instance(&sub("ada"), None, now()).await.unwrap_err()
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = error_at(&format!("http://{address}")).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let error = error_at(&format!("http://{}", listener.local_addr().unwrap())).await;
    assert!(matches!(error, Error::NoAnswer), "{error:?}");
    assert!((4..8).contains(&start.elapsed().as_secs()));
}

#[tokio::test]
async fn what_is_no_database_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::{Read, Write};
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        }
    });
    let error = error_at(&format!("http://{address}")).await;
    assert!(matches!(error, Error::Answer(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_no_database_file_is_told() {
    let place = Place::embedded();
    std::fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    std::fs::write(
        place.file(),
        "a letter, and a long one at that; ".repeat(100),
    )
    .unwrap();
    let error = Ledger::open(&place.location).await.unwrap_err();
    assert!(matches!(error, Error::Open { .. }), "{error:?}");
}

/// A key as sqld reads it, and a token made with it that may do `access`.
fn token(key: &Ed25519KeyPair, access: &str) -> String {
    let encode = |text: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(text);
    let header = encode(br#"{"alg":"EdDSA","typ":"JWT"}"#);
    let claims = encode(format!(r#"{{"a":"{access}"}}"#).as_bytes());
    let signed = format!("{header}.{claims}");
    let signature = encode(key.sign(signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn a_server_asks_for_a_token_that_may_do_it() {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("public-key");
    let public = BASE64_URL_SAFE_NO_PAD.encode(key.public_key());
    std::fs::write(&file, public).unwrap();
    let place = Place::sqld_with(&["--auth-jwt-key-file", file.to_str().unwrap()]);
    let error = place.open().await.migrate(now()).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 401 }), "{error:?}");
    let open = async |token: &str| {
        let location = place.location.clone().with_token(token).unwrap();
        Ledger::open(&location).await.unwrap()
    };
    let error = open("no.such.token").await.check().await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 401 }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("such"));
    let reader = open(&token(&key, "ro")).await;
    assert_eq!(reader.check().await.unwrap(), Readiness::NeedsMigration);
    assert!(reader.migrate(now()).await.is_err());
    let writer = open(&token(&key, "rw")).await;
    writer.migrate(now()).await.unwrap();
    customer(&writer, "ada").await;
    assert_eq!(reader.check().await.unwrap(), Readiness::Ready);
    let error = reader
        .count_turn(&sub("ada"), None, 0, now())
        .await
        .unwrap_err();
    assert!(!matches!(error, Error::Busy | Error::NoAnswer), "{error:?}");
}

/// Connections are kept, and found dead when they are used next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs sqld"]
async fn a_server_that_was_restarted_is_reached_again() {
    let mut place = Place::sqld();
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    for used in 1..=3 {
        let counted = ledger
            .count_turn(&sub("ada"), None, 0, now())
            .await
            .unwrap();
        assert_eq!(counted.unwrap().usage.used, used);
        place.restart();
    }
}
