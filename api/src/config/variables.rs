//! Variables, read one by one; what is wrong with them is gathered.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use ledger::Location;
use url::Url;

use super::{
    AwsCredentials, CognitoConfig, FilesConfig, Mistake, StripeConfig, TurnConfig,
    TurnProviderConfig, VideoConfig,
};
use crate::{cors::Origins, secret::Secret};

/// How long a credential of a TURN server may be valid at most: what Cloudflare takes, 48 hours.
///
/// <https://developers.cloudflare.com/realtime/turn/generate-credentials/>
const LONGEST_TURN_TTL: u64 = 48 * 60 * 60;

/// The variables, and what was found wrong with them so far.
pub(super) struct Variables<'a> {
    pub(super) lookup: &'a dyn Fn(&str) -> Option<String>,
    pub(super) mistakes: Vec<Mistake>,
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

    pub(super) fn parsed<T: FromStr>(&mut self, name: &'static str, default: &str, what: &str) -> T
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

    pub(super) fn one_of<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> T {
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

    pub(super) fn positive(&mut self, name: &'static str, default: u32) -> u32 {
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

    pub(super) fn database(&mut self) -> Location {
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

    pub(super) fn cognito(&mut self) -> Option<CognitoConfig> {
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

    pub(super) fn stripe(&mut self) -> Option<StripeConfig> {
        let secrets = self.list("STRIPE_WEBHOOK_SECRETS");
        let livemode = self.one_of("STRIPE_LIVEMODE", &[("false", false), ("true", true)]);
        (!secrets.is_empty()).then(|| StripeConfig {
            secrets: secrets.into_iter().map(Secret::new).collect(),
            livemode,
        })
    }

    pub(super) fn turn(&mut self) -> Option<TurnConfig> {
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

    pub(super) fn video(&mut self) -> Option<VideoConfig> {
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

    pub(super) fn files(&mut self) -> Option<FilesConfig> {
        let endpoint = self.url("AWS_ENDPOINT_URL_S3");
        let bucket = self.get("FILES_BUCKET")?;
        let region = self.needed("AWS_REGION", "FILES_BUCKET");
        Some(FilesConfig {
            bucket,
            region: region?,
            endpoint,
        })
    }

    pub(super) fn credentials(&mut self) -> Option<AwsCredentials> {
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

    pub(super) fn origins(&mut self) -> Origins {
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
    use super::safe_url;

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
}
