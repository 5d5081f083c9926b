//! What the engine asks of CloudFormation about stack refactors, in the engine's own words.

use crate::port::{Answer, TemplateSource};

/// The calls of stack refactors.
pub trait StackRefactors: Send + Sync {
    /// Starts making a refactor, and gives its id.
    fn create_refactor<'a>(&'a self, request: &'a RefactorRequest) -> Answer<'a, String>;

    /// A refactor as it is now, by its id.
    fn refactor<'a>(&'a self, id: &'a str) -> Answer<'a, RefactorState>;

    /// The refactors of the account and region that are being executed or undone.
    fn refactors_under_way(&self) -> Answer<'_, Vec<RefactorState>>;

    /// The refactors of the account and region that can be executed.
    fn refactors_available(&self) -> Answer<'_, Vec<RefactorState>>;

    /// What a refactor would do.
    fn refactor_actions<'a>(&'a self, id: &'a str) -> Answer<'a, Vec<RefactorAction>>;

    /// Starts executing a refactor.
    fn execute_refactor<'a>(&'a self, id: &'a str) -> Answer<'a, ()>;
}

/// What a refactor is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefactorRequest {
    /// What it is for; a later run recognises it by this.
    pub description: String,
    /// The stacks with the templates they are to have.
    pub stacks: Vec<(String, TemplateSource)>,
    /// Where resources are and where they go.
    pub mappings: Vec<(ResourcePlace, ResourcePlace)>,
    /// Whether stacks may be made by it.
    pub creates_stacks: bool,
}

/// Where a resource is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourcePlace {
    /// The CloudFormation name of the stack.
    pub stack_name: String,
    /// Its logical id.
    pub logical_id: String,
}

/// A refactor as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefactorState {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// How far it is.
    pub progress: RefactorProgress,
    /// Why, when CloudFormation says so.
    pub reason: Option<String>,
    /// The ARNs of its stacks, where they were asked for.
    pub stack_ids: Vec<String>,
}

/// How far a refactor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefactorProgress {
    /// It is being made.
    Pending,
    /// It could not be made.
    Refused,
    /// It can be executed.
    Available,
    /// A stack has changed since it was made.
    Obsolete,
    /// It is being executed.
    Executing,
    /// It was executed.
    Done,
    /// Executing it failed, and that is being undone.
    RollingBack,
    /// Executing it failed, and all is as it was.
    RolledBack,
    /// Executing it failed, and so did the undoing, if there was any.
    Failed,
}

/// What a refactor would do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefactorAction {
    /// A resource moves.
    Move {
        /// From where.
        from: ResourcePlace,
        /// Where to.
        to: ResourcePlace,
    },
    /// A stack of this name is made.
    CreateStack(String),
    /// Something that this program does not know, in CloudFormation's words.
    Other(String),
}
