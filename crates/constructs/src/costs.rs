//! What a month may cost, and what costs more than it used to.

use dsl::{Arn, Construct, Diagnostic, Handle, Object, Stack, Value};
use resources::{
    budgets::{self, BudgetRef, budget},
    ce::{
        self, AnomalySubscriptionRef, anomaly_monitor,
        anomaly_subscription::{Frequency, Subscriber, SubscriberType},
    },
};

use crate::{addresses::EmailAddress, sns::Alerts};

/// A budget for each month, in US dollars.
///
/// It has no name of its own: CloudFormation replaces a budget whose notifications change, and the new one stands beside the old for
/// a moment.
#[derive(Clone, Debug)]
pub struct Budget {
    usd: u32,
    spending: Spending,
    actual_percent: Vec<u16>,
    forecast_percent: Vec<u16>,
    people: Vec<EmailAddress>,
    topic: Option<Alerts>,
}

/// What a budget counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spending {
    /// All of the account.
    WholeAccount,
    /// What carries a tag. It must be active as a cost allocation tag, or nothing is counted.
    Tagged {
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
}

impl Spending {
    /// What carries a tag.
    pub fn tagged(key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        Self::Tagged { key, value }
    }
}

/// How many notifications a budget may have, and how many addresses one of them.
/// <https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html>
const NOTIFICATIONS: usize = 10;
const ADDRESSES: usize = 10;

impl Budget {
    /// Begins a budget of so many dollars a month for some spending.
    pub fn monthly_usd(usd: u32, spending: Spending) -> Self {
        Self {
            usd,
            spending,
            actual_percent: Vec::new(),
            forecast_percent: Vec::new(),
            people: Vec::new(),
            topic: None,
        }
    }

    /// Alerts when so many percent are spent.
    #[must_use]
    pub fn actual_percent(mut self, percent: impl IntoIterator<Item = u16>) -> Self {
        self.actual_percent.extend(percent);
        self
    }

    /// Alerts when the month is expected to end at so many percent.
    #[must_use]
    pub fn forecast_percent(mut self, percent: impl IntoIterator<Item = u16>) -> Self {
        self.forecast_percent.extend(percent);
        self
    }

    /// Sends alerts to people.
    #[must_use]
    pub fn tell(mut self, people: &[EmailAddress]) -> Self {
        self.people.extend_from_slice(people);
        self
    }

    /// Sends alerts to a topic.
    #[must_use]
    pub fn tell_topic(mut self, topic: &Alerts) -> Self {
        self.topic = Some(topic.clone());
        self
    }
}

impl Construct for Budget {
    type Output = BudgetRef;

    fn build(self, stack: &Stack, id: &str) -> BudgetRef {
        let finding = self.finding();
        let subscribers = self.subscribers();
        let actual = self
            .actual_percent
            .iter()
            .map(|percent| ("ACTUAL", *percent));
        let forecast = self
            .forecast_percent
            .iter()
            .map(|percent| ("FORECASTED", *percent));
        let notifications: Vec<_> = actual
            .chain(forecast)
            .map(|(kind, percent)| {
                let notification = budget::Notification::new("GREATER_THAN", kind, percent)
                    .threshold_type("PERCENTAGE");
                budget::NotificationWithSubscribers::new(notification, subscribers.clone())
            })
            .collect();
        let mut data = budget::BudgetData::new("COST", "MONTHLY")
            .budget_limit(budget::Spend::new(self.usd, "USD"));
        if let Spending::Tagged { key, value } = self.spending {
            // A tag that people gave is told from those of AWS by its prefix.
            let filter = Object::new().with("TagKeyValue", [format!("user:{key}${value}")]);
            data = data.cost_filters(filter);
        }
        let budget = budgets::Budget::new(data).notifications_with_subscribers(notifications);
        let budget = stack.add(id, budget);
        if let Some(topic) = &self.topic {
            topic.ready_before(&budget);
        }
        if let Some(finding) = finding {
            stack.diagnose(finding.at_path(budget.reference().path()));
        }
        budget
    }
}

