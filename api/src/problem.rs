//! Refusals, as problem documents: <https://www.rfc-editor.org/rfc/rfc9457>.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use ledger::{Exceeded, Quota, Unfit};
use serde_json::{Map, Value, json};

/// Where the types of problems have their names.
const TYPES: &str = "https://chitchatter.im/problems/";

/// What went wrong; its name in a document is stable, for clients to switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There is no token that holds.
    Unauthorized,
    /// The instance has no subscription that gives access.
    SubscriptionRequired,
    /// The key is of another instance.
    Forbidden,
    /// There is nothing of that name.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The body is not said to be JSON.
    UnsupportedMediaType,
    /// The body is too long.
    PayloadTooLarge,
    /// The body did not come in time.
    RequestTimeout,
    /// The body is not JSON.
    MalformedRequest,
    /// The body is JSON that does not fit.
    InvalidRequest,
    /// A webhook's signature does not hold.
    InvalidSignature,
    /// A webhook's event is of the other mode.
    LivemodeMismatch,
    /// The meeting has as many attendees as it takes.
    RoomFull,
    /// A quota is used up.
    QuotaExceeded,
    /// Requests come too fast.
    RateLimited,
    /// The feature is switched off.
    NotConfigured,
    /// A service behind the API answered badly.
    BadUpstream,
    /// A service behind the API did not answer.
    SilentUpstream,
    /// A fault of ours.
    Internal,
}

impl Kind {
    /// The name within its type's URL, the status, and the title.
    fn facts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (
                "unauthorized",
                StatusCode::UNAUTHORIZED,
                "Sign in to do this",
            ),
            Self::SubscriptionRequired => (
                "subscription-required",
                StatusCode::PAYMENT_REQUIRED,
                "A subscription is needed",
            ),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Not yours"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "Method not allowed",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Unsupported media type",
            ),
            Self::PayloadTooLarge => (
                "payload-too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too long",
            ),
            Self::RequestTimeout => (
                "request-timeout",
                StatusCode::REQUEST_TIMEOUT,
                "The body did not come in time",
            ),
            Self::MalformedRequest => (
                "malformed-request",
                StatusCode::BAD_REQUEST,
                "The body is not JSON",
            ),
            Self::InvalidRequest => (
                "invalid-request",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The body does not fit",
            ),
            Self::InvalidSignature => (
                "invalid-signature",
                StatusCode::BAD_REQUEST,
                "The signature does not hold",
            ),
            Self::LivemodeMismatch => (
                "livemode-mismatch",
                StatusCode::BAD_REQUEST,
                "The event is of the other mode",
            ),
            Self::RoomFull => ("room-full", StatusCode::CONFLICT, "The room is full"),
            Self::QuotaExceeded => (
                "quota-exceeded",
                StatusCode::TOO_MANY_REQUESTS,
                "The quota is used up",
            ),
            Self::RateLimited => (
                "rate-limited",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many requests",
            ),
            Self::NotConfigured => (
                "not-configured",
                StatusCode::SERVICE_UNAVAILABLE,
                "Switched off",
            ),
            Self::BadUpstream => (
                "upstream-unavailable",
                StatusCode::BAD_GATEWAY,
                "A service behind this one failed",
            ),
            Self::SilentUpstream => (
                "upstream-unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "A service behind this one does not answer",
            ),
            Self::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "A fault of ours",
            ),
        }
    }
}

/// A refusal, yet to be written as a document: the id of its request is known outside of what refuses.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    more: Map<String, Value>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A refusal, and in `detail` what its reader can do.
    pub(crate) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            more: Map::new(),
            retry_after: None,
        }
    }

    /// No token that holds. It is never said which check failed: that helps attackers alone.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            Kind::Unauthorized,
            "send `Authorization: Bearer <access token>` with a token that is valid here",
        )
    }

    /// A feature that the configuration leaves out.
    pub(crate) fn not_configured(feature: &str) -> Self {
        Self::new(
            Kind::NotConfigured,
            format!("{feature} is not configured on this server"),
        )
    }

    /// A body that is JSON and does not fit, with everything that is wrong.
    pub(crate) fn invalid(errors: Vec<Invalid>) -> Self {
        let errors = errors
            .into_iter()
            .map(|error| json!({"path": error.path, "message": error.message}));
        Self::new(Kind::InvalidRequest, "see `errors`")
            .with("errors", Value::Array(errors.collect()))
    }

    /// A file that no plan of the instance allows, with everything that is wrong.
    pub(crate) fn unfit(unfit: &Unfit) -> Self {
        let size = unfit.size.map(|size| Invalid {
            path: "/size".to_owned(),
            message: format!("must be 1 to {size} bytes: the plan allows no more"),
        });
        let media_types = unfit.media_types.as_ref().map(|types| Invalid {
            path: "/contentType".to_owned(),
            message: format!(
                "must be `{}`: the plan allows no other",
                types.join("` or `")
            ),
        });
        Self::invalid(size.into_iter().chain(media_types).collect())
    }

    /// A quota that is used up.
    pub(crate) fn exceeded(exceeded: &Exceeded) -> Self {
        let (quota, detail) = match exceeded.quota {
            Quota::Turn => (
                "turn",
                "all TURN allocations of this month are used; go on without a relay",
            ),
            Quota::Video => (
                "video",
                "all participant-minutes of this month are used; go on without video sessions",
            ),
            Quota::Storage => (
                "storage",
                "the files held now leave no room for this one; send it from peer to peer",
            ),
            Quota::Guest => ("guest", "a guest can do no more in this instance today"),
        };
        Self::new(Kind::QuotaExceeded, detail)
            .with("quota", quota)
            .with("limit", exceeded.usage.limit)
            .with("used", exceeded.usage.used)
            .with("resetsAt", crate::routes::seconds(exceeded.usage.resets_at))
    }

    /// Requests that come too fast, and how many seconds later the next one may come.
    pub(crate) fn too_fast(seconds: u64) -> Self {
        Self::new(Kind::RateLimited, "wait as long as `Retry-After` says").retry_after(seconds)
    }

    /// Adds a member to the document.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Says after how many seconds to try again.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// The document as an answer to the request of this id.
    pub(crate) fn answer(self, request_id: &str) -> Response {
        let (name, status, title) = self.kind.facts();
        let mut document = Map::new();
        document.insert("type".into(), format!("{TYPES}{name}").into());
        document.insert("title".into(), title.into());
        document.insert("status".into(), status.as_u16().into());
        document.insert("detail".into(), self.detail.into());
        document.insert("requestId".into(), request_id.into());
        document.extend(self.more);
        let mut response = (status, Value::Object(document).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.kind == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Which member, as a JSON Pointer: <https://www.rfc-editor.org/rfc/rfc6901>.
    pub(crate) path: String,
    /// What it must be.
    pub(crate) message: String,
}

/// The refusal travels outwards as an extension, until the envelope that knows the request's id writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.facts().1.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error of the ledger, which is never "there is no such thing".
impl From<ledger::Error> for Problem {
    fn from(error: ledger::Error) -> Self {
        tracing::error!(error = ledger::chain(&error), "the ledger failed");
        Self::new(
            Kind::SilentUpstream,
            "the database does not answer; try again",
        )
        .retry_after(5)
    }
}
