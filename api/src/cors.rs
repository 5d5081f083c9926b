//! The pages that may call the API from a browser.

use axum::http::{HeaderName, HeaderValue, Method, header, request};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use crate::envelope::REQUEST_ID;

/// Origins, each as it is or with `*.` for one label of its host.
///
/// An origin is scheme, host and port: <https://www.rfc-editor.org/rfc/rfc6454>.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<Origin>);

#[derive(Clone, Debug)]
enum Origin {
    Exact(String),
    /// What stands before and after the one label.
    Labelled {
        before: String,
        after: String,
    },
}

impl Origins {
    /// Reads origins such as `https://chitchatter.im` and `https://*.chitchatter.im`.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        texts
            .iter()
            .map(|text| Origin::parse(text))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a page of this origin may call.
    pub fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed.is(origin))
    }
}

impl Origin {
    fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "must be origins such as `https://chitchatter.im` or `https://*.chitchatter.im`, without a path";
        let (before, after) = match text.split_once("*.") {
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        if text == "*" || before.contains('*') || after.is_some_and(|after| after.contains('*')) {
            return Err(format!("{FORM}; `*` alone would let every page call"));
        }
        let plain = after.map_or_else(|| text.to_owned(), |after| format!("{before}label.{after}"));
        let is_origin = Url::parse(&plain).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == plain
        });
        match after {
            _ if !is_origin => Err(FORM.to_owned()),
            None => Ok(Self::Exact(text.to_owned())),
            // The label must begin the host, or `https://a*.example.com` would be another pattern than it looks.
            Some(after) if before.ends_with("://") => Ok(Self::Labelled {
                before: before.to_owned(),
                after: format!(".{after}"),
            }),
            Some(_) => Err(FORM.to_owned()),
        }
    }

    fn is(&self, origin: &str) -> bool {
        match self {
            Self::Exact(exact) => origin == exact,
            Self::Labelled { before, after } => origin
                .strip_prefix(before.as_str())
                .and_then(|rest| rest.strip_suffix(after.as_str()))
                .is_some_and(is_label),
        }
    }
}

/// Whether a text is one label of a host name, as browsers write it.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Answers preflight requests and marks the answers that pages of these origins may read.
pub(crate) fn layer(origins: Origins) -> CorsLayer {
    let is_allowed = move |origin: &HeaderValue, _: &request::Parts| {
        origin.to_str().is_ok_and(|origin| origins.allow(origin))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID])
        .expose_headers([REQUEST_ID, HeaderName::from_static("retry-after")])
        .max_age(std::time::Duration::from_secs(600))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(texts: &[&str]) -> Result<Origins, String> {
        Origins::parse(
            &texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let origins = origins(&["http://localhost:3000", "https://*.chitchatter.im"]).unwrap();
        for (origin, is_allowed) in [
            ("http://localhost:3000", true),
            ("http://localhost:3001", false),
            ("https://localhost:3000", false),
            ("https://abc.chitchatter.im", true),
            ("https://a.b.chitchatter.im", false),
            ("https://chitchatter.im", false),
            ("https://.chitchatter.im", false),
            ("https://evilchitchatter.im", false),
            ("https://abc.chitchatter.im.evil.com", false),
            ("https://evil.com/.chitchatter.im", false),
            ("http://abc.chitchatter.im", false),
            ("null", false),
        ] {
            assert_eq!(origins.allow(origin), is_allowed, "{origin}");
        }
    }

    #[test]
    fn what_would_let_everybody_in_is_refused() {
        for text in [
            "*",
            "https://*",
            "https://a*.b.c",
            "https://*.*.c",
            "https://a.b/",
            "https://a.b/path",
            "a.b",
            "https://A.b",
            "ftp://a.b",
        ] {
            assert!(origins(&[text]).is_err(), "{text}");
        }
    }
}
