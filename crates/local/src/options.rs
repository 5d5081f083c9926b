//! What the one who starts the endpoint decides: where its state lives, what time it is, what goes wrong on purpose.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::calls::CallFault;

/// Tells the time; the library has no clock of its own.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How to open the endpoint.
#[derive(Clone)]
pub struct Options {
    /// The folder that holds the state; it is made when missing.
    pub state_directory: PathBuf,
    /// The port on the loopback interface; 0 picks a free one.
    pub port: u16,
    /// What the state is held open for, told to a second process that wants it: `local serve`, `deploy -e local`.
    pub purpose: String,
    /// The account the endpoint plays: twelve digits.
    pub account: String,
    /// The region of a request that is not signed; a signed request names its own.
    pub region: String,
    /// Tells the time.
    pub clock: Clock,
    /// Where identifiers come from: the same seed and the same calls give the same identifiers.
    pub seed: u64,
    /// What goes wrong on purpose.
    pub faults: Faults,
}

impl Options {
    /// Options for the state in a folder, otherwise usual: any free port, account `000000000000`, region `us-east-1`,
    /// no faults.
    pub fn new(
        state_directory: impl Into<PathBuf>,
        purpose: impl Into<String>,
        clock: Clock,
    ) -> Self {
        Self {
            state_directory: state_directory.into(),
            port: 0,
            purpose: purpose.into(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            clock,
            seed: 0,
            faults: Faults::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("state_directory", &self.state_directory)
            .field("port", &self.port)
            .field("purpose", &self.purpose)
            .field("account", &self.account)
            .field("region", &self.region)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// What happens to a resource when a fault strikes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It is created.
    Create,
    /// It is updated, in place or by replacement.
    Update,
    /// It is deleted, in a deletion, a rollback or a clean-up.
    Delete,
    /// It is brought back to its previous values after a failed update.
    Restore,
    /// It is read, to find its drift.
    Read,
}

/// What goes wrong on purpose; resources are named by logical id, in every stack, calls by their operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Resources that fail at a step, with the reason the events give.
    pub failures: BTreeMap<(String, Step), String>,
    /// How long each step of a resource takes; without an entry none takes any time.
    pub delays: BTreeMap<String, Duration>,
    /// Calls that whoever asks is not allowed to make, `CreateChangeSet`.
    pub denied: BTreeSet<String>,
    /// What goes wrong with calls, whatever they do.
    pub calls: Vec<CallFault>,
    /// Hooks that have something against change sets.
    pub hooks: Vec<Hook>,
}

/// A hook that has something against change sets which touch a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The type of the hook, `Acme::Costs::Hook`.
    pub hook: String,
    /// The logical id of the resource, in every stack.
    pub resource: String,
    /// What it does to the change set.
    pub mode: HookMode,
    /// What it says.
    pub reason: String,
}

/// What a hook that is not content does to a change set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookMode {
    /// It fails it.
    Fail,
    /// It warns.
    Warn,
}

impl Faults {
    /// Makes a resource fail at a step.
    #[must_use]
    pub fn fail(mut self, logical_id: &str, step: Step, reason: &str) -> Self {
        self.failures
            .insert((logical_id.to_owned(), step), reason.to_owned());
        self
    }

    /// Makes each step of a resource take a while.
    #[must_use]
    pub fn delay(mut self, logical_id: &str, delay: Duration) -> Self {
        self.delays.insert(logical_id.to_owned(), delay);
        self
    }

    /// Lets nobody make a call of CloudFormation or STS, `CreateChangeSet`.
    #[must_use]
    pub fn deny(mut self, operation: &str) -> Self {
        self.denied.insert(operation.to_owned());
        self
    }

    /// Lets something go wrong with calls.
    #[must_use]
    pub fn call(mut self, fault: CallFault) -> Self {
        self.calls.push(fault);
        self
    }

    /// Lets a hook have something against a resource.
    #[must_use]
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    pub(crate) fn failure(&self, logical_id: &str, step: Step) -> Option<&str> {
        self.failures
            .get(&(logical_id.to_owned(), step))
            .map(String::as_str)
    }

    pub(crate) fn delay_of(&self, logical_id: &str) -> Duration {
        self.delays.get(logical_id).copied().unwrap_or_default()
    }
}
