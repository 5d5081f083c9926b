//! That CloudFormation's role, and whatever it makes, cannot become more than it is.

use crate::{
    environment,
    evaluation::{Identity, Request},
    of, stacks_of,
};
use serde_json::json;

const ACCOUNT: &str = "111122223333";
const BOUNDARY: (&str, &str) = (
    "iam:PermissionsBoundary",
    "arn:aws:iam::111122223333:policy/chitinfra/chitchatter-staging-boundary",
);
const OTHER_BOUNDARY: (&str, &str) = (
    "iam:PermissionsBoundary",
    "arn:aws:iam::111122223333:policy/chitchatter-staging-account-Mine-0123456789AB",
);

fn iam(resource: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
}

/// What is asked, and whether it may be.
type Case<'a> = (&'a str, String, &'a [(&'a str, &'a str)], bool);

/// What is asked, and whether the one and the other may.
type CaseOfTwo<'a> = (&'a str, String, Vec<(&'a str, &'a str)>, bool, bool);

/// Everything of IAM that could be declared.
fn all_of_iam() -> serde_json::Value {
    let types = [
        "Group",
        "GroupPolicy",
        "InstanceProfile",
        "ManagedPolicy",
        "OIDCProvider",
        "Policy",
        "Role",
        "RolePolicy",
        "User",
        "UserPolicy",
    ];
    let resources: serde_json::Map<_, _> = types
        .iter()
        .map(|name| {
            let properties = match *name {
                "OIDCProvider" => json!({"Url": "https://oidc.vercel.com/team"}),
                _ => json!({}),
            };
            let resource = json!({"Type": format!("AWS::IAM::{name}"), "Properties": properties});
            ((*name).to_owned(), resource)
        })
        .collect();
    of(resources.into())
}

