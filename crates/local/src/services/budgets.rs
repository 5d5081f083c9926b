//! Budgets, with their notifications, as stacks have made them.

use jiff::{Timestamp, civil::DateTime, tz::Offset};
use serde_json::{Value, json};

use super::{
    deployed::{self, Found},
    json::{self, text},
};
use crate::{endpoint::Context, evaluate::text_of, wire::Refusal};

/// When budgets end that do not say when: 15 June 2087.
const END: i64 = 3_706_473_600;

/// The answer to a call; none where there is no such operation.
pub(super) fn perform(
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Option<Value>, Refusal> {
    let account = text(input, "AccountId")?;
    if account != context.account() {
        return Err(Refusal::new(
            "AccessDeniedException",
            format!("Account {account} is not allowed to be looked at"),
        ));
    }
    let name = text(input, "BudgetName")?;
    let core = context.endpoint.core();
    let mut budgets = deployed::all(&core.state, "AWS::Budgets::Budget");
    let found = budgets.find(|found| {
        let given = found.properties["Budget"].get("BudgetName");
        given.map_or(found.id() == name, |given| given == name)
    });
    let found = found.ok_or_else(|| {
        Refusal::new(
            "NotFoundException",
            format!("Unable to get budget: {name} - the budget doesn't exist."),
        )
    })?;
    Ok(Some(match operation {
        "DescribeBudget" => json!({"Budget": budget(context, found, name)}),
        "DescribeNotificationsForBudget" => {
            let all = notifications(found).map(|(notification, _)| notification);
            json!({"Notifications": all.collect::<Value>()})
        }
        "DescribeSubscribersForNotification" => {
            let wanted = &input["Notification"];
            let mut all = notifications(found);
            let (_, subscribers) = all
                .find(|(notification, _)| is_same(notification, wanted))
                .ok_or_else(|| {
                    Refusal::new(
                        "NotFoundException",
                        "Unable to get notification - the notification doesn't exist.",
                    )
                })?;
            json!({"Subscribers": subscribers})
        }
        _ => return Ok(None),
    }))
}

fn budget(context: &Context<'_>, found: Found<'_>, name: &str) -> Value {
    let mut told = found
        .typed()
        .shift_remove("Budget")
        .unwrap_or_else(|| json!({}));
    told["BudgetName"] = json!(name);
    amounts_as_texts(&mut told);
    let period = told.get("TimePeriod").cloned().unwrap_or_default();
    let today = Offset::UTC.to_datetime(context.now).date();
    let first = today.first_of_month().at(0, 0, 0, 0);
    let first = Offset::UTC
        .to_timestamp(first)
        .map_or(0, Timestamp::as_second);
    told["TimePeriod"] = json!({
        "Start": seconds(&period["Start"]).unwrap_or(first),
        "End": seconds(&period["End"]).unwrap_or(END),
    });
    let unit = told["BudgetLimit"].get("Unit").cloned();
    let unit = unit.unwrap_or_else(|| json!("USD"));
    told["CalculatedSpend"] = json!({"ActualSpend": {"Amount": "0.0", "Unit": unit}});
    told["LastUpdatedTime"] = json!(json::seconds(found.modified()));
    told
}

/// Amounts as the service tells them: `100.0`.
fn amounts_as_texts(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name != "Amount" {
                    amounts_as_texts(member);
                } else if let Some(amount) = text_of(member).and_then(|text| number(&text)) {
                    *member = json!(format!("{amount:?}"));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(amounts_as_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// A moment that a template gives, in seconds or as `2087-06-15_00:00 UTC`.
fn seconds(moment: &Value) -> Option<i64> {
    let text = text_of(moment)?;
    let written = text.trim_end_matches("UTC").trim();
    let written = DateTime::strptime("%Y-%m-%d_%H:%M", written).ok();
    let written = written.and_then(|written| Offset::UTC.to_timestamp(written).ok());
    let written = written.map(Timestamp::as_second);
    written.or_else(|| text.parse().ok())
}

/// The notifications, each with its subscribers.
fn notifications(found: Found<'_>) -> impl Iterator<Item = (Value, Value)> {
    let all = found.typed().shift_remove("NotificationsWithSubscribers");
    let all = match all {
        Some(Value::Array(all)) => all,
        _ => Vec::new(),
    };
    all.into_iter().map(|mut one| {
        let mut notification = one["Notification"].take();
        let kind = notification["ThresholdType"].as_str();
        notification["ThresholdType"] = json!(kind.unwrap_or("PERCENTAGE"));
        notification["NotificationState"] = json!("OK");
        (notification, one["Subscribers"].take())
    })
}

/// Whether a caller means this notification.
fn is_same(notification: &Value, wanted: &Value) -> bool {
    let same_text = |name: &str| {
        wanted
            .get(name)
            .is_none_or(|value| value == &notification[name])
    };
    let threshold = |value: &Value| value["Threshold"].as_f64();
    same_text("NotificationType")
        && same_text("ComparisonOperator")
        && same_text("ThresholdType")
        && threshold(notification) == threshold(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_templates_write_them() {
        assert_eq!(seconds(&json!("2087-06-15_00:00 UTC")), Some(END));
        assert_eq!(seconds(&json!("3706473600")), Some(END));
        assert_eq!(seconds(&json!(END)), Some(END));
        assert_eq!(seconds(&Value::Null), None);
    }

    #[test]
    fn amounts_are_told_with_a_point() {
        let mut budget =
            json!({"BudgetLimit": {"Amount": 100, "Unit": "USD"}, "P": {"1": {"Amount": "7.5"}}});
        amounts_as_texts(&mut budget);
        assert_eq!(
            budget,
            json!({"BudgetLimit": {"Amount": "100.0", "Unit": "USD"}, "P": {"1": {"Amount": "7.5"}}})
        );
    }
}
