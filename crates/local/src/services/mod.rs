//! The services, one module each.

pub(crate) mod cloud_control;
pub(crate) mod cloudformation;
pub(crate) mod iam;
pub(crate) mod roles;
pub(crate) mod s3;
pub(crate) mod ssm;
pub(crate) mod sts;
mod web_identity;
