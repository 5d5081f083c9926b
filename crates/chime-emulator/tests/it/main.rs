//! The emulator as its clients meet it: over HTTP, by the AWS SDKs, and as a program.

mod boto3;
mod ending;
mod program;
mod sdk;
mod wire;
