//! Templates in buckets.

use percent_encoding::percent_decode_str;

use crate::{evaluate::Failure, services::s3, state::State};

/// The longest template in a bucket, in bytes.
const LONGEST_OBJECT: usize = 1_000_000;

/// The text of the template at an address.
pub(crate) fn template_at(state: &State, url: &str) -> Result<String, Failure> {
    let (bucket, key) =
        object_of(url).ok_or_else(|| Failure::new("TemplateURL must be a supported URL."))?;
    let object = s3::object(state, &bucket, &key)
        .map_err(|refusal| Failure::new(format!("S3 error: {}", refusal.message)))?;
    if object.size > LONGEST_OBJECT {
        return Err(Failure::new(format!(
            "Template may not exceed {LONGEST_OBJECT} bytes in size."
        )));
    }
    let body = s3::body_of(object).map_err(|refusal| Failure(refusal.message))?;
    String::from_utf8(body)
        .map_err(|_| Failure::new("Template format error: unsupported encoding."))
}

/// Bucket and key of a template's address, in either of S3's styles.
fn object_of(url: &str) -> Option<(String, String)> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_once('/')?;
    let path = percent_decode_str(path).decode_utf8().ok()?.into_owned();
    let is_s3 = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    let bucket = match host.split_once(".s3") {
        Some((bucket, _)) if is_s3 && !host.starts_with("s3") => Some(bucket.to_owned()),
        _ => host
            .split(':')
            .next()
            .and_then(|name| name.strip_suffix(".localhost"))
            .map(str::to_owned),
    };
    match bucket {
        Some(bucket) => Some((bucket, path)),
        None => {
            let (bucket, key) = path.split_once('/')?;
            Some((bucket.to_owned(), key.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_addresses_are_read() {
        for (url, expected) in [
            (
                "https://b.s3.amazonaws.com/a/k.json",
                Some(("b", "a/k.json")),
            ),
            (
                "https://b.s3.eu-west-1.amazonaws.com/k%20l",
                Some(("b", "k l")),
            ),
            (
                "https://s3.eu-west-1.amazonaws.com/b/a/k",
                Some(("b", "a/k")),
            ),
            ("https://s3.amazonaws.com/b/k", Some(("b", "k"))),
            (
                "http://127.0.0.1:4599/b/a/k?versionId=1",
                Some(("b", "a/k")),
            ),
            ("http://b.localhost:4599/a/k", Some(("b", "a/k"))),
            ("s3://b/k", None),
            ("https://s3.amazonaws.com/b", None),
        ] {
            let found = object_of(url);
            let found = found
                .as_ref()
                .map(|(bucket, key)| (bucket.as_str(), key.as_str()));
            assert_eq!(found, expected, "{url}");
        }
    }
}
