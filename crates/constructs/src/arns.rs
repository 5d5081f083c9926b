//! ARNs of what has a name before it exists, in the partition and account a stack is deployed to.

use std::fmt::Display;

use dsl::{Arn, Value, arn, aws};

/// Something of the stack's own region: `regional("ssm", "parameter/version")`.
pub fn regional(service: &str, resource: impl Display) -> Value<Arn> {
    arn!(
        "arn:{}:{service}:{}:{}:{resource}",
        aws::partition(),
        aws::region(),
        aws::account_id()
    )
}

/// Something that belongs to no region: `global("iam", "role/reader")`.
pub fn global(service: &str, resource: impl Display) -> Value<Arn> {
    arn!(
        "arn:{}:{service}::{}:{resource}",
        aws::partition(),
        aws::account_id()
    )
}

/// Something that AWS itself owns: `of_aws("iam", "policy/ReadOnlyAccess")`.
pub fn of_aws(service: &str, resource: impl Display) -> Value<Arn> {
    arn!("arn:{}:{service}::aws:{resource}", aws::partition())
}

/// A bucket, or objects of one: `bucket("reports/2026/*")`.
pub fn bucket(name: impl Display) -> Value<Arn> {
    arn!("arn:{}:s3:::{name}", aws::partition())
}
