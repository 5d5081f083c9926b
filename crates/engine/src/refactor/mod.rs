//! Moves: planned before everything else, and carried out as stack refactors.

pub(crate) mod port;

mod outlook;
mod run;

pub(crate) use outlook::{Outlook, outlook_against};
pub use port::{
    RefactorAction, RefactorProgress, RefactorRequest, RefactorState, ResourcePlace, StackRefactors,
};
pub(crate) use run::Moved;
pub use run::PreparedRefactor;
