//! What failed first in an operation: the one event to tell of, without the cascade it set off.

use std::fmt;

use assembly::ResourceOrigin;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{error::Hint, port::StackEvent};

/// What failed first, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The resource's logical id.
    pub logical_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// What the service said, without the wrapping.
    pub message: String,
    /// CloudFormation's class of the failure, `AlreadyExists`, when it gives one.
    pub code: Option<String>,
    /// Where the resource is declared, `stacks/src/identity.rs:41`.
    pub source: Option<String>,
    /// Its construct path, `identity/Users`.
    pub path: Option<String>,
    /// How many other resources failed or were cancelled as a consequence.
    pub followers: usize,
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            logical_id,
            resource_type,
            message,
            followers,
            ..
        } = self;
        write!(
            formatter,
            "`{logical_id}` ({resource_type}) failed first: {}",
            message.trim_end_matches('.')
        )?;
        match followers {
            0 => Ok(()),
            1 => write!(formatter, " (one more failed or stopped after it)"),
            _ => write!(formatter, " ({followers} more failed or stopped after it)"),
        }
    }
}

impl Hint for Cause {
    fn hints(&self) -> Vec<String> {
        let place = self
            .source
            .as_ref()
            .map(|source| format!("it is declared at {source}"));
        let advice = match self.code.as_deref().and_then(advice) {
            Some(advice) => Some(advice),
            None => advice_by_words(&self.message),
        };
        place.into_iter().chain(advice.map(str::to_owned)).collect()
    }
}

/// What to do about a failure of this class. The classes are those of the
/// [resource handler contract](https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html).
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "AlreadyExists" => {
            "one of that name exists outside this stack: give yours another name, or delete the other"
        }
        "AccessDenied" | "UnauthorizedTaggingOperation" => {
            "the role of the deployment lacks a permission: grant what the message names, then deploy again"
        }
        "InvalidCredentials" => {
            "the credentials expired during the deployment: sign in again, then deploy again"
        }
        "InvalidRequest" => "correct the property that the message names, then deploy again",
        "NotUpdatable" => {
            "this property cannot be changed in place: give the resource another logical id to have a new one"
        }
        "ServiceLimitExceeded" => {
            "a quota of the account is used up: delete what is no longer needed, or ask AWS for a higher quota"
        }
        "NotStabilized" => {
            "the resource did not become ready in time: look at it in its own console, then deploy again"
        }
        "ResourceConflict" => "another change to the resource was under way: deploy again",
        "Throttling"
        | "ServiceInternalError"
        | "NetworkFailure"
        | "InternalFailure"
        | "ServiceTimeout" => "the service had a problem that passes: deploy again",
        _ => return None,
    })
}

/// What the last event of the stack as a whole says.
pub(crate) fn last_word(stack_id: &str, events: &[StackEvent]) -> Option<Cause> {
    let mut own = events.iter().rev();
    let last = own.find(|event| event.is_of_stack(stack_id))?;
    Some(Cause {
        logical_id: last.logical_id.clone(),
        resource_type: last.resource_type.clone(),
        message: last.reason.clone()?,
        code: None,
        source: None,
        path: None,
        followers: 0,
    })
}

