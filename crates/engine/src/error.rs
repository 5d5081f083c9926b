//! Why an operation failed, with all that a person needs to act: what was asked of which service, its answer, and what to do.

use std::{error::Error as StdError, fmt, path::PathBuf};

use crate::{
    aws::ApiOperation, cause::Cause, holder::Holder, record::RecordError, status::StackStatus,
};

/// What to do about an error, as data: the command line prints each hint on its own line.
pub trait Hint {
    /// What to do next, the most useful first.
    fn hints(&self) -> Vec<String>;
}

/// What kind of failure a call to AWS ended with, decided by error codes and error types, never by wording where a code exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AwsErrorKind {
    /// No credentials were found.
    CredentialsMissing,
    /// The credentials were good once.
    CredentialsExpired,
    /// AWS does not accept the credentials, or they could not be loaded.
    CredentialsInvalid,
    /// The credentials are good, and not allowed to do this.
    AccessDenied,
    /// No connection could be made.
    Unreachable,
    /// The call took too long, or the connection broke.
    TimedOut,
    /// Too many calls, even after waiting and trying again.
    Throttled,
    /// What was named does not exist.
    NotFound,
    /// What was to be made exists already.
    AlreadyExists,
    /// What was named is in a state that does not allow this now.
    Conflict,
    /// A quota of the account is used up.
    LimitExceeded,
    /// The request itself is wrong.
    Refused,
    /// The service failed.
    Unavailable,
    /// The answer cannot be understood.
    Unreadable,
}

/// A failed call to AWS.
#[derive(Clone, Debug)]
pub struct AwsError {
    /// The operation.
    pub operation: ApiOperation,
    /// The stack, bucket or change set the call was about.
    pub target: Option<String>,
    /// What kind of failure it is.
    pub kind: AwsErrorKind,
    /// The service's error code.
    pub code: Option<String>,
    /// The service's message, or what else is known.
    pub message: String,
    /// The service's id of the request, to be given to AWS support.
    pub request_id: Option<String>,
}

impl fmt::Display for AwsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, operation) = (self.operation.service(), self.operation.name());
        match self.kind {
            AwsErrorKind::CredentialsMissing => {
                formatter.write_str("no AWS credentials were found")
            }
            AwsErrorKind::CredentialsExpired => formatter
                .write_str("the AWS credentials have expired, or the sign-in they come from"),
            AwsErrorKind::CredentialsInvalid => {
                formatter.write_str("the AWS credentials are not accepted")
            }
            AwsErrorKind::AccessDenied => {
                write!(formatter, "{} is not allowed", self.call())
            }
            AwsErrorKind::Unreachable => {
                write!(formatter, "the {service} endpoint cannot be reached")
            }
            AwsErrorKind::TimedOut => {
                write!(formatter, "{service} did not answer `{operation}` in time")
            }
            AwsErrorKind::Throttled => {
                write!(formatter, "{service} refuses `{operation}`: too many calls")
            }
            AwsErrorKind::Unavailable => write!(formatter, "{service} failed at `{operation}`"),
            AwsErrorKind::Unreadable => write!(
                formatter,
                "the answer of {service} to `{operation}` cannot be understood"
            ),
            AwsErrorKind::NotFound
            | AwsErrorKind::AlreadyExists
            | AwsErrorKind::Conflict
            | AwsErrorKind::LimitExceeded
            | AwsErrorKind::Refused => write!(formatter, "{service} refuses `{operation}`"),
        }?;
        if let Some(target) = &self.target {
            write!(formatter, " for `{target}`")?;
        }
        if !self.message.is_empty() {
            write!(formatter, ": {}", self.message.trim_end_matches('.'))?;
        }
        match (&self.code, &self.request_id) {
            (Some(code), Some(id)) => write!(formatter, " ({code}, request {id})"),
            (Some(code), None) => write!(formatter, " ({code})"),
            (None, Some(id)) => write!(formatter, " (request {id})"),
            (None, None) => Ok(()),
        }
    }
}

impl AwsError {
    /// Whether there are no credentials, or none that AWS accepts.
    pub fn is_about_credentials(&self) -> bool {
        matches!(
            self.kind,
            AwsErrorKind::CredentialsMissing
                | AwsErrorKind::CredentialsExpired
                | AwsErrorKind::CredentialsInvalid
        )
    }

