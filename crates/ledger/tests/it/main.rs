//! The ledger in an embedded file and on a server: the same tests for both.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod files;
mod migrations;
mod place;
mod processes;
mod quotas;
mod remote;
mod rooms;
mod stripe;
