//! The client: an application that people sign in to.

use dsl::{Construct, Diagnostic, Handle, Stack, Value};
use resources::cognito::{
    self, UserPoolClientRef,
    user_pool_client::{
        AllowedOAuthFlowsItem, ExplicitAuthFlowsItem, PreventUserExistenceErrors,
        TokenValidityUnits,
    },
};

use super::Attribute;
use crate::addresses::Url;

/// An application that people sign in to; [`Users::public_client`](super::Users::public_client) begins it.
///
/// It never tells whether an account exists, and the tokens of someone who signs out are revoked.
#[derive(Clone, Debug)]
pub struct UserPoolClient {
    pool: Value<String>,
    name: String,
    scopes: Vec<Scope>,
    callback_urls: Vec<Url>,
    logout_urls: Vec<Url>,
    secure_remote_password: bool,
    readable: Vec<Attribute>,
    writable: Vec<Attribute>,
    access_token: Lifetime,
    id_token: Lifetime,
    refresh_token: Lifetime,
}

/// What an application may know of someone who signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Who they are; without it there is no ID token.
    OpenId,
    /// Their e-mail address.
    Email,
    /// Their name and other attributes.
    Profile,
    /// Their telephone number.
    Phone,
    /// Their own account, to look at and change.
    Account,
}

/// How long a token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    amount: u32,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Minutes,
    Hours,
    Days,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::OpenId => "openid",
            Self::Email => "email",
            Self::Profile => "profile",
            Self::Phone => "phone",
            Self::Account => "aws.cognito.signin.user.admin",
        }
    }
}

impl Lifetime {
    /// So many minutes.
    pub const fn minutes(amount: u32) -> Self {
        let unit = Unit::Minutes;
        Self { amount, unit }
    }

    /// So many hours.
    pub const fn hours(amount: u32) -> Self {
        let unit = Unit::Hours;
        Self { amount, unit }
    }

    /// So many days.
    pub const fn days(amount: u32) -> Self {
        let unit = Unit::Days;
        Self { amount, unit }
    }

    fn in_minutes(self) -> u64 {
        let amount = u64::from(self.amount);
        match self.unit {
            Unit::Minutes => amount,
            Unit::Hours => amount * 60,
            Unit::Days => amount * 24 * 60,
        }
    }

    fn unit(self) -> &'static str {
        match self.unit {
            Unit::Minutes => "minutes",
            Unit::Hours => "hours",
            Unit::Days => "days",
        }
    }

    /// The unit in CloudFormation's words, which are the same for each kind of token.
    fn unit_value<T>(self) -> Value<T> {
        Value::from_expression(self.unit().into())
    }
}

impl UserPoolClient {
    pub(super) fn new(pool: Value<String>, name: String) -> Self {
        Self {
            pool,
            name,
            scopes: Vec::new(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            secure_remote_password: false,
            readable: Vec::new(),
            writable: Vec::new(),
            access_token: Lifetime::hours(1),
            id_token: Lifetime::hours(1),
            refresh_token: Lifetime::days(30),
        }
    }

    /// Has people sign in on the pool's own pages and come back with a code, which the application exchanges for tokens. A client
    /// without a secret proves with PKCE that it is the one who asked.
    /// <https://datatracker.ietf.org/doc/html/rfc7636>
    #[must_use]
    pub fn authorization_code_with_pkce(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// Has people sign in on the application's own pages too, by a proof of the password that does not carry it (SRP).
    #[must_use]
    pub fn secure_remote_password(mut self) -> Self {
        self.secure_remote_password = true;
        self
    }

    /// Where people may come back to after they signed in; compared letter by letter.
    #[must_use]
    pub fn callback_urls(mut self, urls: &[Url]) -> Self {
        self.callback_urls = urls.to_vec();
        self
    }

    /// Where people may come back to after they signed out; compared letter by letter.
    #[must_use]
    pub fn logout_urls(mut self, urls: &[Url]) -> Self {
        self.logout_urls = urls.to_vec();
        self
    }

    /// The attributes the application may read. Without it, all.
    #[must_use]
    pub fn readable(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.readable = attributes.into_iter().collect();
        self
    }

    /// The attributes the application may change in the name of its user. Without it, all.
    #[must_use]
    pub fn writable(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.writable = attributes.into_iter().collect();
        self
    }

    /// How long an access token is valid, 5 minutes to a day; one hour if it is not called.
    #[must_use]
    pub fn access_token_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.access_token = lifetime;
        self
    }

    /// How long an ID token is valid, 5 minutes to a day; one hour if it is not called.
    #[must_use]
    pub fn id_token_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.id_token = lifetime;
        self
    }

