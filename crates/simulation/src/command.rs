//! One run of a command, as the command line carries it out: the environment is held, what is done is recorded, and how it
//! ended is what an exit code would say.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use engine::{Assembly, DriftReport, EnvironmentStatus, Error, Hint as _, ReleaseOutcome};
use plan::Plan;
use tokio::time::timeout;

use crate::{
    process::Process,
    wire::{Doom, Run},
    world::World,
};

/// How long a run may take: longer is a loop without an end.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

/// What is typed.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// `plan`, whose change sets are read and deleted.
    Plan,
    /// `plan --out`; the plan is kept in the run's result.
    Save,
    /// `deploy`.
    Deploy,
    /// `deploy --plan`.
    DeploySaved(Box<Plan>),
    /// `destroy`; all stacks when none is named.
    Destroy(Vec<String>),
    /// `recover`, the n-th of the ways that each stack has; the safest is the first.
    Recover(usize),
    /// `rollback --to` the n-th newest release that deployed something.
    Rollback(usize),
    /// `status` and `history`.
    Look,
    /// `drift`.
    Drift,
    /// `deploy --revert-drift`.
    Revert,
    /// `secret set`, then `secret list`.
    #[cfg(test)]
    Secret,
    /// What `bootstrap` asks of the account before it plans.
    #[cfg(test)]
    Bootstrap,
}

impl Command {
    /// Its name on the command line.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Save => "plan --out",
            Self::Deploy => "deploy",
            Self::DeploySaved(_) => "deploy --plan",
            Self::Destroy(_) => "destroy",
            Self::Recover(_) => "recover",
            Self::Rollback(_) => "rollback",
            Self::Look => "status",
            Self::Drift => "drift",
            Self::Revert => "deploy --revert-drift",
            #[cfg(test)]
            Self::Secret => "secret set",
            #[cfg(test)]
            Self::Bootstrap => "bootstrap",
        }
    }

    /// Whether it may delete stacks that hold something.
    fn deletes(&self) -> bool {
        matches!(self, Self::Destroy(_) | Self::Recover(_))
    }

    /// Whether it holds the environment, so that nobody else changes anything meanwhile.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Plan | Self::Save | Self::Look | Self::Drift => false,
            Self::Deploy
            | Self::DeploySaved(_)
            | Self::Destroy(_)
            | Self::Recover(_)
            | Self::Rollback(_)
            | Self::Revert => true,
            #[cfg(test)]
            Self::Secret | Self::Bootstrap => false,
        }
    }

    /// Whether it deploys the app, or an earlier state of it.
    pub(crate) fn deploys(&self) -> bool {
        matches!(
            self,
            Self::Deploy | Self::DeploySaved(_) | Self::Rollback(_) | Self::Revert
        )
    }
}

/// How a run is made.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Tells it from all others.
    pub(crate) name: String,
    /// Seeds what it draws by lot itself.
    pub(crate) seed: u64,
    /// Whether the asset bucket is made when it is missing.
    pub(crate) embedded: bool,
    /// Whether a run that was killed is known to be gone.
    pub(crate) same_machine: bool,
    pub(crate) doom: Doom,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Exit code 0.
    Done,
    /// Exit code 1.
    Failed(Failure),
    /// Exit code 130.
    Interrupted,
    /// It was killed.
    Killed,
}

/// What a person is told of a failure.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) ended: Ended,
    /// What it wanted, when it deployed something.
    pub(crate) wanted: Option<Assembly>,
    /// Everything that it said it would do to resources which are then gone: stack and logical id.
    pub(crate) told: Vec<(String, String)>,
    /// Stacks that were planned again in the middle, for which the plan binds less.
    pub(crate) provisional: Vec<String>,
    /// What it told on the way.
    pub(crate) notes: Vec<String>,
    /// The plan that it saved.
    pub(crate) saved: Option<Plan>,
    /// What it said of the stacks, when it looked.
    pub(crate) status: Option<EnvironmentStatus>,
    /// What it said of drift, when it looked for that.
    pub(crate) drift: Option<DriftReport>,
    /// The release it recorded, and what it would record as its outcome.
    pub(crate) release: Option<(String, Option<ReleaseOutcome>)>,
    /// Whether anything struck one of its calls.
    pub(crate) struck: bool,
    /// Stacks that it says to have deleted.
    pub(crate) deleted: Vec<String>,
    pub(crate) calls: u64,
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        match error {
            Error::Interrupted => Self::Interrupted,
            error => Self::Failed(Failure {
                hints: error.hints(),
                message: error.to_string(),
            }),
        }
    }
}

impl From<Box<engine::AwsError>> for Ended {
    fn from(error: Box<engine::AwsError>) -> Self {
        Error::from(error).into()
    }
}

/// Runs a command to its end, whatever that is.
pub(crate) async fn run(
    world: &World,
    assembly: &Assembly,
    command: &Command,
    manner: Manner,
) -> Trace {
    let state = Arc::new(Run::new(
        manner.name.clone(),
        manner.doom.clone(),
        command.deletes(),
    ));
    world.tell(format_args!(
        "{}: {} {:?}",
        manner.name,
        command.verb(),
        manner.doom
    ));
    let left = Mutex::default();
    let process = Process {
        world,
        assembly,
        command,
        manner: &manner,
        state: &state,
        left: &left,
    };
    let ended = {
        let work = pin!(timeout(LONGEST, process.work()));
        tokio::select! {
            biased;
            () = state.killed.cancelled() => {
                world.bury(&manner.name);
                Ended::Killed
            }
            outcome = work => match outcome {
                Ok(Ok(())) => Ended::Done,
                Ok(Err(ended)) => ended,
                Err(_) => {
                    world.accuse(format_args!("{} does not end", manner.name));
                    Ended::Killed
                }
            },
        }
    };
    world.tell(format_args!("{} ended: {ended:?}", manner.name));
    let left = left.into_inner().expect("no panic");
    Trace {
        name: manner.name,
        ended,
        wanted: left.wanted,
        told: left.told,
        provisional: left.provisional,
        notes: left.notes,
        saved: left.saved,
        status: left.status,
        drift: left.drift,
        release: left.release,
        struck: state.was_struck(),
        deleted: left.deleted,
        calls: state.calls(),
    }
}

/// What a run leaves, however it ends.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub(crate) wanted: Option<Assembly>,
    pub(crate) told: Vec<(String, String)>,
    pub(crate) provisional: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) saved: Option<Plan>,
    pub(crate) status: Option<EnvironmentStatus>,
    pub(crate) drift: Option<DriftReport>,
    pub(crate) release: Option<(String, Option<ReleaseOutcome>)>,
    pub(crate) deleted: Vec<String>,
}
