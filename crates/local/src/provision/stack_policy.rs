//! Stack policies: which resources an update may touch.
//!
//! Without a policy everything is allowed; with one, whatever no statement allows is denied.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>

use serde_json::Value;

/// Why a policy denies an action on a resource, if it does; `action` is `Update:Modify`, `Update:Replace` or
/// `Update:Delete`.
pub(super) fn denial(
    policy: Option<&str>,
    action: &str,
    logical_id: &str,
    type_name: &str,
) -> Option<String> {
    let policy: Value = serde_json::from_str(policy?).ok()?;
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    };
    let resource = format!("LogicalResourceId/{logical_id}");
    let mut is_allowed = false;
    for (index, statement) in statements.iter().enumerate() {
        let applies = names(statement, "Action", action)
            && names(statement, "Resource", &resource)
            && condition_holds(statement, type_name);
        match (applies, statement["Effect"].as_str()) {
            (true, Some("Allow")) => is_allowed = true,
            (true, _) => {
                return Some(message(
                    &format!("Statement [#{}]", index + 1),
                    action,
                    &resource,
                ));
            }
            (false, _) => {}
        }
    }
    (!is_allowed).then(|| message("No statement", action, &resource))
}

fn message(who: &str, action: &str, resource: &str) -> String {
    format!(
        "Action denied by stack policy: {who} does not allow [{action}] for resource [{resource}]"
    )
}

/// Whether a statement names a value in an element, or does not in the element's negation.
fn names(statement: &Value, element: &str, value: &str) -> bool {
    match (
        statement.get(element),
        statement.get(format!("Not{element}")),
    ) {
        (Some(patterns), _) => any_matches(patterns, value),
        (None, Some(patterns)) => !any_matches(patterns, value),
        (None, None) => false,
    }
}

fn condition_holds(statement: &Value, type_name: &str) -> bool {
    let Some(condition) = statement.get("Condition") else {
        return true;
    };
    ["StringEquals", "StringLike"]
        .iter()
        .filter_map(|operator| condition.get(operator)?.get("ResourceType"))
        .any(|types| any_matches(types, type_name))
}

fn any_matches(patterns: &Value, value: &str) -> bool {
    match patterns {
        Value::String(pattern) => matches(pattern, value),
        Value::Array(patterns) => patterns.iter().any(|pattern| any_matches(pattern, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Whether a value matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, value: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| value.strip_prefix(first)) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        is_open = true;
        match rest.find(part) {
            Some(_) if part.is_empty() => {}
            Some(at) => {
                is_open = false;
                rest = &rest[at + part.len()..];
            }
            None => return false,
        }
    }
    is_open
        || rest.is_empty()
        || pattern
            .rsplit('*')
            .next()
            .is_some_and(|last| pattern.contains('*') && value.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_allow_and_deny() {
        let policy = r#"{"Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], "Principal": "*", "Resource": "LogicalResourceId/Data*"},
            {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*", "Condition": {"StringEquals": {"ResourceType": ["AWS::KMS::Key"]}}}]}"#;
        for (action, logical_id, type_name, is_denied) in [
            ("Update:Modify", "Database", "AWS::RDS::DBInstance", false),
            ("Update:Replace", "Database", "AWS::RDS::DBInstance", true),
            ("Update:Delete", "Database", "AWS::RDS::DBInstance", true),
            ("Update:Delete", "Other", "AWS::SNS::Topic", false),
            ("Update:Modify", "Key", "AWS::KMS::Key", true),
        ] {
            let found = denial(Some(policy), action, logical_id, type_name);
            assert_eq!(
                found.is_some(),
                is_denied,
                "{action} {logical_id}: {found:?}"
            );
        }
        assert!(denial(None, "Update:Delete", "A", "AWS::SNS::Topic").is_none());
        assert!(denial(Some("{}"), "Update:Modify", "A", "AWS::SNS::Topic").is_some());
    }

    #[test]
    fn patterns_match_as_a_whole() {
        for (pattern, value, expected) in [
            ("*", "anything", true),
            ("a*", "abc", true),
            ("a*", "bac", false),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("a*c", "abcc", true),
            ("abc", "abcd", false),
            ("Update:*", "Update:Modify", true),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} {value}");
        }
    }
}
