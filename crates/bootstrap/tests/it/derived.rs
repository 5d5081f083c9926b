//! That CloudFormation's role may do what the declared types need, and nothing of services they do not need.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample};
use serde_json::{Map, Value, json};

use crate::{environment, made, of, stacks_of};

/// Types from all over, those of Chitchatter Pro among them.
fn some_types() -> impl Strategy<Value = Vec<&'static str>> {
    let all: Vec<&'static str> = schema::type_names()
        .filter(|name| *name != "AWS::CloudFormation::CustomResource")
        .collect();
    prop::collection::vec(sample::select(all), 1..25)
}

fn template_of(types: &[&str]) -> Value {
    let resources: Map<String, Value> = types
        .iter()
        .enumerate()
        .map(|(index, name)| (format!("R{index}"), json!({"Type": name, "Properties": {}})))
        .collect();
    of(resources.into())
}

/// The permissions of the handlers of a type, in lower case.
fn needed(type_name: &str) -> BTreeSet<String> {
    let facts = schema::resource_type(type_name).expect("it is a type");
    let handlers = &facts.handlers;
    [
        &handlers.create,
        &handlers.read,
        &handlers.update,
        &handlers.delete,
    ]
    .into_iter()
    .flatten()
    .filter(|permission| !permission.starts_with("noservice:"))
    .map(|permission| permission.to_ascii_lowercase())
    .collect()
}

/// The actions that the role's policies allow, in lower case.
fn allowed(template: &Value) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().expect("an object");
    resources
        .iter()
        .filter(|(id, _)| id.starts_with("ExecutionPolicy"))
        .flat_map(|(_, policy)| {
            policy["Properties"]["PolicyDocument"]["Statement"]
                .as_array()
                .expect("a list")
        })
        .flat_map(|statement| statement["Action"].as_array().expect("a list"))
        .map(|action| action.as_str().expect("a text").to_ascii_lowercase())
        .collect()
}

/// Calls that handlers list as permissions, and that IAM allows by actions of other names.
const CALLS: [&str; 9] = [
    "s3:deletebucketanalyticsconfiguration",
    "s3:deletebucketcors",
    "s3:deletebucketencryption",
    "s3:deletebucketlifecycle",
    "s3:deletebucketmetricsconfiguration",
    "s3:deletebucketreplication",
    "s3:deletebuckettagging",
    "s3:putbucketreplication",
    "s3:putobjectlockconfiguration",
];

fn is_allowed(allowed: &BTreeSet<String>, permission: &str) -> bool {
    let mut allowed = allowed.iter();
    CALLS.contains(&permission) || allowed.any(|action| crate::evaluation::glob(action, permission))
}

fn check(template: &Value, types: &[&str]) -> Result<(), String> {
    let allowed = allowed(template);
    let mut services = BTreeSet::new();
    for type_name in types {
        for permission in needed(type_name) {
            services.insert(permission.split(':').next().unwrap_or_default().to_owned());
            if !is_allowed(&allowed, &permission) {
                return Err(format!("{type_name} lacks {permission}"));
            }
        }
        let tagging = &schema::resource_type(type_name).expect("a type").tagging;
        let tags = tagging.permissions.iter();
        services.extend(tags.filter_map(|one| Some(one.split_once(':')?.0.to_ascii_lowercase())));
        // Types without handlers need their own service.
        let own = type_name.split("::").nth(1).unwrap_or_default();
        services.insert(own.to_ascii_lowercase());
    }
    for action in &allowed {
        let service = action.split(':').next().unwrap_or_default();
        if !services.contains(service) {
            return Err(format!("{action} is of no service that is needed"));
        }
    }
    Ok(())
}

#[test]
fn every_type_of_chitchatter_pro_gets_what_it_needs_and_no_service_more() {
    for name in ["staging", "production"] {
        let templates = stacks_of(name);
        let types: BTreeSet<&str> = templates
            .iter()
            .flat_map(|template| {
                template["Resources"]
                    .as_object()
                    .expect("an object")
                    .values()
            })
            .filter_map(|resource| resource["Type"].as_str())
            .collect();
        let types: Vec<&str> = types.into_iter().collect();
        assert!(types.len() > 10, "{types:?}");
        check(&environment(&templates), &types).unwrap_or_else(|lack| panic!("{lack}"));
    }
}

