//! Measures an app against CloudFormation's quotas.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>

use std::collections::HashMap;

use assembly::AllowedLoss;
use indexmap::IndexMap;

use super::{Findings, Subject, exports::Exports, survey};
use crate::{
    Expression, Object,
    model::{Model, OutputModel, StackModel},
};

/// Resources of a stack.
const RESOURCES: usize = 500;
/// Outputs, parameters, mappings, and keys of a mapping.
const ENTRIES: usize = 200;
/// Bytes of a template.
pub(super) const BODY: usize = 1_000_000;
/// Bytes of a stack's or an output's description.
const DESCRIPTION: usize = 1024;
/// Bytes of a parameter's value.
const PARAMETER_VALUE: usize = 4096;
/// Letters of a stack's name.
const STACK_NAME: usize = 128;
/// Tags of a stack.
const TAGS: usize = 50;
/// Topics that are told of what happens to a stack.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
const NOTIFICATIONS: usize = 5;
/// Values of secrets and parameters that a template looks up.
const DYNAMIC_REFERENCES: usize = 60;

/// Checks names, tags and what each stack must have.
pub(super) fn check_names(model: &Model, findings: &mut Findings<'_>) {
    let mut exports: HashMap<&str, &OutputModel> = HashMap::new();
    for (index, stack) in model.stacks.iter().enumerate() {
        let subject = subject(stack);
        let name = model.stack_name(index);
        if name.len() > STACK_NAME {
            let message = format!(
                "stack name `{name}` has {} letters, CloudFormation allows {STACK_NAME}",
                name.len()
            );
            findings.error(
                subject,
                message,
                "shorten the name of the stack, the environment or the project",
            );
        }
        if !is_stack_name(&name) {
            let message = format!("`{name}` is not a stack name");
            findings.error(
                subject,
                message,
                "use letters, digits and hyphens, a letter first",
            );
        }
        if stack.resources.is_empty() {
            let message = format!(
                "stack `{}` has no resources, and CloudFormation deploys none without",
                stack.name
            );
            findings.error(subject, message, "add a resource, or take the stack away");
        }
        check_tags(model, stack, findings);
        check_notifications(stack, findings);
        check_resources(stack, findings);
        for output in &stack.outputs {
            if let Some(Expression::Text(export)) = &output.export_name
                && let Some(first) = exports.insert(export, output)
            {
                let subject = Subject {
                    path: &output.path,
                    place: output.place,
                };
                let message = format!("`{export}` is exported twice, first by `{}`", first.path);
                findings.error(subject, message, "give one of them another name");
            }
        }
    }
}

fn is_stack_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn check_tags(model: &Model, stack: &StackModel, findings: &mut Findings<'_>) {
    let mut tags: IndexMap<&str, &str> = IndexMap::new();
    for (key, value) in model.tags.iter().chain(&stack.tags) {
        tags.insert(key, value);
    }
    if tags.len() > TAGS {
        let message = format!(
            "stack `{}` has {} tags, CloudFormation allows {TAGS}",
            stack.name,
            tags.len()
        );
        findings.error(subject(stack), message, "take some away");
    }
    for (key, value) in tags {
        // https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html
        let problem = match (key.chars().count(), value.chars().count()) {
            (0 | 129.., _) => "its key must have 1 to 128 letters",
            (_, 0 | 257..) => "its value must have 1 to 256 letters",
            _ if key.starts_with("aws:") => "keys that start with `aws:` belong to AWS",
            _ => continue,
        };
        let message = format!("tag `{key}` of stack `{}` is not allowed", stack.name);
        findings.error(subject(stack), message, problem);
    }
}

fn check_notifications(stack: &StackModel, findings: &mut Findings<'_>) {
    let arns = stack.notifications.as_deref().unwrap_or_default();
    if arns.len() > NOTIFICATIONS {
        let message = format!(
            "stack `{}` notifies {} topics, CloudFormation allows {NOTIFICATIONS}",
            stack.name,
            arns.len()
        );
        findings.error(subject(stack), message, "take some away");
    }
    let is_topic = |arn: &str| arn.starts_with("arn:") && arn.split(':').nth(2) == Some("sns");
    for arn in arns.iter().filter(|arn| !is_topic(arn)) {
        let message = format!("stack `{}` notifies `{arn}`, which is no topic", stack.name);
        let hint = "name an SNS topic by its ARN, `arn:aws:sns:us-east-1:123456789012:alarms`";
        findings.error(subject(stack), message, hint);
    }
}

