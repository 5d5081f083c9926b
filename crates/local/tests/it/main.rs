//! The endpoint over its real wire.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and starts processes with a clock and an environment"
)]

mod change_sets;
mod client;
mod drift;
mod durability;
mod failures;
mod nested;
mod reads;
mod refactors;
mod services;
mod stacks;
