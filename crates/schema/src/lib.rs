//! Reads the committed facts about every CloudFormation resource type and IAM action.
//!
//! The facts lie in `facts/`, made by `cargo xtask schema`; nothing is read at run time but this program's own
//! constants. A type is parsed when it is first asked for and kept from then on; looking one up touches a few pages of
//! the facts, so a program that asks for ten types never reads the other 1,800.
//!
//! ```
//! let bucket = schema::resource_type("AWS::S3::Bucket").expect("the facts hold every type");
//! assert!(bucket.is_create_only(&["BucketName"]));
//! assert!(bucket.stateful);
//! let days = bucket.shape_at(&["LifecycleConfiguration", "Rules", "0", "ExpirationInDays"]);
//! assert!(days.is_some());
//! ```

mod action;
mod facts;
mod path;
mod resource_type;
mod shape;
mod target;

pub use action::{AccessLevel, Action, iam_action, iam_action_exists, iam_actions, iam_prefixes};
pub use facts::{resource_type, services, type_names};
pub use path::PropertyPath;
pub use resource_type::{
    Handlers, Lifecycle, LifecycleStatus, ReplacementStrategy, ResourceType, Tagging,
};
pub use shape::{AdditionalProperties, Kind, Kinds, LazyShape, Shape, Shapes};
pub use target::iam_targets;

/// What the facts were made from, as JSON: packages, versions, digests.
pub const SOURCES: &str = include_str!("../facts/sources.json");
