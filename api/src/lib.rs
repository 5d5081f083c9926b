//! Serves Chitchatter Pro's endpoints: TURN credentials, video sessions, file links and Stripe's webhooks.
//!
//! [`Config::read`] checks the configuration as a whole, [`App`] holds what all requests share, [`App::router`] is the
//! service, and [`serve`] runs it on a socket. The same router is a function on Vercel. What is charged is decided by the
//! `ledger`; what a request may do is decided here, in the order of the contract: path, method, authentication, rate,
//! media type, size, body, instance, subscription, quota.

mod app;
mod auth;
mod aws;
mod body;
mod clock;
pub mod config;
mod cors;
mod envelope;
mod files;
mod identifiers;
mod json;
pub mod openapi;
mod problem;
mod rate;
mod routes;
mod secret;
mod server;
mod stripe;
mod turn;
mod upstream;
mod video;

pub use app::{App, paths};
pub use clock::Clock;
pub use config::Config;
pub use server::serve;
