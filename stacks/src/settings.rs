//! What differs between environments: the `settings` of `environments/*.yaml`.

use constructs::{
    addresses::{EmailAddress, Origin, Url},
    cognito::DomainName,
};
use serde::Deserialize;

use crate::PROJECT;

/// An environment with Chitchatter Pro's settings.
pub(crate) type Environment = constructs::Environment<Settings>;

/// The names of what people and other services must know by name.
pub(crate) trait Named {
    /// The name of something of the environment, `chitchatter-staging-deploy`. Environments that share an account share no names.
    fn named(&self, what: &str) -> String;
}

impl Named for Environment {
    fn named(&self, what: &str) -> String {
        format!("{PROJECT}-{}-{what}", self.name)
    }
}

/// The settings of one environment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Whether the environment has its AWS account to itself.
    pub(crate) tenancy: Tenancy,
    /// Whether what holds people's accounts is protected from deletion.
    pub(crate) protected: bool,
    /// Where the application and its API run.
    pub(crate) vercel: Vercel,
    /// The web application.
    pub(crate) web: Web,
    /// Where people sign in: a name without dots is a prefix of Cognito's own domain, a full name is a domain of ours.
    pub(crate) sign_in_domain: DomainName,
    /// Who e-mails are from, once Amazon SES has verified the domain; without it Cognito sends them, at most 50 a day.
    #[serde(default)]
    pub(crate) email_from: Option<EmailAddress>,
    /// What it may cost.
    pub(crate) costs: Costs,
}

/// Whether an environment has its AWS account to itself. Some things exist once per account: the identity provider of Vercel, and
/// the detection of cost anomalies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tenancy {
    /// Nobody else is in the account.
    Alone,
    /// The account is shared, and this environment creates what exists once in it.
    Host,
    /// The account is shared, and another environment creates what exists once in it.
    Guest,
}

impl Tenancy {
    /// Whether this environment creates what exists once per account.
    pub(crate) fn owns_account(self) -> bool {
        self != Self::Guest
    }

    /// Whether other environments are in the account too.
    pub(crate) fn is_shared(self) -> bool {
        self != Self::Alone
    }
}

/// The Vercel project that runs the application and its API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vercel {
    /// The team's slug.
    pub(crate) team: String,
    /// The project's name.
    pub(crate) project: String,
}

/// The web application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Web {
    /// Its address, as e-mails name it.
    pub(crate) site: Url,
    /// Where people come back to after they signed in.
    pub(crate) callback_urls: Vec<Url>,
    /// Where people come back to after they signed out.
    pub(crate) logout_urls: Vec<Url>,
    /// The pages that may upload and download files.
    pub(crate) origins: Vec<Origin>,
}

/// What an environment may cost.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Costs {
    /// The budget of a month, in US dollars.
    pub(crate) monthly_budget_usd: u32,
    /// The ARN of the monitor for cost anomalies that AWS itself made in the account; without it one is made.
    #[serde(default)]
    pub(crate) anomaly_monitor: Option<String>,
    /// Who hears of it by e-mail.
    pub(crate) notify: Vec<EmailAddress>,
}