/// What to do about a failure that has no class, by what its message says: those of CloudFormation itself, and of types that
/// it still manages without a handler, which repeat the service's own error code.
fn advice_by_words(message: &str) -> Option<&'static str> {
    const WORDS: [(&[&str], &str); 11] = [
        (
            &["denied by stack policy"],
            "the stack's policy forbids this change: allow it there, deploy that alone, then deploy again",
        ),
        (
            &["custom-named resource requires replacing"],
            "two resources cannot have one name at the same time: give the new one another name",
        ),
        (
            &[
                "cannot be deleted as it is in use by",
                "Cannot delete export",
                "Cannot update export",
            ],
            "another stack still reads that export: let it read something else first",
        ),
        (
            &[
                "is not authorized to perform",
                "AccessDenied",
                "UnauthorizedOperation",
            ],
            "the role of the deployment lacks a permission: grant what the message names, then deploy again",
        ),
        (
            &[
                "security token included in the request is expired",
                "ExpiredToken",
            ],
            "the credentials expired during the deployment: sign in again, then deploy again",
        ),
        (
            &["already exists", "AlreadyExists", "AlreadyOwnedByYou"],
            "one of that name exists outside this stack: give yours another name, or delete the other",
        ),
        (
            &[
                "LimitExceeded",
                "QuotaExceeded",
                "quota exceeded",
                "exceeded your quota",
                "exceeded the limit",
            ],
            "a quota of the account is used up: delete what is no longer needed, or ask AWS for a higher quota",
        ),
        (
            &[
                "not empty",
                "BucketNotEmpty",
                "DependencyViolation",
                "has a dependent object",
            ],
            "something still uses it or is in it: take that away, then repeat the command",
        ),
        (
            &["custom resource", "Custom Resource"],
            "the function behind the custom resource says so: its log has the details",
        ),
        (
            &[
                "did not stabilize",
                "timed out",
                "Exceeded attempts to wait",
                "Failed to receive",
            ],
            "the resource did not become ready in time: look at it in its own console, then deploy again",
        ),
        (
            &[
                "Internal Failure",
                "InternalFailure",
                "Rate exceeded",
                "Throttling",
                "ServiceUnavailable",
            ],
            "the service had a problem that passes: deploy again",
        ),
    ];
    let says = |words: &&[&str]| words.iter().any(|word| message.contains(word));
    WORDS
        .iter()
        .find(|(words, _)| says(words))
        .map(|(_, advice)| *advice)
}

/// Finds what failed first among the events of one operation, given from the oldest to the newest.
pub(crate) fn first_cause(
    stack_id: &str,
    events: &[StackEvent],
    origins: &IndexMap<String, ResourceOrigin>,
) -> Option<Cause> {
    let first = first_failure(stack_id, events)?;
    let (message, code) = unwrap(
        first
            .reason
            .as_deref()
            .unwrap_or("CloudFormation gives no reason"),
    );
    let origin = origins.get(&first.logical_id);
    let mut followers: Vec<&str> = events
        .iter()
        .filter(|event| event.status.is_failed())
        .filter(|event| !event.is_of_stack(stack_id) && event.logical_id != first.logical_id)
        .map(|event| event.logical_id.as_str())
        .collect();
    followers.sort_unstable();
    followers.dedup();
    Some(Cause {
        logical_id: first.logical_id.clone(),
        resource_type: first.resource_type.clone(),
        message,
        code,
        source: origin.map(|origin| origin.source.clone()),
        path: origin.map(|origin| origin.path.clone()),
        followers: followers.len(),
    })
}

/// The event that tells of it.
pub(crate) fn first_failure<'e>(
    stack_id: &str,
    events: &'e [StackEvent],
) -> Option<&'e StackEvent> {
    let failed: Vec<&StackEvent> = events
        .iter()
        .filter(|event| event.status.is_failed())
        .collect();
    failed
        .iter()
        .find(|event| !event.is_of_stack(stack_id) && !is_consequence(event))
        .or_else(|| failed.iter().find(|event| !event.is_of_stack(stack_id)))
        .or_else(|| failed.first())
        .copied()
        .or_else(|| events.iter().find(|event| undoes(event, stack_id)))
}

/// Whether a failure says of itself that another caused it.
pub(crate) fn is_consequence(event: &StackEvent) -> bool {
    tells_of_another(event.reason.as_deref().unwrap_or_default())
}

/// Whether the reason of a failure is the failure of another.
pub(crate) fn tells_of_another(reason: &str) -> bool {
    const CASCADE: [&str; 4] = [
        "Resource creation cancelled",
        "Resource update cancelled",
        "Resource deletion cancelled",
        "The following resource(s) failed",
    ];
    CASCADE.iter().any(|prefix| reason.starts_with(prefix))
}

/// Whether the stack itself began to roll back, for failures that concern no resource.
fn undoes(event: &StackEvent, stack_id: &str) -> bool {
    event.is_of_stack(stack_id)
        && event.status.0.contains("ROLLBACK_IN_PROGRESS")
        && event.reason.is_some()
}

