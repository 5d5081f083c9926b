//! Addresses as types: what a settings file says is checked while it is read, so a mistake has its line and column.

use std::fmt;

use dsl::Value;
use serde::{Deserialize, Deserializer};

use crate::settings;

/// An absolute URL that a browser may be sent to: `https`, or `http` on the same machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

/// An origin of web pages: scheme, host and port, without a path. One `*` may stand for a label: `https://*.chitchatter.im`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress(String);

/// A host's full name in the DNS: `auth.chitchatter.im`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// Why a text is not the address it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress(String);

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is not an absolute `https` URL, nor an `http` URL of `localhost`, or it has a fragment, a space or a quote.
    pub fn new(text: &str) -> Result<Self, InvalidAddress> {
        let wrong = |why| Err(InvalidAddress(format!("URL `{text}` {why}")));
        let Some((host, path)) = split(text) else {
            return wrong("does not begin with `https://` and a host, or with `http://localhost`");
        };
        if !is_host_and_port(host) {
            return wrong("has no valid host");
        }
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}#".contains(&byte);
        if !path.bytes().all(plain) {
            return wrong("has a fragment, or a character that must be escaped");
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it leads back to the developer's own machine.
    pub fn is_local(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// It has a path, has `*` anywhere but as the first label, or is not `https` outside `localhost`.
    pub fn new(text: &str) -> Result<Self, InvalidAddress> {
        let wrong = |why| Err(InvalidAddress(format!("origin `{text}` {why}")));
        let Some((host, path)) = split(text) else {
            return wrong("does not begin with `https://` and a host, or with `http://localhost`");
        };
        if !path.is_empty() {
            return wrong("has a path; end it after the host");
        }
        let concrete = host.strip_prefix("*.").unwrap_or(host);
        if !is_host_and_port(concrete) || (concrete != host && !concrete.contains('.')) {
            return wrong("has no valid host; `*` may stand for the first label only");
        }
        Ok(Self(text.to_owned()))
    }
}

impl EmailAddress {
    /// Reads an e-mail address.
    ///
    /// # Errors
    /// It is not one name, an `@` and a host's full name.
    pub fn new(text: &str) -> Result<Self, InvalidAddress> {
        let named =
            |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+=?^_{|}~-".contains(&byte);
        match text.split_once('@') {
            Some((name, host))
                if !name.is_empty() && name.bytes().all(named) && is_full_name(host) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidAddress(format!(
                "`{text}` is not an e-mail address like `costs@example.com`"
            ))),
        }
    }
}

impl EmailAddress {
    /// The domain, after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl HostName {
    /// Reads a host's full name.
    ///
    /// # Errors
    /// It is not labels of lowercase letters, digits and hyphens with dots between them.
    pub fn new(text: &str) -> Result<Self, InvalidAddress> {
        if is_full_name(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidAddress(format!(
                "`{text}` is not a host's full name like `auth.example.com`"
            )))
        }
    }
}

/// Cuts what follows the scheme into host and the rest, when the scheme is right for the host.
fn split(text: &str) -> Option<(&str, &str)> {
    let (rest, secure) = match text.strip_prefix("https://") {
        Some(rest) => (rest, true),
        None => (text.strip_prefix("http://")?, false),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let name = host.split(':').next().unwrap_or(host);
    (secure || name == "localhost").then_some((host, path))
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().is_ok_and(|port| port > 0)),
        None => (text, true),
    };
    port && (host == "localhost" || is_full_name(host))
}

fn is_full_name(text: &str) -> bool {
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for InvalidAddress {}

macro_rules! texts {
    ($($kind:ident),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                settings::text(deserializer, Self::new)
            }
        }

        impl AsRef<str> for $kind {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<&$kind> for Value<String> {
            fn from(address: &$kind) -> Self {
                address.0.as_str().into()
            }
        }

        impl From<$kind> for Value<String> {
            fn from(address: $kind) -> Self {
                address.0.into()
            }
        }
    )*};
}
texts!(Url, Origin, EmailAddress, HostName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_secure_or_local() {
        for good in [
            "https://pro.chitchatter.im",
            "https://pro.chitchatter.im/signed-in?a=b",
            "http://localhost:3000",
            "http://localhost",
        ] {
            assert!(Url::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "pro.chitchatter.im",
            "http://pro.chitchatter.im",
            "http://localhost.evil.example",
            "https://",
            "https://host",
            "https://host.example:0",
            "https://host.example:99999",
            "https://a b.example",
            "https://host.example/#fragment",
            "https://host.example/\"><script>",
            "https://user@host.example",
            "ftp://host.example",
        ] {
            assert!(Url::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_have_no_path_and_at_most_one_star() {
        for good in [
            "https://pro.chitchatter.im",
            "https://*.chitchatter.im",
            "http://localhost:3000",
        ] {
            assert!(Origin::new(good).is_ok(), "{good}");
        }
        for bad in [
            "*",
            "https://*",
            "https://*.im",
            "https://a.*.im",
            "https://pro.chitchatter.im/",
            "http://*.localhost",
        ] {
            assert!(Origin::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn email_addresses_and_hosts() {
        assert!(EmailAddress::new("costs+aws@chitchatter.im").is_ok());
        for bad in ["costs", "@chitchatter.im", "a b@c.im", "a@b@c.im", "a@host"] {
            assert!(EmailAddress::new(bad).is_err(), "{bad}");
        }
        assert!(HostName::new("auth.chitchatter.im").is_ok());
        for bad in [
            "auth",
            "Auth.chitchatter.im",
            "-a.im",
            "a..im",
            "https://a.im",
        ] {
            assert!(HostName::new(bad).is_err(), "{bad}");
        }
    }
}
