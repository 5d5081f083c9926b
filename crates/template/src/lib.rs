//! Reads CloudFormation templates in JSON and YAML, knows where everything stands, and checks them against the facts and limits.
//!
//! [`Template::parse`] gives the template as plain JSON whatever form it was written in, and the line and column of
//! every part of it. [`references`] tells what a value refers to, [`validate`] what is wrong with the whole. Nothing
//! here reads a file or asks a service.
//!
//! ```
//! use template::{Options, Template, validate};
//!
//! let text = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      BuketName: mine\n";
//! let template = Template::parse(text).expect("it is YAML");
//! let findings = validate(&template, &Options::default());
//! assert_eq!(
//!     findings[0].to_string(),
//!     "5:7: error CIF050 `AWS::S3::Bucket` has no property `BuketName`; did you mean `BucketName`? \
//!      (at Resources.Bucket.Properties.BuketName)"
//! );
//! ```

mod cursor;
mod finding;
mod function;
mod json;
mod model;
mod outline;
mod pair;
mod position;
mod references;
mod review;
mod rules;
mod scalar;
mod template;
mod unread;
mod validate;
mod yaml;

pub use finding::{Finding, Severity};
pub use model::{Members, Resource, Section, is_custom};
pub use pair::{Body, LazyResource, parse_pair};
pub use position::Position;
pub use references::{
    PSEUDO_PARAMETERS, Reference, ReferenceKind, condition_references, is_pseudo_parameter,
    references,
};
pub use review::{Circumstances, Suppression, check, suppressions};
pub use rules::{RULES, Rule};
pub use template::{
    Format, MAXIMUM_DEPTH, MAXIMUM_EXPANSION, MAXIMUM_LENGTH, ParseError, Template,
};
pub use unread::Token;
pub use validate::{Options, ParameterError, check_parameter_value, validate};
