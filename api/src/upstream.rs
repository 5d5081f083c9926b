//! Requests to services behind the API.

use std::{sync::OnceLock, time::Duration};

use axum::body::Bytes;
use reqwest::{Client, redirect::Policy};
use url::Url;

/// How long a service may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// How long an answer may be, in bytes.
const LONGEST: usize = 256 * 1024;

/// The client of all services, made when it is first needed: reading the machine's certificates takes longer than a start.
pub(crate) fn client() -> Result<&'static Client, reqwest::Error> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    // Whoever comes first decides; a second one is thrown away.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .user_agent(concat!("chitchatter-api/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(CLIENT.get_or_init(|| client))
}

/// Gets a small document.
///
/// # Errors
/// What went wrong, for the log.
pub(crate) async fn get(url: Url) -> Result<Bytes, String> {
    let client = client().map_err(|error| ledger::chain(&error))?;
    let response = client.get(url).send().await;
    let response = response.map_err(|error| ledger::chain(&error.without_url()))?;
    if !response.status().is_success() {
        return Err(format!("it answers {}", response.status()));
    }
    body(response).await
}

/// The body of an answer, if it is not too long.
///
/// # Errors
/// What went wrong, for the log.
pub(crate) async fn body(mut response: reqwest::Response) -> Result<Bytes, String> {
    let mut body = Vec::new();
    while let Some(part) = response
        .chunk()
        .await
        .map_err(|error| ledger::chain(&error.without_url()))?
    {
        if body.len() + part.len() > LONGEST {
            return Err(format!("its answer is longer than {LONGEST} bytes"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body.into())
}