#[test]
fn no_way_leads_to_more() {
    let mut templates = stacks_of("staging");
    templates.push(all_of_iam());
    let template = environment(&templates);
    let role = Identity::execution(&template);
    let own = iam("role/chitchatter-staging-account-Api-0123456789AB");
    let user = iam("user/chitchatter-staging-account-Bot-0123456789AB");
    let policy = iam("policy/chitchatter-staging-account-Mine-0123456789AB");
    let cases: Vec<Case<'_>> = vec![
        // Identities are made within the boundary, or not at all.
        ("iam:CreateRole", own.clone(), &[BOUNDARY], true),
        ("iam:CreateRole", own.clone(), &[], false),
        ("iam:CreateRole", own.clone(), &[OTHER_BOUNDARY], false),
        ("iam:CreateUser", user.clone(), &[BOUNDARY], true),
        ("iam:CreateUser", user.clone(), &[], false),
        // The boundary stays on.
        (
            "iam:PutRolePermissionsBoundary",
            own.clone(),
            &[BOUNDARY],
            true,
        ),
        (
            "iam:PutRolePermissionsBoundary",
            own.clone(),
            &[OTHER_BOUNDARY],
            false,
        ),
        (
            "iam:DeleteRolePermissionsBoundary",
            own.clone(),
            &[BOUNDARY],
            false,
        ),
        (
            "iam:DeleteUserPermissionsBoundary",
            user.clone(),
            &[BOUNDARY],
            false,
        ),
        // What was made without it is not widened.
        ("iam:PutRolePolicy", own.clone(), &[BOUNDARY], true),
        ("iam:PutRolePolicy", own.clone(), &[], false),
        ("iam:AttachRolePolicy", own.clone(), &[BOUNDARY], true),
        (
            "iam:AttachRolePolicy",
            own.clone(),
            &[OTHER_BOUNDARY],
            false,
        ),
        ("iam:AttachUserPolicy", user.clone(), &[], false),
        ("iam:PutUserPolicy", user, &[], false),
        // The boundary itself, and all else that bootstrap made, is out of reach.
        ("iam:CreatePolicyVersion", policy.clone(), &[], true),
        ("iam:CreatePolicyVersion", BOUNDARY.1.to_owned(), &[], false),
        ("iam:DeletePolicy", BOUNDARY.1.to_owned(), &[], false),
        (
            "iam:DeletePolicyVersion",
            iam("policy/chitinfra/chitchatter-staging-execution-1"),
            &[],
            false,
        ),
        (
            "iam:PutRolePolicy",
            iam("role/chitinfra/chitchatter-staging-execution"),
            &[BOUNDARY],
            false,
        ),
        (
            "iam:AttachRolePolicy",
            iam("role/chitinfra/chitchatter-staging-deploy"),
            &[BOUNDARY],
            false,
        ),
        (
            "iam:UpdateAssumeRolePolicy",
            iam("role/chitinfra/chitchatter-staging-deploy"),
            &[],
            false,
        ),
        (
            "iam:UpdateAssumeRolePolicy",
            iam("role/chitinfra/chitchatter-production-execution"),
            &[],
            false,
        ),
        (
            "iam:DeleteRole",
            iam("role/chitinfra/chitchatter-staging-plan"),
            &[],
            false,
        ),
        (
            "iam:CreateRole",
            iam("role/chitinfra/chitchatter-staging-mine"),
            &[BOUNDARY],
            false,
        ),
        (
            "iam:AddClientIDToOpenIDConnectProvider",
            iam("oidc-provider/token.actions.githubusercontent.com"),
            &[],
            false,
        ),
        (
            "iam:AddClientIDToOpenIDConnectProvider",
            iam("oidc-provider/oidc.vercel.com/team"),
            &[],
            true,
        ),
        (
            "s3:PutBucketPolicy",
            "arn:aws:s3:::chitinfra-assets-111122223333-us-east-1".to_owned(),
            &[],
            false,
        ),
        (
            "s3:PutBucketPolicy",
            "arn:aws:s3:::chitchatter-staging-files-files-0123".to_owned(),
            &[],
            true,
        ),
        // Another environment's, and anybody else's.
        (
            "iam:PutRolePolicy",
            iam("role/chitchatter-production-api"),
            &[BOUNDARY],
            false,
        ),
        (
            "iam:PutRolePolicy",
            iam("role/OrganizationAccountAccessRole"),
            &[BOUNDARY],
            false,
        ),
        (
            "iam:PassRole",
            iam("role/OrganizationAccountAccessRole"),
            &[],
            false,
        ),
        ("iam:PassRole", own, &[], true),
        (
            "s3:DeleteBucket",
            "arn:aws:s3:::chitchatter-production-files-files-0123".to_owned(),
            &[],
            false,
        ),
        // Nothing that no stack declares.
        (
            "lambda:CreateFunction",
            "arn:aws:lambda:us-east-1:111122223333:function:a".to_owned(),
            &[],
            false,
        ),
        (
            "sts:AssumeRole",
            iam("role/OrganizationAccountAccessRole"),
            &[],
            false,
        ),
        (
            "organizations:LeaveOrganization",
            "*".to_owned(),
            &[],
            false,
        ),
    ];
    for (action, resource, keys, expected) in cases {
        let request = Request {
            action,
            resource: &resource,
            keys,
        };
        assert_eq!(role.may(&request), expected, "{request:?}");
    }
}

