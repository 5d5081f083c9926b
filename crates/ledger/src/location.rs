//! Where a ledger is.

use std::{fmt, net::Ipv4Addr, path::PathBuf, str::FromStr};

/// Where a ledger is: an embedded file (`file:`), or a server (`libsql://`, `https://`, and on this machine `http://`).
#[derive(Clone, PartialEq, Eq)]
pub struct Location(pub(crate) Place);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    /// The base of its HTTP endpoints, without a slash at the end.
    Server {
        base: String,
        token: Option<String>,
    },
}

/// Why a text is no place for a ledger. None holds the text, which may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocation {
    /// It begins with none of the known schemes.
    #[error("a database is at `file:`, `libsql://`, `https://` or, on this machine, `http://`")]
    Scheme,
    /// `file:` and nothing behind it, or what is no path of this machine.
    #[error("`file:` is followed by a path, relative or absolute")]
    Path,
    /// No host, or characters that no host has.
    #[error("the address has no valid host")]
    Host,
    /// A user, a path, a query or a fragment.
    #[error("the address is a host and perhaps a port, nothing else; a token is passed by itself")]
    Extra,
    /// Unencrypted, and not to this machine.
    #[error("`http://` is for addresses of this machine; use `https://` or `libsql://`")]
    Unencrypted,
    /// A token for a file.
    #[error("a file takes no token")]
    TokenOfFile,
    /// A token that cannot be sent.
    #[error("the token holds characters that no token has")]
    Token,
}

impl Location {
    /// Whether it is a server, rather than a file of this machine.
    pub fn is_remote(&self) -> bool {
        matches!(self.0, Place::Server { .. })
    }

    /// The same place, entered with a token.
    ///
    /// # Errors
    /// A file takes none, and a token is visible ASCII.
    pub fn with_token(self, token: impl Into<String>) -> Result<Self, InvalidLocation> {
        let token = token.into();
        match self.0 {
            Place::File(_) => Err(InvalidLocation::TokenOfFile),
            Place::Server { .. } if !is_visible(&token) => Err(InvalidLocation::Token),
            Place::Server { base, .. } => Ok(Self(Place::Server {
                base,
                token: Some(token),
            })),
        }
    }
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        if let Some(path) = text.strip_prefix("file:") {
            return file(path);
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidLocation::Scheme)?;
        let scheme = match scheme {
            "libsql" | "https" => "https",
            "http" => "http",
            _ => return Err(InvalidLocation::Scheme),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(InvalidLocation::Extra);
        }
        let host = host(authority).ok_or(InvalidLocation::Host)?;
        if scheme == "http" && !is_loopback(host) {
            return Err(InvalidLocation::Unencrypted);
        }
        Ok(Self(Place::Server {
            base: format!("{scheme}://{authority}"),
            token: None,
        }))
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => write!(f, "file:{}", path.display()),
            Place::Server { base, token: None } => f.write_str(base),
            Place::Server { base, .. } => write!(f, "{base} with a token"),
        }
    }
}

/// `file:path` and `file:///path`, as in a URL of a file.
fn file(path: &str) -> Result<Location, InvalidLocation> {
    let path = match path.strip_prefix("//") {
        Some(absolute) if absolute.starts_with('/') => absolute,
        Some(_) => return Err(InvalidLocation::Path),
        None => path,
    };
    if path.is_empty() || path.ends_with('/') || path.contains(['?', '#', '\0', ':']) {
        return Err(InvalidLocation::Path);
    }
    Ok(Location(Place::File(path.into())))
}

/// The host of `host`, `host:port`, `[address]` or `[address]:port`.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at(end);
            let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
            (!name.is_empty() && name.bytes().all(is_of_host)).then_some((name, port))?
        }
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    match port.strip_prefix(':') {
        Some(port) => is_port(port).then_some(host),
        None => port.is_empty().then_some(host),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "::1"
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

fn is_visible(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        for (text, shown) in [
            ("file:.chitinfra/api.db", "file:.chitinfra/api.db"),
            ("file:/var/api.db", "file:/var/api.db"),
            ("file:///var/api.db", "file:/var/api.db"),
            ("libsql://pro-acme.turso.io", "https://pro-acme.turso.io"),
            ("https://pro-acme.turso.io/", "https://pro-acme.turso.io"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            let location: Location = text.parse().unwrap();
            assert_eq!(format!("{location:?}"), shown);
            assert_eq!(location.is_remote(), !text.starts_with("file:"));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        use InvalidLocation::{Extra, Host, Path, Scheme, Unencrypted};
        for (text, why) in [
            ("", Scheme),
            ("api.db", Scheme),
            ("postgres://host", Scheme),
            ("LIBSQL://host", Scheme),
            ("file:", Path),
            ("file:folder/", Path),
            ("file://host/api.db", Path),
            ("file::memory:", Path),
            ("file:api.db?mode=ro", Path),
            ("libsql://", Host),
            ("libsql://:8080", Host),
            ("libsql://host:", Host),
            ("libsql://host:99999", Host),
            ("libsql://ho st", Host),
            ("libsql://[::1", Host),
            ("libsql://user@host", Extra),
            ("libsql://host?authToken=secret", Extra),
            ("libsql://host/path", Extra),
            ("http://pro-acme.turso.io", Unencrypted),
            ("http://127.0.0.1.example.com", Unencrypted),
            ("http://10.0.0.1", Unencrypted),
        ] {
            assert_eq!(text.parse::<Location>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_token_is_never_shown() {
        let location: Location = "libsql://pro-acme.turso.io".parse().unwrap();
        let location = location.with_token("secret").unwrap();
        assert_eq!(
            format!("{location:?}"),
            "https://pro-acme.turso.io with a token"
        );
        assert_eq!(
            location.with_token("two words"),
            Err(InvalidLocation::Token)
        );
        let file: Location = "file:api.db".parse().unwrap();
        assert_eq!(file.with_token("secret"), Err(InvalidLocation::TokenOfFile));
    }
}
