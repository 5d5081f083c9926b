//! Why an environment cannot be claimed, or a record not read or written.

use std::time::Duration;

use crate::{claim::Claimant, error::Hint};

/// Why an environment cannot be claimed, or a record not read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Another run is at work on the environment.
    #[error("environment `{environment}` is held by {holder}; its last sign of life was {} s ago", .silent_for.as_secs())]
    Held {
        /// The environment's name.
        environment: String,
        /// The other run.
        holder: Box<Claimant>,
        /// How long ago it gave a sign of life.
        silent_for: Duration,
        /// How long after its last sign of life it is taken to be dead.
        after: Duration,
    },
    /// Another run took the environment over from this one.
    #[error("this run no longer holds the environment: {}", taken_by(.by.as_deref()))]
    Displaced {
        /// That run, when it is still at work.
        by: Option<Box<Claimant>>,
    },
    /// The object that says who holds the environment cannot be understood.
    #[error("`{key}` in the asset bucket does not say who holds the environment: {reason}")]
    DamagedClaim {
        /// The object's key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no bucket to record anything in.
    #[error("nothing is recorded of `{environment}`: its account has no asset bucket")]
    NotBootstrapped {
        /// The environment's name.
        environment: String,
    },
    /// There is no such release.
    #[error("there is no release `{wanted}` of `{environment}`")]
    UnknownRelease {
        /// What was asked for.
        wanted: String,
        /// The environment's name.
        environment: String,
        /// The nearest that there is.
        suggestion: Option<String>,
    },
    /// Several releases begin like that.
    #[error("`{wanted}` is the beginning of several releases: {}", .found.join(", "))]
    AmbiguousRelease {
        /// What was asked for.
        wanted: String,
        /// The releases that begin like it.
        found: Vec<String>,
    },
    /// The record of a release cannot be used.
    #[error("the record of release `{release}` cannot be used: `{key}` {reason}")]
    Damaged {
        /// The release.
        release: String,
        /// The object.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A release holds nothing that could be deployed.
    #[error("release `{release}` is a `{verb}`: there is nothing in it to go back to")]
    NothingToDeploy {
        /// The release.
        release: String,
        /// What was done.
        verb: &'static str,
    },
    /// What is recorded cannot be deployed without secrets, which are never recorded.
    #[error("release `{release}` needs values that are secret, and secrets are not recorded: {}", .parameters.join(", "))]
    Withheld {
        /// The release.
        release: String,
        /// Each as `stack/Parameter`.
        parameters: Vec<String>,
        /// The commit it was made from, when known.
        commit: Option<String>,
    },
    /// Another record has the same name.
    #[error("`{key}` is there already, with another content")]
    Taken {
        /// The object's key.
        key: String,
    },
}

fn taken_by(by: Option<&Claimant>) -> String {
    by.map_or_else(
        || "another run took it over and has ended since".to_owned(),
        |by| format!("it was taken over by {by}"),
    )
}

impl Hint for RecordError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Held { after, .. } => vec![
                "wait until it ends, then repeat the command".to_owned(),
                format!(
                    "if it was killed: on the same machine it is taken over at once, from another one {} s after its last sign of life",
                    after.as_secs()
                ),
            ],
            Self::Displaced { .. } => vec![
                "wait until the other run has ended, then repeat the command: it goes on from what it finds".to_owned(),
            ],
            Self::DamagedClaim { .. } => vec![
                "make sure that nobody deploys, delete that object, then repeat the command".to_owned(),
            ],
            Self::NotBootstrapped { environment } => {
                vec![format!("`chitinfra bootstrap -e {environment}` makes one")]
            }
            Self::UnknownRelease { suggestion: Some(near), .. } => {
                vec![format!("did you mean `{near}`?")]
            }
            Self::UnknownRelease { environment, .. } => {
                vec![format!("`chitinfra history -e {environment}` lists them")]
            }
            Self::AmbiguousRelease { .. } => vec!["write more of it".to_owned()],
            Self::Damaged { .. } => {
                vec!["choose another release, or restore an earlier version of that object".to_owned()]
            }
            Self::NothingToDeploy { .. } => {
                vec!["choose a release that is a `deploy` or a `rollback`".to_owned()]
            }
            Self::Withheld { commit: Some(commit), .. } => {
                vec![format!("check out commit `{commit}` and deploy that")]
            }
            Self::Withheld { commit: None, .. } => {
                vec!["deploy the stacks of that time from their source".to_owned()]
            }
            Self::Taken { .. } => vec!["repeat the command".to_owned()],
        }
    }
}
