//! The endpoint over its real wire.

mod aws_cli;
mod change_sets;
mod client;
mod durability;
mod failures;
mod services;
mod stacks;
