//! Resources of the services that are asked themselves, with every property that is read of them, and what something else
//! makes of each.

use axum::{
    body::Bytes,
    http::{Request, StatusCode},
};
use local::{Answered, SeenResource};
use serde_json::{Map, Value, json};

use crate::world::World;

fn allow(action: &str, resource: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource}]})
}

/// Resources by logical id.
pub(super) fn fixtures() -> Map<String, Value> {
    let all = json!({
        "Reader": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "Description": "reads",
            "MaxSessionDuration": 7200,
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "Policies": [{"PolicyName": "own", "PolicyDocument": allow("s3:ListAllMyBuckets", json!("*"))}],
            "Tags": [{"Key": "owner", "Value": "us"}],
        }},
        "Grant": {"Type": "AWS::IAM::Policy", "Properties": {
            "PolicyName": "grant",
            "Roles": [{"Ref": "Reader"}],
            "PolicyDocument": allow("s3:GetObject", json!({"Fn::Sub": "${Files.Arn}/*"})),
        }},
        "Limit": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {
            "Description": "limits",
            "Roles": [{"Ref": "Reader"}],
            "PolicyDocument": allow("s3:GetObject", json!("*")),
        }},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
            "CorsConfiguration": {"CorsRules": [
                {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://a.example"], "MaxAge": 60}]},
            "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1, "Prefix": "tmp/"}]},
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "RestrictPublicBuckets": true},
            "Tags": [{"Key": "owner", "Value": "us"}],
            "VersioningConfiguration": {"Status": "Enabled"},
        }},
        "FilesPolicy": {"Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": {"Ref": "Files"},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": {"Fn::Sub": "${Files.Arn}/*"},
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]},
        }},
        "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {
            "UserPoolName": "users",
            "UsernameAttributes": ["email"],
            "MfaConfiguration": "OPTIONAL",
            "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
            "Policies": {"PasswordPolicy": {"MinimumLength": "12", "RequireNumbers": true}},
            "Schema": [
                {"Name": "email", "AttributeDataType": "String", "Required": true},
                {"Name": "plan", "AttributeDataType": "String", "Mutable": true}],
            "UserPoolTags": {"owner": "us"},
        }},
        "Web": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {
            "UserPoolId": {"Ref": "Users"},
            "ClientName": "web",
            "GenerateSecret": false,
            "CallbackURLs": ["https://a.example", "http://localhost:3000"],
        }},
        "SignIn": {"Type": "AWS::Cognito::UserPoolDomain", "Properties": {
            "UserPoolId": {"Ref": "Users"}, "Domain": "sign-in", "ManagedLoginVersion": 2,
        }},
        "Budget": {"Type": "AWS::Budgets::Budget", "Properties": {
            "Budget": {
                "BudgetName": "monthly", "BudgetType": "COST", "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": 100, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [{
                "Notification": {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80},
                "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "a@b.example"}],
            }],
        }},
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

/// What something else makes of a fixture: values by their place in its properties.
fn changes(logical_id: &str) -> Value {
    let action = "/PolicyDocument/Statement/0/Action";
    match logical_id {
        "Reader" => {
            json!({"/Description": "writes", "/Tags/0/Value": "them", "/Policies/0/PolicyDocument/Statement/0/Action": "*"})
        }
        "Grant" | "Limit" => json!({action: "s3:*"}),
        "FilesPolicy" => json!({action: "s3:GetObject"}),
        "Files" => json!({
            "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/SSEAlgorithm": "aws:kms",
            "/CorsConfiguration/CorsRules/0/MaxAge": 7,
            "/LifecycleConfiguration/Rules/0/ExpirationInDays": 7,
            "/OwnershipControls/Rules/0/ObjectOwnership": "ObjectWriter",
            "/PublicAccessBlockConfiguration/BlockPublicAcls": false,
            "/Tags/0/Value": "them",
            "/VersioningConfiguration/Status": "Suspended",
        }),
        "Users" => json!({
            "/MfaConfiguration": "ON",
            "/Policies/PasswordPolicy/MinimumLength": 8,
            "/UserPoolTags/owner": "them",
        }),
        "Web" => json!({"/CallbackURLs/0": "https://b.example"}),
        "SignIn" => json!({"/ManagedLoginVersion": 1}),
        "Budget" => json!({"/Budget/BudgetLimit/Amount": 200}),
        _ => json!({}),
    }
}

/// Something else changes the fixtures among resources.
pub(super) async fn disturb(world: &World, resources: &[SeenResource]) {
    for resource in resources {
        let changes = changes(&resource.logical_id);
        let changes = changes.as_object().into_iter().flatten();
        let patch: Vec<Value> = changes
            .map(|(path, value)| json!({"op": "replace", "path": path, "value": value}))
            .collect();
        if patch.is_empty() {
            continue;
        }
        let id = resource.physical_id.clone().unwrap_or_default();
        let properties: Value = serde_json::from_str(&resource.properties).unwrap_or_default();
        // Of several parts, the pool is the first.
        let identifier = match properties["UserPoolId"].as_str() {
            Some(pool) => format!("{pool}|{id}"),
            None => id,
        };
        let asked = json!({
            "TypeName": resource.resource_type,
            "Identifier": identifier,
            "PatchDocument": Value::from(patch).to_string(),
        });
        let request = Request::post("/")
            .header("x-amz-target", "CloudApiService.UpdateResource")
            .body(Bytes::from(asked.to_string()))
            .expect("its parts are plain");
        match world.endpoint().answer_with(request, None).await {
            Answered::Whole(response) if response.status() == StatusCode::OK => {}
            answered => world.accuse(format_args!("{identifier} stays as it is: {answered:?}")),
        }
    }
}
