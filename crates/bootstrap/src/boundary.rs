//! The boundary: the most that CloudFormation, and every role and user it makes, may do, whatever their policies say.
//!
//! It grants nothing. It lets identities use the services that the stacks are made of, of identities and stacks only those
//! of the environment, and takes away the ways to more: identities without the boundary, taking the boundary off, and what
//! `bootstrap` made.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>

use std::collections::BTreeSet;

use assembly::BOOTSTRAP_PATH;
use serde_json::{Value, json};

use crate::{
    VERSION_PARAMETER,
    account::identity_provider_arn,
    needs::{Needs, without_covered},
    policy::document,
    scope::Scope,
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

/// Services with which identities and stacks of others could be made to act for somebody: changing whom a role trusts, making
/// keys for a user, handing a role to a service, updating a stack that has a role of its own. Of these only what has the
/// environment's names is within reach.
const GUARDED: [&str; 2] = ["cloudformation", "iam"];

/// What may be looked at whoever made it.
const LOOKS: [&str; 5] = [
    "cloudformation:Describe*",
    "cloudformation:Get*",
    "cloudformation:List*",
    "iam:Get*",
    "iam:List*",
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
    let services: Vec<String> = needs
        .services()
        .iter()
        .filter(|service| !GUARDED.contains(&service.as_str()))
        .map(|service| format!("{service}:*"))
        .collect();
    let own = |kind: &str| scope.iam(&format!("{kind}{BOOTSTRAP_PATH}*"));
    // IAM takes no statement without actions.
    let services = (!services.is_empty()).then(|| {
        json!({
            "Sid": "ServicesOfTheStacks",
            "Effect": "Allow",
            "Action": services,
            "Resource": "*",
        })
    });
    let rest = [
        json!({
            "Sid": "IdentitiesAndStacksOfTheEnvironment",
            "Effect": "Allow",
            "Action": GUARDED.map(|service| format!("{service}:*")),
            "Resource": guarded(needs, scope),
        }),
        json!({
            "Sid": "LookAtAll",
            "Effect": "Allow",
            "Action": LOOKS,
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
                format!("{}/*", scope.bucket_arn()),
                scope.bootstrap_stacks_arn(),
                scope.regional("ssm", &format!("parameter{VERSION_PARAMETER}")),
            ],
        }),
    ];
    document(services.into_iter().chain(rest))
}

/// The identities and stacks of the environment: those that CloudFormation may make, and the role it makes them in.
fn guarded(needs: &Needs, scope: &Scope) -> Vec<String> {
    let stacks = scope.stack_names();
    // People who repair stacks do it through CloudFormation.
    let stacks = stacks
        .iter()
        .map(|name| scope.regional("cloudformation", &format!("stack/{name}/*")));
    let grants = needs.grants(scope).filter(|grant| {
        let service = grant.action.split(':').next().unwrap_or_default();
        GUARDED.contains(&service)
    });
    let named = grants
        .flat_map(|grant| grant.resources)
        .filter(|arn| arn != "*");
    let all: BTreeSet<String> = stacks
        .chain(named)
        .chain([scope.execution_role_arn()])
        .collect();
    without_covered(all)
}
