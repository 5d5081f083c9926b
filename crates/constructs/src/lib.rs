//! Offers hand-written constructs and grants on top of the generated resources; the one crate a stacks program names.

pub mod addresses;
pub mod arns;
pub mod chime;
pub mod cognito;
pub mod costs;
pub mod email;
pub mod iam;
pub mod prelude;
pub mod s3;
pub mod settings;
pub mod sns;

pub use dsl::{self, App, Environment, run};
pub use resources::{self, actions};
