//! Moves as a plan tells them: which resources get another logical id or stack, and in which operation.

use serde::{Deserialize, Serialize};

/// Resources that get another logical id or stack in one
/// [stack refactor](https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html). Nothing of
/// them is created, changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefactorPlan {
    /// The wave it is carried out in, counted from one: before all stacks, and after the refactors that it follows.
    pub wave: usize,
    /// The stacks it is about, in the order they deploy.
    pub stacks: Vec<RefactoredStack>,
    /// The resources that move.
    pub moves: Vec<ResourceMove>,
}

/// A stack before and after a refactor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefactoredStack {
    /// The short name.
    pub name: String,
    /// The CloudFormation name.
    pub stack_name: String,
    /// Whether the refactor creates it.
    pub creates: bool,
    /// SHA-256 of the template it is refactored to, in hexadecimal.
    pub template: String,
    /// Logical ids of the resources that read outputs of other stacks from then on, which they did not before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<String>,
}

/// A resource that gets another logical id or stack, and stays what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceMove {
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Where it is, `auth/OldName`.
    pub from: String,
    /// Where it goes, `identity/Users`.
    pub to: String,
    /// Whether it holds data.
    pub stateful: bool,
    /// Where it is declared now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its construct path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl RefactorPlan {
    /// Whether another one does the same, in whatever wave.
    pub fn is(&self, other: &Self) -> bool {
        self.stacks == other.stacks && self.moves == other.moves
    }

    /// Whether a stack, by its short name, is part of it.
    pub fn is_about(&self, stack: &str) -> bool {
        self.stacks.iter().any(|one| one.name == stack)
    }
}
