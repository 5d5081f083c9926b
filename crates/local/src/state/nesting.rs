//! Nested stacks: where they belong, and what was foreseen of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a nested stack belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Nesting {
    /// The ARN of the stack that has it as a resource.
    pub(crate) parent: String,
    /// The ARN of the stack above all.
    pub(crate) root: String,
    /// Its logical id in the stack above.
    pub(crate) logical_id: String,
}

/// What the change sets of nested stacks were made with, by logical id.
pub(crate) type Foreseen = BTreeMap<String, ForeseenStack>;

/// What the change set of a nested stack was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForeseenStack {
    /// The stack's ARN, also when it is yet to be created.
    pub(crate) arn: String,
    /// The digest of its template, whatever its address has held since.
    pub(crate) template: String,
    /// The same of the stacks nested in it.
    pub(crate) below: Foreseen,
}

impl ForeseenStack {
    /// The digests of all templates.
    pub(crate) fn templates(&self) -> Vec<&str> {
        let mut found = vec![self.template.as_str()];
        found.extend(self.below.values().flat_map(Self::templates));
        found
    }
}
