//! Budgets.

use serde_json::{Map, Value, json};

use super::{Failure, Read, Reading, answer::Kept, present};
use crate::{
    aws::{ApiOperation, Aws},
    drift::LiveResource,
};

/// How many notifications and subscribers a page may hold; a budget has at most ten of each.
const PAGE: i32 = 100;

impl Aws {
    pub(super) async fn read_budget(&self, resource: &LiveResource) -> Read {
        let declared = resource.properties.get("Budget");
        let name = declared.and_then(|budget| budget["BudgetName"].as_str());
        let name = name.unwrap_or(&resource.physical_id);
        let call = self.call_of(ApiOperation::DescribeBudget, resource);
        let kept = Kept::default();
        let request = self.live.budgets.describe_budget();
        let request = request.account_id(&self.account).budget_name(name);
        let answer = request.customize().interceptor(kept.clone()).send().await;
        if present(answer, call)?.is_none() {
            return Ok(None);
        }
        let mut budget = kept.take()["Budget"].take();
        plain_amounts(&mut budget);
        let mut properties = Map::new();
        // The service counts seconds where people write dates; a budget that says when is left unread.
        if declared.is_none_or(|declared| declared.get("TimePeriod").is_none()) {
            properties.insert("Budget".to_owned(), budget);
        }
        let mut reading = Reading::from(properties);
        let notifications = "NotificationsWithSubscribers";
        if resource.gives(notifications) {
            let read = self.read_notifications(resource, name).await;
            reading.take(notifications, read)?;
        }
        Ok(Some(reading))
    }

    async fn read_notifications(
        &self,
        resource: &LiveResource,
        name: &str,
    ) -> Result<Value, Failure> {
        let call = self.call_of(ApiOperation::DescribeNotificationsForBudget, resource);
        let kept = Kept::default();
        let request = self.live.budgets.describe_notifications_for_budget();
        let request = request.account_id(&self.account).budget_name(name);
        let request = request.max_results(PAGE).customize();
        let answer = request.interceptor(kept.clone()).send().await;
        let answer = answer.map_err(|error| call.failed(error))?;
        let told = kept.take()["Notifications"].take();
        let told = told.as_array().cloned().unwrap_or_default();
        let mut notifications = Vec::new();
        let found = answer.notifications.unwrap_or_default();
        for (notification, mut told) in found.into_iter().zip(told) {
            let call = self.call_of(ApiOperation::DescribeSubscribersForNotification, resource);
            let kept = Kept::default();
            let request = self.live.budgets.describe_subscribers_for_notification();
            let request = request.account_id(&self.account).budget_name(name);
            let request = request.notification(notification).max_results(PAGE);
            let answer = request.customize().interceptor(kept.clone()).send().await;
            answer.map_err(|error| call.failed(error))?;
            if let Value::Object(told) = &mut told {
                // It says how things are, not how they should be.
                told.shift_remove("NotificationState");
            }
            plain_amounts(&mut told);
            let subscribers = kept.take()["Subscribers"].take();
            notifications.push(json!({"Notification": told, "Subscribers": subscribers}));
        }
        Ok(Value::Array(notifications))
    }
}

/// Amounts without needless zeros, as people write them: the service says `100.0`.
fn plain_amounts(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if !matches!(name.as_str(), "Amount" | "Threshold") {
                    plain_amounts(member);
                    continue;
                }
                let text = match &*member {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                if let Some((whole, rest)) = text.split_once('.') {
                    let rest = rest.trim_end_matches('0');
                    *member = json!(if rest.is_empty() {
                        whole.to_owned()
                    } else {
                        format!("{whole}.{rest}")
                    });
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_amounts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_do() {
        let mut budget = json!({"BudgetLimit": {"Amount": "100.0", "Unit": "USD"}, "N": [{"Threshold": 80.50}], "Amount": "7"});
        plain_amounts(&mut budget);
        let plain = json!({"BudgetLimit": {"Amount": "100", "Unit": "USD"}, "N": [{"Threshold": "80.5"}], "Amount": "7"});
        assert_eq!(budget, plain);
    }
}
