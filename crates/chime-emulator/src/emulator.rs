//! What the one who starts the emulator decides, and its whole state.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use crate::{fault::Faults, meetings::Meetings};

/// Tells the time; the library has no clock of its own.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How to start the emulator.
#[derive(Clone)]
pub struct Options {
    /// The account it plays: twelve digits.
    pub account: String,
    /// Tells the time.
    pub clock: Clock,
}

impl Options {
    /// Options with a clock, otherwise usual: account `000000000000`.
    pub fn new(clock: Clock) -> Self {
        Self {
            account: "000000000000".to_owned(),
            clock,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// The emulator.
pub(crate) struct Emulator {
    options: Options,
    state: Mutex<State>,
}

/// What calls change.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) meetings: Meetings,
    pub(crate) faults: Faults,
    /// How far tests have moved the time on.
    pub(crate) ahead: Duration,
}

impl Emulator {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            state: Mutex::default(),
        }
    }

    pub(crate) fn account(&self) -> &str {
        &self.options.account
    }

    /// The state, which nobody else has meanwhile, and the time. Calls happen one after the other.
    pub(crate) fn open(&self) -> (MutexGuard<'_, State>, SystemTime) {
        // Nothing panics with the state half changed.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.options.clock)();
        let now = now.checked_add(state.ahead).unwrap_or(now);
        (state, now)
    }
}
