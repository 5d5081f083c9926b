//! What the API is told by environment variables, checked as a whole before anything starts.

use std::{collections::BTreeSet, fmt, net::IpAddr, str::FromStr, time::Duration};

use ledger::Location;
use url::Url;

use crate::{cors::Origins, secret::Secret};

/// How long a credential of a TURN server may be valid at most: what Cloudflare takes, 48 hours.
///
/// <https://developers.cloudflare.com/realtime/turn/generate-credentials/>
const LONGEST_TURN_TTL: u64 = 48 * 60 * 60;

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

/// The variables, and what was found wrong with them so far.
struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    mistakes: Vec<Mistake>,
}

impl Variables<'_> {
    /// A variable that is set and not empty: an empty one is how many platforms spell "not set".
    fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn mistake(&mut self, variable: &'static str, message: impl Into<String>) {
        let message = message.into();
        self.mistakes.push(Mistake { variable, message });
    }

    fn parsed<T: FromStr>(&mut self, name: &'static str, default: &str, what: &str) -> T
    where
        T::Err: fmt::Debug,
    {
        let given = self.get(name);
        let value = given.as_deref().unwrap_or(default).parse();
        value.unwrap_or_else(|_| {
            self.mistake(name, format!("must be {what}"));
            default.parse().expect("the default is right")
        })
    }

    fn one_of<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> T {
        let (_, default) = choices[0];
        let Some(given) = self.get(name) else {
            return default;
        };
        let chosen = choices.iter().find(|(word, _)| *word == given);
        if let Some((_, choice)) = chosen {
            return *choice;
        }
        let words: Vec<String> = choices
            .iter()
            .map(|(word, _)| format!("`{word}`"))
            .collect();
        self.mistake(name, format!("must be one of {}", words.join(", ")));
        default
    }

    fn positive(&mut self, name: &'static str, default: u32) -> u32 {
        let value: u32 = self.parsed(name, &default.to_string(), "a whole number from 1");
        if value == 0 {
            self.mistake(name, "must be a whole number from 1");
            return default;
        }
        value
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.get(name).unwrap_or_default();
        let parts = text.split(',').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A URL whose traffic nobody can read on the way: `https`, or `http` on this machine.
    fn url(&mut self, name: &'static str) -> Option<Url> {
        let text = self.get(name)?;
        match safe_url(&text) {
            Ok(url) => Some(url),
            Err(message) => {
                self.mistake(name, message);
                None
            }
        }
    }

    fn database(&mut self) -> Location {
        const DEFAULT: &str = "file:.chitinfra/api.db";
        let text = self.get("TURSO_DATABASE_URL");
        let location: Location = match text.as_deref().unwrap_or(DEFAULT).parse() {
            Ok(location) => location,
            Err(error) => {
                self.mistake("TURSO_DATABASE_URL", error.to_string());
                DEFAULT.parse().expect("the default is right")
            }
        };
        let Some(token) = self.get("TURSO_AUTH_TOKEN") else {
            return location;
        };
        location.clone().with_token(token).unwrap_or_else(|error| {
            self.mistake("TURSO_AUTH_TOKEN", error.to_string());
            location
        })
    }

    fn cognito(&mut self) -> Option<CognitoConfig> {
        let issuers = self.list("COGNITO_ISSUERS");
        let client_ids = self.list("COGNITO_CLIENT_IDS");
        for issuer in &issuers {
            match safe_url(issuer) {
                Err(message) => self.mistake("COGNITO_ISSUERS", message),
                Ok(_) if issuer.ends_with('/') => {
                    self.mistake("COGNITO_ISSUERS", "an issuer does not end with `/`");
                }
                Ok(_) => {}
            }
        }
        repeated(&issuers).then(|| self.mistake("COGNITO_ISSUERS", "names an issuer twice"));
        let jwks_url = self.url("COGNITO_JWKS_URL");
        if jwks_url.as_ref().is_some_and(|url| !is_loopback(url)) {
            self.mistake(
                "COGNITO_JWKS_URL",
                "is for this machine alone: other keys are taken from their issuer",
            );
        }
        match (issuers.is_empty(), client_ids.is_empty()) {
            (true, true) => {
                if jwks_url.is_some() {
                    self.mistake("COGNITO_JWKS_URL", "means nothing without COGNITO_ISSUERS");
                }
                None
            }
            (false, true) => {
                self.mistake("COGNITO_CLIENT_IDS", "must be set when COGNITO_ISSUERS is");
                None
            }
            (true, false) => {
                self.mistake("COGNITO_ISSUERS", "must be set when COGNITO_CLIENT_IDS is");
                None
            }
            (false, false) => Some(CognitoConfig {
                issuers,
                client_ids,
                jwks_url,
            }),
        }
    }

    fn stripe(&mut self) -> Option<StripeConfig> {
        let secrets = self.list("STRIPE_WEBHOOK_SECRETS");
        let livemode = self.one_of("STRIPE_LIVEMODE", &[("false", false), ("true", true)]);
        (!secrets.is_empty()).then(|| StripeConfig {
            secrets: secrets.into_iter().map(Secret::new).collect(),
            livemode,
        })
    }

    fn turn(&mut self) -> Option<TurnConfig> {
        const TTL: &str = "TURN_TTL_SECONDS";
        let seconds = u64::from(self.positive(TTL, 600));
        if seconds > LONGEST_TURN_TTL {
            self.mistake(
                TTL,
                format!("must be {LONGEST_TURN_TTL} (48 hours) at most"),
            );
        }
        let provider = match self.get("TURN_PROVIDER")?.as_str() {
            "cloudflare" => {
                let key_id = self.needed("CLOUDFLARE_TURN_KEY_ID", "TURN_PROVIDER=cloudflare");
                let api_token =
                    self.needed("CLOUDFLARE_TURN_API_TOKEN", "TURN_PROVIDER=cloudflare");
                let base = match self.get("CLOUDFLARE_TURN_URL") {
                    Some(_) => self.url("CLOUDFLARE_TURN_URL"),
                    None => "https://rtc.live.cloudflare.com".parse().ok(),
                };
                TurnProviderConfig::Cloudflare {
                    key_id: key_id?,
                    api_token: api_token.map(Secret::new)?,
                    base: base?,
                }
            }
            "coturn" => {
                let urls = self.needed("COTURN_URLS", "TURN_PROVIDER=coturn");
                let secret = self.needed("COTURN_SECRET", "TURN_PROVIDER=coturn");
                urls?;
                let urls = self.list("COTURN_URLS");
                let is_turn = |url: &String| {
                    ["stun:", "stuns:", "turn:", "turns:"]
                        .iter()
                        .any(|scheme| url.starts_with(scheme))
                };
                if !urls.iter().all(is_turn) {
                    self.mistake("COTURN_URLS", "must be URLs such as `turn:host:3478`");
                }
                TurnProviderConfig::Coturn {
                    urls,
                    secret: secret.map(Secret::new)?,
                }
            }
            _ => {
                self.mistake("TURN_PROVIDER", "must be one of `cloudflare`, `coturn`");
                return None;
            }
        };
        Some(TurnConfig {
            provider,
            ttl: Duration::from_secs(seconds),
        })
    }

    fn video(&mut self) -> Option<VideoConfig> {
        let endpoint = self.url("AWS_ENDPOINT_URL_CHIME_SDK_MEETINGS");
        let region = self.get("CHIME_REGION")?;
        // It becomes a part of a host's name.
        let is_label =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !region.bytes().all(is_label) {
            self.mistake("CHIME_REGION", "must be a region such as `eu-central-1`");
        }
        Some(VideoConfig { region, endpoint })
    }

    fn files(&mut self) -> Option<FilesConfig> {
        let endpoint = self.url("AWS_ENDPOINT_URL_S3");
        let bucket = self.get("FILES_BUCKET")?;
        let region = self.needed("AWS_REGION", "FILES_BUCKET");
        Some(FilesConfig {
            bucket,
            region: region?,
            endpoint,
        })
    }

    fn credentials(&mut self) -> Option<AwsCredentials> {
        const ID: &str = "AWS_ACCESS_KEY_ID";
        const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
        match (self.get(ID), self.get(SECRET)) {
            (None, None) => None,
            (id, secret) => {
                let id = id.or_else(|| self.needed(ID, SECRET));
                let secret = secret.or_else(|| self.needed(SECRET, ID));
                Some(AwsCredentials {
                    access_key_id: id?,
                    secret_access_key: Secret::new(secret?),
                    session_token: self.get("AWS_SESSION_TOKEN").map(Secret::new),
                })
            }
        }
    }

    fn origins(&mut self) -> Origins {
        let given = self.list("ALLOWED_ORIGINS");
        let origins = if given.is_empty() {
            vec!["http://localhost:3000".to_owned()]
        } else {
            given
        };
        match Origins::parse(&origins) {
            Ok(origins) => origins,
            Err(message) => {
                self.mistake("ALLOWED_ORIGINS", message);
                Origins::default()
            }
        }
    }

    fn needed(&mut self, name: &'static str, because: &str) -> Option<String> {
        let value = self.get(name);
        if value.is_none() {
            self.mistake(name, format!("must be set with {because}"));
        }
        value
    }
}

fn repeated(list: &[String]) -> bool {
    list.iter().collect::<BTreeSet<_>>().len() < list.len()
}

/// A URL that is `https`, or `http` on this machine, and carries no credentials of its own.
fn safe_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    if !is_safe {
        return Err("must be `https`; `http` is for this machine alone".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment".to_owned());
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
    fn http_is_for_this_machine_alone() {
        for (url, is_safe) in [
            ("https://example.com", true),
            ("http://127.0.0.1:8000", true),
            ("http://[::1]:8000", true),
            ("http://localhost:8000", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("ftp://localhost", false),
            ("https://name:word@example.com", false),
            ("example.com", false),
        ] {
            assert_eq!(safe_url(url).is_ok(), is_safe, "{url}");
        }
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
