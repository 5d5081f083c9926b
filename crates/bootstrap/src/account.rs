//! What an account and region has once, whoever deploys there.

use serde_json::{Map, Value, json};

use crate::{VERSION, VERSION_OUTPUT, VERSION_PARAMETER, scope::Scope};

/// Who vouches for workflows of GitHub, as IAM names it.
pub(crate) const ISSUER: &str = "token.actions.githubusercontent.com";

/// Whom the tokens of workflows are for.
pub const AUDIENCE: &str = "sts.amazonaws.com";

/// The logical id of GitHub's identity provider in the account's stack.
pub const IDENTITY_PROVIDER: &str = "GitHub";

/// How long an object is kept that was overwritten or deleted. Records and templates are small.
const KEEP_OVERWRITTEN_DAYS: u32 = 90;

/// How long an upload may be left unfinished.
const UNFINISHED_UPLOAD_DAYS: u32 = 7;

/// Whether the account's stack declares GitHub's identity provider, of which an account can have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityProvider {
    /// There is none yet, or this stack made it.
    Declared,
    /// No environment asks for it, or another made it.
    Left,
}

/// The ARN of GitHub's identity provider.
pub fn identity_provider_arn(scope: &Scope) -> String {
    scope.iam(&format!("oidc-provider/{ISSUER}"))
}

/// The template of the account's stack.
pub fn account(scope: &Scope, provider: IdentityProvider) -> Value {
    let mut resources = Map::new();
    let mut add = |id: &str, resource: Value| resources.insert(id.to_owned(), resource);
    add("Assets", bucket(scope));
    add("AssetsPolicy", bucket_policy());
    add(
        "VersionParameter",
        json!({
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": VERSION_PARAMETER,
                "Description": "The version of what `chitinfra bootstrap` made here",
                "Type": "String",
                "Value": VERSION.to_string(),
            },
        }),
    );
    if provider == IdentityProvider::Declared {
        add(
            IDENTITY_PROVIDER,
            json!({
                "Type": "AWS::IAM::OIDCProvider",
                // Environments in other regions of the account rely on it too.
                "DeletionPolicy": "RetainExceptOnCreate",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "Url": format!("https://{ISSUER}"),
                    "ClientIdList": [AUDIENCE],
                },
            }),
        );
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What chitinfra has once in an account and region: the bucket of templates and records, who vouches for workflows",
        "Resources": resources,
        "Outputs": {
            VERSION_OUTPUT: {"Value": VERSION.to_string()},
            "AssetBucket": {"Value": {"Ref": "Assets"}},
        },
    })
}

/// The bucket of templates and records. Records are kept for ever; nothing of it goes with the stack.
fn bucket(scope: &Scope) -> Value {
    json!({
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketName": scope.asset_bucket,
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
            ]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": true,
                "BlockPublicPolicy": true,
                "IgnorePublicAcls": true,
                "RestrictPublicBuckets": true,
            },
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {"Rules": [
                {
                    "Id": "overwritten",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_OVERWRITTEN_DAYS},
                },
                {
                    "Id": "unfinished",
                    "Status": "Enabled",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_UPLOAD_DAYS},
                },
            ]},
        },
    })
}

fn bucket_policy() -> Value {
    json!({
        "Type": "AWS::S3::BucketPolicy",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "Bucket": {"Ref": "Assets"},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Sid": "OnlyOverTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [
                        {"Fn::GetAtt": ["Assets", "Arn"]},
                        {"Fn::Sub": "${Assets.Arn}/*"},
                    ],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }],
            },
        },
    })
}
