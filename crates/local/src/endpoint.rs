//! The endpoint itself: the state behind a lock, what a call may do with it, and the tasks that advance operations.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use jiff::Timestamp;

use crate::{
    Error, Options, identifiers,
    state::{Journal, Record, State},
    wire::Refusal,
};

/// State and journal, always changed together.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) state: State,
    journal: Journal,
}

impl Core {
    /// Writes a transaction and makes it. After an error nothing has changed.
    pub(crate) fn commit(&mut self, records: Vec<Record>) -> Result<(), Refusal> {
        if records.is_empty() {
            return Ok(());
        }
        self.journal
            .append(&records)
            .map_err(|error| unwritable(&error))?;
        for record in records {
            self.state.apply(record);
        }
        Ok(())
    }

    /// Makes durable what a caller is about to be told.
    pub(crate) fn sync(&mut self, now: Timestamp) -> Result<(), Refusal> {
        self.journal.sync().map_err(|error| unwritable(&error))?;
        // A journal that cannot be rewritten goes on growing; the next appends say so when the disk is full.
        let _ = self.journal.tidy(&self.state, now);
        Ok(())
    }
}

fn unwritable(error: &std::io::Error) -> Refusal {
    Refusal::internal(format!(
        "The local state file cannot be written ({error}); nothing was changed. Make room on the disk and try again."
    ))
}

/// The endpoint behind the server.
pub(crate) struct Endpoint {
    pub(crate) options: Options,
    pub(crate) url: String,
    core: Mutex<Core>,
    /// Stacks that have a task advancing their operation.
    running: Mutex<HashSet<String>>,
    stopped: AtomicBool,
    requests: AtomicU64,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("options", &self.options)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// What a call is made in.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) endpoint: &'a Arc<Endpoint>,
    /// The region the caller signed for.
    pub(crate) region: String,
    pub(crate) request_id: String,
    pub(crate) now: Timestamp,
}

impl Context<'_> {
    pub(crate) fn account(&self) -> &str {
        &self.endpoint.options.account
    }

    pub(crate) fn seed(&self) -> u64 {
        self.endpoint.options.seed
    }
}

impl Endpoint {
    /// Opens the state.
    pub(crate) fn open(options: Options, url: String) -> Result<Self, Error> {
        let now = now(&options);
        let (journal, state) = Journal::open(&options.state_directory, now)?;
        Ok(Self {
            options,
            url,
            core: Mutex::new(Core { state, journal }),
            running: Mutex::default(),
            stopped: AtomicBool::new(false),
            requests: AtomicU64::new(0),
        })
    }

    /// The time, to the millisecond as AWS tells it.
    pub(crate) fn now(&self) -> Timestamp {
        now(&self.options)
    }

    /// The state; a call that panicked has committed either all or nothing, so the state is sound even then.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An identifier for a request.
    pub(crate) fn request_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        let started = self.now().as_millisecond().to_string();
        identifiers::uuid(
            self.options.seed,
            &["request", &started, &count.to_string()],
        )
    }

    /// Ends every task at its next step; operations stay where they are.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Goes on with every operation that is under way.
    pub(crate) fn resume(self: &Arc<Self>) {}

    pub(crate) fn running(&self) -> MutexGuard<'_, HashSet<String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

fn now(options: &Options) -> Timestamp {
    let now = Timestamp::try_from((options.clock)()).unwrap_or(Timestamp::UNIX_EPOCH);
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(Timestamp::UNIX_EPOCH)
}
