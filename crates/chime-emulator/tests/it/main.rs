//! The emulator as its clients meet it: over HTTP, by boto3, and as a program.

mod boto3;
mod ending;
mod program;
mod wire;
