//! Topics that AWS itself writes to.

use dsl::{Arn, Construct, Handle, ResourceOptions, Stack, Value, aws};
use resources::{
    actions::sns as actions,
    sns::{self, TopicPolicyRef, TopicRef},
};

use crate::arns;
use crate::iam::{Operator, Principal, Statement, allow, check, deny, document};

/// A topic for alerts about money: AWS's own services may publish to it, in the name of this account only and over TLS only.
///
/// Its messages are not encrypted with a key of AWS's making, for budgets could not publish then, and a key of one's own costs more
/// each month than the alerts are secret.
#[derive(Clone, Debug)]
pub struct AlertTopic {
    display_name: String,
    budgets: bool,
    cost_anomalies: bool,
}

impl AlertTopic {
    /// Begins a topic nobody may publish to yet; the name is what its readers see.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self {
            display_name: display_name.into(),
            budgets: false,
            cost_anomalies: false,
        }
    }

    /// Lets the budgets of this account publish.
    /// <https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html>
    #[must_use]
    pub fn from_budgets(mut self) -> Self {
        self.budgets = true;
        self
    }

    /// Lets the detection of cost anomalies in this account publish.
    /// <https://docs.aws.amazon.com/cost-management/latest/userguide/ad-SNS.html>
    #[must_use]
    pub fn from_cost_anomalies(mut self) -> Self {
        self.cost_anomalies = true;
        self
    }
}

impl Construct for AlertTopic {
    type Output = Alerts;

    fn build(self, stack: &Stack, id: &str) -> Alerts {
        let topic = sns::Topic::new()
            .display_name(self.display_name)
            .signature_version("2");
        let topic = stack.add(id, topic);
        let arn = topic.id();
        let publish = |service| {
            allow([actions::Publish])
                .on([&arn])
                .to(Principal::Service(service))
                .when(
                    "aws:SourceAccount",
                    Operator::StringEquals,
                    aws::account_id(),
                )
        };
        let mut statements: Vec<Statement> = Vec::new();
        if self.budgets {
            let budgets = arns::global("budgets", "*");
            statements.push(publish("budgets.amazonaws.com").when(
                "aws:SourceArn",
                Operator::ArnLike,
                budgets,
            ));
        }
        if self.cost_anomalies {
            statements.push(publish("costalerts.amazonaws.com"));
        }
        statements.push(
            deny([actions::Publish])
                .on([&arn])
                .to(Principal::Anyone)
                .when("aws:SecureTransport", Operator::Bool, "false"),
        );
        check(stack, topic.reference().path(), &statements);
        let policy = sns::TopicPolicy::new(document(statements), [&arn]);
        let policy = stack.add(&format!("{id}Policy"), policy);
        Alerts { topic, policy }
    }
}

/// A topic for alerts.
#[derive(Clone, Debug)]
pub struct Alerts {
    topic: TopicRef,
    policy: TopicPolicyRef,
}

impl Alerts {
    /// The topic's ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.topic.id()
    }

    /// Has something wait until it may publish: both services try when they are told of the topic.
    pub(crate) fn ready_before<H: Handle>(&self, publisher: &H) {
        publisher.depends_on(&self.policy);
    }
}
