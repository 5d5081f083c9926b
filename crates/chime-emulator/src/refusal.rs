//! What the service says when it refuses a request.

use serde_json::{Value, json};

/// The exceptions of the service's model, and the one for a path it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exception {
    BadRequest,
    Conflict,
    Forbidden,
    LimitExceeded,
    NotFound,
    ResourceNotFound,
    ServiceFailure,
    ServiceUnavailable,
    Throttling,
    TooManyTags,
    Unauthorized,
    UnknownOperation,
}

impl Exception {
    /// The HTTP status, as the model has it.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::LimitExceeded | Self::TooManyTags => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::ResourceNotFound | Self::UnknownOperation => 404,
            Self::Conflict => 409,
            Self::Throttling => 429,
            Self::ServiceFailure => 500,
            Self::ServiceUnavailable => 503,
        }
    }

    /// The code in the body; the name of the exception is this and `Exception`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::Conflict => "Conflict",
            Self::Forbidden => "Forbidden",
            Self::LimitExceeded => "LimitExceeded",
            Self::NotFound => "NotFound",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::ServiceFailure => "ServiceFailure",
            Self::ServiceUnavailable => "ServiceUnavailable",
            Self::Throttling => "Throttling",
            Self::TooManyTags => "TooManyTags",
            Self::Unauthorized => "Unauthorized",
            Self::UnknownOperation => "UnknownOperation",
        }
    }
}

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) exception: Exception,
    pub(crate) message: String,
    /// The ARN that the exceptions about tags name.
    pub(crate) resource: Option<String>,
}

impl Refusal {
    pub(crate) fn new(exception: Exception, message: impl Into<String>) -> Self {
        Self {
            exception,
            message: message.into(),
            resource: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Exception::BadRequest, message)
    }

    pub(crate) fn about(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// The value of the header `x-amzn-ErrorType`, by which clients tell exceptions apart.
    pub(crate) fn error_type(&self) -> String {
        format!("{}Exception", self.exception.code())
    }

    pub(crate) fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "Code": self.exception.code(),
            "Message": self.message,
            "RequestId": request_id,
        });
        if let Some(resource) = &self.resource {
            body["ResourceName"] = json!(resource);
        }
        body
    }
}