impl Budget {
    fn subscribers(&self) -> Vec<budget::Subscriber> {
        let people = self
            .people
            .iter()
            .map(|address| budget::Subscriber::new(address, "EMAIL"));
        let topic = self
            .topic
            .iter()
            .map(|topic| budget::Subscriber::new(topic.arn().cast::<String>(), "SNS"));
        people.chain(topic).collect()
    }

    fn finding(&self) -> Option<Diagnostic> {
        let notifications = self.actual_percent.len() + self.forecast_percent.len();
        let people = self.people.len();
        if notifications > NOTIFICATIONS {
            return Some(Diagnostic::error(format!(
                "the budget alerts at `{notifications}` thresholds, and AWS allows {NOTIFICATIONS}"
            )));
        }
        if people > ADDRESSES {
            return Some(
                Diagnostic::error(format!(
                    "the budget alerts `{people}` addresses, and AWS allows {ADDRESSES}"
                ))
                .hinted("send to one address that reaches all of them"),
            );
        }
        if notifications > 0 && people == 0 && self.topic.is_none() {
            return Some(
                Diagnostic::error("the budget alerts nobody")
                    .hinted("call `.tell(…)` or `.tell_topic(…)`"),
            );
        }
        None
    }
}

/// Watches what each AWS service costs for a change that the past does not explain.
///
/// An account has one such monitor at most, and where Cost Explorer was switched on since 2023 AWS made it already
/// (`Default-Services-Monitor`): then use [`AnomalyMonitor::existing`].
#[derive(Clone, Debug)]
pub struct AnomalyMonitor {
    name: String,
}

impl AnomalyMonitor {
    /// Begins a monitor of all services.
    pub fn of_services(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// The monitor that the account has already, by its ARN.
    pub fn existing(arn: impl Into<Value<Arn>>) -> Anomalies {
        Anomalies(arn.into())
    }
}

impl Construct for AnomalyMonitor {
    type Output = Anomalies;

    fn build(self, stack: &Stack, id: &str) -> Anomalies {
        let monitor = ce::AnomalyMonitor::new(self.name, anomaly_monitor::MonitorType::Dimensional)
            .monitor_dimension(anomaly_monitor::MonitorDimension::Service);
        Anomalies(stack.add(id, monitor).id())
    }
}

/// A monitor, once it is declared or known.
#[derive(Clone, Debug)]
pub struct Anomalies(Value<Arn>);

impl Anomalies {
    /// Begins an alert at each anomaly that costs at least so many dollars, as soon as it is found, to a topic.
    pub fn alert_at_once(&self, name: impl Into<String>, usd: u32, topic: &Alerts) -> AnomalyAlert {
        AnomalyAlert {
            monitor: self.0.clone(),
            name: name.into(),
            usd,
            to: Recipients::Topic(topic.clone()),
        }
    }

    /// Begins an e-mail each day with the anomalies that cost at least so many dollars.
    pub fn daily_email(
        &self,
        name: impl Into<String>,
        usd: u32,
        people: &[EmailAddress],
    ) -> AnomalyAlert {
        AnomalyAlert {
            monitor: self.0.clone(),
            name: name.into(),
            usd,
            to: Recipients::People(people.to_vec()),
        }
    }
}

/// Who hears of anomalies, and when.
#[derive(Clone, Debug)]
pub struct AnomalyAlert {
    monitor: Value<Arn>,
    name: String,
    usd: u32,
    to: Recipients,
}

/// AWS sends at once to topics only, and e-mails once a day.
#[derive(Clone, Debug)]
enum Recipients {
    Topic(Alerts),
    People(Vec<EmailAddress>),
}

impl Construct for AnomalyAlert {
    type Output = AnomalySubscriptionRef;

