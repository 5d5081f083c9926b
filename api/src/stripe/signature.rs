//! The signature of a webhook: <https://docs.stripe.com/webhooks/signature>.

use std::fmt;

use axum::http::HeaderValue;
use jiff::Timestamp;
use ring::hmac;

use crate::secret::Secret;

/// How far the time of a signature may be from now, in seconds, before or after.
const TOLERANCE: i64 = 300;

/// The secrets that sign.
pub(crate) struct Signatures {
    keys: Vec<hmac::Key>,
}

impl Signatures {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let key = |secret: &Secret| hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
        Self {
            keys: secrets.iter().map(key).collect(),
        }
    }

    /// Whether one of the secrets has signed this body, about now.
    pub(crate) fn hold(&self, header: Option<&HeaderValue>, body: &[u8], now: Timestamp) -> bool {
        let Some((time, tags)) = header.and_then(|header| parse(header.to_str().ok()?)) else {
            return false;
        };
        // The text as it was sent is what is signed.
        let is_recent = is_number(time)
            && time
                .parse::<i64>()
                .is_ok_and(|time| now.as_second().abs_diff(time) <= TOLERANCE.unsigned_abs());
        if !is_recent {
            return false;
        }
        let message = [time.as_bytes(), b".", body].concat();
        // Every pair is tried, so that the time it takes tells nothing.
        let mut holds = false;
        for key in &self.keys {
            for tag in &tags {
                holds |= hmac::verify(key, &message, tag).is_ok();
            }
        }
        holds
    }
}

impl fmt::Debug for Signatures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signatures").finish_non_exhaustive()
    }
}

/// How many signatures of one header are looked at; two are usual while a secret is rolled.
const MOST_TAGS: usize = 16;

/// The one time and all signatures of the scheme `v1`.
fn parse(header: &str) -> Option<(&str, Vec<Vec<u8>>)> {
    let mut time = None;
    let mut tags = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", value) if time.replace(value).is_some() => return None,
            ("v1", value) if tags.len() < MOST_TAGS => tags.extend(hex(value)),
            _ => {}
        }
    }
    Some((time?, tags))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const NOW: i64 = 1_700_000_000;

    fn tag(secret: &str, time: &str, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, &[time.as_bytes(), b".", body].concat());
        tag.as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn holds(header: &str, body: &[u8]) -> bool {
        let signatures = Signatures::new(&[Secret::new("whsec_new"), Secret::new("whsec_old")]);
        let header = HeaderValue::from_str(header).unwrap();
        signatures.hold(Some(&header), body, Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn any_secret_and_any_v1_will_do() {
        let time = NOW.to_string();
        let (new, old, other) = (
            tag("whsec_new", &time, BODY),
            tag("whsec_old", &time, BODY),
            tag("whsec_other", &time, BODY),
        );
        assert!(holds(&format!("t={time},v1={new}"), BODY));
        assert!(holds(&format!("t={time},v1={other},v1={old},v0=00"), BODY));
        assert!(holds(&format!("v1={old}, t={time}"), BODY));
        assert!(!holds(&format!("t={time},v1={other}"), BODY));
        assert!(!holds(&format!("t={time},v0={new}"), BODY));
        assert!(!holds(&format!("t={time},v1={new}"), b"{}"));
        assert!(!holds(&format!("v1={new}"), BODY));
        assert!(!holds(&format!("t={time},t={time},v1={new}"), BODY));
        assert!(!holds(&format!("t={time}"), BODY));
        assert!(!holds("", BODY));
    }

    #[test]
    fn the_time_is_within_five_minutes() {
        for (time, is_right) in [
            (NOW - 300, true),
            (NOW - 301, false),
            (NOW + 300, true),
            (NOW + 301, false),
        ] {
            let time = time.to_string();
            let header = format!("t={time},v1={}", tag("whsec_new", &time, BODY));
            assert_eq!(holds(&header, BODY), is_right, "{time}");
        }
        for time in [
            "+1700000000",
            " 1700000000",
            "1.7e9",
            "99999999999999999999",
            "-1",
        ] {
            let header = format!("t={time},v1={}", tag("whsec_new", time, BODY));
            assert!(!holds(&header, BODY), "{time}");
        }
    }
}
