//! Policies: who may do what to which resources, and when.

use dsl::{Arn, Diagnostic, Expression, Function, Json, Object, Stack, Value};

use super::{Action, Principal};

/// Begins a statement that allows actions.
pub fn allow(actions: impl IntoIterator<Item = Action>) -> Actions {
    Actions::new(Effect::Allow, actions)
}

/// Begins a statement that denies actions, whatever else allows them.
pub fn deny(actions: impl IntoIterator<Item = Action>) -> Actions {
    Actions::new(Effect::Deny, actions)
}

/// Actions that are allowed or denied, still without the resources they are for.
#[derive(Clone, Debug)]
#[must_use = "say which resources the actions are for"]
pub struct Actions {
    effect: Effect,
    actions: Vec<Action>,
}

/// A statement of a policy.
///
/// What it allows is named, not matched: a `*` in an allowed action or resource must be [justified](Statement::justified), or
/// synthesis reports it.
#[derive(Clone, Debug)]
pub struct Statement {
    effect: Effect,
    principal: Option<Principal>,
    actions: Vec<Action>,
    resources: Vec<Value<Arn>>,
    conditions: Conditions,
    justified: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// How a condition compares what the request brings with what the policy says.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The same text.
    StringEquals,
    /// The same text, where `*` and `?` of the policy stand for any characters.
    StringLike,
    /// The same ARN, where `*` and `?` of the policy stand for any characters within a part.
    ArnLike,
    /// The same truth value.
    Bool,
    /// Whether the key is missing: `true` wants it missing, `false` wants it present.
    Null,
    /// A smaller number.
    NumericLessThan,
    /// A number at least as large.
    NumericGreaterThanEquals,
}

/// Conditions by operator and key.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(Vec<(Operator, String, Expression)>);

impl Actions {
    fn new(effect: Effect, actions: impl IntoIterator<Item = Action>) -> Self {
        Self {
            effect,
            actions: actions.into_iter().collect(),
        }
    }

    /// Says which resources they are for.
    pub fn on<R: Into<Value<Arn>>>(self, resources: impl IntoIterator<Item = R>) -> Statement {
        Statement {
            effect: self.effect,
            principal: None,
            actions: self.actions,
            resources: resources.into_iter().map(Into::into).collect(),
            conditions: Conditions::default(),
            justified: false,
        }
    }

    /// Says that they are for any resource, and why they cannot be for fewer.
    pub fn on_any_resource(self, why: &'static str) -> Statement {
        self.on(["*"]).justified(why)
    }
}

impl Statement {
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

    /// Limits it to roles that are handed to a service, `lambda.amazonaws.com`.
    #[must_use]
    pub fn passed_to(self, service: &'static str) -> Self {
        self.when("iam:PassedToService", Operator::StringEquals, service)
    }

    /// Limits it to what is given a tag as it is made, whatever the tag's value.
    #[must_use]
    pub fn tagged_with(self, key: &str) -> Self {
        self.when(format!("aws:RequestTag/{key}"), Operator::Null, "false")
    }

    /// Says whom it is about, in the policy of a resource.
    #[must_use]
    pub fn to(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Says why a `*` in what it allows is right, for the reader of the code and of nothing else.
    #[must_use]
    pub fn justified(mut self, why: &'static str) -> Self {
        self.justified = !why.trim().is_empty();
        self
    }

    /// The wildcards it allows without a reason.
    fn unjustified(&self) -> Vec<String> {
        if self.justified || self.effect == Effect::Deny {
            return Vec::new();
        }
        let actions = self.actions.iter().map(|action| action.as_str().to_owned());
        let resources = self
            .resources
            .iter()
            .map(|resource| outline(resource.expression()));
        actions
            .chain(resources)
            .filter(|text| text.contains('*'))
            .collect()
    }

    fn into_expression(self) -> Expression {
        let mut statement = Object::new().with("Effect", self.effect.name());
        if let Some(principal) = self.principal {
            statement.insert("Principal", principal.into_expression());
        }
        statement.insert(
            "Action",
            self.actions.iter().map(Action::as_str).collect::<Vec<_>>(),
        );
        statement.insert("Resource", self.resources);
        if let Some(conditions) = self.conditions.into_expression() {
            statement.insert("Condition", conditions);
        }
        statement.into()
    }
}

impl Effect {
    fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl Operator {
    fn name(self) -> &'static str {
        match self {
            Self::StringEquals => "StringEquals",
            Self::StringLike => "StringLike",
            Self::ArnLike => "ArnLike",
            Self::Bool => "Bool",
            Self::Null => "Null",
            Self::NumericLessThan => "NumericLessThan",
            Self::NumericGreaterThanEquals => "NumericGreaterThanEquals",
        }
    }
}

impl Conditions {
    pub(super) fn add(
        &mut self,
        key: impl Into<String>,
        operator: Operator,
        value: impl Into<Expression>,
    ) {
        self.0.push((operator, key.into(), value.into()));
    }

