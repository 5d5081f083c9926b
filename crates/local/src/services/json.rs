//! The services that speak JSON: the operation in a header, its input and its answer as JSON texts.

use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{budgets, cloud_control, cognito, ssm};
use crate::{
    endpoint::Context,
    router::{respond, status},
    wire::Refusal,
};

/// A service that speaks JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonService {
    Budgets,
    CloudControl,
    Cognito,
    Ssm,
}

impl JsonService {
    const ALL: [Self; 4] = [Self::Budgets, Self::CloudControl, Self::Cognito, Self::Ssm];

    /// What stands before the operation in `X-Amz-Target`.
    fn target(self) -> &'static str {
        match self {
            Self::Budgets => "AWSBudgetServiceGateway",
            Self::CloudControl => "CloudApiService",
            Self::Cognito => "AWSCognitoIdentityProviderService",
            Self::Ssm => "AmazonSSM",
        }
    }

    /// What policies call it.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Budgets => "budgets",
            Self::CloudControl => "cloudformation",
            Self::Cognito => "cognito-idp",
            Self::Ssm => "ssm",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::CloudControl => "application/x-amz-json-1.0",
            Self::Budgets | Self::Cognito | Self::Ssm => "application/x-amz-json-1.1",
        }
    }

    /// The service and the operation that a target names.
    pub(crate) fn of(target: &str) -> Option<(Self, &str)> {
        let (service, operation) = target.split_once('.')?;
        let known = Self::ALL.into_iter().find(|one| one.target() == service)?;
        Some((known, operation))
    }

    /// Answers a call.
    pub(crate) fn answer(self, context: &Context<'_>, operation: &str, body: &[u8]) -> Response {
        match self.perform(context, operation, body) {
            Ok(value) => self.answered(context, 200, &value),
            Err(refusal) => self.refused(context, &refusal),
        }
    }

    /// A refusal in the words of the service.
    pub(crate) fn refused(self, context: &Context<'_>, refusal: &Refusal) -> Response {
        let message = match self {
            Self::Budgets | Self::CloudControl => "Message",
            Self::Cognito | Self::Ssm => "message",
        };
        let code = match refusal.code {
            "AccessDenied" => "AccessDeniedException",
            code => code,
        };
        let value = json!({"__type": code, message: refusal.message});
        self.answered(context, refusal.status, &value)
    }

    fn answered(self, context: &Context<'_>, code: u16, value: &Value) -> Response {
        let headers = [
            ("content-type", self.content_type()),
            ("x-amzn-requestid", context.request_id.as_str()),
        ];
        respond(status(code), &headers, value.to_string().into_bytes())
    }

    fn perform(
        self,
        context: &Context<'_>,
        operation: &str,
        body: &[u8],
    ) -> Result<Value, Refusal> {
        let input: Value = serde_json::from_slice(body)
            .map_err(|_| Refusal::new("SerializationException", "the request is not JSON"))?;
        let answer = match self {
            Self::Budgets => budgets::perform(context, operation, &input)?,
            Self::CloudControl => cloud_control::perform(context, operation, &input)?,
            Self::Cognito => cognito::perform(context, operation, &input)?,
            Self::Ssm => ssm::perform(context, operation, &input)?,
        };
        answer.ok_or_else(|| {
            let name = self.target();
            Refusal::new(
                "UnknownOperationException",
                format!("the local endpoint has no operation {name}.{operation}"),
            )
        })
    }
}

/// A time in these protocols: seconds, with their thousandths.
pub(super) fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

/// A text of an input that must be there.
pub(super) fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    input[name].as_str().ok_or_else(|| {
        Refusal::new(
            "ValidationException",
            format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
        )
    })
}
