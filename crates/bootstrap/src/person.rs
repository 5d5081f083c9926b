//! The least that a person needs to run `bootstrap`.

use assembly::ACCOUNT_STACK;
use serde_json::{Value, json};

use crate::{
    account::identity_provider_arn,
    needs::Needs,
    policy::{Detail, POLICY_LIMIT, Statement, document, statements},
    scope::Scope,
};

/// The policy of whoever runs `bootstrap` for an environment: CloudFormation acts with that person's rights there, so that it
/// is derived from the two templates themselves.
///
/// Nothing where it does not fit into one policy.
pub fn policy_of_person(scope: &Scope, templates: [&Value; 2]) -> Option<Value> {
    let own = scope.names().stack();
    let stacks = [ACCOUNT_STACK, &own];
    // The names that these stacks give are not those of the environment's stacks.
    let theirs = Scope {
        project: "chitinfra".to_owned(),
        environment: "bootstrap".to_owned(),
        stacks: Vec::new(),
        ..scope.clone()
    };
    let needs = Needs::of(&theirs, templates, &[]);
    let named = |names: [&str; 2]| {
        names.map(|name| scope.regional("cloudformation", &format!("stack/{name}/*")))
    };
    let deployed = scope
        .stack_names()
        .into_iter()
        .map(|name| scope.regional("cloudformation", &format!("stack/{name}/*")));
    let engine = [
        json!({
            "Sid": "DeployBootstrap",
            "Effect": "Allow",
            "Action": [
                "cloudformation:CreateChangeSet",
                "cloudformation:DeleteChangeSet",
                "cloudformation:DeleteStack",
                "cloudformation:DescribeChangeSet",
                "cloudformation:DescribeEvents",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:ExecuteChangeSet",
                "cloudformation:GetTemplate",
                "cloudformation:ListChangeSets",
                "cloudformation:ListStackResources",
                "cloudformation:TagResource",
                "cloudformation:UpdateTerminationProtection",
            ],
            "Resource": named(stacks),
        }),
        json!({
            "Sid": "SeeWhatIsDeployed",
            "Effect": "Allow",
            "Action": "cloudformation:GetTemplate",
            "Resource": deployed.collect::<Vec<_>>(),
        }),
        json!({
            "Sid": "FindIdentityProvider",
            "Effect": "Allow",
            "Action": "iam:GetOpenIDConnectProvider",
            "Resource": identity_provider_arn(scope),
        }),
        // The claim, by which nobody deploys meanwhile, and templates that are too large to be sent.
        json!({
            "Sid": "StoreTemplatesAndClaim",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": [
                format!("{}/templates/*", scope.bucket_arn()),
                format!("{}/{}*", scope.bucket_arn(), scope.folder()),
            ],
        }),
    ];
    [Detail::Actions, Detail::Verbs]
        .into_iter()
        .map(|detail| {
            let derived = statements(needs.grants(&theirs), detail);
            let derived = derived.iter().map(Statement::to_json);
            document(engine.iter().cloned().chain(derived))
        })
        .find(|policy| policy.to_string().len() <= POLICY_LIMIT)
}
