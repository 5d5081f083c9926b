//! Principals: who asks.

use dsl::{Arn, Expression, Object, Value};

use crate::arns;

/// Who a policy is about.
#[derive(Clone, Debug)]
pub enum Principal {
    /// An AWS service, `budgets.amazonaws.com`.
    Service(&'static str),
    /// Everyone in this account whose own policies allow it.
    Account,
    /// A role or a user.
    Identity(Value<Arn>),
    /// Whoever an identity provider vouches for.
    Federated(Value<Arn>),
    /// Anyone at all. Right for denying, hardly ever for allowing.
    Anyone,
}

impl Principal {
    pub(super) fn into_expression(self) -> Expression {
        let of = |kind: &'static str, value: Expression| Object::new().with(kind, value).into();
        match self {
            Self::Service(name) => of("Service", name.into()),
            Self::Account => of("AWS", arns::global("iam", "root").into()),
            Self::Identity(arn) => of("AWS", arn.into()),
            Self::Federated(arn) => of("Federated", arn.into()),
            Self::Anyone => "*".into(),
        }
    }
}
