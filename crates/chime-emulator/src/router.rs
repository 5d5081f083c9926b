//! Takes requests off the wire and puts answers on it.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::Value;

use crate::{
    control,
    emulator::{Emulator, Options},
    fault::Trouble,
    identifiers,
    operations::{Context, Operation},
    refusal::{Exception, Refusal},
    signature,
};

/// The largest body: a hundred attendees come to some tens of kilobytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// The service with no meetings, ready to be served; what is kept of them goes with the router.
pub fn router(options: Options) -> Router {
    let emulator = Arc::new(Emulator::new(options));
    Router::new().fallback(move |request: Request| {
        let emulator = Arc::clone(&emulator);
        async move {
            if let Some(path) = request.uri().path().strip_prefix("/_emulator/") {
                let path = path.to_owned();
                return control::answer(&emulator, &path, request).await;
            }
            // Also a refusal for the want of random bytes has an id.
            let request_id = identifiers::uuid().unwrap_or_default();
            match answer(&emulator, request).await {
                Ok(answer) => respond(answer, &request_id),
                Err(refusal) => refuse(&refusal, &request_id),
            }
        }
    })
}

/// What becomes of a request to the service, in the order in which the service decides.
async fn answer(emulator: &Emulator, request: Request) -> Result<Option<Value>, Refusal> {
    let Some((operation, input)) = Operation::of(request.method(), request.uri()) else {
        let message = "The emulator has no such operation";
        return Err(Refusal::new(Exception::UnknownOperation, message));
    };
    let region = signature::region(request.headers())?;
    let Ok(body) = to_bytes(request.into_body(), LARGEST_BODY).await else {
        return Err(Refusal::bad_request("The body cannot be read whole"));
    };
    let (trouble, answer) = {
        let (mut state, now) = emulator.open();
        let trouble = state.faults.strike(operation);
        if let Some(refusal) = trouble.and_then(Trouble::refusal) {
            return Err(refusal);
        }
        let context = Context {
            account: emulator.account(),
            region,
            now,
        };
        let is_done = trouble != Some(Trouble::NoAnswer);
        let answer =
            is_done.then(|| operation.perform(input, &body, &context, &mut state.meetings));
        (trouble, answer)
    };
    match answer {
        Some(answer) if trouble.is_none() => answer,
        // Until the client gives up.
        _ => std::future::pending().await,
    }
}

fn respond(answer: Option<Value>, request_id: &str) -> Response {
    match answer {
        Some(body) => json(StatusCode::OK, &body, &[("x-amzn-requestid", request_id)]),
        None => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            set(&mut response, "x-amzn-requestid", request_id);
            response
        }
    }
}

fn refuse(refusal: &Refusal, request_id: &str) -> Response {
    let status = StatusCode::from_u16(refusal.exception.status())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error_type = refusal.error_type();
    let headers = [
        ("x-amzn-requestid", request_id),
        ("x-amzn-errortype", &error_type),
    ];
    let mut response = json(status, &refusal.body(request_id), &headers);
    if refusal.exception == Exception::ServiceUnavailable {
        set(&mut response, "retry-after", "1");
    }
    response
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, body: &Value, headers: &[(&'static str, &str)]) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    set(
        &mut response,
        header::CONTENT_TYPE.as_str(),
        "application/json",
    );
    for (name, value) in headers {
        set(&mut response, name, value);
    }
    response
}

fn set(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}
