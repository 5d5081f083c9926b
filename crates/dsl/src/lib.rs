//! Describes stacks as typed Rust values and synthesizes them into an assembly.
