//! What may be used how much, and over which time.

use std::fmt;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quota {
    /// TURN allocations of an instance in a month.
    Turn,
    /// Participant-minutes of an instance in a month.
    Video,
    /// Bytes that an instance holds at once.
    Storage,
    /// What one guest asks of an instance in a day.
    Guest,
}

impl Quota {
    /// Its name: `turn`, `video`, `storage`, `guest`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Video => "video",
            Self::Storage => "storage",
            Self::Guest => "guest",
        }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much is used of what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What is used.
    pub used: u64,
    /// What may be used.
    pub limit: u64,
    /// When some of it may be used again: the next month or day, or for storage when the next file goes, and now when none is held.
    pub resets_at: Timestamp,
}

impl Usage {
    /// What may still be used.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// A quota that leaves no room for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which.
    pub quota: Quota,
    /// How far.
    pub usage: Usage,
}

/// A calendar month or day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: Timestamp,
    /// The first moment after it.
    pub(crate) end: Timestamp,
}

impl Period {
    pub(crate) fn month_of(now: Timestamp) -> Self {
        let date = date_of(now);
        Self::between(date.first_of_month(), date.last_of_month())
    }

    pub(crate) fn day_of(now: Timestamp) -> Self {
        let date = date_of(now);
        Self::between(date, date)
    }

    fn between(first: Date, last: Date) -> Self {
        let end = last.checked_add(1.day()).ok().and_then(start_of);
        Self {
            start: start_of(first).unwrap_or(Timestamp::MIN),
            end: end.unwrap_or(Timestamp::MAX),
        }
    }
}

fn date_of(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// The first moment of a day, but for days at the very ends of time.
fn start_of(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_and_end_in_utc() {
        for (now, month, next_month, day, next_day) in [
            (
                "2026-11-29T10:00:00Z",
                "2026-11-01",
                "2026-12-01",
                "2026-11-29",
                "2026-11-30",
            ),
            (
                "2026-11-30T23:59:59.999Z",
                "2026-11-01",
                "2026-12-01",
                "2026-11-30",
                "2026-12-01",
            ),
            (
                "2026-12-01T00:00:00Z",
                "2026-12-01",
                "2027-01-01",
                "2026-12-01",
                "2026-12-02",
            ),
            (
                "2028-02-29T12:00:00Z",
                "2028-02-01",
                "2028-03-01",
                "2028-02-29",
                "2028-03-01",
            ),
        ] {
            let now: Timestamp = now.parse().unwrap();
            let midnight = |date: &str| format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap();
            let period = |start, end| Period {
                start: midnight(start),
                end: midnight(end),
            };
            assert_eq!(Period::month_of(now), period(month, next_month));
            assert_eq!(Period::day_of(now), period(day, next_day));
        }
    }

    #[test]
    fn the_ends_of_time_are_periods_too() {
        for now in [Timestamp::MIN, Timestamp::MAX] {
            let month = Period::month_of(now);
            assert!(month.start <= now && now <= month.end);
        }
    }
}
