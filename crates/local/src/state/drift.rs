//! Drift: what something else than its stack has made of a resource, and what detection found of it.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{model::Deployed, status::DriftStatus};

/// What something else than its stack has made of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Actual {
    /// It has these properties.
    Changed(Value),
    /// It is gone.
    Gone,
}

impl Deployed {
    /// The properties that the resource really has; nothing when it is gone.
    pub(crate) fn actual_properties(&self) -> Option<&Value> {
        match &self.actual {
            None => Some(&self.properties),
            Some(Actual::Changed(properties)) => Some(properties),
            Some(Actual::Gone) => None,
        }
    }

    /// Whether something else has deleted the resource.
    pub(crate) fn is_gone(&self) -> bool {
        self.actual == Some(Actual::Gone)
    }
}

/// One detection of drift on a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Detection {
    pub(crate) id: String,
    pub(crate) started: Timestamp,
    /// It is under way until then.
    pub(crate) until: Timestamp,
    /// What was found of each resource that was checked, by logical id.
    pub(crate) found: IndexMap<String, Checked>,
}

/// What detection found of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checked {
    pub(crate) at: Timestamp,
    pub(crate) physical_id: String,
    pub(crate) status: DriftStatus,
    pub(crate) reason: Option<String>,
    /// The properties of the template, evaluated; nothing of a resource that is gone.
    pub(crate) expected: Option<Value>,
    /// The same properties as they are.
    pub(crate) actual: Option<Value>,
    pub(crate) discrepancies: Vec<Discrepancy>,
}

/// A property that is not what its template says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Discrepancy {
    /// The way from the properties; list members by index.
    pub(crate) path: Vec<String>,
    pub(crate) expected: Option<Value>,
    pub(crate) actual: Option<Value>,
}

/// What a change set that looks at drift says of a resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DriftContext {
    /// How it is; nothing where nobody can read it.
    pub(crate) status: Option<DriftStatus>,
    /// The properties that were deployed.
    pub(crate) previous: Value,
    /// JSON pointers to properties whose drift nobody can see.
    pub(crate) ignored: Vec<String>,
}
