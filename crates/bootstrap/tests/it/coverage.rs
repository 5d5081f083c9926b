//! Whether what was bootstrapped is enough.

use bootstrap::{Needs, unbounded, uncovered};
use serde_json::json;

use crate::{environment, of, scope, stacks_of};

fn lacking(before: &[serde_json::Value], after: &[serde_json::Value]) -> Vec<String> {
    let scope = scope();
    let needs = Needs::of(&scope, after, &[]);
    let found = uncovered(&environment(before), &needs, &scope);
    found.into_iter().map(|one| one.type_name).collect()
}

#[test]
fn what_was_derived_from_the_same_stacks_is_enough() {
    let stacks = stacks_of("staging");
    assert_eq!(lacking(&stacks, &stacks), [""; 0]);
    // Fewer resources need no more.
    assert_eq!(lacking(&stacks, &stacks[1..]), [""; 0]);
}

#[test]
fn a_new_type_and_a_new_name_are_told() {
    let stacks = stacks_of("staging");
    let mut more = stacks.clone();
    more.push(of(json!({"Jobs": {"Type": "AWS::SQS::Queue"}})));
    assert_eq!(lacking(&stacks, &more), ["AWS::SQS::Queue"]);

    let mut named = stacks.clone();
    named.push(of(
        json!({"Other": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-acme"}}}),
    ));
    let found = lacking(&stacks, &named);
    assert!(found.contains(&"AWS::S3::Bucket".to_owned()), "{found:?}");
    assert_eq!(lacking(&named, &stacks), [""; 0]);
}

#[test]
fn a_service_that_a_role_is_newly_allowed_is_told() {
    let role = |action: &str| {
        of(
            json!({"Api": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument":
            {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}}]}}}),
        )
    };
    assert_eq!(
        lacking(&[role("s3:GetObject")], &[role("s3:PutObject")]),
        [""; 0]
    );
    assert_eq!(
        lacking(&[role("s3:GetObject")], &[role("polly:SynthesizeSpeech")]),
        ["policies of roles"]
    );
}

#[test]
fn roles_without_the_boundary_are_found() {
    let boundary = "arn:aws:iam::111122223333:policy/chitinfra/chitchatter-staging-boundary";
    let role = |boundary: serde_json::Value| json!({"Type": "AWS::IAM::Role", "Properties": {"PermissionsBoundary": boundary}});
    let template = of(json!({
        "Good": role(json!(boundary)),
        "Filled": role(json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/chitinfra/chitchatter-staging-boundary"})),
        "Other": role(json!("arn:aws:iam::111122223333:policy/mine")),
        "Unknown": role(json!({"Ref": "Parameter"})),
        "None": {"Type": "AWS::IAM::User"},
        "Bucket": {"Type": "AWS::S3::Bucket"},
    }));
    assert_eq!(unbounded(&template, &scope()), ["Other", "None"]);
}