    fn build(self, stack: &Stack, id: &str) -> AnomalySubscriptionRef {
        // The property is a JSON document in a text.
        let threshold = format!(
            r#"{{"Dimensions":{{"Key":"ANOMALY_TOTAL_IMPACT_ABSOLUTE","MatchOptions":["GREATER_THAN_OR_EQUAL"],"Values":["{}"]}}}}"#,
            self.usd
        );
        let (frequency, subscribers) = match &self.to {
            Recipients::Topic(topic) => (
                Frequency::Immediate,
                vec![Subscriber::new(
                    topic.arn().cast::<String>(),
                    SubscriberType::Sns,
                )],
            ),
            Recipients::People(people) => (
                Frequency::Daily,
                people
                    .iter()
                    .map(|address| Subscriber::new(address, SubscriberType::Email))
                    .collect(),
            ),
        };
        let alert = ce::AnomalySubscription::new(frequency, [self.monitor], subscribers, self.name)
            .threshold_expression(threshold);
        let alert = stack.add(id, alert);
        if let Recipients::Topic(topic) = &self.to {
            topic.ready_before(&alert);
        }
        alert
    }
}

#[cfg(test)]
mod tests {
    use dsl::testing::{self, Template};
    use serde_json::json;

    use super::*;
    use crate::sns::AlertTopic;

    fn people(count: usize) -> Vec<EmailAddress> {
        (0..count)
            .map(|index| {
                EmailAddress::new(&format!("costs-{index}@example.com")).expect("it is one")
            })
            .collect()
    }

    fn complaint(budget: Budget) -> String {
        let app = testing::app();
        app.stack("account").add("Budget", budget);
        testing::diagnostics(&app)
    }

    #[test]
    fn a_budget_that_aws_would_refuse_is_reported() {
        let budget = || Budget::monthly_usd(10, Spending::WholeAccount);
        for (budget, expected) in [
            (budget(), ""),
            (budget().actual_percent([80]).tell(&people(10)), ""),
            (
                budget().actual_percent([80]).tell(&people(11)),
                "`11` addresses",
            ),
            (budget().actual_percent([80]), "alerts nobody"),
            (
                budget()
                    .actual_percent(1..=9)
                    .forecast_percent([1, 2])
                    .tell(&people(1)),
                "`11` thresholds",
            ),
        ] {
            let complaint = complaint(budget);
            assert_eq!(complaint.is_empty(), expected.is_empty(), "{complaint}");
            assert!(complaint.contains(expected), "{complaint}");
        }
    }

    #[test]
    fn alerts_wait_until_they_may_be_published() {
        let app = testing::app();
        let stack = app.stack("account");
        let alerts = stack.add(
            "Alerts",
            AlertTopic::new("Costs")
                .from_budgets()
                .from_cost_anomalies(),
        );
        let budget = Budget::monthly_usd(10, Spending::tagged("environment", "staging"))
            .forecast_percent([100])
            .tell_topic(&alerts);
        stack.add("Budget", budget);
        let anomalies = stack.add("Anomalies", AnomalyMonitor::of_services("all"));
        stack.add("Alert", anomalies.alert_at_once("now", 5, &alerts));
        stack.add("Digest", anomalies.daily_email("daily", 5, &people(1)));

        let template = Template::of(&stack);
        assert_eq!(
            template.resource("Budget")["DependsOn"],
            json!(["AlertsPolicy"])
        );
        assert_eq!(
            template.resource("Alert")["DependsOn"],
            json!(["AlertsPolicy"])
        );
        assert_eq!(template.resource("Digest").get("DependsOn"), None);
        assert_eq!(
            template.properties("Budget")["Budget"]["CostFilters"],
            json!({ "TagKeyValue": ["user:environment$staging"] })
        );
        let threshold = template.properties("Alert")["ThresholdExpression"].as_str();
        let threshold: serde_json::Value =
            serde_json::from_str(threshold.expect("it is a text")).expect("it is JSON");
        assert_eq!(threshold["Dimensions"]["Values"], json!(["5"]));
    }
}
