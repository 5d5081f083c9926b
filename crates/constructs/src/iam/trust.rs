//! Trust: who may take on a role.

use dsl::{Arn, Construct, Expression, Json, Object, Stack, Value};
use resources::iam;

use super::{
    Operator, Principal,
    policy::{Conditions, document_of},
};
use crate::arns;

/// Who may take on a role, and when.
#[derive(Clone, Debug)]
pub struct Trust {
    principal: Principal,
    action: &'static str,
    conditions: Conditions,
}

impl Trust {
    /// Trusts an AWS service, `lambda.amazonaws.com`.
    pub fn service(name: &'static str) -> Self {
        Self::new(Principal::Service(name), "sts:AssumeRole")
    }

    /// Trusts the people of this account who signed in with a second factor no longer ago than so many seconds.
    pub fn people_with_mfa(seconds: u32) -> Self {
        Self::new(Principal::Account, "sts:AssumeRole")
            .when("aws:MultiFactorAuthPresent", Operator::Bool, "true")
            .when(
                "aws:MultiFactorAuthAge",
                Operator::NumericLessThan,
                seconds.to_string(),
            )
    }

    fn new(principal: Principal, action: &'static str) -> Self {
        Self {
            principal,
            action,
            conditions: Conditions::default(),
        }
    }

    /// Limits it to requests that meet a condition as well.
    #[must_use]
    pub fn when(
        mut self,
        key: impl Into<String>,
        operator: Operator,
        value: impl Into<Expression>,
    ) -> Self {
        self.conditions.add(key, operator, value);
        self
    }

    pub(super) fn into_document(self) -> Value<Json> {
        let mut statement = Object::new()
            .with("Effect", "Allow")
            .with("Principal", self.principal.into_expression())
            .with("Action", self.action);
        if let Some(conditions) = self.conditions.into_expression() {
            statement.insert("Condition", conditions);
        }
        document_of(vec![statement.into()])
    }
}

/// A service outside AWS that vouches for its workloads with OpenID Connect tokens, so that they need no keys.
///
/// An account knows each of them once. Where another stack or environment made it known already, use
/// [`IdentityProvider::existing`] instead of adding it.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    issuer: String,
    audience: String,
}

impl IdentityProvider {
    /// A provider by its issuer, a URL without the scheme, and the audience its tokens are made for.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
        }
    }

    /// GitHub Actions.
    /// <https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services>
    pub fn github() -> Self {
        Self::new("token.actions.githubusercontent.com", "sts.amazonaws.com")
    }

    /// The functions of a Vercel team, whose projects are in the issuer mode "team".
    /// <https://vercel.com/docs/oidc/aws>
    pub fn vercel(team: &str) -> Self {
        Self::new(
            format!("oidc.vercel.com/{team}"),
            format!("https://vercel.com/{team}"),
        )
    }

    /// The provider as this account knows it already.
    pub fn existing(self) -> FederatedIdentity {
        let arn = arns::global("iam", format_args!("oidc-provider/{}", self.issuer));
        FederatedIdentity {
            provider: self,
            arn,
        }
    }
}

impl Construct for IdentityProvider {
    type Output = FederatedIdentity;

    fn build(self, stack: &Stack, id: &str) -> FederatedIdentity {
        let provider = iam::OIDCProvider::new()
            .url(format!("https://{}", self.issuer))
            .client_id_list([self.audience.as_str()]);
        let provider = stack.add(id, provider);
        FederatedIdentity {
            provider: self,
            arn: provider.arn(),
        }
    }
}

/// An identity provider that the account knows.
#[derive(Clone, Debug)]
pub struct FederatedIdentity {
    provider: IdentityProvider,
    arn: Value<Arn>,
}

impl FederatedIdentity {
    /// Trusts the workloads whose tokens carry exactly one of these subjects.
    pub fn subjects<const N: usize>(&self, subjects: [String; N]) -> Trust {
        self.trust(subjects.into())
    }

    /// Trusts the workload whose tokens carry exactly this subject.
    pub fn subject(&self, subject: impl Into<String>) -> Trust {
        self.trust(subject.into().into())
    }

    fn trust(&self, subjects: Expression) -> Trust {
        let IdentityProvider { issuer, audience } = &self.provider;
        Trust::new(
            Principal::Federated(self.arn.clone()),
            "sts:AssumeRoleWithWebIdentity",
        )
        .when(format!("{issuer}:aud"), Operator::StringEquals, audience)
        .when(format!("{issuer}:sub"), Operator::StringEquals, subjects)
    }
}

#[cfg(test)]
mod tests {
    use dsl::testing::{self, Template};
    use serde_json::json;

    use super::*;
    use crate::iam::Role;

    #[test]
    fn a_federated_role_is_for_one_subject_and_audience() {
        let app = testing::app();
        let stack = app.stack("account");
        let github = stack.add("GitHub", IdentityProvider::github());
        let vercel = IdentityProvider::vercel("team").existing();
        stack.add(
            "Deployer",
            Role::assumed_by(github.subject("repo:a/b:environment:c")),
        );
        stack.add(
            "Api",
            Role::assumed_by(vercel.subject("owner:team:project:p:environment:production")),
        );

        let template = Template::of(&stack);
        let trust = |role: &str| {
            template.properties(role)["AssumeRolePolicyDocument"]["Statement"][0].clone()
        };
        assert_eq!(
            trust("Deployer"),
            json!({
                "Effect": "Allow",
                "Principal": { "Federated": { "Fn::GetAtt": ["GitHub", "Arn"] } },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": { "StringEquals": {
                    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                    "token.actions.githubusercontent.com:sub": "repo:a/b:environment:c",
                } },
            })
        );
        assert_eq!(
            trust("Api")["Principal"]["Federated"],
            json!({ "Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/oidc.vercel.com/team" })
        );
        template.assert_count("AWS::IAM::OIDCProvider", 1);
    }

    #[test]
    fn people_need_a_second_factor_that_is_fresh() {
        let app = testing::app();
        let stack = app.stack("account");
        stack.add(
            "Administrator",
            Role::assumed_by(Trust::people_with_mfa(900)),
        );
        let template = Template::of(&stack);
        assert_eq!(
            template.properties("Administrator")["AssumeRolePolicyDocument"]["Statement"][0]["Condition"],
            json!({
                "Bool": { "aws:MultiFactorAuthPresent": "true" },
                "NumericLessThan": { "aws:MultiFactorAuthAge": "900" },
            })
        );
    }
}
