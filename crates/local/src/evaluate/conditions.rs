//! Conditions and rules.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Failure, Scope, function, text_of};

/// Evaluates all conditions of the template into the scope.
pub(crate) fn evaluate_conditions(scope: &mut Scope<'_>) -> Result<(), Failure> {
    let document = scope.document;
    let Some(section) = document.section("Conditions") else {
        return Ok(());
    };
    let mut pending: Vec<(&String, &Value)> = section.iter().collect();
    let mut known = BTreeMap::new();
    // A condition may name conditions that stand below it: go round until all are known.
    while !pending.is_empty() {
        let before = pending.len();
        let mut failure = None;
        let mut later = Vec::new();
        for (name, node) in pending {
            match holds(scope, node) {
                Ok(Some(value)) => {
                    known.insert(name.clone(), value);
                    scope.conditions.insert(name.clone(), value);
                }
                Ok(None) => later.push((name, node)),
                Err(error) => failure = Some(error),
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        if later.len() == before {
            let names: Vec<&str> = later.iter().map(|(name, _)| name.as_str()).collect();
            return Err(Failure::new(format!(
                "Template format error: Unresolved or circular condition dependency [{}]",
                names.join(", ")
            )));
        }
        pending = later;
    }
    scope.conditions = known;
    Ok(())
}

/// Whether a condition holds; `None` when it names a condition not known yet.
fn holds(scope: &Scope<'_>, node: &Value) -> Result<Option<bool>, Failure> {
    if let Some(name) = node.get("Condition").and_then(Value::as_str) {
        return Ok(scope.conditions.get(name).copied());
    }
    let Some((name, argument)) = node.as_object().and_then(function) else {
        return Err(Failure::new(
            "Template format error: Every Conditions member must be a condition function.",
        ));
    };
    let items = argument.as_array().map(Vec::as_slice).unwrap_or_default();
    match name {
        "Fn::Not" | "Fn::And" | "Fn::Or" => {
            let mut values = Vec::new();
            for item in items {
                match holds(scope, item)? {
                    Some(value) => values.push(value),
                    None => return Ok(None),
                }
            }
            Ok(Some(match name {
                "Fn::Not" => !values.first().copied().unwrap_or_default(),
                "Fn::And" => values.iter().all(|value| *value),
                _ => values.iter().any(|value| *value),
            }))
        }
        "Fn::Equals" => match items {
            [left, right] => Ok(Some(equal(
                scope.value(left)?.as_ref(),
                scope.value(right)?.as_ref(),
            ))),
            _ => Err(Failure::new(
                "Template error: every Fn::Equals object requires a list of 2 string parameters.",
            )),
        },
        "Fn::Contains" => match items {
            [list, item] => {
                let list = scope.list(list, name)?;
                let item = scope.value(item)?;
                Ok(Some(list.iter().any(|one| equal(Some(one), item.as_ref()))))
            }
            _ => Err(Failure::new(
                "Template error: every Fn::Contains object requires a list and a value.",
            )),
        },
        "Fn::EachMemberIn" | "Fn::EachMemberEquals" => match items {
            [list, right] => {
                let list = scope.list(list, name)?;
                let right = scope.value(right)?.unwrap_or(Value::Null);
                let is_in = |one: &Value| match &right {
                    Value::Array(all) => all.iter().any(|other| equal(Some(one), Some(other))),
                    other => equal(Some(one), Some(other)),
                };
                Ok(Some(list.iter().all(is_in)))
            }
            _ => Err(Failure::new(format!(
                "Template error: every {name} object requires two parameters."
            ))),
        },
        _ => match scope.value(node)? {
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(Value::String(text)) if text == "true" || text == "false" => {
                Ok(Some(text == "true"))
            }
            _ => Err(Failure::new(format!(
                "Template format error: {name} cannot be used as a condition."
            ))),
        },
    }
}

/// Whether a condition function used as a value holds.
pub(super) fn holds_function(
    scope: &Scope<'_>,
    name: &str,
    argument: &Value,
) -> Result<bool, Failure> {
    let node = serde_json::json!({ name: argument });
    holds(scope, &node)?
        .ok_or_else(|| Failure::new("Template error: unresolved condition dependency"))
}

/// Whether two scalars or lists are the same to CloudFormation, to which `1` and `"1"` are.
fn equal(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(Some(left), Some(right)))
        }
        (left, right) => left.and_then(text_of) == right.and_then(text_of),
    }
}

/// Whether an assertion asks for attributes of resources that AWS alone knows, such as the VPC of a subnet: what cannot
/// be decided is no violation.
fn asks_aws(node: &Value) -> bool {
    match node {
        Value::Object(members) => members.iter().any(|(name, member)| {
            matches!(
                name.as_str(),
                "Fn::ValueOf" | "Fn::ValueOfAll" | "Fn::RefAll"
            ) || asks_aws(member)
        }),
        Value::Array(items) => items.iter().any(asks_aws),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Checks the rules of the template against the parameters.
pub(crate) fn check_rules(scope: &Scope<'_>) -> Result<(), Failure> {
    let Some(rules) = scope.document.section("Rules") else {
        return Ok(());
    };
    for (name, rule) in rules {
        let applies = match rule.get("RuleCondition") {
            Some(condition) => holds(scope, condition)?.unwrap_or_default(),
            None => true,
        };
        let assertions = rule["Assertions"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for assertion in assertions.iter().filter(|_| applies) {
            if asks_aws(&assertion["Assert"]) {
                continue;
            }
            if holds(scope, &assertion["Assert"])? != Some(true) {
                let description = assertion["AssertDescription"]
                    .as_str()
                    .unwrap_or("the assertion does not hold");
                return Err(Failure::new(format!(
                    "Template validation error: Rule {name} failed: {description}"
                )));
            }
        }
    }
    Ok(())
}
