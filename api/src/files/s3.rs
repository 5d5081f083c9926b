//! S3, or a store that speaks like it: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>.
//!
//! An upload is bound by its signature to its key, its length, its media type, its tag and to there being nothing under the
//! key yet. What a URL allows ends with the URL, or with the credentials that signed it.

use std::{fmt, time::Duration};

use aws_sdk_s3::{
    Client,
    config::Builder,
    error::SdkError,
    operation::head_object::{HeadObjectError, HeadObjectOutput},
    presigning::{PresignedRequest, PresigningConfig},
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use ledger::FileKey;
use tokio::{sync::OnceCell, time::timeout};
use url::{Url, form_urlencoded};

use super::{FileStore, Signed, Stored, URL_LIFETIME, Upload};
use crate::{
    aws,
    clock::Clock,
    config::{AwsCredentials, FilesConfig},
    problem::{Kind, Problem},
    upstream,
};

/// The tag that says whom an object is charged to.
const TAG: &str = "chitchatter-customer-id";

/// A bucket of S3's.
pub(super) struct S3 {
    bucket: String,
    region: String,
    endpoint: Option<Url>,
    credentials: Option<AwsCredentials>,
    clock: Clock,
    client: OnceCell<Client>,
}

impl S3 {
    pub(super) fn new(
        config: &FilesConfig,
        credentials: Option<AwsCredentials>,
        clock: Clock,
    ) -> Self {
        Self {
            bucket: config.bucket.clone(),
            region: config.region.clone(),
            endpoint: config.endpoint.clone(),
            credentials,
            clock,
            client: OnceCell::new(),
        }
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(|| self.connect()).await
    }

    async fn connect(&self) -> Client {
        let config = aws::load(&self.region, self.credentials.as_ref(), &self.clock).await;
        let mut s3 = Builder::from(&config);
        if let Some(endpoint) = &self.endpoint {
            // Virtual-host addresses need a name server that knows them; only AWS has one.
            s3 = s3.endpoint_url(endpoint.as_str()).force_path_style(true);
        }
        Client::from_conf(s3.build())
    }

    async fn upload(&self, upload: &Upload<'_>, now: Timestamp) -> Result<Signed, Failure> {
        let client = self.client().await;
        let tag = form_urlencoded::Serializer::new(String::new())
            .append_pair(TAG, upload.owner.as_str())
            .finish();
        let request = client
            .put_object()
            .bucket(&self.bucket)
            .key(upload.key.to_string())
            .content_length(i64::try_from(upload.size).map_err(Failure::silent)?)
            .content_type(upload.content_type)
            .tagging(tag)
            .if_none_match("*");
        let signed = request.customize().mutate_request(drop_query);
        let signed = signed.presigned(presigning(now, URL_LIFETIME)?).await;
        Ok(signed.map_err(Failure::silent)?.into())
    }

    async fn download(
        &self,
        key: &FileKey,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<Signed, Failure> {
        let client = self.client().await;
        let request = client
            .get_object()
            .bucket(&self.bucket)
            .key(key.to_string());
        let signed = request.customize().mutate_request(drop_query);
        let signed = signed.presigned(presigning(now, lifetime)?).await;
        Ok(signed.map_err(Failure::silent)?.into())
    }

    async fn head(&self, key: &FileKey) -> Result<Option<Stored>, Failure> {
        let client = self.client().await;
        let request = client
            .head_object()
            .bucket(&self.bucket)
            .key(key.to_string());
        match request.send().await {
            Ok(found) => stored(&found).map(Some),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(Failure::of(error)),
        }
    }
}

impl fmt::Debug for S3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("S3")
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl FileStore for S3 {
    fn sign_upload<'a>(
        &'a self,
        upload: &'a Upload<'a>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Signed, Problem>> {
        Box::pin(within_patience(self.upload(upload, now)))
    }

    fn sign_download<'a>(
        &'a self,
        key: &'a FileKey,
        now: Timestamp,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<Signed, Problem>> {
        Box::pin(within_patience(self.download(key, now, lifetime)))
    }

    fn find<'a>(&'a self, key: &'a FileKey) -> BoxFuture<'a, Result<Option<Stored>, Problem>> {
        Box::pin(within_patience(self.head(key)))
    }
}

/// Beside what is signed, `Host` and `Content-Length` are left out: every client sends them by itself, and browsers let
/// no page set them.
impl From<PresignedRequest> for Signed {
    fn from(request: PresignedRequest) -> Self {
        let headers = request.headers();
        let headers = headers.filter(|(name, _)| *name != "content-length");
        Self {
            url: request.uri().to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}

/// Why the store cannot be used, for the log; a URL, and with it a signature, is never part of it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it does not answer: {0}")]
    Silent(String),
    #[error("it answers badly: {0}")]
    Bad(String),
}

impl Failure {
    fn silent(error: impl std::error::Error) -> Self {
        Self::Silent(ledger::chain(&error))
    }

    fn of(error: SdkError<HeadObjectError>) -> Self {
        let text = ledger::chain(&error);
        match error.raw_response() {
            Some(response) => Self::Bad(format!("{} {text}", response.status())),
            None => Self::Silent(text),
        }
    }
}

async fn within_patience<T>(
    asking: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Problem> {
    let answer = timeout(upstream::PATIENCE, asking).await;
    let answer = answer.unwrap_or_else(|_| Err(Failure::Silent("it takes too long".to_owned())));
    answer.map_err(|failure| {
        tracing::error!(%failure, "the store of files failed");
        let kind = match failure {
            Failure::Silent(_) => Kind::SilentUpstream,
            Failure::Bad(_) => Kind::BadUpstream,
        };
        let detail = "the store of files does not answer as it should; nothing was charged";
        Problem::new(kind, detail).retry_after(5)
    })
}

fn presigning(now: Timestamp, lifetime: Duration) -> Result<PresigningConfig, Failure> {
    let config = PresigningConfig::builder()
        .start_time(aws::system_time(now))
        .expires_in(lifetime);
    config.build().map_err(Failure::silent)
}

/// Drops `x-id`, by which the SDK says which operation is meant: S3 does not need it, and other SDKs do not send it.
fn drop_query(request: &mut HttpRequest) {
    let plain = request.uri().split('?').next().unwrap_or_default();
    let plain = plain.to_owned();
    request
        .set_uri(plain)
        .expect("a URI is one without its query too");
}

fn is_absent(error: &SdkError<HeadObjectError>) -> bool {
    let response = error.raw_response();
    response.is_some_and(|response| response.status().as_u16() == 404)
}

fn stored(found: &HeadObjectOutput) -> Result<Stored, Failure> {
    let size = found.content_length().and_then(|size| size.try_into().ok());
    let modified = found.last_modified();
    let modified = modified.and_then(|time| Timestamp::from_second(time.secs()).ok());
    match (size, modified) {
        (Some(size), Some(uploaded_at)) => Ok(Stored { size, uploaded_at }),
        _ => Err(Failure::Bad(
            "length or age of a file is missing".to_owned(),
        )),
    }
}