    pub(super) fn into_expression(self) -> Option<Expression> {
        let mut operators: Vec<(&'static str, Object)> = Vec::new();
        for (operator, key, value) in self.0 {
            let name = operator.name();
            match operators.iter_mut().find(|(other, _)| *other == name) {
                Some((_, keys)) => keys.insert(key, value),
                None => operators.push((name, Object::new().with(key, value))),
            }
        }
        let mut conditions = Object::new();
        for (operator, keys) in operators {
            conditions.insert(operator, keys);
        }
        (!conditions.is_empty()).then(|| conditions.into())
    }
}

/// A policy document of statements.
pub(crate) fn document(statements: impl IntoIterator<Item = Statement>) -> Value<Json> {
    let statements = statements.into_iter().map(Statement::into_expression);
    document_of(statements.collect())
}

pub(super) fn document_of(statements: Vec<Expression>) -> Value<Json> {
    Object::new()
        .with("Version", "2012-10-17")
        .with("Statement", statements)
        .into_value()
}

/// Reports what statements allow by wildcard without a reason.
#[track_caller]
pub(crate) fn check(stack: &Stack, path: &str, statements: &[Statement]) {
    for text in statements.iter().flat_map(Statement::unjustified) {
        let diagnostic = Diagnostic::error(format!("policy allows `{text}` without a reason"));
        stack.diagnose(
            diagnostic
                .at_path(path)
                .hinted("name what is meant, or say why not with `.justified(\"…\")`"),
        );
    }
}

/// An expression as a person would read it: literal text stands as it is, the rest as an ellipsis.
fn outline(expression: &Expression) -> String {
    match expression {
        Expression::Text(text) => text.to_string(),
        Expression::Function(function) => match &**function {
            Function::Concatenation(parts) => parts.iter().map(outline).collect(),
            _ => "…".to_owned(),
        },
        _ => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use dsl::{aws, testing};
    use resources::{Action, actions::s3};
    use serde_json::json;

    use super::*;
    use crate::iam::{ManagedPolicy, Role, Trust};

    const BUCKET: &str = "arn:aws:s3:::reports";

    fn complaints(statement: Statement) -> String {
        let app = testing::app();
        app.stack("account")
            .add("Policy", ManagedPolicy::new().may(statement));
        testing::diagnostics(&app)
    }

    #[test]
    fn a_wildcard_needs_a_reason() {
        let pattern = || [Action::unlisted("s3:Get*")];
        for (statement, complaint) in [
            (allow([s3::GetObject]).on([BUCKET]), ""),
            (allow(pattern()).on([BUCKET]), "`s3:Get*`"),
            (allow(pattern()).on([BUCKET]).justified("  "), "`s3:Get*`"),
            (
                allow(pattern())
                    .on([BUCKET])
                    .justified("all of it is public"),
                "",
            ),
            (allow([s3::GetObject]).on(["*"]), "`*`"),
            (
                allow([s3::ListAllMyBuckets]).on_any_resource("it has no narrower one"),
                "",
            ),
            (
                allow([s3::GetObject]).on([dsl::arn!("arn:{}:s3:::reports/*", aws::partition())]),
                "`arn:…:s3:::reports/*`",
            ),
            (deny([s3::ALL]).on(["*"]), ""),
        ] {
            let complaints = complaints(statement.clone());
            assert_eq!(
                complaints.is_empty(),
                complaint.is_empty(),
                "{statement:?}: {complaints}"
            );
            assert!(
                complaints.contains(complaint),
                "{statement:?}: {complaints}"
            );
        }
    }

    #[test]
    fn everything_needs_a_reason_too() {
        let complaints = |why| {
            let app = testing::app();
            let role = Role::assumed_by(Trust::people_with_mfa(900)).may_do_everything(why);
            app.stack("account").add("Administrator", role);
            testing::diagnostics(&app)
        };
        assert_eq!(complaints("someone has to"), "");
        assert!(complaints(" ").contains("account/Administrator"));
    }

    #[test]
    fn every_wildcard_is_reported_where_the_policy_is_declared() {
        let app = testing::app();
        let stack = app.stack("account");
        let role = Role::assumed_by(Trust::service("lambda.amazonaws.com"))
            .may(allow([s3::ALL]).on(["*"]));
        stack.add("Role", role);
        let text = testing::diagnostics(&app);
        assert_eq!(text.matches("without a reason").count(), 2, "{text}");
        assert!(text.contains("account/Role"), "{text}");
        assert!(text.contains("policy.rs"), "{text}");
    }

    #[test]
    fn conditions_of_one_operator_stand_together() {
        let app = testing::app();
        let stack = app.stack("account");
        let statement = allow([s3::GetObject])
            .on([BUCKET])
            .when(
                "aws:SourceAccount",
                Operator::StringEquals,
                aws::account_id(),
            )
            .when("aws:SecureTransport", Operator::Bool, "true")
            .passed_to("lambda.amazonaws.com")
            .tagged_with("owner");
        stack.add("Policy", ManagedPolicy::new().may(statement));
        let template = testing::Template::of(&stack);
        assert_eq!(
            template.properties("Policy")["PolicyDocument"]["Statement"][0]["Condition"],
            json!({
                "StringEquals": {
                    "aws:SourceAccount": { "Ref": "AWS::AccountId" },
                    "iam:PassedToService": "lambda.amazonaws.com",
                },
                "Bool": { "aws:SecureTransport": "true" },
                "Null": { "aws:RequestTag/owner": "false" },
            })
        );
    }
}
