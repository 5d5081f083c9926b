//! The engine over the wire: its AWS adapter against the embedded endpoint.

mod agreement;
mod deploy;
mod failures;
mod moves;
mod settings;
mod store;
mod support;
mod trouble;
