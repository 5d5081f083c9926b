//! Offers hand-written constructs and grants on top of the generated resources; the one crate a stacks program names.

pub mod addresses;
pub mod email;
