//! Holds the contract between a stacks program and the command line: request, environment file, manifest, diagnostics.
//!
//! The command line hands a [`Request`] to a stacks program; the program answers with an assembly: a folder of
//! CloudFormation templates and, written last, a [`Manifest`]. Neither side knows anything else of the other.

mod bootstrap;
mod diagnostic;
mod environment;
mod folder;
mod manifest;
mod request;
mod text;

pub use bootstrap::{
    ACCOUNT_STACK, BOOTSTRAP_PATH, Bootstrap, BootstrapNames, Permission, Repository, partition,
};
pub use diagnostic::{Diagnostic, Severity};
pub use environment::{Approval, Database, Endpoint, Environment, EnvironmentError, nearest};
pub use folder::{FolderError, MANIFEST, read_manifest, read_template, template_file, write};
pub use manifest::{
    AllowedLoss, ExternalResource, FORMAT_VERSION, Manifest, Move, ResourceOrigin, StackManifest,
    Suppression,
};
pub use request::{Request, RequestError};
pub use text::deserialize_text;