fn check_resources(stack: &StackModel, findings: &mut Findings<'_>) {
    for resource in &stack.resources {
        let subject = survey::subject(&resource.node);
        let type_name = &resource.type_name;
        if !type_name.contains("::") {
            let message = format!("`{type_name}` is not a resource type");
            findings.error(
                subject,
                message,
                "write it like `AWS::S3::Bucket` or `Custom::Thing`",
            );
        }
        let options = resource.node.options.borrow();
        if let Some(loss) = &options.allowed_loss {
            check_loss(subject, loss, findings);
        }
        for suppression in &options.suppressions {
            if suppression.rule.trim().is_empty() || suppression.reason.trim().is_empty() {
                let message = format!("`{}` is accepted without a reason", suppression.rule);
                findings.error(subject, message, "name the rule, and say why it is right");
            }
        }
    }
    for (loss, place) in &stack.allowed_losses {
        let subject = Subject {
            path: &stack.name,
            place,
        };
        check_loss(subject, loss, findings);
    }
}

fn check_loss(subject: Subject<'_>, loss: &AllowedLoss, findings: &mut Findings<'_>) {
    if !is_date(&loss.until) {
        let message = format!("`{}` is not a day", loss.until);
        findings.error(subject, message, "write it like `2026-12-31`");
    }
    if loss.reason.trim().is_empty() {
        let message = "a loss is allowed without a reason".to_owned();
        findings.error(subject, message, "say why nothing is missed");
    }
}

