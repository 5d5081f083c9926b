//! Describes stacks as typed Rust values and synthesizes them into an assembly.

pub mod aws;
pub mod testing;

mod app;
mod condition;
mod document;
mod expression;
mod functions;
mod mapping;
mod model;
mod object;
mod options;
mod output;
mod parameter;
mod program;
mod reference;
mod resource;
mod secret;
mod stack;
mod synth;
mod text;
mod value;

pub use assembly::{Diagnostic, Environment};

pub use app::{App, Declared};
pub use condition::{
    Condition, Rule, Test, all_parameters_of, attribute_of_parameter, attribute_of_parameters,
};
pub use expression::{Expression, Function, Link};
pub use functions::{
    StackOutput, availability_zones, base64, cidr, import_value, join, length, to_json_string,
    transform,
};
pub use mapping::Mapping;
pub use object::Object;
pub use options::{DeletionPolicy, ResourceOptions, UpdateReplacePolicy};
pub use output::Output;
pub use parameter::Parameter;
pub use program::run;
pub use reference::{Handle, Reference, Strength};
pub use resource::{Construct, RawRef, RawResource, Resource, TagProperty, TagStyle};
pub use secret::Secret;
pub use stack::Stack;
pub use synth::{Assembly, synthesize};
pub use text::Interpolated;
#[doc(hidden)]
pub use text::{Hole, Holes};
pub use value::{Arn, Json, Map, Value};
