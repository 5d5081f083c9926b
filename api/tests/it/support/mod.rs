//! A running API, and what a caller needs to talk to it.

mod bucket;
mod chime;
mod foreign;
mod pool;
mod program;
mod service;
mod tools;

pub(crate) use toolbox::tool;

pub(crate) use self::{
    bucket::{Bucket, Mood},
    chime::{Chime, REGION},
    foreign::{Foreign, finish, free_port},
    pool::{CLIENT, jwk, sign, sign_text},
    program::Program,
    service::{Answer, Service, Settings, real_second},
    tools::{S3s, Sqld, presigned_by_botocore},
};
