//! A running API, and what a caller needs to talk to it.

mod pool;
mod program;
mod service;

pub(crate) use self::{
    pool::{jwk, sign, sign_text},
    program::{Program, finish, free_port, tool},
    service::{Answer, Service, Settings},
};
