//! Describes stacks as typed Rust values and synthesizes them into an assembly.
//!
//! A program declares stacks; running it gives CloudFormation templates and a manifest. Nothing is sent anywhere, and the same program
//! gives the same bytes on every machine.
//!
//! ```
//! use dsl::{App, RawResource, ResourceOptions, sub};
//!
//! fn files(app: &App) -> dsl::RawRef {
//!     let stack = app.stack("files");
//!     stack.description("Keeps what people upload");
//!     let uploads = RawResource::new("AWS::S3::Bucket")
//!         .property("BucketName", sub!("uploads-{}", dsl::aws::account_id()));
//!     stack.add("Uploads", uploads).retain()
//! }
//!
//! fn api(app: &App, uploads: &dsl::RawRef) {
//!     let stack = app.stack("api");
//!     // A value of another stack: its output, the look-up here and the order of deployment follow by themselves.
//!     let setting = RawResource::new("AWS::SSM::Parameter")
//!         .property("Type", "String")
//!         .property("Value", uploads.id());
//!     stack.add("UploadsName", setting);
//! }
//!
//! let app = dsl::testing::app();
//! let uploads = files(&app);
//! api(&app, &uploads);
//! let assembly = dsl::synthesize(&app);
//! assert_eq!(assembly.manifest.stacks[1].depends_on, ["files"]);
//! ```
//!
//! Real stacks use the typed resources of the crate `resources` in place of [`RawResource`], and the constructs of the crate
//! `constructs` on top of them; both are built of what is here.
//!
//! # The pieces
//!
//! - An [`App`] holds [`Stack`]s; [`Stack::add`] declares a resource under an id and gives its handle. [`run`] is the main function.
//! - A [`Value<T>`] is a literal or something that only CloudFormation will know: `users.id()`, `bucket.arn()`, [`aws::region()`].
//!   `T` says what it means. [`sub!`] and [`arn!`] put values into texts, [`document!`] into JSON.
//! - Every handle takes the options that CloudFormation has for all resources: [`ResourceOptions`].
//! - [`Parameter`], [`Condition`], [`Mapping`], [`Rule`] and [`Output`] are the other sections of a template.
//! - A [`Secret`] is the name of a value that no template ever holds.
//! - [`testing`] has assertions for tests of your own stacks.
//!
//! # What can go wrong
//!
//! Most mistakes do not compile. The rest, a name that is taken, a reference that leads nowhere, a limit of CloudFormation, is found when
//! the app is synthesized: all of it at once, each with the construct's path and the line that declared it. With an error, no template
//! is written.
//!
//! # Where the types end
//!
//! AWS may be newer than our facts. [`RawResource`] declares a resource of any type, [`ResourceOptions::override_property`] sets any
//! property, [`Value::raw`] takes any JSON, and references in it are checked all the same.

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
pub use options::{DeletionPolicy, ResourceOptions, Update, UpdateReplacePolicy};
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
pub use value::{Arn, Json, Map, Part, Value};