/// Takes a handler's message out of the sentence CloudFormation wraps it in:
/// `Resource handler returned message: "…" (RequestToken: …, HandlerErrorCode: …)`.
fn unwrap(reason: &str) -> (String, Option<String>) {
    let code = reason.rsplit_once("HandlerErrorCode: ").map(|(_, rest)| {
        rest.chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
    });
    let message = reason
        .strip_prefix("Resource handler returned message: \"")
        .and_then(|rest| rest.rsplit_once("\" (RequestToken"))
        .map_or(reason, |(message, _)| message);
    (message.to_owned(), code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::ResourceStatus;

    fn event(logical_id: &str, status: &str, reason: &str) -> StackEvent {
        StackEvent {
            id: format!("{logical_id}-{status}"),
            logical_id: logical_id.to_owned(),
            physical_id: (logical_id == "stack").then(|| "arn".to_owned()),
            resource_type: "AWS::S3::Bucket".to_owned(),
            status: ResourceStatus(status.to_owned()),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            configured: false,
            token: None,
            at: 0,
        }
    }

    #[test]
    fn the_first_real_failure_is_found_behind_the_cascade() {
        let wrapped = "Resource handler returned message: \"Bucket exists (Service: S3, Status Code: 409)\" (RequestToken: 1-2, HandlerErrorCode: AlreadyExists)";
        let events = [
            event("stack", "CREATE_IN_PROGRESS", "User Initiated"),
            event("Topic", "CREATE_FAILED", "Resource creation cancelled"),
            event("Files", "CREATE_FAILED", wrapped),
            event("Users", "CREATE_FAILED", "Resource creation cancelled"),
            event(
                "stack",
                "ROLLBACK_IN_PROGRESS",
                "The following resource(s) failed to create: [Files].",
            ),
        ];
        let origins = IndexMap::from([(
            "Files".to_owned(),
            ResourceOrigin {
                path: "files/Files".to_owned(),
                source: "stacks/src/files.rs:7".to_owned(),
            },
        )]);
        let cause = first_cause("arn", &events, &origins).expect("there is one");
        assert_eq!(cause.logical_id, "Files");
        assert_eq!(
            cause.message,
            "Bucket exists (Service: S3, Status Code: 409)"
        );
        assert_eq!(cause.code.as_deref(), Some("AlreadyExists"));
        assert_eq!(cause.followers, 2);
        assert_eq!(cause.hints().len(), 2);
        assert_eq!(cause.source.as_deref(), Some("stacks/src/files.rs:7"));
    }

    #[test]
    fn a_failure_without_resource_is_taken_from_the_stack() {
        let events = [event(
            "stack",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "Rollback requested by hook",
        )];
        let cause = first_cause("arn", &events, &IndexMap::new()).expect("there is one");
        assert_eq!(cause.message, "Rollback requested by hook");
        assert_eq!(first_cause("arn", &[], &IndexMap::new()), None);
    }

    #[test]
    fn each_kind_of_failure_says_what_to_do_next() {
        for (reason, advice) in [
            (
                "Resource handler returned message: \"no\" (RequestToken: 1, HandlerErrorCode: ServiceLimitExceeded)",
                "quota",
            ),
            (
                "Resource handler returned message: \"User: arn:aws:iam::1:role/deploy is not authorized to perform: sqs:createqueue\" (RequestToken: 1, HandlerErrorCode: GeneralServiceException)",
                "permission",
            ),
            (
                "files already exists (Service: Amazon S3; Status Code: 409; Error Code: BucketAlreadyExists; Request ID: 1)",
                "another name",
            ),
            (
                "Action denied by stack policy: Statement [#1] does not allow [Update:Delete] for resource [LogicalResourceId/Users]",
                "the stack's policy",
            ),
            (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename files and update the stack again.",
                "another name",
            ),
            (
                "Export shop-id cannot be deleted as it is in use by shop-files",
                "another stack still reads",
            ),
            (
                "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)",
                "take that away",
            ),
            (
                "Received response status [FAILED] from custom resource. Message returned: no",
                "log",
            ),
            (
                "Failed to receive 1 resource signal(s) within the specified duration",
                "in time",
            ),
            ("Internal Failure", "deploy again"),
        ] {
            let events = [event("Files", "CREATE_FAILED", reason)];
            let cause = first_cause("arn", &events, &IndexMap::new()).expect("there is one");
            let hints = cause.hints();
            assert_eq!(hints.len(), 1, "{reason}");
            assert!(hints[0].contains(advice), "{reason}: {hints:?}");
        }
    }

    #[test]
    fn a_plain_reason_stays_as_it_is() {
        assert_eq!(
            unwrap("Internal Failure"),
            ("Internal Failure".to_owned(), None)
        );
    }
}
