//! The clock: the one place that reads it.

use std::time::SystemTime;

/// What time it is.
#[expect(
    clippy::disallowed_methods,
    reason = "the binary is where the clock is read"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
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
