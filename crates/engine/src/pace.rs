//! How often to ask: soon at first, then ever more rarely, and never faster than the account allows.
//!
//! CloudFormation limits calls per account and region, so one [`Pace`] is shared by everything that polls. Time is the
//! runtime's, which tests and simulations may stop and turn forward.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};

/// How often to ask.
#[derive(Debug)]
pub struct Pace {
    /// How long to wait before asking the second time.
    first: Duration,
    /// How long to wait at most.
    longest: Duration,
    /// How long each call keeps its place in the budget.
    per_call: Duration,
    /// How many calls may be made at once after a rest.
    burst: u32,
    /// How long answers may fail to come.
    patience: Duration,
    /// When the budget is full again.
    full_at: Mutex<Option<Instant>>,
    /// The state of the jitter.
    random: AtomicU64,
}

impl Pace {
    /// For AWS: bursts are fine, a steady stream is ten calls in a second. The seed decides the jitter.
    pub fn aws(seed: u64) -> Self {
        let first = Duration::from_millis(400);
        Self::new(
            first,
            Duration::from_secs(5),
            Duration::from_millis(100),
            100,
            seed,
        )
    }

    /// For the embedded endpoint, which answers at once and has no limits. When it is gone, someone ended it.
    pub fn embedded(seed: u64) -> Self {
        let first = Duration::from_millis(5);
        Self {
            patience: Duration::from_secs(10),
            ..Self::new(first, Duration::from_millis(250), Duration::ZERO, 1, seed)
        }
    }

    fn new(first: Duration, longest: Duration, per_call: Duration, burst: u32, seed: u64) -> Self {
        Self {
            first,
            longest,
            per_call,
            burst,
            patience: Duration::from_secs(120),
            full_at: Mutex::new(None),
            // A generator of this kind never leaves zero.
            random: AtomicU64::new(seed | 1),
        }
    }

    /// How long answers may fail to come before following an operation is given up; it goes on all the same.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Waits until the budget allows another call.
    pub(crate) async fn permit(&self) {
        if self.per_call.is_zero() {
            return;
        }
        let allowed_at = {
            let now = Instant::now();
            let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
            let next = full_at.map_or(now, |at| at.max(now)) + self.per_call;
            *full_at = Some(next);
            next.checked_sub(self.per_call * self.burst)
        };
        if let Some(at) = allowed_at {
            sleep_until(at).await;
        }
    }

    /// A new sequence of waits.
    pub(crate) fn waits(&self) -> Waits<'_> {
        Waits {
            pace: self,
            next: self.first,
        }
    }

    /// A length between three quarters and five quarters of the given one, so that many who wait do not ask together.
    fn jittered(&self, length: Duration) -> Duration {
        let mut state = self.random.load(Ordering::Relaxed);
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.random.store(state, Ordering::Relaxed);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share needs no more than ten bits"
        )]
        let share = (state % 1024) as f64 / 2048.0;
        length.mul_f64(0.75 + share)
    }
}

/// A sequence of waits, each twice as long as the one before.
#[derive(Debug)]
pub(crate) struct Waits<'a> {
    pace: &'a Pace,
    next: Duration,
}

impl Waits<'_> {
    /// Waits, then until the budget allows another call.
    pub(crate) async fn rest(&mut self) {
        sleep(self.pace.jittered(self.next)).await;
        self.next = (self.next * 2).min(self.pace.longest);
        self.pace.permit().await;
    }

    /// Something happened, so that more is to be expected soon.
    pub(crate) fn hurry(&mut self) {
        self.next = (self.next / 4).max(self.pace.first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bursts_pass_and_streams_are_held_back() {
        let pace = Pace::aws(7);
        let start = Instant::now();
        for _ in 0..100 {
            pace.permit().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..100 {
            pace.permit().await;
        }
        assert!(
            start.elapsed() >= Duration::from_secs(9),
            "{:?}",
            start.elapsed()
        );
        assert!(
            start.elapsed() <= Duration::from_secs(11),
            "{:?}",
            start.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_to_the_longest_and_shrink_with_news() {
        let pace = Pace::embedded(1);
        let mut waits = pace.waits();
        for _ in 0..20 {
            waits.rest().await;
        }
        assert_eq!(waits.next, pace.longest);
        waits.hurry();
        assert!(waits.next < pace.longest);
    }
}