    /// How long someone stays signed in, an hour to ten years; 30 days if it is not called.
    #[must_use]
    pub fn refresh_token_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.refresh_token = lifetime;
        self
    }

    /// What is wrong with it, each with what to do about it.
    fn findings(&self) -> Vec<(String, &'static str)> {
        const DAY: u64 = 24 * 60;
        let mut findings = Vec::new();
        if !self.scopes.is_empty() && self.callback_urls.is_empty() {
            findings.push((
                "the client signs in by authorization code and has no callback URL".to_owned(),
                "name where people come back to with `.callback_urls(…)`",
            ));
        }
        if self.scopes.is_empty() && !self.secure_remote_password {
            findings.push((
                "the client has no way to sign in".to_owned(),
                "give it `.authorization_code_with_pkce(…)` or `.secure_remote_password()`",
            ));
        }
        for (token, lifetime, range) in [
            ("access", self.access_token, 5..=DAY),
            ("ID", self.id_token, 5..=DAY),
            ("refresh", self.refresh_token, 60..=3_650 * DAY),
        ] {
            if !range.contains(&lifetime.in_minutes()) {
                findings.push((
                    format!(
                        "the {token} token is valid for `{}` {}, and Cognito allows {} minutes to {} days",
                        lifetime.amount,
                        lifetime.unit(),
                        range.start(),
                        range.end() / DAY
                    ),
                    "choose a lifetime in between",
                ));
            }
        }
        let shorter = self
            .access_token
            .in_minutes()
            .min(self.id_token.in_minutes());
        if self.refresh_token.in_minutes() < shorter {
            findings.push((
                "the refresh token is valid for less long than the tokens it renews".to_owned(),
                "give it a longer lifetime",
            ));
        }
        findings
    }
}

impl Construct for UserPoolClient {
    type Output = UserPoolClientRef;

    fn build(self, stack: &Stack, id: &str) -> UserPoolClientRef {
        let findings = self.findings();
        let names = |attributes: Vec<Attribute>| -> Vec<&str> {
            attributes
                .into_iter()
                .map(|attribute| attribute.name)
                .collect()
        };
        let mut client = cognito::UserPoolClient::new(self.pool)
            .client_name(self.name)
            .generate_secret(false)
            .enable_token_revocation(true)
            .prevent_user_existence_errors(PreventUserExistenceErrors::Enabled)
            .supported_identity_providers(["COGNITO"])
            .access_token_validity(self.access_token.amount)
            .id_token_validity(self.id_token.amount)
            .refresh_token_validity(self.refresh_token.amount)
            .token_validity_units(
                TokenValidityUnits::new()
                    .access_token(self.access_token.unit_value())
                    .id_token(self.id_token.unit_value())
                    .refresh_token(self.refresh_token.unit_value()),
            );
        let mut flows = vec![ExplicitAuthFlowsItem::AllowRefreshTokenAuth];
        if self.secure_remote_password {
            flows.push(ExplicitAuthFlowsItem::AllowUserSrpAuth);
        }
        client = client.explicit_auth_flows(flows);
        if !self.scopes.is_empty() {
            let scopes: Vec<_> = self.scopes.into_iter().map(Scope::name).collect();
            client = client
                .allowed_oauth_flows_user_pool_client(true)
                .allowed_oauth_flows([AllowedOAuthFlowsItem::Code])
                .allowed_oauth_scopes(scopes)
                .callback_urls(self.callback_urls)
                .logout_urls(self.logout_urls);
        }
        if !self.readable.is_empty() {
            client = client.read_attributes(names(self.readable));
        }
        if !self.writable.is_empty() {
            client = client.write_attributes(names(self.writable));
        }
        let client = stack.add(id, client);
        for (message, hint) in findings {
            let diagnostic = Diagnostic::error(message).at_path(client.reference().path());
            stack.diagnose(diagnostic.hinted(hint));
        }
        client
    }
}
