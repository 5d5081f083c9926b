//! Buckets and their policies.

use aws_sdk_s3::types::{CorsRule, LifecycleRule, ServerSideEncryptionRule};
use serde_json::{Map, Value, json};

use super::{Failure, Properties, Read, Reading, present, present_unless, put};
use crate::{
    aws::{ApiOperation, Aws},
    drift::LiveResource,
};

/// What of a lifecycle rule is put into CloudFormation's form; a rule that says more is left unread.
const OF_A_RULE: [&str; 6] = [
    "AbortIncompleteMultipartUpload",
    "ExpirationInDays",
    "Id",
    "NoncurrentVersionExpiration",
    "Prefix",
    "Status",
];

impl Aws {
    pub(super) async fn read_bucket(&self, resource: &LiveResource) -> Read {
        let name = resource.physical_id.as_str();
        let call = self.call_of(ApiOperation::HeadBucket, resource);
        let answer = self.s3.head_bucket().bucket(name).send().await;
        if present(answer, call)?.is_none() {
            return Ok(None);
        }
        let mut properties = Properties::new();
        put(&mut properties, "BucketName", Some(name));
        let partition = match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            _ if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let arn = format!("arn:{partition}:s3:::{name}");
        let mut reading = Reading::from(properties).with([("Arn", &arn)]);
        for property in resource.properties.keys() {
            let read = match property.as_str() {
                "BucketEncryption" => self.encryption(resource).await,
                "PublicAccessBlockConfiguration" => self.public_access_block(resource).await,
                "VersioningConfiguration" => self.versioning(resource).await,
                "LifecycleConfiguration" if is_simple(resource) => self.lifecycle(resource).await,
                "CorsConfiguration" => self.cors(resource).await,
                "OwnershipControls" => self.ownership(resource).await,
                "Tags" => self.bucket_tags(resource).await,
                _ => continue,
            };
            reading.take(property, read.map(Option::unwrap_or_default))?;
        }
        Ok(Some(reading))
    }

    pub(super) async fn read_bucket_policy(&self, resource: &LiveResource) -> Read {
        let bucket = resource.text("Bucket").unwrap_or(&resource.physical_id);
        let call = self.call_of(ApiOperation::GetBucketPolicy, resource);
        let answer = self.s3.get_bucket_policy().bucket(bucket).send().await;
        let Some(policy) = present(answer, call)?.and_then(|answer| answer.policy) else {
            return Ok(None);
        };
        let mut properties = Properties::new();
        put(&mut properties, "Bucket", Some(bucket));
        let document = serde_json::from_str(&policy).unwrap_or_else(|_| Value::from(policy));
        put(&mut properties, "PolicyDocument", Some(document));
        Ok(Some(properties.into()))
    }

    async fn encryption(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetBucketEncryption, resource);
        let request = self.s3.get_bucket_encryption();
        let answer = request.bucket(&resource.physical_id).send().await;
        let code = "ServerSideEncryptionConfigurationNotFoundError";
        let answer = present_unless(answer, call, &[code])?;
        let found = answer.and_then(|answer| answer.server_side_encryption_configuration);
        Ok(found.map(|found| {
            let rules: Value = found.rules.iter().map(encryption_rule).collect();
            json!({"ServerSideEncryptionConfiguration": rules})
        }))
    }

    async fn public_access_block(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetPublicAccessBlock, resource);
        let request = self.s3.get_public_access_block();
        let answer = request.bucket(&resource.physical_id).send().await;
        let code = "NoSuchPublicAccessBlockConfiguration";
        let answer = present_unless(answer, call, &[code])?;
        let found = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(found.map(|found| {
            json!({
                "BlockPublicAcls": found.block_public_acls.unwrap_or_default(),
                "BlockPublicPolicy": found.block_public_policy.unwrap_or_default(),
                "IgnorePublicAcls": found.ignore_public_acls.unwrap_or_default(),
                "RestrictPublicBuckets": found.restrict_public_buckets.unwrap_or_default(),
            })
        }))
    }

    async fn versioning(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetBucketVersioning, resource);
        let request = self.s3.get_bucket_versioning();
        let answer = request.bucket(&resource.physical_id).send().await;
        let answer = answer.map_err(|error| call.failed(error))?;
        // A bucket that was never versioned says nothing; CloudFormation calls that suspended.
        let status = answer
            .status
            .as_ref()
            .map_or("Suspended", |status| status.as_str());
        Ok(Some(json!({"Status": status})))
    }

    async fn lifecycle(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetBucketLifecycleConfiguration, resource);
        let request = self.s3.get_bucket_lifecycle_configuration();
        let answer = request.bucket(&resource.physical_id).send().await;
        let answer = present_unless(answer, call, &["NoSuchLifecycleConfiguration"])?;
        let rules = answer.and_then(|answer| answer.rules);
        Ok(rules.map(|rules| {
            let rules: Value = rules.iter().map(lifecycle_rule).collect();
            json!({"Rules": rules})
        }))
    }

    async fn cors(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetBucketCors, resource);
        let request = self.s3.get_bucket_cors().bucket(&resource.physical_id);
        let answer = present_unless(request.send().await, call, &["NoSuchCORSConfiguration"])?;
        let rules = answer.and_then(|answer| answer.cors_rules);
        Ok(rules.map(|rules| {
            let rules: Value = rules.into_iter().map(cors_rule).collect();
            json!({"CorsRules": rules})
        }))
    }

    async fn ownership(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetBucketOwnershipControls, resource);
        let request = self.s3.get_bucket_ownership_controls();
        let answer = request.bucket(&resource.physical_id).send().await;
        let answer = present_unless(answer, call, &["OwnershipControlsNotFoundError"])?;
        let found = answer.and_then(|answer| answer.ownership_controls);
        Ok(found.map(|found| {
            let rules = found.rules.iter();
            let rules: Value = rules
                .map(|rule| json!({"ObjectOwnership": rule.object_ownership.as_str()}))
                .collect();
            json!({"Rules": rules})
        }))
    }

    async fn bucket_tags(&self, resource: &LiveResource) -> Result<Option<Value>, Failure> {
        let call = self.call_of(ApiOperation::GetBucketTagging, resource);
        let request = self.s3.get_bucket_tagging().bucket(&resource.physical_id);
        let answer = present_unless(request.send().await, call, &["NoSuchTagSet"])?;
        Ok(answer.map(|answer| {
            let tags = answer.tag_set.into_iter();
            tags.map(|tag| json!({"Key": tag.key, "Value": tag.value}))
                .collect()
        }))
    }
}

