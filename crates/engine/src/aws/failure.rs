//! Failures of the SDK in the engine's words.

use std::error::Error as StdError;

use aws_config::imds::client::error::ImdsError;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};

use super::ApiOperation;
use crate::error::{AwsError, AwsErrorKind};

/// What a call was about, for its failure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) operation: ApiOperation,
    pub(super) target: Option<&'a str>,
    /// The endpoint when it is not AWS itself.
    pub(super) endpoint: Option<&'a str>,
}

impl Call<'_> {
    /// Takes a failure of the SDK apart.
    pub(super) fn failed<E>(self, error: SdkError<E>) -> Box<AwsError>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let (kind, code, message) = match &error {
            SdkError::ServiceError(failure) => {
                let code = failure.err().code().map(str::to_owned);
                let message = failure.err().message().map_or_else(
                    || format!("HTTP status {}", failure.raw().status().as_u16()),
                    str::to_owned,
                );
                let kind = match &code {
                    Some(code) => kind_of_code(code, &message),
                    None if failure.raw().status().is_server_error() => AwsErrorKind::Unavailable,
                    // Whoever answered does not speak like AWS.
                    None => AwsErrorKind::Unreadable,
                };
                (kind, code, message)
            }
            SdkError::TimeoutError(_) => (AwsErrorKind::TimedOut, None, String::new()),
            SdkError::ResponseError(_) => (AwsErrorKind::Unreadable, None, innermost(&error)),
            SdkError::DispatchFailure(failure) => {
                let kind = kind_of_credentials(&error).unwrap_or_else(|| {
                    // A broken connection says nothing about whether the call was carried out.
                    if failure.is_io() || failure.is_user() || failure.is_timeout() {
                        AwsErrorKind::Unreachable
                    } else {
                        AwsErrorKind::TimedOut
                    }
                });
                (kind, None, innermost(&error))
            }
            _ => {
                let kind = kind_of_credentials(&error).unwrap_or(AwsErrorKind::Refused);
                (kind, None, innermost(&error))
            }
        };
        let message = match (kind, self.endpoint) {
            (AwsErrorKind::Unreachable | AwsErrorKind::TimedOut, Some(endpoint))
                if message.is_empty() =>
            {
                endpoint.to_owned()
            }
            (AwsErrorKind::Unreachable | AwsErrorKind::TimedOut, Some(endpoint)) => {
                format!("{endpoint}: {message}")
            }
            _ => message,
        };
        Box::new(AwsError {
            operation: self.operation,
            target: self.target.map(str::to_owned),
            kind,
            code,
            message,
            request_id,
        })
    }
}

/// The kind of a failure by the service's code.
///
/// CloudFormation says `ValidationError` for many things, a missing stack among them; its message is the only
/// way to tell that one, and has been the same since the service began.
fn kind_of_code(code: &str, message: &str) -> AwsErrorKind {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            AwsErrorKind::CredentialsExpired
        }
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "AuthFailure" => AwsErrorKind::CredentialsInvalid,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => {
            AwsErrorKind::AccessDenied
        }
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "BandwidthLimitExceeded" => AwsErrorKind::Throttled,
        "StackRefactorNotFoundException"
        | "ChangeSetNotFound"
        | "ChangeSetNotFoundException"
        | "StackNotFoundException"
        | "NoSuchBucket"
        | "NoSuchEntity"
        | "NoSuchKey" => AwsErrorKind::NotFound,
        "ValidationError" if message.ends_with("does not exist") => AwsErrorKind::NotFound,
        "AlreadyExistsException"
        | "NameAlreadyExistsException"
        | "ParameterAlreadyExists"
        | "TokenAlreadyExistsException" => AwsErrorKind::AlreadyExists,
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "InvalidChangeSetStatus"
        | "InvalidChangeSetStatusException"
        | "InvalidOperationException"
        | "OperationInProgressException"
        | "StaleRequestException" => AwsErrorKind::Conflict,
        "LimitExceededException" | "LimitExceeded" => AwsErrorKind::LimitExceeded,
        "InternalFailure"
        | "InternalError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "InternalServerError" => AwsErrorKind::Unavailable,
        _ => AwsErrorKind::Refused,
    }
}

/// The kind of a failure that happened before anything was sent, when it is one of credentials.
fn kind_of_credentials(error: &(dyn StdError + 'static)) -> Option<AwsErrorKind> {
    let failure = chain(error).find_map(|error| error.downcast_ref::<CredentialsError>())?;
    let text = chain(error).map(ToString::to_string).collect::<String>();
    Some(match failure {
        CredentialsError::CredentialsNotLoaded(_) => AwsErrorKind::CredentialsMissing,
        // The metadata service of a virtual machine is asked last: on any other machine its failure means no more than
        // that nothing was found before.
        _ if chain(error).any(<dyn StdError>::is::<ImdsError>) || text.contains("IMDS") => {
            AwsErrorKind::CredentialsMissing
        }
        // A cached sign-in that ran out is an error of the provider, without a type of its own.
        _ if text.contains("expired") => AwsErrorKind::CredentialsExpired,
        _ => AwsErrorKind::CredentialsInvalid,
    })
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| <dyn StdError>::source(error))
}

/// The last of a chain of errors, which is the one that says what really happened.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_stack_is_a_validation_error_that_is_not_found() {
        let missing = "Stack with id chitchatter-staging-identity does not exist";
        assert_eq!(
            kind_of_code("ValidationError", missing),
            AwsErrorKind::NotFound
        );
        let other = "Template format error: unsupported structure.";
        assert_eq!(
            kind_of_code("ValidationError", other),
            AwsErrorKind::Refused
        );
        assert_eq!(
            kind_of_code("AccessDenied", missing),
            AwsErrorKind::AccessDenied
        );
    }

    #[test]
    fn the_credentials_chain_is_searched() {
        let error = CredentialsError::not_loaded("nothing");
        assert_eq!(
            kind_of_credentials(&error),
            Some(AwsErrorKind::CredentialsMissing)
        );
        let error = CredentialsError::provider_error("the session has expired");
        assert_eq!(
            kind_of_credentials(&error),
            Some(AwsErrorKind::CredentialsExpired)
        );
        assert_eq!(kind_of_credentials(&std::fmt::Error), None);
    }
}
