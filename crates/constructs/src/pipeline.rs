//! Roles for the pipelines that run chitinfra: one that deploys, one that only looks.
//!
//! They reach the stacks of one project in one environment, and what `chitinfra bootstrap` made for them. Neither may touch the
//! resources themselves: CloudFormation does, with an execution role that the deploying role may hand to it and to nobody else.

use dsl::{App, Arn, Value, arn, aws};
use resources::actions::{cloudformation, iam, s3};

use crate::{
    arns,
    iam::{Operator, Role, Statement, Trust, allow},
};

/// Why a policy names stacks by the beginning of their names.
const STACKS: &str =
    "the stacks of one project and environment, whose ids only CloudFormation knows";
/// Why a policy names objects by the beginning of their names.
const OBJECTS: &str =
    "the templates and records of one project and environment, named as they come";

/// A role that plans and deploys.
pub fn deployer(app: &App, trust: Trust) -> Role {
    let scope = Scope::of(app);
    scope
        .read(Role::assumed_by(trust))
        .may(
            allow([
                cloudformation::ContinueUpdateRollback,
                cloudformation::CreateChangeSet,
                cloudformation::DeleteChangeSet,
                // What is left of a first creation that failed goes before the next; termination protection guards the rest.
                cloudformation::DeleteStack,
                cloudformation::ExecuteChangeSet,
                cloudformation::RollbackStack,
                cloudformation::TagResource,
                cloudformation::UpdateTerminationProtection,
            ])
            .on([&scope.stacks])
            .justified(STACKS),
        )
        .may(
            allow([iam::PassRole])
                .on([&scope.execution_role])
                .passed_to("cloudformation.amazonaws.com"),
        )
        .may(
            allow([s3::PutObject])
                .on([&scope.objects])
                .justified(OBJECTS),
        )
}

/// A role that looks at what is deployed, to say what a change would do. It can change nothing.
pub fn planner(app: &App, trust: Trust) -> Role {
    Scope::of(app).read(Role::assumed_by(trust))
}

/// What belongs to one project in one environment.
struct Scope {
    stacks: Value<Arn>,
    bucket: Value<Arn>,
    objects: Value<Arn>,
    folder: String,
    execution_role: Value<Arn>,
}

impl Scope {
    fn of(app: &App) -> Self {
        let (project, environment) = (app.project(), app.environment());
        let folder = format!("{project}/{environment}/*");
        let bucket = arn!(
            "arn:{}:s3:::chitinfra-assets-{}-{}",
            aws::partition(),
            aws::account_id(),
            aws::region()
        );
        Self {
            stacks: arns::regional(
                "cloudformation",
                format_args!("stack/{project}-{environment}-*/*"),
            ),
            objects: arn!("{}/{folder}", &bucket),
            bucket,
            folder,
            execution_role: arns::global(
                "iam",
                format_args!("role/{project}-{environment}-execution"),
            ),
        }
    }

    fn read(&self, role: Role) -> Role {
        role.may(self.read_stacks())
            .may(
                allow([s3::GetObject])
                    .on([&self.objects])
                    .justified(OBJECTS),
            )
            .may(allow([s3::ListBucket]).on([&self.bucket]).when(
                "s3:prefix",
                Operator::StringLike,
                self.folder.as_str(),
            ))
    }

    fn read_stacks(&self) -> Statement {
        allow([
            cloudformation::DescribeChangeSet,
            cloudformation::DescribeEvents,
            cloudformation::DescribeStackEvents,
            cloudformation::DescribeStacks,
            cloudformation::GetTemplate,
            cloudformation::ListStackResources,
        ])
        .on([&self.stacks])
        .justified(STACKS)
    }
}
