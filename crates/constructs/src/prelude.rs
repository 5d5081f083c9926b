//! What nearly every stack uses: `use constructs::prelude::*`.

pub use dsl::{
    App, Arn, DeletionPolicy, Handle, ResourceOptions, Stack, Update, UpdateReplacePolicy, Value,
    arn, aws, sub,
};
pub use resources::actions;

pub use crate::{
    addresses::Url,
    arns,
    cognito::{
        Attribute, Contact::Email, Lifetime, Mfa, PasswordPolicy, Scope, SecondFactor::Totp,
        UserPool,
    },
    costs::{AnomalyMonitor, Budget, Spending},
    email::Templates,
    iam::{
        FederatedIdentity, IdentityProvider, ManagedPolicy, Operator, Role, RoleRef, Trust, allow,
        deny,
    },
    s3::{BucketGrants, Cors, Method, PrivateBucket},
    sns::AlertTopic,
};
