//! What the API is told by environment variables, checked as a whole before anything starts.

mod variables;

use std::{fmt, net::IpAddr, time::Duration};

use ledger::Location;
use url::Url;

use self::variables::Variables;
use crate::{cors::Origins, secret::Secret};

/// The whole configuration.
#[derive(Debug)]
pub struct Config {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 lets the system choose.
    pub port: u16,
    /// Where the ledger is.
    pub database: Location,
    /// Whether the ledger is migrated at start.
    pub migrate: Migrate,
    /// Whose tokens are accepted; without it nobody can sign in.
    pub cognito: Option<CognitoConfig>,
    /// How webhooks are checked; without it they are refused.
    pub stripe: Option<StripeConfig>,
    /// Who issues TURN credentials.
    pub turn: Option<TurnConfig>,
    /// Where meetings are held.
    pub video: Option<VideoConfig>,
    /// Where files are kept.
    pub files: Option<FilesConfig>,
    /// As whom AWS is called; without them credentials are searched for as usual.
    pub credentials: Option<AwsCredentials>,
    /// The pages that may call.
    pub origins: Origins,
    /// What is too fast.
    pub rates: Rates,
    /// Whose word on a caller's address is taken.
    pub proxy: TrustedProxy,
}

/// When the ledger is migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// A file at start; a remote one is only checked.
    Auto,
    /// At every start.
    Always,
    /// Never.
    Never,
}

/// The user pools whose tokens are accepted.
#[derive(Debug)]
pub struct CognitoConfig {
    /// What `iss` may be.
    pub issuers: Vec<String>,
    /// What `client_id` may be.
    pub client_ids: Vec<String>,
    /// Where the keys of all issuers are, when not at their own place.
    pub jwks_url: Option<Url>,
}

/// How webhooks are checked.
#[derive(Debug)]
pub struct StripeConfig {
    /// The signing secrets, more than one while a secret is rolled.
    pub secrets: Vec<Secret>,
    /// Whether events must be of live mode.
    pub livemode: bool,
}

/// Who issues TURN credentials, and for how long.
#[derive(Debug)]
pub struct TurnConfig {
    /// Who issues them.
    pub provider: TurnProviderConfig,
    /// How long a credential is valid.
    pub ttl: Duration,
}

/// A provider of TURN credentials.
#[derive(Debug)]
pub enum TurnProviderConfig {
    /// Cloudflare Realtime.
    Cloudflare {
        /// The key's id.
        key_id: String,
        /// What authorizes the use of the key.
        api_token: Secret,
        /// Where the service is.
        base: Url,
    },
    /// A coturn server with a shared secret.
    Coturn {
        /// Given to clients as they are.
        urls: Vec<String>,
        /// `static-auth-secret` of the server.
        secret: Secret,
    },
}

/// Where meetings are held.
#[derive(Debug)]
pub struct VideoConfig {
    /// The region of the control plane and of the media.
    pub region: String,
    /// Another endpoint than AWS's own.
    pub endpoint: Option<Url>,
}

/// Where files are kept.
#[derive(Debug)]
pub struct FilesConfig {
    /// The bucket's name.
    pub bucket: String,
    /// The bucket's region.
    pub region: String,
    /// Another endpoint than AWS's own, addressed path-style.
    pub endpoint: Option<Url>,
}

/// Credentials for AWS.
#[derive(Clone, Debug)]
pub struct AwsCredentials {
    /// Which key it is; URLs that are signed with it show it.
    pub access_key_id: String,
    /// What is signed with.
    pub secret_access_key: Secret,
    /// What goes with temporary keys.
    pub session_token: Option<Secret>,
}

/// What is too fast.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Requests of one caller in a minute; ten times that of one address that is not signed in.
    pub per_caller: u32,
    /// Requests to one instance in a minute.
    pub per_instance: u32,
    /// Requests of one guest to one instance in a day of UTC.
    pub guest_daily: u64,
}

/// Whose word on a caller's address is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// Nobody's: the address is the peer's.
    None,
    /// Vercel's, which overwrites `x-forwarded-for`.
    Vercel,
}

/// A variable that cannot be used, and why; values are left out, as they may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.variable, self.message)
    }
}

