//! What nearly every stack uses: `use constructs::prelude::*`.

pub use dsl::{App, Arn, Handle, ResourceOptions, Stack, Value, arn, aws, sub};
pub use resources::actions;

pub use crate::{
    addresses::Url,
    cognito::{
        Attribute, Contact::Email, Lifetime, Mfa, PasswordPolicy, Scope, SecondFactor::Totp,
        UserPool,
    },
    costs::{AnomalyMonitor, Budget},
    email::Templates,
    iam::{
        FederatedIdentity, IdentityProvider, ManagedPolicy, Operator, Role, RoleRef, Trust, allow,
        deny,
    },
    s3::{Cors, Method, PrivateBucket},
    sns::AlertTopic,
};
