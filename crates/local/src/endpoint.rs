//! The endpoint itself: the state behind a lock, what a call may do with it, and the tasks that advance operations.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    Error, Faults, Options,
    calls::Calls,
    evaluate::Document,
    identifiers,
    provision::{Environment, Next, advance},
    state::{Journal, Phase, Record, State},
    vault::Vault,
    wire::Refusal,
};

/// How long an operation waits for the state file to be writable again.
pub(crate) const WAIT_FOR_ROOM: Duration = Duration::from_millis(500);
/// An operation that waits looks up at least this often: it may have been cancelled.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_millis(50);
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// State and journal, always changed together.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) state: State,
    /// None where the state lives in memory alone.
    journal: Option<Journal>,
    /// Templates by digest, parsed when first asked for.
    documents: HashMap<String, Arc<Document>>,
}

impl Core {
    /// Writes a transaction and makes it. After an error nothing has changed.
    pub(crate) fn commit(&mut self, records: Vec<Record>) -> Result<(), Refusal> {
        if records.is_empty() {
            return Ok(());
        }
        if let Some(journal) = &mut self.journal {
            journal
                .append(&records)
                .map_err(|error| unwritable(&error))?;
        }
        for record in records {
            self.state.apply(record);
        }
        Ok(())
    }

    /// A template of the state.
    pub(crate) fn document(&mut self, digest: &str) -> Option<Arc<Document>> {
        if let Some(document) = self.documents.get(digest) {
            return Some(Arc::clone(document));
        }
        let text = self.state.templates.get(digest)?;
        // It was checked before it entered the state.
        let document = Arc::new(Document::parse(text).ok()?);
        self.documents
            .insert(digest.to_owned(), Arc::clone(&document));
        Some(document)
    }

    /// Makes durable what a caller is about to be told.
    pub(crate) fn sync(&mut self, now: Timestamp) -> Result<(), Refusal> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        journal.sync().map_err(|error| unwritable(&error))?;
        // A journal that cannot be rewritten goes on growing; the next appends say so when the disk is full.
        let _ = journal.tidy(&self.state, now);
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
    faults: RwLock<Arc<Faults>>,
    pub(crate) calls: Calls,
    /// Encrypts what the state holds of secrets.
    pub(crate) vault: Vault,
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
        let vault = Vault::of(&options.state_directory);
        Ok(Self::over(options, url, state, Some(journal), vault))
    }

    /// Begins with nothing, and keeps nothing.
    pub(crate) fn in_memory(options: Options, url: String) -> Self {
        Self::over(options, url, State::default(), None, Vault::in_memory())
    }

    fn over(
        options: Options,
        url: String,
        state: State,
        journal: Option<Journal>,
        vault: Vault,
    ) -> Self {
        Self {
            faults: RwLock::new(Arc::new(options.faults.clone())),
            options,
            url,
            core: Mutex::new(Core {
                state,
                journal,
                documents: HashMap::new(),
            }),
            running: Mutex::default(),
            stopped: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            calls: Calls::default(),
            vault,
        }
    }

    /// The time, to the millisecond as AWS tells it.
    pub(crate) fn now(&self) -> Timestamp {
        now(&self.options)
    }

    /// The state; a call that panicked has committed either all or nothing, so the state is sound even then.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes wrong on purpose from now on.
    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets something else go wrong from now on; calls are counted anew.
    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
        self.calls.count_anew();
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
    pub(crate) fn resume(self: &Arc<Self>) {
        let core = self.core();
        let under_way: Vec<String> = core
            .state
            .stacks
            .values()
            .filter(|entry| {
                let operation = entry.stack.operation.as_ref();
                operation.is_some_and(|operation| operation.phase != Phase::Done)
            })
            .map(|entry| entry.stack.uuid.clone())
            .collect();
        for uuid in under_way {
            self.drive(&core, uuid);
        }
        self.resume_refactors(&core);
    }

    /// Advances the operation of a stack in a task of its own. The state is held meanwhile, so that a task which is
    /// about to end either sees the new operation or has ended.
    pub(crate) fn drive(self: &Arc<Self>, _held: &Core, uuid: String) {
        if !self.running().insert(uuid.clone()) {
            return;
        }
        let endpoint = Arc::clone(self);
        tokio::spawn(async move {
            while let Some(pause) = endpoint.step(&uuid) {
                if pause.is_zero() {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(pause).await;
                }
            }
        });
    }

    /// Makes one step; says how long to wait for the next, if there is one.
    fn step(self: &Arc<Self>, uuid: &str) -> Option<Duration> {
        let mut core = self.core();
        let core = &mut *core;
        let now = self.now();
        let faults = self.faults();
        let digest = core
            .state
            .stacks
            .get(uuid)
            .map(|entry| entry.stack.definition.template.clone());
        let document = digest.and_then(|digest| core.document(&digest));
        let step = match (document, self.is_stopped()) {
            (Some(document), false) => advance(
                Environment {
                    state: &core.state,
                    document: &document,
                    account: &self.options.account,
                    seed: self.options.seed,
                    faults: &faults,
                    now,
                },
                uuid,
            ),
            _ => {
                self.running().remove(uuid);
                return None;
            }
        };
        if core.commit(step.records).is_err() {
            // The disk is full, say: the operation stands still and goes on once there is room.
            return Some(WAIT_FOR_ROOM);
        }
        for begun in step.begun {
            self.drive(core, begun);
        }
        match step.next {
            Next::Now => Some(Duration::ZERO),
            Next::At(until) => {
                let rest = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                Some(rest.clamp(SHORTEST_WAIT, LONGEST_WAIT))
            }
            Next::Never => {
                self.running().remove(uuid);
                None
            }
        }
    }

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
