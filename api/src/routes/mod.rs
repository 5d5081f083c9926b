//! The endpoints, one file each.

pub(crate) mod health;
pub(crate) mod instance;
pub(crate) mod openapi;
pub(crate) mod s3_download_url;
pub(crate) mod s3_upload_url;
pub(crate) mod stripe_webhook;
pub(crate) mod turn_credentials;
pub(crate) mod video_session;

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use ledger::InstanceId;
use serde_json::Value;

use crate::{
    body::Fields,
    problem::{Kind, Problem},
};

/// An answer that is JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Value,
}

impl Answer {
    /// The usual answer.
    pub(crate) fn ok(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body,
        }
    }

    /// An answer with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body.to_string()).into_response();
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

/// Answers in a task of its own: a caller who hangs up takes the future of a request along, and what was charged for an answer
/// that nobody can give must be given back all the same.
pub(crate) async fn detached(
    answer: impl Future<Output = Result<Answer, Problem>> + Send + 'static,
) -> Result<Answer, Problem> {
    let answered = tokio::spawn(answer).await;
    answered.unwrap_or_else(|_| Err(Problem::new(Kind::Internal, "tell us the `requestId`")))
}

/// The time when something ends that begins now.
pub(crate) fn after(now: Timestamp, lifetime: Duration) -> Timestamp {
    let lifetime = SignedDuration::try_from(lifetime).unwrap_or_default();
    now.saturating_add(lifetime).unwrap_or(now)
}

/// A time in whole seconds, the way clients read it.
pub(crate) fn seconds(time: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second());
    whole.unwrap_or(time).to_string()
}

/// The instance a body names, if it names one.
pub(crate) fn instance_id(fields: &mut Fields) -> Option<InstanceId> {
    fields.optional(
        "instanceId",
        "must be 10 characters of lowercase base32",
        |value| InstanceId::new(value.as_str()?).ok(),
    )
}
