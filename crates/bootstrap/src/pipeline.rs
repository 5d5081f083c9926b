//! What the workflows of a repository may do: one role deploys, one only looks.
//!
//! They reach the stacks of one environment and what `bootstrap` keeps for it. Neither may touch the resources themselves:
//! CloudFormation does, in its own role, which the deploying role may hand to it and to nobody else.

use assembly::{ACCOUNT_STACK, Repository};
use serde_json::{Value, json};

use crate::{account, policy::document, scope::Scope};

/// Reads of stacks. Detection of drift changes nothing but what is known of it.
const READS: [&str; 10] = [
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResourceDrifts",
    "cloudformation:DescribeStacks",
    "cloudformation:DetectStackDrift",
    "cloudformation:GetStackPolicy",
    "cloudformation:GetTemplate",
    "cloudformation:ListChangeSets",
    "cloudformation:ListStackResources",
];

/// Reads that name no stack: of secrets which there are, not what they are; of detections and refactors by ids of their own;
/// of all stacks the names, and who imports what.
const FINDS: [&str; 7] = [
    "cloudformation:DescribeStackDriftDetectionStatus",
    "cloudformation:DescribeStackRefactor",
    "cloudformation:ListImports",
    "cloudformation:ListStackRefactorActions",
    "cloudformation:ListStackRefactors",
    "cloudformation:ListStacks",
    "ssm:DescribeParameters",
];

/// Writes of stacks. What is left of a first creation that failed goes before the next; termination protection guards the
/// rest.
const WRITES: [&str; 13] = [
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStackRefactor",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:ExecuteStackRefactor",
    "cloudformation:RollbackStack",
    "cloudformation:SetStackPolicy",
    "cloudformation:TagResource",
    "cloudformation:UntagResource",
    "cloudformation:UpdateTerminationProtection",
];

/// Who may plan and deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workflow {
    /// Deploys, for the environment that GitHub guards.
    Deploy,
    /// Only looks: at pull requests, and before a release, which is planned before anyone approves it.
    Plan,
}

impl Workflow {
    /// Who may take on the role: workflows of this repository alone.
    /// <https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services>
    pub(crate) fn trust(self, scope: &Scope, repository: &Repository) -> Value {
        let environment = &scope.environment;
        let subjects = match self {
            Self::Deploy => vec![format!("repo:{repository}:environment:{environment}")],
            Self::Plan => vec![
                format!("repo:{repository}:pull_request"),
                format!("repo:{repository}:environment:{environment}-plan"),
            ],
        };
        let issuer = account::ISSUER;
        document([json!({
            "Effect": "Allow",
            "Principal": {"Federated": account::identity_provider_arn(scope)},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                format!("{issuer}:aud"): account::AUDIENCE,
                format!("{issuer}:sub"): subjects,
            }},
        })])
    }

    /// What the role may do.
    pub(crate) fn policy(self, scope: &Scope) -> Value {
        let stacks: Vec<String> = scope
            .stack_names()
            .iter()
            .map(|name| scope.regional("cloudformation", &format!("stack/{name}/*")))
            .collect();
        let own = scope.names().stack();
        let prepared = [ACCOUNT_STACK, &own]
            .map(|name| scope.regional("cloudformation", &format!("stack/{name}/*")));
        let bucket = scope.bucket_arn();
        let objects = [format!("{}*", scope.folder()), "templates/*".to_owned()];
        let arns = objects.each_ref().map(|key| format!("{bucket}/{key}"));
        let mut statements = vec![
            json!({
                "Sid": "ReadStacks",
                "Effect": "Allow",
                "Action": READS,
                "Resource": stacks,
            }),
            json!({
                "Sid": "ReadWhatBootstrapMade",
                "Effect": "Allow",
                "Action": ["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
                "Resource": prepared,
            }),
            json!({
                "Sid": "ReadRecords",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": arns,
            }),
            // Only whoever may list a bucket is told that an object is not there, and that call has no prefix.
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
            json!({
                "Sid": "ListRecords",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": {"StringLikeIfExists": {"s3:prefix": objects[0]}},
            }),
            json!({
                "Sid": "Find",
                "Effect": "Allow",
                "Action": FINDS,
                "Resource": "*",
            }),
        ];
        if self == Self::Deploy {
            statements.extend([
                json!({
                    "Sid": "Deploy",
                    "Effect": "Allow",
                    "Action": WRITES,
                    "Resource": stacks,
                }),
                json!({
                    "Sid": "Record",
                    "Effect": "Allow",
                    "Action": "s3:PutObject",
                    "Resource": arns,
                }),
                json!({
                    "Sid": "LetCloudFormationAct",
                    "Effect": "Allow",
                    "Action": "iam:PassRole",
                    "Resource": scope.execution_role_arn(),
                    "Condition": {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
                }),
            ]);
        }
        document(statements)
    }
}
