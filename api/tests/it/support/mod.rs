//! A running API, and what a caller needs to talk to it.

mod bucket;
mod foreign;
mod pool;
mod program;
mod service;
mod tools;

pub(crate) use self::{
    bucket::{Bucket, Mood},
    foreign::{Foreign, finish, free_port, tool},
    pool::{jwk, sign, sign_text},
    service::{Answer, Service, Settings, real_second},
    tools::{S3s, presigned_by_botocore},
};
