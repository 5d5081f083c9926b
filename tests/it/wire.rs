//! Requests that nobody signed, sent to the embedded endpoint.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

/// Sends a request, `PUT /bucket/key`, that must succeed; the body of its answer.
pub(crate) fn send(address: &str, call: &str, body: &str) -> String {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("it listens");
    write!(
        stream,
        "{call} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{call}: {answer}");
    body.to_owned()
}

/// Asks CloudFormation: `Action=ListStacks`.
pub(crate) fn ask(address: &str, fields: &str) -> String {
    send(address, "POST /", &format!("Version=2010-05-15&{fields}"))
}
