//! Access: roles, who may take them on, and policies of typed actions.
//!
//! A misspelt action does not compile:
//!
//! ```compile_fail,E0425
//! use constructs::{actions::s3, iam::allow};
//!
//! let statement = allow([s3::GetObjekt]).on(["arn:aws:s3:::reports/2026.csv"]);
//! ```

mod policy;
mod principal;
mod role;
mod trust;

pub use policy::{Actions, Operator, Statement, allow, deny};
pub use principal::Principal;
pub use resources::{Action, iam::RoleRef};
pub use role::{Grant, ManagedPolicy, Role};
pub use trust::{FederatedIdentity, IdentityProvider, Trust};

pub(crate) use policy::{check, document};
