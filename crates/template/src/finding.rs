//! What validation has to say.

use std::{fmt, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;

use crate::{position::Position, rules::Rule};

/// How grave a finding is; the order is from harmless to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; changes nothing.
    Info,
    /// Probably a mistake, but CloudFormation may accept it.
    Warning,
    /// CloudFormation or the service refuses it.
    Error,
}

/// One finding, with where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The rule's stable id, `CIF050`; [`crate::RULES`] has them all.
    pub rule: &'static str,
    /// What is wrong: lowercase, no full stop, the wrong value in backticks, then what to do.
    pub message: String,
    /// Where in the template: keys, and indexes of list elements.
    pub path: Vec<String>,
    /// Where in the text.
    pub position: Position,
    /// The reason why it is accepted, when the template gives one. It then counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            rule,
            message,
            position,
            ..
        } = self;
        let severity = match severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(formatter, "{position}: {severity} {rule} {message}")?;
        if !self.path.is_empty() {
            write!(formatter, " (at {})", self.path.join("."))?;
        }
        Ok(())
    }
}

/// One step of a [`Path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// A member.
    Key(&'a str),
    /// An element of a list.
    Index(usize),
}

/// The way from the template's root to what is being looked at; kept without allocation until there is a finding.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path<'a>(Vec<Segment<'a>>);

impl<'a> Path<'a> {
    pub(crate) fn new(keys: &[&'a str]) -> Self {
        Self(keys.iter().copied().map(Segment::Key).collect())
    }

    pub(crate) fn push(&mut self, key: &'a str) {
        self.0.push(Segment::Key(key));
    }

    pub(crate) fn push_index(&mut self, index: usize) {
        self.0.push(Segment::Index(index));
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn to_strings(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|segment| match segment {
                Segment::Key(key) => (*key).to_owned(),
                Segment::Index(index) => index.to_string(),
            })
            .collect()
    }
}

/// Gathers findings; places are looked up once all are known.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<(&'static Rule, Severity, String, Vec<String>)>);

impl Findings {
    /// Adds a finding of the rule's own severity.
    pub(crate) fn add(&mut self, rule: &'static Rule, path: &Path<'_>, message: impl Into<String>) {
        self.add_as(rule.severity, rule, path, message);
    }

    /// Adds a finding that is less or more grave than the rule's usual ones.
    pub(crate) fn add_as(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
        path: &Path<'_>,
        message: impl Into<String>,
    ) {
        self.0
            .push((rule, severity, message.into(), path.to_strings()));
    }

    /// Adds a finding at a path that was put together by its owner.
    pub(crate) fn add_owned(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
        path: Vec<String>,
        message: impl Into<String>,
    ) {
        self.0.push((rule, severity, message.into(), path));
    }

    /// Adds a finding at a member of what `path` leads to.
    pub(crate) fn add_at<'a>(
        &mut self,
        rule: &'static Rule,
        path: &mut Path<'a>,
        member: &'a str,
        message: impl Into<String>,
    ) {
        path.push(member);
        self.add(rule, path, message);
        path.pop();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes back all but the first `length` findings.
    pub(crate) fn split_off(&mut self, length: usize) -> Self {
        Self(self.0.split_off(length))
    }

    /// Adds what was gathered apart.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Whether one of them is an error.
    pub(crate) fn has_error(&self) -> bool {
        self.0
            .iter()
            .any(|(_, severity, ..)| *severity == Severity::Error)
    }

    /// How deep the first of them lies.
    pub(crate) fn depth(&self) -> usize {
        self.0.first().map_or(0, |(.., path)| path.len())
    }

    /// What the first of them says.
    pub(crate) fn first_message(&self) -> Option<&str> {
        self.0.first().map(|(_, _, message, _)| message.as_str())
    }

    pub(crate) fn into_parts(self) -> Vec<(&'static Rule, Severity, String, Vec<String>)> {
        self.0
    }
}

/// A value in a message: as JSON, cut when it is long.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        // A line break or another control character would tear the message apart.
        if character.is_control() {
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// What kind of value it is, in words of the template formats.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Asks for the nearest of `candidates`, when one is near enough to be meant: `; did you mean `Bucket`?`
pub(crate) fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            // A difference of case alone is the nearest of all.
            let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= name.len().max(candidate.len()).div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(String::new, |(_, candidate)| {
            format!("; did you mean `{candidate}`?")
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_when_it_is_near() {
        let names = ["Bucket", "BucketPolicy", "Topic"];
        assert_eq!(suggestion("Buket", names), "; did you mean `Bucket`?");
        assert_eq!(
            suggestion("bucketpolicy", names),
            "; did you mean `BucketPolicy`?"
        );
        assert_eq!(suggestion("Queue", names), "");
    }

    #[test]
    fn a_value_is_shown_on_one_line_and_not_endlessly() {
        assert_eq!(shown(&json!("a\nb")), "a\\nb");
        assert_eq!(shown(&json!([1, "b"])), "[1,\"b\"]");
        assert_eq!(shown(&json!("x".repeat(100))).chars().count(), 61);
    }
}
