//! Real resource types, with the facts of their schemas.

use indexmap::IndexMap;
use plan::{Action, Options, Reason, SchemaFacts, StackDiff};
use serde_json::{Value, json};

use crate::words;

fn diff(before: &Value, after: &Value) -> StackDiff {
    plan::diff(
        before,
        after,
        &SchemaFacts,
        &IndexMap::new(),
        &Options::default(),
    )
}

fn template() -> Value {
    json!({"Resources": {
        "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {
            "Policies": {"PasswordPolicy": {"MinimumLength": 8}}}},
        "Web": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {
            "UserPoolId": {"Ref": "Users"}, "GenerateSecret": false,
            "CallbackURLs": ["https://a.example", "https://b.example"]}},
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {
            "BucketName": "files", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}},
        "Limits": {"Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": {"Ref": "Files"},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": [{"Fn::GetAtt": ["Files", "Arn"]}, {"Fn::Sub": "${Files.Arn}/*"}],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
            "Policies": [{"PolicyName": "files", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "arn:aws:s3:::${Files}/*"}}]}}]}}
    }})
}

#[test]
fn a_longer_password_is_one_property_in_place() {
    let mut after = template();
    after["Resources"]["Users"]["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"] =
        json!(12);
    let diff = diff(&template(), &after);
    assert_eq!(
        words(&diff),
        [("Users", Action::Update, Reason::PropertyChanged)]
    );
    let property = &diff.changes[0].properties[0];
    assert_eq!(
        property.path,
        ["Policies", "PasswordPolicy", "MinimumLength"]
    );
    assert_eq!(
        (&property.before, &property.after),
        (&Some(json!(8)), &Some(json!(12)))
    );
    assert!(diff.changes[0].stateful);
}

#[test]
fn a_bucket_of_another_name_takes_its_followers_along() {
    let mut after = template();
    after["Resources"]["Files"]["Properties"]["BucketName"] = json!("other");
    let diff = diff(&template(), &after);
    assert_eq!(
        words(&diff),
        [
            ("Files", Action::Replace, Reason::PropertyChanged),
            ("Limits", Action::Replace, Reason::ReferenceReplaced),
            ("Role", Action::Update, Reason::ReferenceReplaced),
        ]
    );
    assert!(diff.changes[0].stateful && !diff.security.widened);
}

#[test]
fn a_client_with_a_secret_is_another_client() {
    let mut after = template();
    after["Resources"]["Web"]["Properties"]["GenerateSecret"] = json!(true);
    assert_eq!(diff(&template(), &after).summary.replace, 1);
}

#[test]
fn another_form_of_all_this_is_no_change() {
    let mut after = template();
    let resources = &mut after["Resources"];
    resources["Users"]["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"] = json!("8");
    resources["Web"]["Properties"]["GenerateSecret"] = json!("false");
    resources["Files"]["Properties"]["Tags"] =
        json!([{"Key": "b", "Value": 2}, {"Value": "1", "Key": "a"}]);
    let statement = &mut resources["Limits"]["Properties"]["PolicyDocument"]["Statement"];
    *statement = statement[0].take();
    statement["Resource"]
        .as_array_mut()
        .expect("a list")
        .reverse();
    let trust = &mut resources["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    trust["Action"] = json!(["sts:AssumeRole"]);
    let diff = diff(&template(), &after);
    assert_eq!(diff.changes, []);
    assert_eq!(diff.equivalent, ["Users", "Web", "Files", "Limits", "Role"]);
}

#[test]
fn a_role_that_may_do_more_widens() {
    let mut after = template();
    let policy = &mut after["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"];
    policy["Statement"][0]["Action"] = json!(["s3:GetObject", "s3:PutObject"]);
    let diff = diff(&template(), &after);
    assert_eq!(
        words(&diff),
        [("Role", Action::Update, Reason::PropertyChanged)]
    );
    assert!(diff.security.widened);
    let added = &diff.security.iam[0];
    assert_eq!(added.resources, ["arn:aws:s3:::${Files}/*"]);
    assert_eq!(diff.security.iam.len(), 2);
}
