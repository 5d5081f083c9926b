//! Who may do what in the AWS account, and what it may cost.

use constructs::{
    actions::{chime, cloudformation, iam, s3},
    prelude::*,
};

use crate::settings::{Environment, Tenancy};

/// The tag of whatever is done for one customer; the bill is divided by it.
const CUSTOMER_TAG: &str = "chitchatter-customer-id";
/// The sessions of machines and people alike: an hour, the least IAM knows.
const SESSION_SECONDS: u32 = 3_600;

/// Anomalies that cost less are not worth a message.
const ANOMALY_USD: u32 = 10;

/// What other stacks need of this one.
pub(crate) struct Account {
    /// What the API is while it runs.
    pub(crate) api: RoleRef,
}

pub(crate) fn account(app: &App, environment: &Environment) -> Account {
    let settings = &environment.settings;
    let stack = app.stack("account");
    stack
        .description("Chitchatter Pro: access and costs")
        // A host's stack holds what other environments in the account rely on.
        .termination_protection(settings.protected || settings.tenancy == Tenancy::Host);

    administrators(&stack, environment);
    pipelines(&stack, environment);
    let api = api(&stack, environment);
    costs(&stack, environment);
    Account { api }
}

/// People have no rights of their own: they take on this role, with a second factor, for an hour.
fn administrators(stack: &Stack, environment: &Environment) {
    let administrator = stack.add(
        "Administrator",
        Role::assumed_by(Trust::people_with_mfa(SESSION_SECONDS))
            .name(format!("chitchatter-{}-administrator", environment.name))
            .description("People, to repair what the pipelines cannot")
            .may_do_everything("what repairs everything else cannot itself be limited")
            .session_seconds(SESSION_SECONDS),
    );
    stack.output("AdministratorRoleArn", administrator.arn());
}

/// Workflows on GitHub: one role that deploys, for the environment GitHub guards; one that reads, for pull requests.
fn pipelines(stack: &Stack, environment: &Environment) {
    let name = &environment.name;
    let repository = &environment.settings.github_repository;
    let github = identity_provider(stack, "GitHub", IdentityProvider::github(), environment);

    let stacks = arn!(
        "arn:{}:cloudformation:{}:{}:stack/chitchatter-{name}-*/*",
        aws::partition(),
        aws::region(),
        aws::account_id()
    );
    // What `chitinfra bootstrap` makes.
    let assets = arn!(
        "arn:{}:s3:::chitinfra-assets-{}-{}",
        aws::partition(),
        aws::account_id(),
        aws::region()
    );
    let own_assets = arn!("{}/chitchatter/{name}/*", &assets);
    let execution_role = arn!(
        "arn:{}:iam::{}:role/chitchatter-{name}-execution",
        aws::partition(),
        aws::account_id()
    );

    let read = [
        allow([
            cloudformation::DescribeChangeSet,
            cloudformation::DescribeEvents,
            cloudformation::DescribeStackEvents,
            cloudformation::DescribeStacks,
            cloudformation::GetTemplate,
            cloudformation::ListStackResources,
        ])
        .on([&stacks])
        .justified("the stacks of this environment, known by their names' beginning"),
        allow([s3::GetObject])
            .on([&own_assets])
            .justified("what earlier deployments of this environment left"),
        allow([s3::ListBucket]).on([&assets]).when(
            "s3:prefix",
            Operator::StringLike,
            format!("chitchatter/{name}/*"),
        ),
    ];

    let deployer =
        Role::assumed_by(github.subject(format!("repo:{repository}:environment:{name}")))
            .name(format!("chitchatter-{name}-deploy"))
            .description("Workflows on GitHub, to deploy")
            .session_seconds(SESSION_SECONDS)
            .may_all(read.clone())
            .may(
                allow([
                    cloudformation::ContinueUpdateRollback,
                    cloudformation::CreateChangeSet,
                    cloudformation::DeleteChangeSet,
                    cloudformation::ExecuteChangeSet,
                    cloudformation::RollbackStack,
                    cloudformation::TagResource,
                    cloudformation::UpdateTerminationProtection,
                ])
                .on([&stacks])
                .justified("the stacks of this environment, known by their names' beginning"),
            )
            .may(allow([iam::PassRole]).on([&execution_role]).when(
                "iam:PassedToService",
                Operator::StringEquals,
                "cloudformation.amazonaws.com",
            ))
            .may(
                allow([s3::PutObject])
                    .on([&own_assets])
                    .justified("templates and records of this environment, named as they come"),
            );
    let deployer = stack.add("Deployer", deployer);

    let planner = stack.add(
        "Planner",
        Role::assumed_by(github.subject(format!("repo:{repository}:pull_request")))
            .name(format!("chitchatter-{name}-plan"))
            .description("Workflows of pull requests on GitHub, to show a plan")
            .session_seconds(SESSION_SECONDS)
            .may_all(read),
    );

    stack.output("DeployRoleArn", deployer.arn());
    stack.output("PlanRoleArn", planner.arn());
}

