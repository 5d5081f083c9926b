//! Reads resources with the services' own calls, in CloudFormation's form.
//!
//! Only what the template gives is asked for, and only by calls that read.

mod answer;
mod budgets;
mod cognito;
mod iam;
mod s3;

use std::{collections::BTreeMap, error::Error as StdError};

use aws_config::SdkConfig;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use serde_json::{Map, Value};

use super::{ApiOperation, Aws, failure::Call};
use crate::{
    drift::{Live, LiveReads, LiveResource, leaves_others},
    error::AwsError,
    port::Answer,
};

/// What the services say of something that is not there.
const NOT_THERE: [&str; 7] = [
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
];

type Properties = Map<String, Value>;
type Failure = Box<AwsError>;

/// What was read of a resource; nothing where it is gone.
type Read = Result<Option<Reading>, Failure>;

/// What was read of a resource.
#[derive(Debug, Default)]
struct Reading {
    /// Null where there is none, absent where it could not be read.
    properties: Properties,
    /// What `Fn::GetAtt` gives.
    attributes: BTreeMap<String, String>,
    /// Why properties could not be read.
    unread: BTreeMap<String, String>,
}

impl From<Properties> for Reading {
    fn from(properties: Properties) -> Self {
        Self {
            properties,
            ..Self::default()
        }
    }
}

impl Reading {
    /// The same with what `Fn::GetAtt` gives.
    fn with<const N: usize>(mut self, attributes: [(&str, &str); N]) -> Self {
        let attributes = attributes.into_iter();
        let owned = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.attributes.extend(owned);
        self
    }

    /// Takes a property for which a call of its own was made. One that was refused leaves it unread, with the reason.
    fn take(&mut self, name: &str, read: Result<impl Into<Value>, Failure>) -> Result<(), Failure> {
        match read {
            Ok(value) => {
                self.properties.insert(name.to_owned(), value.into());
            }
            Err(failure) if leaves_others(&failure) => {
                self.properties.shift_remove(name);
                self.unread.insert(name.to_owned(), failure.to_string());
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}

/// The services whose resources can be read.
#[derive(Clone, Debug)]
pub(super) struct Services {
    cognito: aws_sdk_cognitoidentityprovider::Client,
    pub(super) iam: aws_sdk_iam::Client,
    budgets: aws_sdk_budgets::Client,
}

impl Services {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self {
            cognito: aws_sdk_cognitoidentityprovider::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            budgets: aws_sdk_budgets::Client::new(config),
        }
    }
}

impl LiveReads for Aws {
    fn reads(&self, type_name: &str) -> bool {
        matches!(
            type_name,
            "AWS::Budgets::Budget"
                | "AWS::Cognito::UserPool"
                | "AWS::Cognito::UserPoolClient"
                | "AWS::Cognito::UserPoolDomain"
                | "AWS::IAM::ManagedPolicy"
                | "AWS::IAM::OIDCProvider"
                | "AWS::IAM::Policy"
                | "AWS::IAM::Role"
                | "AWS::IAM::RolePolicy"
                | "AWS::S3::Bucket"
                | "AWS::S3::BucketPolicy"
        )
    }

    fn read<'a>(&'a self, resource: &'a LiveResource) -> Answer<'a, Live> {
        Box::pin(async move {
            if cognito::tells_secret(resource) {
                let reason = "the only call that describes it answers with its secret too";
                return Ok(Live::Withheld(reason.to_owned()));
            }
            let read = match resource.resource_type.as_str() {
                "AWS::Budgets::Budget" => self.read_budget(resource).await,
                "AWS::Cognito::UserPool" => self.read_user_pool(resource).await,
                "AWS::Cognito::UserPoolClient" => self.read_user_pool_client(resource).await,
                "AWS::Cognito::UserPoolDomain" => self.read_user_pool_domain(resource).await,
                "AWS::IAM::ManagedPolicy" => self.read_managed_policy(resource).await,
                "AWS::IAM::OIDCProvider" => self.read_identity_provider(resource).await,
                "AWS::IAM::Policy" => self.read_inline_policy(resource).await,
                "AWS::IAM::Role" => self.read_role(resource).await,
                "AWS::IAM::RolePolicy" => self.read_role_policy(resource).await,
                "AWS::S3::Bucket" => self.read_bucket(resource).await,
                "AWS::S3::BucketPolicy" => self.read_bucket_policy(resource).await,
                _ => Ok(Some(Reading::default())),
            };
            Ok(match read? {
                Some(reading) => Live::Exists {
                    properties: reading.properties,
                    attributes: reading.attributes,
                    unread: reading.unread,
                },
                None => Live::Gone,
            })
        })
    }
}

impl Aws {
    fn call_of<'a>(&'a self, operation: ApiOperation, resource: &'a LiveResource) -> Call<'a> {
        self.call(operation, resource.physical_id.as_str())
    }
}

/// What a call answered; nothing where what it names is not there.
fn present<T, E>(answer: Result<T, SdkError<E>>, call: Call<'_>) -> Result<Option<T>, Failure>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    present_unless(answer, call, &NOT_THERE)
}

/// The same, where these codes say that it is not there.
fn present_unless<T, E>(
    answer: Result<T, SdkError<E>>,
    call: Call<'_>,
    codes: &[&str],
) -> Result<Option<T>, Failure>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => {
            let failure = call.failed(error);
            let is_absent = failure
                .code
                .as_deref()
                .is_some_and(|code| codes.contains(&code));
            if is_absent { Ok(None) } else { Err(failure) }
        }
    }
}

/// A property that was read; null where there is none.
fn put(properties: &mut Properties, name: &str, value: Option<impl Into<Value>>) {
    properties.insert(name.to_owned(), value.map_or(Value::Null, Into::into));
}

fn texts<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> Value {
    let texts = list.into_iter();
    texts.map(|text| Value::from(text.as_ref())).collect()
}
