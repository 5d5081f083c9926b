//! Who may do what in the AWS account, and what it may cost.

use constructs::{chime, prelude::*};

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
    let api = api(&stack, environment);
    costs(&stack, environment);
    Account { api }
}

/// People have no rights of their own: they take on this role, with a second factor that is no older than an hour. Its policy
/// allows everything, the boundary that `chitinfra bootstrap` sets it what the stacks are made of.
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

/// The API holds no keys: Vercel vouches for it, and only for the production deployment of the environment's own project.
fn api(stack: &Stack, environment: &Environment) -> RoleRef {
    let Vercel { team, project } = &environment.settings.vercel;
    let vercel = identity_provider(stack, "Vercel", IdentityProvider::vercel(team), environment);

    // The stacks that own what the API uses add to what it may do.
    let api = stack.add(
        "Api",
        Role::assumed_by(vercel.subject(format!(
            "owner:{team}:project:{project}:environment:production"
        )))
        .name(environment.named("api"))
        .description("The API while it runs")
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
