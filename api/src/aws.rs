//! The connection to AWS, made when it is first needed: finding credentials and reading the machine's certificates take
//! longer than a start.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, identity::IdentityCache, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::{clock::Clock, config::AwsCredentials, upstream};

/// How long to wait for a connection.
const CONNECTING: Duration = Duration::from_secs(2);

/// How long credentials must be valid yet to be used: what is signed with temporary ones dies with them, and a link lives
/// for 15 minutes.
const LEAST_VALIDITY: Duration = Duration::from_secs(16 * 60);

/// What the clients of all services are made from. Credentials are those that the configuration holds, or they are
/// [searched for as usual](https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html) with the first
/// call: profile, web identity, container, instance.
pub(crate) async fn load(
    region: &str,
    credentials: Option<&AwsCredentials>,
    clock: &Clock,
) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECTING)
        .operation_timeout(upstream::PATIENCE)
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .http_client(http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(2))
        .timeout_config(timeouts)
        .time_source(clock.clone());
    let loader = match credentials {
        Some(given) => loader.credentials_provider(Credentials::new(
            &given.access_key_id,
            given.secret_access_key.reveal(),
            given
                .session_token
                .as_ref()
                .map(|token| token.reveal().to_owned()),
            None,
            "environment",
        )),
        None => loader,
    };
    let config = loader.load().await;
    let Some(source) = config.credentials_provider() else {
        return config;
    };
    let lasting = Lasting {
        source,
        clock: clock.clone(),
        kept: Mutex::default(),
    };
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(lasting))
        .identity_cache(IdentityCache::no_cache())
        .build()
}

/// Credentials that last long enough to sign with. The SDK's own memory of them gives no such promise: it is left at random
/// how early they are renewed.
#[derive(Debug)]
struct Lasting {
    source: SharedCredentialsProvider,
    clock: Clock,
    kept: Mutex<Option<Credentials>>,
}

impl Lasting {
    async fn get(&self) -> Result<Credentials, CredentialsError> {
        let mut kept = self.kept.lock().await;
        let now = system_time(self.clock.now());
        let lasts = |credentials: &Credentials, until| {
            let expiry = credentials.expiry();
            expiry.is_none_or(|expiry| expiry >= until)
        };
        if let Some(good) = kept
            .as_ref()
            .filter(|kept| lasts(kept, now + LEAST_VALIDITY))
        {
            return Ok(good.clone());
        }
        match self.source.provide_credentials().await {
            Ok(new) => Ok(kept.insert(new).clone()),
            // Better a link that ends early than none.
            Err(error) => kept.clone().filter(|kept| lasts(kept, now)).ok_or(error),
        }
    }
}

impl ProvideCredentials for Lasting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.get())
    }
}

/// The client of all services: each would keep the machine's certificates for itself.
fn http_client() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https()
    });
    client.clone()
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        system_time(Self::now(self))
    }
}

/// A time in whole seconds, as the SDK takes it.
pub(crate) fn system_time(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.as_second().unsigned_abs())
}