#[test]
fn what_it_makes_is_held_by_the_boundary_whatever_its_policy_says() {
    let template = environment(&stacks_of("staging"));
    let everything = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let made = Identity {
        policies: vec![&everything],
        boundary: Some(&template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]),
    };
    let may = |action: &str, resource: &str, keys: &[(&str, &str)]| {
        made.may(&Request {
            action,
            resource,
            keys,
        })
    };
    // It uses the services of the stacks, and repairs stacks.
    assert!(may(
        "s3:GetObject",
        "arn:aws:s3:::chitchatter-staging-files/a",
        &[]
    ));
    assert!(may("chime:CreateMeeting", "*", &[]));
    assert!(may(
        "cloudformation:ContinueUpdateRollback",
        "arn:aws:cloudformation:us-east-1:111122223333:stack/chitchatter-staging-files/1",
        &[]
    ));
    // Nothing more, and nobody with more.
    assert!(!may("lambda:InvokeFunction", "*", &[]));
    assert!(!may(
        "sts:AssumeRole",
        &iam("role/cdk-hnb659fds-deploy-role"),
        &[]
    ));
    let own = iam("role/chitchatter-staging-mine");
    assert!(!may("iam:CreateRole", &own, &[]));
    assert!(may("iam:CreateRole", &own, &[BOUNDARY]));
    assert!(!may("iam:CreateRole", &iam("role/mine"), &[BOUNDARY]));
    assert!(may("iam:GetRole", &iam("role/admin"), &[]));
    assert!(may("iam:PassRole", &own, &[]));
    // Nobody of others is made to act for it: no trust changed, no key made, no role handed over, no stack updated.
    for (action, resource) in [
        (
            "iam:UpdateAssumeRolePolicy",
            "role/OrganizationAccountAccessRole",
        ),
        (
            "iam:UpdateAssumeRolePolicy",
            "role/chitchatter-production-api",
        ),
        ("iam:PassRole", "role/cdk-hnb659fds-cfn-exec-role"),
        ("iam:CreateAccessKey", "user/ada"),
        ("iam:CreateLoginProfile", "user/ada"),
        ("iam:AddUserToGroup", "group/administrators"),
        ("iam:PutGroupPolicy", "group/administrators"),
        ("iam:CreatePolicyVersion", "policy/theirs"),
        ("iam:UpdateSAMLProvider", "saml-provider/sign-in"),
        (
            "iam:UpdateOpenIDConnectProviderThumbprint",
            "oidc-provider/tokens.example.com",
        ),
    ] {
        assert!(
            !may(action, &iam(resource), &[BOUNDARY]),
            "{action} {resource}"
        );
    }
    // What is recorded is what was deployed.
    let object = "arn:aws:s3:::chitinfra-assets-111122223333-us-east-1/chitchatter/production/a";
    assert!(!may("s3:PutObject", object, &[]));
    assert!(may("s3:GetObject", object, &[]));
    let theirs = "arn:aws:cloudformation:us-east-1:111122223333:stack/CDKToolkit/1";
    assert!(!may("cloudformation:UpdateStack", theirs, &[]));
    assert!(may("cloudformation:DescribeStacks", theirs, &[]));
    assert!(!may("iam:CreatePolicyVersion", BOUNDARY.1, &[]));
    assert!(!may(
        "cloudformation:ExecuteChangeSet",
        "arn:aws:cloudformation:us-east-1:111122223333:stack/chitinfra-bootstrap-chitchatter-staging/1",
        &[]
    ));
    assert!(may(
        "cloudformation:GetTemplate",
        "arn:aws:cloudformation:us-east-1:111122223333:stack/chitinfra-bootstrap-chitchatter-staging/1",
        &[]
    ));
}

#[test]
fn no_statement_is_empty() {
    for kind in ["AWS::IAM::Role", "AWS::CloudFormation::WaitConditionHandle"] {
        let template = environment(&[of(json!({"One": {"Type": kind, "Properties": {}}}))]);
        let resources = template["Resources"]
            .as_object()
            .expect("an object")
            .values();
        let documents = resources.map(|resource| &resource["Properties"]["PolicyDocument"]);
        for statement in documents
            .flat_map(|document| document["Statement"].as_array())
            .flatten()
        {
            assert_ne!(statement["Action"], json!([]), "{kind}: {statement:#}");
            assert_ne!(statement["Resource"], json!([]), "{kind}: {statement:#}");
        }
    }
}

