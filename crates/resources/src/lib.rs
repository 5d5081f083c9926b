//! Holds every CloudFormation resource type as a typed Rust struct, generated at build from the committed facts.
//!
//! A service is a feature and a module, `s3`; nothing is enabled by default. A type is a struct with a public field per
//! property, a setter of the same name, and a constructor that takes what is required. What it is made of lies in a
//! module of its name. Declaring it gives a handle with its identifier and attributes.
//!
//! ```
//! # #[cfg(all(feature = "s3", feature = "sns"))]
//! # {
//! use resources::s3::{Bucket, bucket};
//!
//! let bucket = Bucket::new()
//!     .versioning_configuration(bucket::VersioningConfiguration::new(
//!         bucket::VersioningConfigurationStatus::Enabled,
//!     ));
//! # }
//! ```
//!
//! What is newer than the facts is not out of reach: enumerations have `Other`, `Value::raw` takes any JSON, and
//! `ResourceOptions::override_property` sets any property.

mod action;
#[allow(
    dead_code,
    reason = "which of it is used depends on the enabled services"
)]
mod generated;

pub use action::Action;

include!(concat!(env!("OUT_DIR"), "/services.rs"));

/// IAM actions by service prefix, `actions::s3::GetObject`, for the services that are enabled; for all of them with the
/// feature `actions`. With the feature `iam` they are found in [`iam`] as well, for policies that say `iam::s3::GetObject`.
#[allow(missing_docs, non_upper_case_globals)]
pub mod actions {
    include!(concat!(env!("OUT_DIR"), "/actions.rs"));
}
