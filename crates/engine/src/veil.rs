//! What must not be shown of a change set: CloudFormation resolves dynamic references before it compares, and what they stand for
//! may be a secret. The template's own words take their place.

use std::collections::BTreeSet;

use plan::ReportedChange;
use serde_json::Value;

/// Takes values out that must not be shown; all, where the template is not known.
pub(crate) fn veil(changes: &mut [ReportedChange], template: &Value, secrets: &BTreeSet<String>) {
    for change in changes {
        let properties = &template["Resources"][change.logical_id.as_str()]["Properties"];
        for detail in &mut change.details {
            let Some(first) = detail.path.first() else {
                continue;
            };
            let declared = properties.get(first);
            if declared.is_some_and(|declared| !conceals(declared, secrets)) {
                continue;
            }
            let mut words = declared;
            for part in &detail.path[1..] {
                words = words.and_then(|words| match words {
                    Value::Array(items) => items.get(part.parse::<usize>().ok()?),
                    Value::Object(members) => members.get(part),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
                });
            }
            detail.before = words.cloned();
            detail.after = words.cloned();
        }
    }
}

/// The parameters of a nested stack that are given what must not be shown.
pub(crate) fn concealed(
    template: &Value,
    nested: &str,
    secrets: &BTreeSet<String>,
) -> BTreeSet<String> {
    let given = template["Resources"][nested]["Properties"]["Parameters"].as_object();
    let given = given.into_iter().flatten();
    given
        .filter(|(_, value)| conceals(value, secrets))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Whether the value of a property may come from where values are kept secret.
pub(crate) fn conceals(value: &Value, secrets: &BTreeSet<String>) -> bool {
    match value {
        Value::String(text) => {
            let names =
                |secret: &String| text == secret || text.contains(&format!("${{{secret}}}"));
            text.contains("{{resolve:") || secrets.iter().any(names)
        }
        Value::Array(items) => items.iter().any(|item| conceals(item, secrets)),
        Value::Object(members) => members.values().any(|value| conceals(value, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use plan::{Recreation, ReportedAction, ReportedDetail};
    use serde_json::json;

    use super::*;

    fn topic() -> [ReportedChange; 1] {
        let detail = ReportedDetail {
            attribute: "Properties".to_owned(),
            path: vec!["DisplayName".to_owned()],
            recreation: Recreation::Never,
            is_dynamic: false,
            drifted: false,
            before: Some(json!("hush")),
            after: Some(json!("still")),
        };
        [ReportedChange {
            logical_id: "Topic".to_owned(),
            physical_id: None,
            type_name: "AWS::SNS::Topic".to_owned(),
            action: ReportedAction::Modify,
            replacement: None,
            policy_action: None,
            details: vec![detail],
            drifted: false,
            ignored: Vec::new(),
        }]
    }

    /// What is left to see of a change in a nested stack, whose parameter `Word` is given a value by the one above.
    fn seen(given: Value, is_known: bool) -> Option<Value> {
        let above =
            json!({"Resources": {"Child": {"Properties": {"Parameters": {"Word": given}}}}});
        let secrets = BTreeSet::from(["Secret".to_owned()]);
        let within =
            json!({"Resources": {"Topic": {"Properties": {"DisplayName": {"Ref": "Word"}}}}});
        let within = if is_known { within } else { Value::Null };
        let mut changes = topic();
        veil(&mut changes, &within, &concealed(&above, "Child", &secrets));
        changes[0].details[0].after.clone()
    }

    #[test]
    fn a_secret_that_is_handed_down_is_not_shown_further_down() {
        assert_eq!(seen(json!("plain"), true), Some(json!("still")));
        let words = Some(json!({"Ref": "Word"}));
        assert_eq!(seen(json!({"Ref": "Secret"}), true), words);
        assert_eq!(seen(json!({"Fn::Sub": "x ${Secret}"}), true), words);
        assert_eq!(seen(json!("{{resolve:ssm:/word}}"), true), words);
        assert_eq!(seen(json!("plain"), false), None);
    }
}
