//! The report of CloudFormation Guard, read into violations.
//!
//! Its form is a tree: rules that hold checks, which are clauses, blocks of clauses, alternatives or further rules.

use serde_json::Value;

use crate::Violation;

/// The violations of a report, each told once.
pub(crate) fn violations(report: &Value) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in report.as_array().into_iter().flatten() {
        for rule in file["not_compliant"].as_array().into_iter().flatten() {
            of_check(rule, "", &mut violations);
        }
    }
    let mut seen = Vec::new();
    violations.retain(|violation| {
        let new = !seen.contains(violation);
        if new {
            seen.push(violation.clone());
        }
        new
    });
    violations
}

fn of_check(check: &Value, rule: &str, violations: &mut Vec<Violation>) {
    let Some((kind, content)) = check.as_object().and_then(|check| check.iter().next()) else {
        return;
    };
    match kind.as_str() {
        "Rule" => {
            // A rule that another one calls breaks under the name of the one that was asked.
            let name = if rule.is_empty() {
                content["name"].as_str().unwrap_or_default()
            } else {
                rule
            };
            let before = violations.len();
            for check in content["checks"].as_array().into_iter().flatten() {
                of_check(check, name, violations);
            }
            if violations.len() == before {
                violations.push(violation(content, name));
            }
        }
        "Disjunctions" => {
            // None of the alternatives holds: that is one violation.
            let mut alternatives = Vec::new();
            for check in content["checks"].as_array().into_iter().flatten() {
                of_check(check, rule, &mut alternatives);
            }
            let messages: Vec<&str> = alternatives
                .iter()
                .map(|alternative| alternative.message.as_str())
                .collect();
            let message = messages.join(", or ");
            if let Some(first) = alternatives.first() {
                violations.push(Violation {
                    message,
                    ..first.clone()
                });
            }
        }
        "Clause" => {
            if let Some(clause) = content
                .as_object()
                .and_then(|clause| clause.values().next())
            {
                violations.push(violation(clause, rule));
            }
        }
        _ => violations.push(violation(content, rule)),
    }
}

/// The violation that a clause, block or rule without further checks tells.
fn violation(content: &Value, rule: &str) -> Violation {
    let text = |pointer: &str| {
        let text = content.pointer(pointer).and_then(Value::as_str)?;
        // Line breaks within a rule's own words are told as semicolons, or as they are.
        let words: Vec<&str> = text
            .split([';', '\n'])
            .map(str::trim)
            .filter(|words| !words.is_empty())
            .collect();
        Some(words.join("; ")).filter(|text| !text.is_empty())
    };
    let expected = || {
        let context = content["context"].as_str()?;
        let words: Vec<&str> = context.split_whitespace().collect();
        (!words.is_empty()).then(|| format!("`{}` does not hold", words.join(" ")))
    };
    let message = text("/messages/custom_message")
        .or_else(expected)
        .or_else(|| text("/messages/error_message"))
        .unwrap_or_else(|| "the rule does not hold".to_owned());
    Violation {
        rule: rule.to_owned(),
        message,
        path: path(content).unwrap_or_default(),
    }
}

/// The first place that a clause tells: the value it looked at, or how far it came on the way there.
fn path(content: &Value) -> Option<Vec<String>> {
    match content {
        Value::Object(members) => {
            let own = members.get("path").and_then(Value::as_str);
            if let Some(path) = own.filter(|path| !path.is_empty()) {
                let steps = path.split('/').filter(|step| !step.is_empty());
                return Some(steps.map(str::to_owned).collect());
            }
            // What is compared with comes after what is compared.
            members.values().find_map(path)
        }
        Value::Array(elements) => elements.iter().find_map(path),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
