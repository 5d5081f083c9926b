//! The asset bucket as an object store.

use std::{error::Error as StdError, time::Duration};

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::{ApiOperation, Aws, failure::Call};
use crate::{
    error::{AwsError, AwsErrorKind},
    port::Answer,
    store::{Object, ObjectStore, Tag},
};

/// How often S3 is asked again when it says that another conditional write was under way, and how long before each time.
const QUARRELS: u32 = 5;
const QUARREL_REST: Duration = Duration::from_millis(200);

/// What a write expects to be there.
#[derive(Clone, Copy, Debug)]
enum Before<'a> {
    /// Whatever it is.
    Any,
    /// No object.
    Nothing,
    /// The object of this tag.
    This(&'a Tag),
}

impl Aws {
    /// Stores a text under a key, in place of whatever is there.
    pub(super) async fn put_text(&self, key: &str, body: &str) -> Result<(), Box<AwsError>> {
        self.put(key, body.as_bytes(), Before::Any).await?;
        Ok(())
    }

    /// Writes an object. A development environment needs no bootstrap: its bucket is made when it is first needed.
    async fn put(&self, key: &str, body: &[u8], before: Before<'_>) -> Result<Tag, Box<AwsError>> {
        match self.put_object(key, body, before).await {
            Err(error) if self.embedded && error.is_missing_bucket() => {
                self.create_bucket().await?;
                self.put_object(key, body, before).await
            }
            answer => answer,
        }
    }

    async fn put_object(
        &self,
        key: &str,
        body: &[u8],
        before: Before<'_>,
    ) -> Result<Tag, Box<AwsError>> {
        let request = self
            .s3
            .put_object()
            .bucket(&self.asset_bucket)
            // Names of buckets are anybody's: it must be one of the environment's account.
            .expected_bucket_owner(&self.account)
            .key(key)
            .content_type("application/json")
            .body(body.to_vec().into());
        let request = match before {
            Before::Any => request,
            Before::Nothing => request.if_none_match("*"),
            Before::This(tag) => request.if_match(&tag.0),
        };
        let answer = request.send().await;
        let answer = answer.map_err(|error| {
            self.call(ApiOperation::PutObject, self.asset_bucket.as_str())
                .failed(error)
        })?;
        Ok(Tag(answer.e_tag.unwrap_or_default()))
    }

    async fn create_bucket(&self) -> Result<(), Box<AwsError>> {
        let call = self.call(ApiOperation::CreateBucket, self.asset_bucket.as_str());
        let request = self.s3.create_bucket().bucket(&self.asset_bucket);
        let answer = request.send().await.map_err(|error| call.failed(error));
        match answer {
            Err(error) if error.code.as_deref() != Some("BucketAlreadyOwnedByYou") => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes on a condition; nothing when it does not hold.
    async fn put_if(
        &self,
        key: &str,
        body: &[u8],
        before: Before<'_>,
    ) -> Result<Option<Tag>, Box<AwsError>> {
        for _ in 0..QUARRELS {
            let error = match self.put(key, body, before).await {
                Ok(tag) => return Ok(Some(tag)),
                Err(error) => error,
            };
            match error.code.as_deref() {
                Some("PreconditionFailed" | "NoSuchKey") => return Ok(None),
                Some("ConditionalRequestConflict") => tokio::time::sleep(QUARREL_REST).await,
                _ => return Err(error),
            }
        }
        // Someone else wrote each time: what was read is no longer what is there.
        Ok(None)
    }

    /// An answer for which a bucket of a development environment that is yet to be made is an empty one.
    fn or_empty<T: Default, E>(
        &self,
        call: Call<'_>,
        answer: Result<T, SdkError<E>>,
    ) -> Result<T, Box<AwsError>>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match answer.map_err(|error| call.failed(error)) {
            Err(error) if self.embedded && error.is_missing_bucket() => Ok(T::default()),
            answer => answer,
        }
    }
}

impl ObjectStore for Aws {
    fn object<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Object>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::GetObject, self.asset_bucket.as_str());
            let request = self.s3.get_object().bucket(&self.asset_bucket).key(key);
            let request = request.expected_bucket_owner(&self.account);
            let answer = self.or_empty(call, request.send().await.map(Some));
            let found = match answer {
                Err(error) if error.code.as_deref() == Some("NoSuchKey") => None,
                answer => answer?,
            };
            let Some(found) = found else {
                return Ok(None);
            };
            let body = found.body.collect().await.map_err(|error| {
                Box::new(AwsError {
                    operation: ApiOperation::GetObject,
                    target: Some(key.to_owned()),
                    kind: AwsErrorKind::TimedOut,
                    code: None,
                    message: format!("the content broke off: {error}"),
                    request_id: None,
                })
            })?;
            Ok(Some(Object {
                body: body.to_vec(),
                tag: Tag(found.e_tag.unwrap_or_default()),
            }))
        })
    }

    fn put_new<'a>(&'a self, key: &'a str, body: &'a [u8]) -> Answer<'a, Option<Tag>> {
        Box::pin(self.put_if(key, body, Before::Nothing))
    }

    fn put_if_unchanged<'a>(
        &'a self,
        key: &'a str,
        body: &'a [u8],
        tag: &'a Tag,
    ) -> Answer<'a, Option<Tag>> {
        Box::pin(self.put_if(key, body, Before::This(tag)))
    }

    fn keys<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListObjectsV2, self.asset_bucket.as_str());
            let request = self.s3.list_objects_v2().bucket(&self.asset_bucket);
            let request = request.expected_bucket_owner(&self.account).prefix(prefix);
            let mut pages = request.into_paginator().send();
            let mut keys = Vec::new();
            while let Some(page) = pages.next().await {
                let page = self.or_empty(call, page.map(Some))?;
                let objects = page.and_then(|page| page.contents).unwrap_or_default();
                keys.extend(objects.into_iter().filter_map(|object| object.key));
            }
            keys.sort();
            Ok(keys)
        })
    }

    fn folders<'a>(&'a self, prefix: &'a str) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let call = self.call(ApiOperation::ListObjectsV2, self.asset_bucket.as_str());
            let request = self.s3.list_objects_v2().bucket(&self.asset_bucket);
            let request = request.expected_bucket_owner(&self.account);
            let request = request.prefix(prefix).delimiter("/");
            let mut pages = request.into_paginator().send();
            let mut folders = Vec::new();
            while let Some(page) = pages.next().await {
                let page = self.or_empty(call, page.map(Some))?;
                let common = page
                    .and_then(|page| page.common_prefixes)
                    .unwrap_or_default();
                let names = common.iter().filter_map(|common| {
                    let rest = common.prefix()?.strip_prefix(prefix)?;
                    Some(rest.trim_end_matches('/').to_owned())
                });
                folders.extend(names);
            }
            folders.sort();
            Ok(folders)
        })
    }
}