impl Config {
    /// Reads the configuration from variables.
    ///
    /// # Errors
    /// Every mistake there is.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Mistake>> {
        let mut variables = Variables {
            lookup,
            mistakes: Vec::new(),
        };
        let config = Self {
            host: variables.parsed("API_HOST", "127.0.0.1", "an IP address"),
            port: variables.parsed("PORT", "3000", "a port, 0 to 65535"),
            database: variables.database(),
            migrate: variables.one_of(
                "MIGRATE",
                &[
                    ("auto", Migrate::Auto),
                    ("always", Migrate::Always),
                    ("never", Migrate::Never),
                ],
            ),
            cognito: variables.cognito(),
            stripe: variables.stripe(),
            turn: variables.turn(),
            video: variables.video(),
            files: variables.files(),
            credentials: variables.credentials(),
            origins: variables.origins(),
            rates: Rates {
                per_caller: variables.positive("RATE_LIMIT_PER_MINUTE", 60),
                per_instance: variables.positive("INSTANCE_RATE_LIMIT_PER_MINUTE", 120),
                guest_daily: variables.positive("GUEST_DAILY_LIMIT", 50).into(),
            },
            proxy: variables.one_of(
                "TRUSTED_PROXY",
                &[
                    ("none", TrustedProxy::None),
                    ("vercel", TrustedProxy::Vercel),
                ],
            ),
        };
        if variables.mistakes.is_empty() {
            Ok(config)
        } else {
            Err(variables.mistakes)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, Vec<Mistake>> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        Config::read(&|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    fn mistakes(variables: &[(&str, &str)]) -> Vec<&'static str> {
        let mistakes = read(variables).expect_err("there are mistakes");
        mistakes.iter().map(|mistake| mistake.variable).collect()
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = read(&[]).unwrap();
        assert_eq!(
            (config.host.to_string(), config.port),
            ("127.0.0.1".into(), 3000)
        );
        assert!(config.cognito.is_none() && config.stripe.is_none() && config.turn.is_none());
        assert!(config.video.is_none() && config.files.is_none());
    }

    #[test]
    fn every_mistake_is_told_at_once_and_no_value() {
        let secret = "whsec_do_not_show";
        let variables = [
            ("PORT", "http"),
            ("API_HOST", "localhost"),
            ("MIGRATE", "perhaps"),
            ("TURSO_DATABASE_URL", "http://ledger.example.com"),
            ("COGNITO_ISSUERS", "http://example.com/pool"),
            ("STRIPE_WEBHOOK_SECRETS", secret),
            ("STRIPE_LIVEMODE", secret),
            ("TURN_PROVIDER", "cloudflare"),
            ("CHIME_REGION", "Frankfurt am Main"),
            ("FILES_BUCKET", "files"),
            ("ALLOWED_ORIGINS", "*"),
            ("RATE_LIMIT_PER_MINUTE", "0"),
            ("TRUSTED_PROXY", "any"),
        ];
        let found = read(&variables).expect_err("there are mistakes");
        let names: BTreeSet<&str> = found.iter().map(|mistake| mistake.variable).collect();
        let expected = [
            "PORT",
            "API_HOST",
            "MIGRATE",
            "TURSO_DATABASE_URL",
            "COGNITO_ISSUERS",
            "COGNITO_CLIENT_IDS",
            "STRIPE_LIVEMODE",
            "CLOUDFLARE_TURN_KEY_ID",
            "CLOUDFLARE_TURN_API_TOKEN",
            "CHIME_REGION",
            "AWS_REGION",
            "ALLOWED_ORIGINS",
            "RATE_LIMIT_PER_MINUTE",
            "TRUSTED_PROXY",
        ];
        assert_eq!(names, expected.into_iter().collect());
        assert!(
            found
                .iter()
                .all(|mistake| !mistake.message.contains(secret))
        );
    }

    #[test]
    fn issuers_and_clients_come_together() {
        let issuer = (
            "COGNITO_ISSUERS",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a",
        );
        let client = ("COGNITO_CLIENT_IDS", "web, admin");
        assert_eq!(mistakes(&[issuer]), ["COGNITO_CLIENT_IDS"]);
        assert_eq!(mistakes(&[client]), ["COGNITO_ISSUERS"]);
        let cognito = read(&[issuer, client]).unwrap().cognito.unwrap();
        assert_eq!(cognito.client_ids, ["web", "admin"]);
        let keys = ("COGNITO_JWKS_URL", "https://keys.example.com/jwks.json");
        assert_eq!(mistakes(&[issuer, client, keys]), ["COGNITO_JWKS_URL"]);
        assert_eq!(
            mistakes(&[("COGNITO_JWKS_URL", "http://127.0.0.1/k")]),
            ["COGNITO_JWKS_URL"]
        );
    }

    #[test]
    fn the_two_halves_of_a_key_come_together() {
        let (id, secret) = (
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
        );
        assert_eq!(mistakes(&[id]), ["AWS_SECRET_ACCESS_KEY"]);
        assert_eq!(mistakes(&[secret]), ["AWS_ACCESS_KEY_ID"]);
        assert!(read(&[id, secret]).unwrap().credentials.is_some());
    }

    #[test]
    fn a_secret_does_not_show() {
        let config = read(&[
            ("STRIPE_WEBHOOK_SECRETS", "whsec_hidden"),
            ("TURN_PROVIDER", "coturn"),
            ("COTURN_URLS", "turn:127.0.0.1:3478"),
            ("COTURN_SECRET", "hidden-too"),
            ("TURSO_DATABASE_URL", "libsql://ledger.example.com"),
            ("TURSO_AUTH_TOKEN", "hidden-as-well"),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hidden-of-course"),
            ("AWS_SESSION_TOKEN", "hidden-with-it"),
        ]);
        let shown = format!("{:?}", config.unwrap());
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
