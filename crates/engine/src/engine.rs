//! The engine: a connection, a pace, and where to tell what happens.

use assembly::StackManifest;
use plan::Facts;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{desired::sha256, error::Error, event::Event, pace::Pace, port::CloudFormation};

/// How every token and change-set name of this program begins: by it a run is told from other tools.
pub(crate) const TOKEN_PREFIX: &str = "chitinfra-";

/// Carries out operations over a connection.
///
/// Dropping a running operation leaves what CloudFormation has begun to go on, and may leave a change set behind; to
/// interrupt one in order, cancel [`Engine::stop`].
pub struct Engine<'a> {
    pub(crate) cloud: &'a dyn CloudFormation,
    pub(crate) facts: &'a (dyn Facts + Sync),
    pub(crate) role_arn: Option<String>,
    pub(crate) pace: Pace,
    pub(crate) operation: String,
    pub(crate) on_event: &'a (dyn Fn(Event) + Send + Sync),
    pub(crate) stop: CancellationToken,
    pub(crate) exact: bool,
    pub(crate) import_existing: bool,
    pub(crate) express: bool,
    pub(crate) revert_drift: bool,
}

impl<'a> Engine<'a> {
    /// Makes an engine. `operation` names this run among all others of the account: up to 60 letters, digits and
    /// hyphens; it becomes part of tokens, by which a later run recognises what this one began.
    pub fn new(
        cloud: &'a dyn CloudFormation,
        facts: &'a (dyn Facts + Sync),
        pace: Pace,
        operation: impl Into<String>,
        on_event: &'a (dyn Fn(Event) + Send + Sync),
    ) -> Self {
        Self {
            cloud,
            facts,
            role_arn: None,
            pace,
            operation: operation.into(),
            on_event,
            stop: CancellationToken::new(),
            exact: false,
            import_existing: false,
            express: false,
            revert_drift: false,
        }
    }

    /// Lets CloudFormation act in a role of its own instead of with the caller's rights.
    #[must_use]
    pub fn role(mut self, arn: impl Into<String>) -> Self {
        self.role_arn = Some(arn.into());
        self
    }

    /// The role CloudFormation acts in for a stack: its own, or that of the environment.
    pub(crate) fn role_of(&self, stack: &StackManifest) -> Option<String> {
        stack.role_arn.clone().or_else(|| self.role_arn.clone())
    }

    /// Rewrites stacks too whose deployed template differs in form alone.
    #[must_use]
    pub fn exact(mut self, on: bool) -> Self {
        self.exact = on;
        self
    }

    /// Takes resources in that exist outside every stack under the names that templates give, instead of failing to create
    /// them.
    #[must_use]
    pub fn import_existing(mut self, on: bool) -> Self {
        self.import_existing = on;
        self
    }

    /// Lets operations end when configuration is applied, before resources are stable; for development only.
    #[must_use]
    pub fn express(mut self, on: bool) -> Self {
        self.express = on;
        self
    }

    /// Brings back what something else has changed or deleted: stacks are compared with what there is, and none is taken for
    /// unchanged because its template is.
    #[must_use]
    pub fn revert_drift(mut self, on: bool) -> Self {
        self.revert_drift = on;
        self
    }

    /// What to cancel so that the operation ends soon and in order: nothing new is begun, and what CloudFormation has
    /// begun goes on without being followed.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    pub(crate) fn note(&self, stack: &str, message: impl Into<String>) {
        self.tell(Event::Note {
            stack: stack.to_owned(),
            message: message.into(),
        });
    }

    /// A token for one step on one stack, the same whenever this run repeats the step.
    pub(crate) fn token(&self, step: &str, stack_name: &str) -> String {
        let stack = sha256(stack_name.as_bytes());
        format!("{TOKEN_PREFIX}{}-{step}-{}", self.operation, &stack[..8])
    }

    /// An error when the operation is to end.
    pub(crate) fn go_on(&self) -> Result<(), Error> {
        if self.stop.is_cancelled() {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// Milliseconds since an instant.
pub(crate) fn milliseconds_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