#[test]
fn nothing_is_allowed_everywhere_that_could_be_limited() {
    let template = environment(&stacks_of("staging"));
    let resources = template["Resources"].as_object().expect("an object");
    for (id, policy) in resources
        .iter()
        .filter(|(id, _)| id.starts_with("ExecutionPolicy"))
    {
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
            .as_array()
            .expect("a list")
        {
            let actions: Vec<&str> = statement["Action"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Value::as_str)
                .collect();
            assert!(
                actions.iter().all(|action| !action.contains('*')),
                "{id}: {actions:?}"
            );
            if statement["Resource"] == json!(["*"]) {
                for action in actions {
                    assert!(schema::iam_targets(action).is_empty(), "{id}: {action}");
                }
            }
        }
    }
    // What has a name is limited to the names of the environment.
    let text = template.to_string();
    for arn in [
        "arn:aws:s3:::chitchatter-staging-*",
        "arn:aws:iam::111122223333:role/chitchatter-staging-*",
        "arn:aws:sns:us-east-1:111122223333:chitchatter-staging-*",
        "arn:aws:iam::111122223333:oidc-provider/oidc.vercel.com/chitchatter",
        "arn:aws:cognito-idp:us-east-1:111122223333:userpool/*",
    ] {
        assert!(text.contains(arn), "{arn}");
    }
    assert!(!text.contains(r#""arn:aws:iam::111122223333:role/*""#));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn every_type_gets_what_it_needs_and_no_service_more_or_is_refused(types in some_types()) {
        match made(&[template_of(&types)]) {
            Ok(template) => {
                crate::limits::check(&template);
                if let Err(lack) = check(&template, &types) {
                    prop_assert!(false, "{lack} of {types:?}");
                }
            }
            Err(too_much) => prop_assert!(false, "{too_much} for {types:?}"),
        }
    }
}

#[test]
fn names_are_taken_from_the_templates() {
    let resources = json!({
        "Literal": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "reports-of-acme"}},
        "Made": {"Type": "AWS::S3::Bucket"},
        "Joined": {"Type": "AWS::SQS::Queue", "Properties":
            {"QueueName": {"Fn::Join": ["-", ["jobs", {"Ref": "AWS::Region"}]]}}},
        "Filled": {"Type": "AWS::SNS::Topic", "Properties":
            {"TopicName": {"Fn::Sub": "${AWS::StackName}-alerts"}}},
        "Unknown": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Ref": "Parameter"}}},
        "Path": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/team/"}},
        "Grant": {"Type": "AWS::IAM::RolePolicy", "Properties": {"RoleName": {"Ref": "Path"}}},
        "Run": {"Type": "AWS::Lambda::Function", "Properties":
            {"Role": "arn:aws:iam::111122223333:role/made-by-hand"}},
    });
    let text = environment(&[of(resources)]).to_string();
    for (arn, expected) in [
        ("arn:aws:s3:::reports-of-acme\"", true),
        ("arn:aws:s3:::chitchatter-staging-*\"", true),
        ("sqs:us-east-1:111122223333:jobs-us-east-1\"", true),
        ("sns:us-east-1:111122223333:chitchatter-staging-*\"", true),
        ("dynamodb:us-east-1:111122223333:table/*\"", true),
        ("role/team/chitchatter-staging-*\"", true),
        ("role/made-by-hand\"", true),
        ("iam::111122223333:role/*\"", false),
        ("sqs:us-east-1:111122223333:*\"", false),
    ] {
        assert_eq!(text.contains(arn), expected, "{arn}");
    }
}

#[test]
fn looked_up_values_can_be_read_where_they_are() {
    let resources = json!({
        "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {
            "MasterUserPassword": "{{resolve:ssm-secure:/chitchatter/staging/PASSWORD:3}}",
            "MasterUsername": "{{resolve:secretsmanager:database:SecretString:user}}",
            "DBName": {"Fn::Join": ["", ["{{resolve:ssm:/names/", {"Ref": "AWS::Region"}, "}}"]]},
        }},
    });
    let text = environment(&[of(resources)]).to_string();
    for arn in [
        "ssm:us-east-1:111122223333:parameter/chitchatter/staging/PASSWORD\"",
        "ssm:us-east-1:111122223333:parameter/names/*\"",
        "secretsmanager:us-east-1:111122223333:secret:database*\"",
        "ssm:GetParameters",
        "secretsmanager:GetSecretValue",
    ] {
        assert!(text.contains(arn), "{arn}\n{text}");
    }
    assert!(
        !text.contains("ssm:us-east-1:111122223333:parameter/*\""),
        "{text}"
    );
}

#[test]
fn whoever_only_looks_is_not_told_the_secret_of_a_client() {
    for (generates, may_look) in [
        (json!(null), true),
        (json!(false), true),
        (json!(true), false),
        (json!({"Ref": "Confidential"}), false),
    ] {
        let client = json!({"UserPoolId": {"Ref": "Users"}, "GenerateSecret": generates});
        let template = environment(&[of(json!({
            "Users": {"Type": "AWS::Cognito::UserPool", "Properties": {}},
            "Web": {"Type": "AWS::Cognito::UserPoolClient", "Properties": client},
        }))]);
        let reads = template["Resources"]["ReadPolicy1"].to_string();
        assert!(reads.contains("cognito-idp:DescribeUserPool\""), "{reads}");
        let looks = reads.contains("cognito-idp:DescribeUserPoolClient\"");
        assert_eq!(looks, may_look, "{generates}: {reads}");
        // CloudFormation manages it all the same.
        assert!(allowed(&template).contains("cognito-idp:describeuserpoolclient"));
    }
}
