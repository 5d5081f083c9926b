//! Servers that refuse, are not there, or say nothing.

use std::{net::TcpListener, time::Instant};

use ledger::{Error, Ledger, Location};

use crate::place::{Place, now, sub};

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

/// Tokens made with the key below: `{"a":"rw"}` and `{"a":"ro"}`.
#[tokio::test]
#[ignore = "needs sqld"]
async fn a_server_asks_for_the_token() {
    let place = Place::sqld_with(&["--http-auth", "basic:YWRhOnNlY3JldA=="]);
    let ledger = place.open().await;
    let error = ledger.migrate(now()).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 401 }), "{error:?}");
    let location = place.location.clone().with_token("wrong").unwrap();
    let ledger = Ledger::open(&location).await.unwrap();
    let error = ledger.check().await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 401 }), "{error:?}");
    assert!(!format!("{error:?} {error}").contains("wrong"));
}
