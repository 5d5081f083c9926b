//! The API over real sockets.
//!
//! Tests that need the tools of `cargo xtask test --only tools` are ignored otherwise; `cargo xtask test` runs them all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod authentication;
mod cloudflare;
mod cognito;
mod coturn;
mod crash;
mod files;
mod hardening;
mod health;
mod openapi;
mod process;
mod remote;
mod schemathesis;
mod signed;
mod stripe_sdk;
mod support;
mod turn_credentials;
mod vercel;
mod video;
mod webhook;
