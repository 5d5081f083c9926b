//! IAM actions as values.

use std::borrow::Cow;
use std::fmt;

/// An IAM action: `s3:GetObject`. The modules of [`actions`](crate::actions) hold all that are known.
///
/// ```
/// use resources::iam;
///
/// assert_eq!(iam::s3::GetObject.as_str(), "s3:GetObject");
/// ```
///
/// A misspelt one does not compile:
///
/// ```compile_fail,E0425
/// use resources::iam;
///
/// iam::s3::GetObjekt;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action(Cow<'static, str>);

impl Action {
    #[allow(dead_code, reason = "used once a service is enabled")]
    pub(crate) const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// An action that is newer than the facts, or a pattern: `s3:Get*`.
    pub fn unlisted(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// The action as a policy writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The prefix of its service: `s3`.
    pub fn service(&self) -> &str {
        self.0
            .split_once(':')
            .map_or(&*self.0, |(service, _)| service)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Action> for dsl::Value<String> {
    fn from(action: Action) -> Self {
        Self::from_expression(dsl::Expression::Text(action.0))
    }
}
