//! The clock: the one place that reads it.

use std::time::SystemTime;

use jiff::{Timestamp, tz::TimeZone};

use crate::error::CommandError;

/// What time it is.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary is where the clock is read"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// What time it is, in milliseconds since 1970.
pub(crate) fn milliseconds() -> i64 {
    let since = now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A number that no other run has.
pub(crate) fn seed() -> u64 {
    let since = now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    since.as_secs().rotate_left(32)
        ^ u64::from(since.subsec_nanos())
        ^ (u64::from(std::process::id()) << 8)
}

/// Today in UTC, `2026-12-31`.
pub(crate) fn today() -> Result<String, CommandError> {
    let timestamp = Timestamp::try_from(now())
        .map_err(|error| CommandError::failed(format!("the clock is not usable: {error}")))?;
    Ok(TimeZone::UTC.to_datetime(timestamp).date().to_string())
}
