//! The templates as they were reviewed: what is in them, not every line.

use bootstrap::{Environment, IdentityProvider, Needs, account, policy_of_person};
use serde_json::{Value, json};

use crate::{environment, limits, scope, settings, stacks_of};

fn types(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().expect("an object");
    resources
        .iter()
        .map(|(id, resource)| format!("{id} {}", resource["Type"].as_str().expect("a type")))
        .collect()
}

#[test]
fn an_account_has_a_bucket_a_version_and_at_most_one_identity_provider() {
    let with = account(&scope(), IdentityProvider::Declared);
    assert_eq!(
        types(&with),
        [
            "Assets AWS::S3::Bucket",
            "AssetsPolicy AWS::S3::BucketPolicy",
            "VersionParameter AWS::SSM::Parameter",
            "GitHub AWS::IAM::OIDCProvider",
        ]
    );
    let without = account(&scope(), IdentityProvider::Left);
    assert_eq!(types(&without), types(&with)[..3]);
    let bucket = &with["Resources"]["Assets"];
    assert_eq!(bucket["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(bucket["UpdateReplacePolicy"], "Retain");
    // It is for every environment of the account.
    let text = with.to_string();
    assert!(
        !text.contains("chitchatter") && !text.contains("staging"),
        "{text}"
    );
}

#[test]
fn an_environment_has_roles_that_trust_its_repository_alone() {
    let template = environment(&stacks_of("staging"));
    let trust = |id: &str| {
        template["Resources"][id]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0].clone()
    };
    let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    for (id, subjects) in [
        ("Deploy", json!(["repo:owner/name:environment:staging"])),
        (
            "Plan",
            json!([
                "repo:owner/name:pull_request",
                "repo:owner/name:environment:staging-plan"
            ]),
        ),
    ] {
        assert_eq!(
            trust(id)["Principal"],
            json!({"Federated": provider}),
            "{id}"
        );
        assert_eq!(
            trust(id)["Condition"],
            json!({"StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": subjects,
            }}),
            "{id}"
        );
    }
    let execution = &template["Resources"]["Execution"]["Properties"];
    assert_eq!(execution["PermissionsBoundary"], json!({"Ref": "Boundary"}));
    assert_eq!(
        trust("Execution")["Principal"],
        json!({"Service": "cloudformation.amazonaws.com"})
    );
    assert!(!template.to_string().contains("AdministratorAccess"));
}

#[test]
fn a_person_needs_no_more_than_one_policy() {
    let (account, environment) = (
        account(&scope(), IdentityProvider::Declared),
        environment(&stacks_of("staging")),
    );
    let policy = policy_of_person(&scope(), [&account, &environment]).expect("it fits");
    let text = policy.to_string();
    assert!(text.len() <= 6_144, "{}", text.len());
    for needed in [
        "role/chitinfra/chitchatter-staging-execution\"",
        "policy/chitinfra/chitchatter-staging-boundary\"",
        "arn:aws:s3:::chitinfra-assets-111122223333-us-east-1\"",
        "parameter/chitinfra/bootstrap/version\"",
        "stack/chitinfra-bootstrap-chitchatter-staging/*\"",
    ] {
        assert!(text.contains(needed), "{needed}\n{text}");
    }
    assert!(
        !text.contains("\"Action\":\"*\"") && !text.contains("role/*"),
        "{text}"
    );
}

#[test]
fn a_person_needs_no_more_than_one_policy_even_for_the_longest_names_and_many_types() {
    let mut scope = scope();
    scope.project = "p".repeat(30);
    scope.environment = "e".repeat(23);
    scope.stacks = vec![format!("{}-{}-all", scope.project, scope.environment)];
    let (settings, types) = (settings(), limits::of_types(150));
    let environment = Environment {
        scope: &scope,
        settings: &settings,
        needs: &Needs::of(&scope, [&types], &[]),
    };
    let environment = environment.template().expect("it fits");
    assert_eq!(
        environment["Resources"]["Execution"]["Properties"]["RoleName"]
            .as_str()
            .map(str::len),
        Some(bootstrap::ROLE_NAME_LIMIT)
    );
    let account = account(&scope, IdentityProvider::Declared);
    let policy = policy_of_person(&scope, [&account, &environment]).expect("it fits");
    let length = policy.to_string().len();
    assert!(length <= 6_144, "{length}");
}
