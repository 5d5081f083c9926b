//! Bodies of requests: their limits, and JSON with everything that is wrong told at once.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::problem::{Invalid, Kind, Problem};

/// How long a JSON body may be, in bytes.
const LONGEST_JSON: usize = 64 * 1024;

/// How long a webhook's body may be, in bytes.
pub(crate) const LONGEST_WEBHOOK: usize = 1024 * 1024;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads a whole body.
///
/// # Errors
/// It is longer than `longest`, takes longer than 30 s, or breaks off.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    longest: usize,
) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::new(
            Kind::PayloadTooLarge,
            format!("at most {longest} bytes are taken"),
        )
    };
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > longest as u64) {
        return Err(too_large());
    }
    let arrival = tokio::time::timeout(PATIENCE, Limited::new(body, longest).collect());
    match arrival.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Kind::MalformedRequest, "the body broke off")),
        Err(_) => Err(Problem::new(
            Kind::RequestTimeout,
            format!("the body took longer than {} s", PATIENCE.as_secs()),
        )),
    }
}

/// Refuses what is not said to be JSON; a body that is empty need not be said to be anything.
///
/// # Errors
/// The media type is another one.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        let is_empty = !headers.contains_key(header::TRANSFER_ENCODING)
            && headers
                .get(header::CONTENT_LENGTH)
                .is_none_or(|length| length == "0");
        return if is_empty { Ok(()) } else { Err(not_json()) };
    };
    let given = given.to_str().unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(not_json())
    }
}

/// A whole number, which may be written `1.0`: to JSON Schema that is an integer.
///
/// <https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3>
pub(crate) fn whole(value: &Value) -> Option<u64> {
    /// Up to here each whole number has a float of its own.
    const MOST: f64 = 9_007_199_254_740_992.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    let from_float = || {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (0.0..=MOST).contains(&number)).then_some(number as u64)
    };
    value.as_u64().or_else(from_float)
}

fn not_json() -> Problem {
    Problem::new(
        Kind::UnsupportedMediaType,
        "send `Content-Type: application/json`",
    )
}

/// The members of a JSON object that are yet to be looked at, and what was found wrong.
#[derive(Debug)]
pub(crate) struct Fields {
    members: Map<String, Value>,
    errors: Vec<Invalid>,
}

/// Media type, size and form of a body are looked at in this order, which is the contract's.
impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        check_media_type(&parts.headers)?;
        Self::parse(&read(&parts.headers, body, LONGEST_JSON).await?)
    }
}

impl Fields {
    /// Reads an object; an empty body is an empty one.
    ///
    /// # Errors
    /// It is not JSON, has a member twice, or is no object.
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let members = if body.is_empty() {
            Map::new()
        } else {
            let malformed = |error: &dyn std::fmt::Display| {
                Problem::new(Kind::MalformedRequest, format!("{error}"))
            };
            let value = crate::json::parse(body).map_err(|error| malformed(&error))?;
            match value {
                Value::Object(members) => members,
                _ => {
                    return Err(Problem::invalid(vec![Invalid {
                        path: String::new(),
                        message: "must be an object".to_owned(),
                    }]));
                }
            }
        };
        Ok(Self {
            members,
            errors: Vec::new(),
        })
    }

    /// A text that fits, if it is there; `null` is as if it were not.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        must: &str,
        fit: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.members.shift_remove(name)?;
        if value.is_null() {
            return None;
        }
        let fitting = fit(&value);
        if fitting.is_none() {
            self.error(name, must);
        }
        fitting
    }

    /// What must be there and fit.
    pub(crate) fn needed<T>(
        &mut self,
        name: &str,
        must: &str,
        fit: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.members.shift_remove(name);
            self.error(name, &format!("is needed, and {must}"));
            return None;
        }
        self.optional(name, must, fit)
    }

    fn error(&mut self, name: &str, message: &str) {
        self.errors.push(Invalid {
            path: format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            message: message.to_owned(),
        });
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Everything that was wrong, members that nobody knows among it: a misspelt `instanceId` would charge somebody else.
    pub(crate) fn end(mut self) -> Result<(), Problem> {
        let unknown: Vec<String> = self.members.keys().cloned().collect();
        for name in unknown {
            self.error(&name, "is not known here");
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::whole;

    #[test]
    fn a_whole_number_may_have_a_point() {
        for (value, number) in [
            (json!(1), Some(1)),
            (json!(1.0), Some(1)),
            (json!(1e3), Some(1000)),
            (json!(1.5), None),
            (json!(-1), None),
            (json!(-1.0), None),
            (json!(1e300), None),
            (json!("1"), None),
        ] {
            assert_eq!(whole(&value), number, "{value}");
        }
    }
}
