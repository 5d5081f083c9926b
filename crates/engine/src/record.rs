//! Deployments that are remembered: what was done to an environment, by whom, from what, and how it ended.
//!
//! A release is a folder of objects. What it consists of is written first, then `release.json`, which alone makes it
//! one, before anything is begun; at the end that object is replaced by one that says how it ended. A run that is killed
//! therefore leaves either nothing that counts or a release without an ending.

mod content;
mod error;
mod history;
mod ledger;

pub use content::Recorded;
pub use error::RecordError;
pub(crate) use history::is_open;
pub use history::{History, find, history};
pub use ledger::{Draft, Entry, Ledger};

use indexmap::IndexMap;
use plan::Summary;
use serde::{Deserialize, Serialize};

use crate::event::OutcomeKind;

/// The version of a record's form. A reader refuses another major version.
const FORMAT_VERSION: &str = "1.0";

/// The object that makes a release one.
const RELEASE: &str = "release.json";

/// Where what concerns an environment is kept: below `<project>/<environment>/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
}

impl Home {
    /// The key of the object that says who is at work.
    pub(crate) fn lock(&self) -> String {
        format!("{}/{}/lock.json", self.project, self.environment)
    }

    fn releases(&self) -> String {
        format!("{}/{}/releases/", self.project, self.environment)
    }

    fn of_release(&self, id: &str, name: &str) -> String {
        format!("{}{id}/{name}", self.releases())
    }
}

/// What was done to an environment once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// The version of this form.
    pub format_version: String,
    /// Names it: when it was begun in UTC, the commit's first letters, and a few that no other has. Sorts by time.
    pub id: String,
    /// The environment's name.
    pub environment: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What was done.
    pub kind: Kind,
    /// When it was begun, in RFC 3339.
    pub at: String,
    /// When it ended, in RFC 3339; nothing when that is not known.
    pub ended_at: Option<String>,
    /// Whose credentials it was done with: an ARN.
    pub by: String,
    /// The commit of the project, when known.
    pub commit: Option<String>,
    /// The version of the program.
    pub tool: String,
    /// How it ended.
    pub outcome: ReleaseOutcome,
    /// How many resources each action concerned, as the plan said.
    pub summary: Summary,
    /// What became of each stack, in the order they deploy.
    pub stacks: Vec<ReleasedStack>,
    /// The release it went back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<String>,
    /// A release that was cut off, which this one finishes or takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// What it consists of: SHA-256 in hexadecimal by the name of the object.
    #[serde(default)]
    pub contents: IndexMap<String, String>,
}

/// A stack of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedStack {
    /// The short name.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// How work on it ended; nothing when that is not known.
    pub outcome: Option<OutcomeKind>,
}

/// What was done to an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Its stacks were deployed.
    Deploy,
    /// An earlier release was deployed again.
    Rollback,
    /// Stacks were deleted.
    Destroy,
    /// Stuck stacks were led back to health.
    Recover,
}

impl Kind {
    /// The verb.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Destroy => "destroy",
            Self::Recover => "recover",
        }
    }
}

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseOutcome {
    /// It is being carried out.
    UnderWay,
    /// All is as it was wanted.
    Succeeded,
    /// Something failed.
    Failed,
    /// A person stopped it in order; what CloudFormation had begun went on.
    Interrupted,
    /// It was cut off: how it ended was not seen.
    Unfinished,
}

impl ReleaseOutcome {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnderWay => "under way",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unfinished => "unfinished",
        }
    }
}
