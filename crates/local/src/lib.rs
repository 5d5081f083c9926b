//! Serves an embedded CloudFormation endpoint on the loopback interface for development and tests.
//!
//! [`Server::bind`] opens the state of a folder and listens; [`Server::run`] answers until it is told to stop. What it
//! speaks is AWS's own wire protocol, so the AWS CLI and every SDK can be pointed at [`Server::url`]: CloudFormation
//! and STS (Query protocol), SSM parameters and Cloud Control (JSON) and S3 objects (REST), all on one port. What stacks have
//! made of IAM, S3, Cognito and Budgets can be read from these services too. [`InProcess`] is the same without a socket.
//! Everybody is let in; a session of a role that a stack has made may do what the role's policies allow.
//!
//! An operation on a stack is a value in the state, advanced by a pure function one step at a time, each step written
//! to the state file before the next: a killed process resumes where it was.

mod access;
mod calls;
mod endpoint;
mod error;
mod evaluate;
mod facts;
mod glance;
mod identifiers;
mod in_process;
mod options;
mod provision;
mod refactoring;
mod router;
mod scenario;
mod server;
mod services;
mod state;
mod upkeep;
mod vault;
mod wire;

pub use calls::{CallFault, Deed, Other, Trouble};
pub use error::Error;
pub use glance::{SeenChangeSet, SeenEvent, SeenResource, SeenStack};
pub use in_process::{Answered, InProcess};
pub use options::{Clock, Faults, Hook, HookMode, Options, Step};
pub use server::Server;
pub use upkeep::{Holder, holder, reset};
