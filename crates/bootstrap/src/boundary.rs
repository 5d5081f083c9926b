//! The boundary: the most that CloudFormation, and every role and user it makes, may do, whatever their policies say.
//!
//! It grants nothing. It lets identities use the services that the stacks are made of, and takes away the ways to more:
//! identities without the boundary, taking the boundary off, and what `bootstrap` made.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>

use assembly::BOOTSTRAP_PATH;
use serde_json::{Value, json};

use crate::{
    VERSION_PARAMETER, account::identity_provider_arn, needs::Needs, policy::document, scope::Scope,
};

/// Actions that make an identity, or widen what one may do.
const WIDENING: [&str; 8] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateRole",
    "iam:CreateUser",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
];

/// What may be done to what `bootstrap` made: look at it, and let CloudFormation act in the role made for it.
const HARMLESS: [&str; 11] = [
    "cloudformation:Describe*",
    "cloudformation:Get*",
    "cloudformation:List*",
    "iam:Get*",
    "iam:List*",
    "iam:PassRole",
    "s3:Get*",
    "s3:List*",
    "ssm:Describe*",
    "ssm:Get*",
    "ssm:List*",
];

/// The boundary's policy document.
pub(crate) fn boundary(needs: &Needs, scope: &Scope) -> Value {
    let mut services = needs.services();
    // People who repair stacks do it through CloudFormation.
    services.insert("cloudformation".to_owned());
    let services: Vec<String> = services
        .iter()
        .map(|service| format!("{service}:*"))
        .collect();
    let own = |kind: &str| scope.iam(&format!("{kind}{BOOTSTRAP_PATH}*"));
    document([
        json!({
            "Sid": "ServicesOfTheStacks",
            "Effect": "Allow",
            "Action": services,
            "Resource": "*",
        }),
        json!({
            "Sid": "NoIdentityWithoutThisBoundary",
            "Effect": "Deny",
            "Action": WIDENING,
            "Resource": "*",
            "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": scope.boundary_arn()}},
        }),
        json!({
            "Sid": "NoIdentityLeavesIt",
            "Effect": "Deny",
            "Action": ["iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"],
            "Resource": "*",
        }),
        json!({
            "Sid": "NothingThatBootstrapMade",
            "Effect": "Deny",
            "NotAction": HARMLESS,
            "Resource": [
                own("role"),
                own("policy"),
                identity_provider_arn(scope),
                scope.bucket_arn(),
                scope.bootstrap_stacks_arn(),
                scope.regional("ssm", &format!("parameter{VERSION_PARAMETER}")),
            ],
        }),
    ])
}
