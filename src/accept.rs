//! Accepting drift: the change of the stacks' source after which it says what there is.

use std::{collections::BTreeMap, fs, path::Path};

use engine::{DriftReport, DriftStatus, PropertyDrift, ResourceDrift};
use serde_json::Value;
use similar::TextDiff;

/// How far from the line that declares a resource its values are looked for.
const AROUND: usize = 40;

/// What accepting drift comes to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Accepted {
    /// A patch of the sources, for `git apply`.
    pub(crate) patch: String,
    /// What a person must change, as no single place in the source says it.
    pub(crate) by_hand: Vec<String>,
}

/// Finds for each drifted value the one place near its resource's declaration where the source says what was deployed.
pub(crate) fn accept(report: &DriftReport, root: &Path) -> Accepted {
    let mut accepted = Accepted::default();
    let mut sources: BTreeMap<String, Option<(String, String)>> = BTreeMap::new();
    for resource in report.resources() {
        match resource.status {
            DriftStatus::InSync | DriftStatus::Unchecked => continue,
            DriftStatus::Deleted => {
                let line = format!("{}: take it out, since it is gone", place(resource));
                accepted.by_hand.push(line);
                continue;
            }
            DriftStatus::Modified => {}
        }
        let source = resource.source.as_deref().and_then(split);
        for property in &resource.properties {
            let changed = source.and_then(|(file, line)| {
                let texts = sources.entry(file.to_owned()).or_insert_with(|| {
                    let text = fs::read_to_string(root.join(file)).ok()?;
                    Some((text.clone(), text))
                });
                let (_, text) = texts.as_mut()?;
                *text = changed(text, line, property)?;
                Some(())
            });
            if changed.is_none() {
                accepted.by_hand.push(by_hand(resource, property));
            }
        }
    }
    for (file, texts) in &sources {
        if let Some((before, after)) = texts.as_ref().filter(|(before, after)| before != after) {
            let diff = TextDiff::from_lines(before.as_str(), after.as_str());
            let (old, new) = (format!("a/{file}"), format!("b/{file}"));
            let patch = diff.unified_diff().header(&old, &new).to_string();
            accepted.patch.push_str(&patch);
        }
    }
    accepted
}

/// File and line of `stacks/src/files.rs:20`.
fn split(source: &str) -> Option<(&str, usize)> {
    let (file, line) = source.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

fn place(resource: &ResourceDrift) -> String {
    let source = resource.source.as_deref().unwrap_or("somewhere");
    format!(
        "{source} {} ({})",
        resource.logical_id, resource.resource_type
    )
}

fn by_hand(resource: &ResourceDrift, property: &PropertyDrift) -> String {
    let shown = |value: &Option<Value>| match value {
        Some(value) => plan::render(value),
        None => "nothing".to_owned(),
    };
    format!(
        "{}: {} from {} to {}",
        place(resource),
        property.path.join("."),
        shown(&property.expected),
        shown(&property.actual)
    )
}

/// The source with the one literal changed that says what was deployed; nothing where there is none, or more than one.
fn changed(text: &str, declared: usize, property: &PropertyDrift) -> Option<String> {
    let (old, new) = (property.expected.as_ref()?, property.actual.as_ref()?);
    let (old, new) = (literals(old), literals(new));
    let words = words(property);
    let lines: Vec<&str> = text.split('\n').collect();
    let near = lines.iter().enumerate().filter(|(index, _)| {
        let number = index + 1;
        number.abs_diff(declared) <= AROUND
    });
    let mut found = Vec::new();
    for (index, line) in near {
        for (form, literal) in old.iter().enumerate() {
            for at in places(line, literal) {
                let is_named = words.iter().any(|word| line.contains(word.as_str()));
                found.push((index, at, form, is_named));
            }
        }
    }
    let named: Vec<_> = found.iter().filter(|(.., is_named)| *is_named).collect();
    let (index, at, form, _) = match (named.as_slice(), found.as_slice()) {
        ([one], _) => **one,
        // A word such as `true` alone says nothing.
        ([], [one]) if old[one.2].len() > 1 && !matches!(old[one.2].as_str(), "true" | "false") => {
            *one
        }
        _ => return None,
    };
    let replacement = new.get(form).or(new.first())?;
    let mut line = lines[index].to_owned();
    line.replace_range(at..at + old[form].len(), replacement);
    let mut lines = lines;
    lines[index] = &line;
    Some(lines.join("\n"))
}

/// How a source may write a value: a text in quotes, a number or truth value as it is. What CloudFormation gives as a text
/// may be either.
fn literals(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => {
            let is_plain = text.parse::<f64>().is_ok() || matches!(text.as_str(), "true" | "false");
            let mut literals = vec![format!("{text:?}")];
            if is_plain {
                literals.insert(0, text.clone());
            }
            literals
        }
        Value::Number(number) => vec![number.to_string(), format!("\"{number}\"")],
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// The names of a property as a source writes them, `minimum_length` of `MinimumLength`.
fn words(property: &PropertyDrift) -> Vec<String> {
    let names = property.path.iter();
    let names = names.filter(|name| name.parse::<usize>().is_err());
    names.map(|name| snake_case(name)).collect()
}

fn snake_case(name: &str) -> String {
    let mut word = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(character.to_lowercase());
    }
    word
}

/// Where a literal stands in a line, not as a part of a longer word.
fn places(line: &str, literal: &str) -> Vec<usize> {
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '.');
    let at = line.match_indices(literal).map(|(at, _)| at);
    at.filter(|at| {
        let before = line[..*at].chars().next_back();
        let after = line[at + literal.len()..].chars().next();
        let is_quoted = literal.starts_with('"');
        is_quoted || !(before.is_some_and(is_word) || after.is_some_and(is_word))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SOURCE: &str = "fn files(stack: &Stack) {\n    let size = 30;\n    let queue = Queue::new()\n        .visibility_timeout(30)\n        .delay_seconds(1)\n        .name(\"jobs\");\n    stack.add(\"Jobs\", queue);\n}\n";

    fn drift(path: &[&str], expected: Value, actual: Value) -> PropertyDrift {
        PropertyDrift {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            expected: Some(expected),
            actual: Some(actual),
        }
    }

    #[test]
    fn the_literal_that_says_it_is_changed() {
        let table = [
            (
                drift(&["VisibilityTimeout"], json!("30"), json!("90")),
                Some(("timeout(30)", "timeout(90)")),
            ),
            (
                drift(&["DelaySeconds"], json!(1), json!(5)),
                Some(("seconds(1)", "seconds(5)")),
            ),
            (
                drift(&["QueueName"], json!("jobs"), json!("work")),
                Some(("\"jobs\"", "\"work\"")),
            ),
            // Twice, and neither by name.
            (drift(&["Other"], json!(30), json!(90)), None),
            (drift(&["Other"], json!(31), json!(90)), None),
            (drift(&["Other"], json!(true), json!(false)), None),
            (drift(&["Tags"], json!([1]), json!([2])), None),
        ];
        for (property, expected) in table {
            let expected = expected.map(|(old, new)| SOURCE.replace(old, new));
            assert_eq!(changed(SOURCE, 7, &property), expected, "{property:?}");
        }
        let far = drift(&["VisibilityTimeout"], json!(30), json!(90));
        assert_eq!(changed(SOURCE, 7 + 2 * AROUND, &far), None);
    }
}
