//! Describes stacks as typed Rust values and synthesizes them into an assembly.

pub mod aws;

mod app;
mod condition;
mod expression;
mod mapping;
mod model;
mod object;
mod options;
mod output;
mod parameter;
mod reference;
mod resource;
mod stack;
mod text;
mod value;

pub use app::App;
pub use condition::{
    Condition, Rule, Test, all_parameters_of, attribute_of_parameter, attribute_of_parameters,
};
pub use expression::{Expression, Function, Link};
pub use mapping::Mapping;
pub use object::Object;
pub use options::{DeletionPolicy, ResourceOptions, UpdateReplacePolicy};
pub use output::Output;
pub use parameter::Parameter;
pub use reference::{Handle, Reference, Strength};
pub use resource::{Construct, RawRef, RawResource, Resource, TagProperty, TagStyle};
pub use stack::Stack;
#[doc(hidden)]
pub use text::{Hole, Holes};
pub use value::{Arn, Json, Map, Value};
