//! The services, one module each.

mod budgets;
mod cloud_control;
pub(crate) mod cloudformation;
mod cognito;
pub(crate) mod deployed;
pub(crate) mod iam;
pub(crate) mod json;
pub(crate) mod roles;
pub(crate) mod s3;
pub(crate) mod settings;
pub(crate) mod ssm;
pub(crate) mod sts;
mod web_identity;
