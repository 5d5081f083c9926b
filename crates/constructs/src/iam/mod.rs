//! Access: roles, who may take them on, and policies of typed actions.

mod policy;
mod principal;
mod role;
mod trust;

pub use policy::{Actions, Operator, Statement, allow, deny};
pub use principal::Principal;
pub use resources::{Action, iam::RoleRef};
pub use role::{ManagedPolicy, Role};
pub use trust::{FederatedIdentity, IdentityProvider, Trust};

pub(crate) use policy::{check, document};
