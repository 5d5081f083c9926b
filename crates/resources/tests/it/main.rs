//! Tests of the generated code: what it is called, what it writes. What it refuses to
//! compile is in the crate's documentation.

mod actions;
mod names;
mod properties;
mod types;