    /// Whether the service looked at the call and refused it, so that it took no effect.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self.kind,
            AwsErrorKind::CredentialsMissing
                | AwsErrorKind::CredentialsInvalid
                | AwsErrorKind::AccessDenied
                | AwsErrorKind::NotFound
                | AwsErrorKind::LimitExceeded
                | AwsErrorKind::Refused
        )
    }

    /// The call in the words of a policy, `cloudformation:GetTemplate`, in backticks.
    pub(crate) fn call(&self) -> String {
        format!("`{}`", self.operation)
    }
}

impl StdError for AwsError {}

impl Hint for AwsError {
    fn hints(&self) -> Vec<String> {
        let hint = match self.kind {
            AwsErrorKind::CredentialsMissing => {
                "set `AWS_PROFILE` or pass `--profile`, or sign in with `aws sso login`; `-e local` needs none"
            }
            AwsErrorKind::CredentialsExpired => {
                "sign in again (`aws sso login`, with `--profile NAME` for a profile), then repeat the command"
            }
            AwsErrorKind::CredentialsInvalid => {
                "`aws sts get-caller-identity` shows whether the profile works; check the profile and the clock of this machine"
            }
            AwsErrorKind::AccessDenied => "ask for that permission, or use a role that has it",
            AwsErrorKind::Unreachable | AwsErrorKind::Unreadable => {
                "check the network, the region, and `--endpoint-url` or `AWS_ENDPOINT_URL` if one is set"
            }
            AwsErrorKind::TimedOut | AwsErrorKind::Unavailable => {
                "repeat the command; it goes on from where this one stopped"
            }
            AwsErrorKind::Throttled => {
                "wait a minute and repeat the command; it goes on from where this one stopped"
            }
            AwsErrorKind::LimitExceeded => {
                "delete what is no longer needed, or ask AWS for a higher quota"
            }
            AwsErrorKind::NotFound if self.operation.service() == "s3" => {
                "templates over 51,200 bytes go through an asset bucket: create it with `chitinfra bootstrap`"
            }
            AwsErrorKind::Refused if self.message.contains("[/cdk-bootstrap/") => {
                "stacks of the CDK need an account that `cdk bootstrap` has prepared"
            }
            AwsErrorKind::NotFound | AwsErrorKind::AlreadyExists | AwsErrorKind::Conflict => {
                "someone else may be at work on it: repeat the command, which looks at what is there now"
            }
            AwsErrorKind::Refused => "correct what the message names, then repeat the command",
        };
        vec![hint.to_owned()]
    }
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to AWS failed.
    #[error(transparent)]
    Aws(#[from] Box<AwsError>),
    /// The environment cannot be claimed, or a record not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The credentials belong to another account than the environment.
    #[error(
        "these credentials belong to account `{actual}` ({arn}), the environment to `{expected}`"
    )]
    WrongAccount {
        /// The environment's account.
        expected: String,
        /// The account of the credentials.
        actual: String,
        /// Whose credentials they are.
        arn: String,
    },
    /// The assembly cannot be read.
    #[error(transparent)]
    Folder(#[from] assembly::FolderError),
    /// A cloud assembly of the CDK cannot be read.
    #[error("`{}` cannot be read: {reason}", .file.display())]
    CloudAssembly {
        /// Its manifest.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A cloud assembly was synthesized without values it needs.
    #[error("the assembly in `{}` was synthesized without values it needs: {}", .folder.display(), quoted(.keys))]
    MissingContext {
        /// The cloud assembly.
        folder: PathBuf,
        /// The CDK's keys of the values.
        keys: Vec<String>,
    },
    /// No stack of a cloud assembly is for the environment.
    #[error("no stack in `{}` is for {target}{}", .folder.display(), others(.elsewhere))]
    NoStackForTarget {
        /// The cloud assembly.
        folder: PathBuf,
        /// Account and region of the environment.
        target: String,
        /// The stacks there are, each with its account and region.
        elsewhere: Vec<String>,
    },
    /// A template of the assembly is malformed.
    #[error("`{file}` is not a template: {}", first(.errors))]
    Template {
        /// The template's file.
        file: String,
        /// What is wrong with it, and where.
        errors: Vec<template::ParseError>,
    },
    /// A template is too large for CloudFormation.
    #[error("the template of stack `{stack}` has {bytes} bytes, CloudFormation takes 1,000,000")]
    TemplateTooLarge {
        /// The stack's short name.
        stack: String,
        /// The template's size in UTF-8 bytes.
        bytes: usize,
    },
    /// There is no stack of that name in the assembly.
    #[error("there is no stack `{name}`")]
    UnknownStack {
        /// The name that was asked for.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// Parameters have neither a value nor a default.
    #[error(
        "{} of stack `{stack}` {} no value: {}",
        if .parameters.len() == 1 { "a parameter" } else { "parameters" },
        if .parameters.len() == 1 { "has" } else { "have" },
        quoted(.parameters)
    )]
    NoValue {
        /// The stack's short name.
        stack: String,
        /// The parameters.
        parameters: Vec<String>,
    },
    /// A stack is in a state that needs a decision first.
    #[error("stack `{stack}` is in `{status}`: {meaning}", meaning = .status.meaning())]
    Stuck {
        /// The stack's short name.
        stack: String,
        /// Its status.
        status: StackStatus,
    },
    /// CloudFormation is already at work on the stack.
    #[error("stack `{stack}` is being changed (`{status}`) by {holder}")]
    Busy {
        /// The stack's short name.
        stack: String,
        /// Its status.
        status: StackStatus,
        /// Who is changing it.
        holder: Box<Holder>,
    },
    /// What was planned for a stack is no longer what would happen.
    #[error("stack `{stack}` is no longer as it was when the plan was made: {reason}")]
    Moved {
        /// The stack's short name.
        stack: String,
        /// What is different.
        reason: String,
    },
    /// CloudFormation could not make a change set.
    #[error("CloudFormation cannot plan stack `{stack}`: {reason}")]
    ChangeSet {
        /// The stack's short name.
        stack: String,
        /// CloudFormation's reason.
        reason: String,
        /// What early validation found, each with its place.
        findings: Vec<String>,
    },
    /// Stacks are protected against deletion.
    #[error("{} protected against deletion: {}", if .stacks.len() == 1 { "a stack is" } else { "stacks are" }, quoted(.stacks))]
    Protected {
        /// The stacks' short names.
        stacks: Vec<String>,
    },
    /// A stack cannot go because others stand on it.
    #[error("stack `{stack}` is needed by {}", quoted(.consumers))]
    Needed {
        /// The stack's short name.
        stack: String,
        /// The short names of the stacks that depend on it and are deployed.
        consumers: Vec<String>,
    },
    /// An operation failed in CloudFormation.
    #[error("stack `{stack}` ended in `{status}`{}", because(.cause.as_deref()))]
    Failed {
        /// The stack's short name.
        stack: String,
        /// The status it is in now.
        status: StackStatus,
        /// What failed first.
        cause: Option<Box<Cause>>,
    },
    /// An update failed, and the endpoint did not undo it, although the status says so.
    #[error(
        "stack `{stack}` is in `{status}`, yet it was deployed before and nothing was undone{}", because(.cause.as_deref())
    )]
    HalfDone {
        /// The stack's short name.
        stack: String,
        /// The status it is in.
        status: StackStatus,
        /// What failed first, when that is known.
        cause: Option<Box<Cause>>,
    },
    /// CloudFormation took longer than it ever should for an answer.
    #[error("stack `{stack}`: {what} did not come to an end within {minutes} minutes")]
    Overdue {
        /// The stack's short name.
        stack: String,
        /// What was waited for.
        what: &'static str,
        /// How long.
        minutes: u64,
    },
    /// A deployed template cannot be understood.
    #[error("the deployed template of stack `{stack}` cannot be understood: {}", first(.errors))]
    Deployed {
        /// The stack's short name.
        stack: String,
        /// What is wrong with it, and where.
        errors: Vec<template::ParseError>,
    },
    /// A stack would lose data, and the plan did not say so.
    #[error(
        "stack `{stack}` would now {action} `{logical_id}`, which holds data; the plan did not say so"
    )]
    UnplannedLoss {
        /// The stack's short name.
        stack: String,
        /// The resource.
        logical_id: String,
        /// What would happen to it.
        action: plan::Action,
    },
    /// A stack that was planned again in its wave would do more than the saved plan says.
    #[error("stack `{stack}` would now do what the plan does not say{}", lines(.beyond))]
    BeyondPlan {
        /// The stack's short name.
        stack: String,
        /// What is new, each in a few words.
        beyond: Vec<String>,
    },
    /// What was begun before is no longer followed, as was asked.
    #[error("no longer following: `{stack}` goes on in CloudFormation")]
    Unfollowed {
        /// The stack's short name.
        stack: String,
    },
    /// CloudFormation could not make a stack refactor.
    #[error("CloudFormation cannot move resources between {}: {reason}", quoted(.stacks))]
    RefactorRefused {
        /// The short names of its stacks.
        stacks: Vec<String>,
        /// CloudFormation's reason.
        reason: String,
    },
    /// A stack refactor would do something else than was planned.
    #[error("moving resources of {} would not be what was planned{}", quoted(.stacks), lines(.differences))]
    RefactorDiffers {
        /// The short names of its stacks.
        stacks: Vec<String>,
        /// What is different, each in a few words.
        differences: Vec<String>,
    },
    /// A stack refactor failed.
    #[error("moving resources of stack `{stack}` failed: {reason}; {fate}")]
    RefactorFailed {
        /// The short name of one of its stacks.
        stack: String,
        /// What became of it.
        fate: &'static str,
        /// CloudFormation's reason.
        reason: String,
    },
    /// The operation was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Hint for Error {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Record(error) => error.hints(),
            Self::WrongAccount { .. } => {
                vec![
                    "use a profile of the environment's account (`--profile`, `AWS_PROFILE`)"
                        .to_owned(),
                ]
            }
            Self::UnknownStack { suggestion, .. } => suggestion
                .iter()
                .map(|name| format!("did you mean `{name}`?"))
                .collect(),
            Self::NoValue { .. } => vec![
                "give it a value or a default in the stacks' code; what the deployed stack has is not taken over".to_owned(),
            ],
            Self::Stuck { status, .. } => status.advice().map(str::to_owned).into_iter().collect(),
            Self::Busy { .. } => vec!["wait until it is done, then repeat the command".to_owned()],
            Self::Moved { .. } | Self::UnplannedLoss { .. } | Self::BeyondPlan { .. } => {
                vec!["plan again, then deploy".to_owned()]
            }
            Self::ChangeSet { findings, .. } if findings.is_empty() => {
                vec!["correct what the reason names, then repeat the command".to_owned()]
            }
            Self::ChangeSet { findings, .. } => findings.clone(),
            Self::RefactorRefused { .. } => vec![
                "nothing was begun; what a stack refactor takes is told in https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html"
                    .to_owned(),
            ],
            Self::RefactorDiffers { .. } => {
                vec!["nothing was begun; plan again, then deploy".to_owned()]
            }
            Self::RefactorFailed { .. } => {
                vec!["`chitinfra status` shows how the stacks are; the same command tries again".to_owned()]
            }
            Self::Protected { .. } => {
                vec!["take the protection off in code, deploy, then destroy".to_owned()]
            }
            Self::Needed { .. } => vec!["name those stacks too, or destroy them first".to_owned()],
            Self::TemplateTooLarge { .. } => vec!["split the stack in two".to_owned()],
            Self::Failed { status, cause, .. } => {
                let hints: Vec<String> = cause
                    .iter()
                    .flat_map(|cause| cause.hints())
                    .chain(status.advice().map(str::to_owned))
                    .collect();
                if hints.is_empty() {
                    return vec!["correct what failed, then repeat the command".to_owned()];
                }
                hints
            }
            Self::HalfDone { cause, .. } => {
                let cause = cause.iter().flat_map(|cause| cause.hints());
                let way = "AWS undoes an update that fails, this endpoint has not: keep what is needed of the stack, then destroy it and deploy again";
                cause.chain([way.to_owned()]).collect()
            }
            Self::Overdue { .. } => {
                vec!["repeat the command; it follows the operation that is in progress".to_owned()]
            }
            Self::Unfollowed { .. } => {
                vec!["the same command again follows it to its end".to_owned()]
            }
            Self::MissingContext { .. } => {
                vec![
                    "run `cdk synth` with credentials of the account, and commit `cdk.context.json`"
                        .to_owned(),
                ]
            }
            Self::NoStackForTarget { .. } => {
                vec!["the environment's file says which account and region it is".to_owned()]
            }
            Self::CloudAssembly { .. }
            | Self::Folder(_)
            | Self::Template { .. }
            | Self::Deployed { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn others(stacks: &[String]) -> String {
    if stacks.is_empty() {
        String::new()
    } else {
        format!("; there are {}", stacks.join(", "))
    }
}

/// Each on a line of its own, indented.
fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\n  {text}")).collect()
}

fn because(cause: Option<&Cause>) -> String {
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}

fn first(errors: &[template::ParseError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}