fn encryption_rule(rule: &ServerSideEncryptionRule) -> Value {
    let mut told = Map::new();
    if let Some(default) = &rule.apply_server_side_encryption_by_default {
        let mut by_default = Map::new();
        let algorithm = default.sse_algorithm.as_str();
        by_default.insert("SSEAlgorithm".to_owned(), json!(algorithm));
        if let Some(key) = &default.kms_master_key_id {
            by_default.insert("KMSMasterKeyID".to_owned(), json!(key));
        }
        told.insert(
            "ServerSideEncryptionByDefault".to_owned(),
            by_default.into(),
        );
    }
    if let Some(enabled) = rule.bucket_key_enabled {
        told.insert("BucketKeyEnabled".to_owned(), json!(enabled));
    }
    told.into()
}

/// Whether the template's lifecycle rules can be compared with what is read.
fn is_simple(resource: &LiveResource) -> bool {
    let lifecycle = resource.properties.get("LifecycleConfiguration");
    let rules = lifecycle.and_then(|lifecycle| lifecycle["Rules"].as_array());
    rules.into_iter().flatten().all(|rule| {
        let mut members = rule.as_object().into_iter().flatten();
        members.all(|(name, _)| OF_A_RULE.contains(&name.as_str()))
    })
}

fn lifecycle_rule(rule: &LifecycleRule) -> Value {
    let mut told = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            told.insert(name.to_owned(), value);
        }
    };
    put("Id", rule.id.clone().map(Into::into));
    put("Status", Some(json!(rule.status.as_str())));
    #[expect(deprecated, reason = "old rules still have it")]
    let prefix = rule.prefix.clone();
    let filtered = rule
        .filter
        .as_ref()
        .and_then(|filter| filter.prefix.clone());
    let prefix = prefix.or(filtered).filter(|prefix| !prefix.is_empty());
    put("Prefix", prefix.map(Into::into));
    let days = rule
        .expiration
        .as_ref()
        .and_then(|expiration| expiration.days);
    put("ExpirationInDays", days.map(Into::into));
    put(
        "NoncurrentVersionExpiration",
        rule.noncurrent_version_expiration
            .as_ref()
            .map(|expiration| {
                json!({
                    "NoncurrentDays": expiration.noncurrent_days,
                    "NewerNoncurrentVersions": expiration.newer_noncurrent_versions,
                })
            }),
    );
    put(
        "AbortIncompleteMultipartUpload",
        rule.abort_incomplete_multipart_upload
            .as_ref()
            .map(|abort| json!({"DaysAfterInitiation": abort.days_after_initiation})),
    );
    told.into()
}

fn cors_rule(rule: CorsRule) -> Value {
    let mut told = Map::new();
    let lists = [
        ("AllowedHeaders", rule.allowed_headers),
        ("AllowedMethods", Some(rule.allowed_methods)),
        ("AllowedOrigins", Some(rule.allowed_origins)),
        ("ExposedHeaders", rule.expose_headers),
    ];
    for (name, list) in lists {
        if let Some(list) = list.filter(|list| !list.is_empty()) {
            told.insert(name.to_owned(), json!(list));
        }
    }
    if let Some(id) = rule.id {
        told.insert("Id".to_owned(), json!(id));
    }
    if let Some(age) = rule.max_age_seconds {
        told.insert("MaxAge".to_owned(), json!(age));
    }
    told.into()
}
