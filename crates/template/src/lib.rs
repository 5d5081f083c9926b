//! Reads CloudFormation templates in JSON and YAML, knows where everything stands, and checks them against the facts and limits.
//!
//! [`Template::parse`] gives the template as plain JSON whatever form it was written in, and the line and column of
//! every part of it.

mod json;
mod position;
mod scalar;
mod template;
mod yaml;

pub use position::Position;
pub use template::{Format, MAXIMUM_DEPTH, MAXIMUM_EXPANSION, ParseError, Template};
