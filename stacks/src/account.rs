//! Who may do what in the AWS account, and what it may cost.

use constructs::{actions::s3, chime, prelude::*};

use crate::settings::{Environment, Named, Tenancy, Vercel};

/// The tag of all that is done for one customer; the bill is divided by it.
const CUSTOMER_TAG: &str = "chitchatter-customer-id";
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

    people(&stack, environment);
    pipelines(&stack, environment);
    let api = api(&stack, environment);
    costs(&stack, environment);
    Account { api }
}

/// People have no rights of their own: they take on this role, with a second factor that is no older than an hour.
fn people(stack: &Stack, environment: &Environment) {
    let administrator = stack.add(
        "Administrator",
        Role::assumed_by(Trust::people_with_mfa(3_600))
            .name(environment.named("administrator"))
            .description("People, to repair what the pipelines cannot")
            .may_do_everything("what repairs everything else cannot itself be limited"),
    );
    stack.output("AdministratorRoleArn", administrator.arn());
}

/// Workflows on GitHub: one role deploys, for the environment that GitHub guards; the other only looks, for pull requests.
fn pipelines(stack: &Stack, environment: &Environment) {
    let name = &environment.name;
    let repository = &environment.settings.github_repository;
    let github = identity_provider(stack, "GitHub", IdentityProvider::github(), environment);

    let deploying = github.subject(format!("repo:{repository}:environment:{name}"));
    let deployer = stack.add(
        "Deployer",
        pipeline::deployer(&stack.app(), deploying)
            .name(environment.named("deploy"))
            .description("Workflows on GitHub, to deploy"),
    );

    // A release is planned before anyone approves it, so by an environment without a guard.
    let planning = github.subjects([
        format!("repo:{repository}:pull_request"),
        format!("repo:{repository}:environment:{name}-plan"),
    ]);
    let planner = stack.add(
        "Planner",
        pipeline::planner(&stack.app(), planning)
            .name(environment.named("plan"))
            .description("Pull requests and releases on GitHub, to show a plan"),
    );

    stack.output("DeployRoleArn", deployer.arn());
    stack.output("PlanRoleArn", planner.arn());
}

/// The API holds no keys: Vercel vouches for it, and only for the production deployment of the environment's own project.
fn api(stack: &Stack, environment: &Environment) -> RoleRef {
    let Vercel { team, project } = &environment.settings.vercel;
    let vercel = identity_provider(stack, "Vercel", IdentityProvider::vercel(team), environment);

    let buckets = arns::bucket(environment.named("*"));
    let share_files = allow([
        s3::GetObject,
        s3::ListBucket,
        s3::PutObject,
        s3::PutObjectTagging,
    ])
    .on([arn!("{}/*", &buckets), buckets])
    .justified("CloudFormation names buckets after their stacks");

    let boundary = stack.add(
        "WorkloadBoundary",
        ManagedPolicy::new()
            .description("The most a workload may do, whatever its own policies say")
            .may(chime::create_meetings())
            .may(chime::lead_meetings())
            .may(share_files),
    );
    // The stacks that own what the API uses add to what it may do.
    let api = stack.add(
        "Api",
        Role::assumed_by(vercel.subject(format!(
            "owner:{team}:project:{project}:environment:production"
        )))
        .name(environment.named("api"))
        .description("The API while it runs")
        .within(&boundary)
        // A meeting that no customer can be billed for is never made.
        .may(chime::create_meetings().tagged_with(CUSTOMER_TAG))
        .may(chime::lead_meetings()),
    );
    stack.output("ApiRoleArn", api.arn());
    api
}

/// What a month may cost, and who hears of it.
fn costs(stack: &Stack, environment: &Environment) {
    let Environment { name, settings, .. } = environment;
    let people = &settings.costs.notify;

    // CloudFormation cannot activate cost allocation tags; an administrator does, once per account.
    stack.metadata("CostAllocationTags", ["environment", CUSTOMER_TAG]);

    let alerts = stack.add(
        "Alerts",
        AlertTopic::new("Chitchatter costs")
            .from_budgets()
            .from_cost_anomalies(),
    );
    let spending = if settings.tenancy.is_shared() {
        Spending::tagged("environment", name)
    } else {
        Spending::WholeAccount
    };
    stack.add(
        "Budget",
        Budget::monthly_usd(settings.costs.monthly_budget_usd, spending)
            .actual_percent([50, 80, 100])
            .forecast_percent([100])
            .tell(people)
            .tell_topic(&alerts),
    );

    // Anomalies are looked for in the account as a whole.
    if settings.tenancy.owns_account() {
        let anomalies = match &settings.costs.anomaly_monitor {
            Some(arn) => AnomalyMonitor::existing(arn),
            None => stack.add(
                "Anomalies",
                AnomalyMonitor::of_services(environment.named("services")),
            ),
        };
        let at_once = environment.named("at-once");
        stack.add(
            "AnomalyAlert",
            anomalies.alert_at_once(at_once, ANOMALY_USD, &alerts),
        );
        let daily = environment.named("daily");
        stack.add(
            "AnomalyDigest",
            anomalies.daily_email(daily, ANOMALY_USD, people),
        );
    }

    stack.output("AlertTopicArn", alerts.arn());
}

/// A provider of identities, of which an account knows each once: the account's owner makes it known, the others find it so.
#[track_caller]
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