/// Whether a text is a day like `2026-12-31`.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let number = |part: &str, length: usize| {
        (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Counts what each template has, the outputs for other stacks included.
pub(super) fn check_counts(model: &Model, exports: &Exports<'_>, findings: &mut Findings<'_>) {
    for (index, stack) in model.stacks.iter().enumerate() {
        let outputs = stack.outputs.len() + exports.derived(index).len();
        for (what, count, limit) in [
            ("resources", stack.resources.len(), RESOURCES),
            ("outputs", outputs, ENTRIES),
            ("parameters", stack.parameters.len(), ENTRIES),
            ("mappings", stack.mappings.len(), ENTRIES),
        ] {
            if count > limit {
                let message = format!(
                    "stack `{}` has {count} {what}, CloudFormation allows {limit}",
                    stack.name
                );
                findings.error(subject(stack), message, "divide it into several stacks");
            }
        }
        if let Some(description) = &stack.description {
            check_description(subject(stack), description, findings);
        }
        for output in &stack.outputs {
            let subject = Subject {
                path: &output.path,
                place: output.place,
            };
            if let Some(description) = &output.description {
                check_description(subject, description, findings);
            }
        }
        for rule in stack
            .rules
            .iter()
            .filter(|rule| rule.model.assertions.is_empty())
        {
            let subject = Subject {
                path: &rule.path,
                place: rule.place,
            };
            let message = format!("rule `{}` asserts nothing", rule.name);
            findings.error(
                subject,
                message,
                "assert something: `.assert(test, description)`",
            );
        }
        check_parameters(stack, findings);
        for (node, table) in &stack.mappings {
            check_mapping(survey::subject(node), &node.logical_id, table, findings);
        }
    }
}

fn check_description(subject: Subject<'_>, text: &str, findings: &mut Findings<'_>) {
    if text.len() > DESCRIPTION {
        let message = format!(
            "the description has {} bytes, CloudFormation allows {DESCRIPTION}",
            text.len()
        );
        findings.error(subject, message, "shorten it");
    }
}

fn check_parameters(stack: &StackModel, findings: &mut Findings<'_>) {
    for (node, parameter) in &stack.parameters {
        let (subject, name) = (survey::subject(node), &node.logical_id);
        let given = parameter.default.iter().chain(&parameter.value);
        for value in given.clone().filter(|value| value.len() > PARAMETER_VALUE) {
            let message = format!(
                "a value of parameter `{name}` has {} bytes, CloudFormation allows {PARAMETER_VALUE}",
                value.len()
            );
            findings.error(subject, message, "shorten it");
        }
        if given.clone().next().is_none() {
            let message = format!("parameter `{name}` has neither a default nor a value");
            findings.error(subject, message, "give one: `.value(..)` or `.default(..)`");
        }
        if parameter.hidden && parameter.value.is_some() {
            let message =
                format!("parameter `{name}` is hidden, but its value is written into the program");
            findings.error(
                subject,
                message,
                "refer to a secret instead: `Secret::ssm(..)` or `Secret::secrets_manager(..)`",
            );
        }
        let allowed = &parameter.allowed_values;
        let is_text = parameter.type_name == "String" || parameter.type_name == "Number";
        for value in
            given.filter(|value| is_text && !allowed.is_empty() && !allowed.contains(value))
        {
            let message = format!("`{value}` is not an allowed value of parameter `{name}`");
            findings.error(
                subject,
                message,
                format!("allowed are `{}`", allowed.join("`, `")),
            );
        }
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html>
fn check_mapping(subject: Subject<'_>, name: &str, table: &Object, findings: &mut Findings<'_>) {
    let mut wrong = |problem: String, hint: &str| {
        findings.error(subject, format!("mapping `{name}` {problem}"), hint);
    };
    if table.is_empty() {
        wrong("is empty".to_owned(), "add a row, or take it away");
    }
    if table.iter().count() > ENTRIES {
        let problem = format!(
            "has {} rows, CloudFormation allows {ENTRIES}",
            table.iter().count()
        );
        wrong(problem, "divide it into several mappings");
    }
    for (row, entries) in table.iter() {
        let is_name = |name: &str, more: &[u8]| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            !name.is_empty() && name.len() <= 255 && name.bytes().all(allowed)
        };
        if !is_name(row, b"-.") {
            wrong(
                format!("has a row `{row}`"),
                "use letters, digits, hyphens and dots",
            );
        }
        let Expression::Object(entries) = entries else {
            continue;
        };
        if entries.is_empty() {
            wrong(
                format!("has nothing in row `{row}`"),
                "add an entry, or take the row away",
            );
        }
        for (key, value) in entries.iter() {
            if !is_name(key, b"") {
                wrong(format!("has a key `{key}`"), "use letters and digits");
            }
            if !is_plain(value) {
                let problem = format!("has an expression under `{row}` and `{key}`");
                wrong(
                    problem,
                    "use texts, numbers, truth values and lists of them",
                );
            }
        }
    }
}

fn is_plain(value: &Expression) -> bool {
    match value {
        Expression::Text(_)
        | Expression::Integer(_)
        | Expression::Number(_)
        | Expression::Boolean(_) => true,
        Expression::List(elements) => elements.iter().all(is_plain),
        Expression::Json(json) => !json.is_object(),
        Expression::Object(_)
        | Expression::Link(_)
        | Expression::Pseudo(_)
        | Expression::Function(_) => false,
    }
}

/// Measures a template's text.
pub(super) fn check_text(model: &Model, index: usize, text: &str, findings: &mut Findings<'_>) {
    let stack = &model.stacks[index];
    if text.len() > BODY {
        let message = format!(
            "the template of stack `{}` has {} bytes, CloudFormation allows {BODY}",
            stack.name,
            text.len()
        );
        findings.error(subject(stack), message, "divide it into several stacks");
    }
    let references = text.matches("{{resolve:").count();
    if references > DYNAMIC_REFERENCES {
        let message = format!(
            "stack `{}` looks up {references} secrets and parameters, CloudFormation allows {DYNAMIC_REFERENCES}",
            stack.name
        );
        findings.error(subject(stack), message, "divide it into several stacks");
    }
}

fn subject(stack: &StackModel) -> Subject<'_> {
    Subject {
        path: &stack.name,
        place: stack.place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_from_other_texts() {
        for day in ["2026-12-31", "2028-02-29", "2000-02-29"] {
            assert!(is_date(day), "{day}");
        }
        for text in [
            "",
            "2026-13-01",
            "2026-02-29",
            "1900-02-29",
            "2026-1-1",
            "2026-04-31",
            "soon",
            "2026-12-31-1",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
