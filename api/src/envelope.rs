//! What is around every request: its id, its line in the log, the headers of every answer, and no panic beyond it.

use std::{panic::AssertUnwindSafe, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use futures_util::FutureExt;

use crate::{
    identifiers,
    problem::{Kind, Problem},
};

/// The header that carries a request's id, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a browser is told with every answer: nothing here is a page, and nothing may be kept.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::STRICT_TRANSPORT_SECURITY,
        "max-age=63072000; includeSubDomains",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Handles a request within its envelope.
pub(crate) async fn envelop(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = request_id(&request);
    let method = request.method().clone();
    // The route, as it is declared: what a caller writes into a path may be personal.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let handled = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = handled.unwrap_or_else(|_| {
        tracing::error!(request_id = id, "a handler panicked");
        Problem::new(Kind::Internal, "tell us the `requestId`").answer(&id)
    });
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        response = problem.answer(&id);
        // What layers between have said of the answer, such as which page may read it.
        for (name, value) in &headers {
            response.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    tracing::info!(
        request_id = id,
        method = method.as_str(),
        route = route.as_ref().map_or("-", MatchedPath::as_str),
        status = response.status().as_u16(),
        microseconds = start.elapsed().as_micros(),
        "answered"
    );
    response
}

/// The caller's own id where it is harmless, and a random one otherwise.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID);
    let given = given.and_then(|value| value.to_str().ok());
    given
        .filter(|id| identifiers::is_plain(id, 64))
        .map_or_else(identifiers::random, str::to_owned)
}
