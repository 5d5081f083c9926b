//! What a saved plan is bound to, so that a deployment executes exactly what was reviewed or nothing at all.
//!
//! A seal holds digests, names and times, and no value that is secret: of a `NoEcho` parameter it has a digest under a
//! key that is kept with the change set, so that nobody can try out values with the file alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the rules by which a seal is made and checked. A reader refuses another one.
pub const SEAL_VERSION: &str = "1.0";

/// What a saved plan as a whole is bound to, beside environment, account, region and commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The version of the rules of this section.
    pub format_version: String,
    /// The version of the program that made it.
    pub tool: String,
    /// SHA-256 of the assembly, in hexadecimal.
    pub assembly: String,
    /// Whether the work tree held changes that were not committed; nothing where that is not known.
    #[serde(default)]
    pub dirty: Option<bool>,
}

/// What the plan of one stack is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackSeal {
    /// What is wanted.
    pub wanted: WantedSeal,
    /// What was deployed; nothing where there was no stack.
    #[serde(default)]
    pub deployed: Option<DeployedSeal>,
    /// The change set to execute; nothing where none is needed or none could be made yet.
    #[serde(default)]
    pub change_set: Option<ChangeSetSeal>,
}

/// What was wanted of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedSeal {
    /// SHA-256 of the template as the assembly has it, in hexadecimal.
    pub template: String,
    /// SHA-256 of the values of parameters; of secret ones under the key of the change set, and of none without one.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// The tags of the stack.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether the stack is protected against deletion.
    #[serde(default)]
    pub termination_protection: bool,
    /// Short names of the stacks before it.
    #[serde(default)]
    pub depends_on: Vec<String>,
}

/// The identity of what was deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployedSeal {
    /// The stack's ARN, which no later stack of the same name has.
    pub id: String,
    /// When it was last changed, or created, in RFC 3339.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// SHA-256 of its template's text; nothing where there is none, or it could not be read.
    #[serde(default)]
    pub template: Option<String>,
}

/// A change set that waits to be executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSetSeal {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The ARN of its stack, which may exist for it alone.
    pub stack_id: String,
    /// SHA-256 of the template that was sent, with all that is known only when it is sent.
    pub template: String,
    /// SHA-256 of everything CloudFormation says that it would do, and with which parameters and tags.
    pub content: String,
    /// Whether the stack is created by it.
    pub creates: bool,
}
