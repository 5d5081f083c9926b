//! What detecting drift asks of CloudFormation.

use serde_json::Value;

use crate::port::Answer;

/// CloudFormation's own detection of drift. A stack is named by its ARN.
pub trait DriftDetection: Send + Sync {
    /// Starts detecting the drift of a stack; gives the id of the detection.
    fn detect_drift<'a>(&'a self, stack: &'a str) -> Answer<'a, String>;

    /// How far a detection is, by its id.
    fn drift_detection<'a>(&'a self, id: &'a str) -> Answer<'a, Detection>;

    /// What was found last of each resource of a stack that could be checked.
    fn resource_drifts<'a>(&'a self, stack: &'a str) -> Answer<'a, Vec<DetectedDrift>>;
}

/// How far a detection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detection {
    /// It is under way.
    InProgress,
    /// It came to an end.
    Ended {
        /// When it began, in milliseconds since 1970: what was found earlier is not of this detection.
        began: Option<i64>,
        /// Why at least one resource could not be checked; there are results of the others.
        problem: Option<String>,
    },
}

/// What CloudFormation found of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectedDrift {
    /// Its name in the template.
    pub logical_id: String,
    /// When that was found, in milliseconds since 1970.
    pub at: Option<i64>,
    /// How it is.
    pub status: DetectedStatus,
    /// Why it is in that status, when CloudFormation says so.
    pub reason: Option<String>,
    /// The properties that the template gives, worked out.
    pub expected: Option<Value>,
    /// Properties that differ.
    pub differences: Vec<DetectedDifference>,
}

/// How CloudFormation found a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DetectedStatus {
    /// As its template says.
    InSync,
    /// Otherwise.
    Modified,
    /// Gone.
    Deleted,
    /// Not at all: `UNKNOWN`, `UNSUPPORTED`, `NOT_CHECKED` or a word that is newer than this program.
    Unchecked(String),
}

/// A property that CloudFormation found to differ.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectedDifference {
    /// The way from `Properties` to the value.
    pub path: Vec<String>,
    /// What the template says; nothing for an element of a list that was added.
    pub expected: Option<Value>,
    /// What there is; nothing when it was removed.
    pub actual: Option<Value>,
}
