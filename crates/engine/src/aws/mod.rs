//! The AWS adapter: the one place that speaks to AWS, or to an endpoint that speaks like it.
//!
//! The SDK retries what is safe to retry (throttling, failures of the service, broken connections), with backoff and
//! jitter; every call that changes something carries a token that makes the repetition harmless.

mod calls;
mod convert;
mod drift;
mod failure;
mod identity_provider;
mod live;
mod operation;
mod refactor;
mod secrets;
mod stack_policy;
mod store;

use std::time::Duration;

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_cloudformation::config::retry::RetryPartition;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::service_config::ServiceConfigKey;

pub(crate) use convert::{from_rfc3339, rfc3339};
pub use operation::ApiOperation;

use crate::{
    error::Error,
    port::{Caller, CloudFormation},
};

/// How long to wait for a connection. An endpoint that is not there is reported after two of these.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long to wait for the answer to one attempt of a call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where and as whom to connect.
#[derive(Clone, Debug, Default)]
pub struct AwsOptions {
    /// The region, `us-east-1`.
    pub region: String,
    /// The account; the name of the asset bucket contains it.
    pub account: String,
    /// The profile of the AWS configuration files; none for the usual search for credentials.
    pub profile: Option<String>,
    /// The endpoint of all services; none for AWS itself or what `AWS_ENDPOINT_URL` says.
    pub endpoint_url: Option<String>,
    /// Whether the endpoint is the embedded one, which needs no credentials: nothing is then read from the
    /// environment or the home directory.
    pub embedded: bool,
    /// The bucket for templates that are too large to be sent; none for the one that `bootstrap` makes.
    pub asset_bucket: Option<String>,
}

/// A connection to AWS, or to an endpoint that speaks like it.
#[derive(Clone, Debug)]
pub struct Aws {
    cloudformation: aws_sdk_cloudformation::Client,
    sts: aws_sdk_sts::Client,
    s3: aws_sdk_s3::Client,
    live: live::Services,
    ssm: aws_sdk_ssm::Client,
    account: String,
    region: String,
    asset_bucket: String,
    /// The endpoint when it is not AWS itself.
    endpoint: Option<String>,
    embedded: bool,
    profile: Option<String>,
}

impl Aws {
    /// Loads configuration and credentials. Nothing is sent yet, except what a profile needs to obtain credentials
    /// with the first call.
    pub async fn connect(options: AwsOptions) -> Self {
        let config = if options.embedded {
            embedded(&options)
        } else {
            load(&options).await
        };
        Self::over(&config, options)
    }

    /// Connects as to the embedded endpoint, over another transport and by another clock than this machine's: for whoever
    /// has an endpoint in its own process. `adapt` puts them into the configuration. As each process does, each connection
    /// has a budget of its own for repeating calls.
    pub fn through(options: AwsOptions, adapt: impl FnOnce(SdkConfig) -> SdkConfig) -> Self {
        let config = adapt(embedded(&options));
        let mut connected = Self::over(&config, options);
        let own = || RetryPartition::custom("own").build();
        let cloudformation = connected.cloudformation.config().to_builder();
        let cloudformation = cloudformation.retry_partition(own()).build();
        connected.cloudformation = aws_sdk_cloudformation::Client::from_conf(cloudformation);
        let sts = connected.sts.config().to_builder();
        connected.sts = aws_sdk_sts::Client::from_conf(sts.retry_partition(own()).build());
        let s3 = connected.s3.config().to_builder();
        connected.s3 = aws_sdk_s3::Client::from_conf(s3.retry_partition(own()).build());
        connected
    }

    fn over(config: &SdkConfig, options: AwsOptions) -> Self {
        let endpoint = config.endpoint_url().map(str::to_owned);
        let s3 = aws_sdk_s3::config::Builder::from(config)
            // Virtual-host addresses need a name server that knows them; only AWS has one.
            .force_path_style(endpoint.is_some() || has_own_endpoint(config, "S3"))
            .build();
        // The first call of every command goes to STS: with few attempts a wrong endpoint is reported soon.
        let sts = aws_sdk_sts::config::Builder::from(config)
            .retry_config(RetryConfig::standard().with_max_attempts(2))
            .build();
        Self {
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            sts: aws_sdk_sts::Client::from_conf(sts),
            s3: aws_sdk_s3::Client::from_conf(s3),
            live: live::Services::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            asset_bucket: options
                .asset_bucket
                .unwrap_or_else(|| asset_bucket(&options.account, &options.region)),
            account: options.account,
            region: options.region,
            embedded: options.embedded,
            profile: options.profile,
            endpoint,
        }
    }
}

impl Aws {
    /// The name of the bucket for records and for what is too large to be sent in a call.
    pub fn asset_bucket(&self) -> &str {
        &self.asset_bucket
    }
}

/// The bucket that `bootstrap` makes for what is too large to be sent in a call.
pub fn asset_bucket(account: &str, region: &str) -> String {
    format!("chitinfra-assets-{account}-{region}")
}

/// Makes sure that the credentials belong to the environment's account. This is the first call of every command.
///
/// # Errors
/// They belong to another account, or the call fails.
pub async fn verify_account(cloud: &dyn CloudFormation, expected: &str) -> Result<Caller, Error> {
    let caller = cloud.caller().await?;
    if caller.account == expected {
        Ok(caller)
    } else {
        Err(Error::WrongAccount {
            expected: expected.to_owned(),
            actual: caller.account,
            arn: caller.arn,
        })
    }
}

/// Whether a [service has an address of its own](https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
fn has_own_endpoint(config: &SdkConfig, service: &str) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = |key| config.service_config()?.load_config(key);
    key.ok().and_then(own).is_some()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build()
}

/// Configuration and credentials as the AWS CLI finds them; what the caller names goes first.
async fn load(options: &AwsOptions) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(options.region.clone()))
        .retry_config(RetryConfig::standard().with_max_attempts(6))
        .timeout_config(timeouts());
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader.load().await
}

/// Configuration for the embedded endpoint: nothing of this machine has a say in it.
fn embedded(options: &AwsOptions) -> SdkConfig {
    let credentials = Credentials::new("embedded", "embedded", None, None, "embedded endpoint");
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        // Without TLS there are no certificates to load, which would take longer than a whole plan.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new(options.region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(6)
                .with_initial_backoff(Duration::from_millis(20)),
        )
        .timeout_config(timeouts());
    builder.set_endpoint_url(options.endpoint_url.clone());
    builder.build()
}
