//! Secrets: names of values that only AWS knows.

use std::fmt;

use crate::{Expression, Value, text::concatenate};

/// A secret: where its value is kept, never the value itself.
///
/// CloudFormation looks the value up when it deploys (a dynamic reference), so that it stands in no template, plan or log. There is
/// no way to make a `Secret` of a value, nor to show or serialize one:
///
/// ```compile_fail
/// let token = dsl::Secret::ssm("/chitchatter/turso/token");
/// println!("{token}");
/// ```
///
/// Where a property takes a text, it takes a secret:
///
/// ```
/// # use dsl::{RawResource, Secret, Value};
/// # let stack = dsl::testing::app().stack("api");
/// let password = Secret::secrets_manager_field("chitchatter/database", "password");
/// stack.add("Database", RawResource::new("AWS::RDS::DBInstance").property("MasterUserPassword", password));
/// ```
pub struct Secret<T = String> {
    /// The dynamic reference.
    reference: Value<T>,
}

impl Secret {
    /// A `SecureString` of SSM by its name, in its latest version. CloudFormation reads it for some properties only, passwords
    /// mostly: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-ssm-secure-strings.html>
    pub fn ssm(name: impl Into<Value<String>>) -> Self {
        Self::looked_up("ssm-secure", name.into(), "")
    }

    /// A version of a `SecureString` of SSM.
    pub fn ssm_version(name: impl Into<Value<String>>, version: u32) -> Self {
        Self::looked_up("ssm-secure", name.into(), &format!(":{version}"))
    }

    /// A secret of Secrets Manager by its name or ARN: its text as a whole.
    pub fn secrets_manager(id: impl Into<Expression>) -> Self {
        Self::looked_up("secretsmanager", id, "")
    }

    /// One field of a secret of Secrets Manager whose text is JSON.
    pub fn secrets_manager_field(id: impl Into<Expression>, field: &str) -> Self {
        Self::looked_up("secretsmanager", id, &format!(":SecretString:{field}"))
    }

    fn looked_up(service: &str, id: impl Into<Expression>, rest: &str) -> Self {
        let parts = [
            format!("{{{{resolve:{service}:").into(),
            id.into(),
            format!("{rest}}}}}").into(),
        ];
        Self {
            reference: Value::from_expression(concatenate(parts)),
        }
    }
}

impl<T> Secret<T> {
    /// The secret as a value of another type.
    pub fn cast<U>(self) -> Secret<U> {
        Secret {
            reference: self.reference.cast(),
        }
    }
}

impl<T> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self {
            reference: self.reference.clone(),
        }
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl<T> From<Secret<T>> for Value<T> {
    fn from(secret: Secret<T>) -> Self {
        secret.reference
    }
}

impl<T> From<&Secret<T>> for Value<T> {
    fn from(secret: &Secret<T>) -> Self {
        secret.reference.clone()
    }
}

impl<T> From<Secret<T>> for Expression {
    fn from(secret: Secret<T>) -> Self {
        secret.reference.into()
    }
}
