//! Holds every CloudFormation resource type as a typed Rust struct, generated at build from the committed facts.
//!
//! A service is a feature and a module, `s3`; nothing is enabled by default. A type is a struct with a public field per
//! property, a setter of the same name, and a constructor that takes what is required. What it is made of lies in a
//! module of its name. Declaring it gives a handle with its identifier and attributes.
//!
//! ```
//! use resources::s3::{Bucket, bucket};
//!
//! let bucket = Bucket::new()
//!     .bucket_name("reports")
//!     .versioning_configuration(bucket::VersioningConfiguration::new(
//!         bucket::VersioningConfigurationStatus::Enabled,
//!     ));
//! ```
//!
//! A property that does not exist, or that only AWS sets, does not compile:
//!
//! ```compile_fail,E0599
//! resources::s3::Bucket::new().bucket_nmae("reports");
//! ```
//!
//! ```compile_fail,E0599
//! resources::s3::Bucket::new().arn("arn:aws:s3:::reports");
//! ```
//!
//! Nor does a resource without what is required, an ARN in the place of a name, or a text where AWS lists the values:
//!
//! ```compile_fail,E0061
//! resources::cognito::UserPoolClient::new();
//! ```
//!
//! ```compile_fail,E0277
//! # fn reports() -> dsl::Value<dsl::Arn> { "arn:aws:s3:::reports".into() }
//! resources::s3::Bucket::new().bucket_name(reports());
//! ```
//!
//! ```compile_fail,E0277
//! resources::s3::bucket::VersioningConfiguration::new("Enabeld");
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