/// The API holds no keys: Vercel vouches for the production deployment of the environment's own project, and for nothing else.
fn api(stack: &Stack, environment: &Environment) -> RoleRef {
    let (name, vercel) = (&environment.name, &environment.settings.vercel);
    let provider = identity_provider(
        stack,
        "Vercel",
        IdentityProvider::vercel(&vercel.team),
        environment,
    );

    let meetings = arn!(
        "arn:{}:chime:*:{}:meeting/*",
        aws::partition(),
        aws::account_id()
    );
    let create_meetings =
        || allow([chime::CreateMeeting]).on_any_resource("a meeting has no ARN before it exists");
    let lead_meetings = || {
        allow([
            chime::CreateAttendee,
            chime::DeleteAttendee,
            chime::DeleteMeeting,
            chime::GetMeeting,
            chime::ListAttendees,
            chime::TagResource,
        ])
        .on([&meetings])
        .justified("meetings come and go while the API runs, in the region nearest to their people")
    };

    let buckets = arn!("arn:{}:s3:::chitchatter-{name}-*", aws::partition());
    let boundary = stack.add(
        "WorkloadBoundary",
        ManagedPolicy::new()
            .description(
                "The most a workload of this environment may do, whatever its own policies say",
            )
            .may(create_meetings())
            .may(lead_meetings())
            .may(
                allow([
                    s3::GetObject,
                    s3::ListBucket,
                    s3::PutObject,
                    s3::PutObjectTagging,
                ])
                .on([buckets.clone(), arn!("{}/*", buckets)])
                .justified("CloudFormation names the buckets after their stacks"),
            ),
    );

    let api = stack.add(
        "Api",
        Role::assumed_by(provider.subject(format!(
            "owner:{}:project:{}:environment:production",
            vercel.team, vercel.project
        )))
        .name(format!("chitchatter-{name}-api"))
        .description(
            "The API while it runs; the stacks that own what it uses add to what it may do",
        )
        .within(&boundary)
        .session_seconds(SESSION_SECONDS)
        // A meeting nobody can be billed for is never made.
        .may(create_meetings().when(
            format!("aws:RequestTag/{CUSTOMER_TAG}"),
            Operator::Null,
            "false",
        ))
        .may(lead_meetings()),
    );

    stack.output("ApiRoleArn", api.arn());
    api
}

/// What the month may cost, and who hears of it.
fn costs(stack: &Stack, environment: &Environment) {
    let Environment { name, settings, .. } = environment;
    let people = &settings.costs.notify;

    let alerts = stack.add(
        "Alerts",
        AlertTopic::new("Chitchatter costs")
            .from_budgets()
            .from_cost_anomalies(),
    );

    let mut budget = Budget::monthly_usd(settings.costs.monthly_budget_usd)
        .actual_percent([50, 80, 100])
        .forecast_percent([100])
        .tell(people)
        .tell_topic(&alerts);
    if settings.tenancy.is_shared() {
        budget = budget.of_tag("environment", name);
    }
    stack.add("Budget", budget);

    // Anomalies are looked for in the account as a whole.
    if settings.tenancy.owns_account() {
        let anomalies = stack.add(
            "Anomalies",
            AnomalyMonitor::of_services(format!("chitchatter-{name}")),
        );
        stack.add(
            "AnomalyAlert",
            anomalies.alert_at_once(format!("chitchatter-{name}-at-once"), ANOMALY_USD, &alerts),
        );
        stack.add(
            "AnomalyDigest",
            anomalies.daily_email(format!("chitchatter-{name}-daily"), ANOMALY_USD, people),
        );
    }

    stack.output("AlertTopicArn", alerts.arn());
}

/// A provider of identities, which an account knows once: the owner of the account makes it known, the others find it so.
fn identity_provider(
    stack: &Stack,
    id: &str,
    provider: IdentityProvider,
    environment: &Environment,
) -> FederatedIdentity {
    if environment.settings.tenancy.owns_account() {
        stack.add(id, provider)
    } else {
        provider.existing()
    }
}