#[test]
fn workflows_reach_the_stacks_of_their_environment_and_nothing_in_them() {
    let template = environment(&stacks_of("staging"));
    let stack = |name: &str| format!("arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name}/1");
    let own = stack("chitchatter-staging-files");
    let other = stack("chitchatter-production-files");
    let bootstrap = stack("chitinfra-bootstrap-chitchatter-staging");
    let bucket = "arn:aws:s3:::chitinfra-assets-111122223333-us-east-1";
    let execution = iam("role/chitinfra/chitchatter-staging-execution");
    let to_cloudformation = ("iam:PassedToService", "cloudformation.amazonaws.com");
    let to_lambda = ("iam:PassedToService", "lambda.amazonaws.com");
    let object = |key: &str| format!("{bucket}/{key}");
    // Whether the deploying and the planning role may.
    let cases: Vec<CaseOfTwo<'_>> = vec![
        (
            "cloudformation:DescribeStacks",
            own.clone(),
            vec![],
            true,
            true,
        ),
        (
            "cloudformation:GetTemplate",
            bootstrap.clone(),
            vec![],
            true,
            true,
        ),
        (
            "cloudformation:CreateChangeSet",
            own.clone(),
            vec![],
            true,
            false,
        ),
        (
            "cloudformation:ExecuteChangeSet",
            own.clone(),
            vec![],
            true,
            false,
        ),
        (
            "cloudformation:ExecuteChangeSet",
            other.clone(),
            vec![],
            false,
            false,
        ),
        ("cloudformation:DescribeStacks", other, vec![], false, false),
        (
            "cloudformation:CreateChangeSet",
            bootstrap.clone(),
            vec![],
            false,
            false,
        ),
        (
            "cloudformation:DeleteStack",
            bootstrap,
            vec![],
            false,
            false,
        ),
        (
            "iam:PassRole",
            execution.clone(),
            vec![to_cloudformation],
            true,
            false,
        ),
        (
            "iam:PassRole",
            execution.clone(),
            vec![to_lambda],
            false,
            false,
        ),
        (
            "iam:PassRole",
            iam("role/admin"),
            vec![to_cloudformation],
            false,
            false,
        ),
        ("iam:PutRolePolicy", execution, vec![], false, false),
        (
            "s3:PutObject",
            object("chitchatter/staging/claim.json"),
            vec![],
            true,
            false,
        ),
        (
            "s3:PutObject",
            object("templates/abc.json"),
            vec![],
            true,
            false,
        ),
        (
            "s3:GetObject",
            object("chitchatter/staging/claim.json"),
            vec![],
            true,
            true,
        ),
        (
            "s3:GetObject",
            object("chitchatter/production/claim.json"),
            vec![],
            false,
            false,
        ),
        (
            "s3:DeleteObject",
            object("chitchatter/staging/claim.json"),
            vec![],
            false,
            false,
        ),
        (
            "s3:ListBucket",
            bucket.to_owned(),
            vec![("s3:prefix", "chitchatter/staging/releases/")],
            true,
            true,
        ),
        (
            "s3:ListBucket",
            bucket.to_owned(),
            vec![("s3:prefix", "")],
            false,
            false,
        ),
        ("ssm:DescribeParameters", "*".to_owned(), vec![], true, true),
        // Without a prefix it decides whether they are told that an object is not there.
        ("s3:ListBucket", bucket.to_owned(), vec![], true, true),
        // Drift is read with the rights of whoever looks for it, and nothing secret.
        ("cloudformation:DetectStackDrift", own, vec![], true, true),
        (
            "cognito-idp:DescribeUserPool",
            "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_a".to_owned(),
            vec![],
            true,
            true,
        ),
        (
            "s3:GetLifecycleConfiguration",
            "arn:aws:s3:::chitchatter-staging-files".to_owned(),
            vec![],
            true,
            true,
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::chitchatter-staging-files/a".to_owned(),
            vec![],
            false,
            false,
        ),
        ("kms:Decrypt", "*".to_owned(), vec![], false, false),
        (
            "ssm:GetParameter",
            "arn:aws:ssm:us-east-1:111122223333:parameter/a".to_owned(),
            vec![],
            false,
            false,
        ),
        (
            "s3:CreateBucket",
            "arn:aws:s3:::chitchatter-staging-files".to_owned(),
            vec![],
            false,
            false,
        ),
    ];
    for (action, resource, keys, deploy, plan) in cases {
        for (id, expected) in [("Deploy", deploy), ("Plan", plan)] {
            let role = Identity::role(&template, id);
            let request = Request {
                action,
                resource: &resource,
                keys: &keys,
            };
            assert_eq!(role.may(&request), expected, "{id}: {request:?}");
        }
    }
}
