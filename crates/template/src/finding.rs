//! What validation has to say.

use std::fmt;

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
#[derive(Debug)]
pub(crate) struct Findings {
    list: Vec<Told>,
    /// What may still be spent on looking for names that are near to wrong ones: thousands of wrong names among
    /// thousands of right ones are no slips, and would take minutes.
    effort: usize,
}

/// A rule, how grave its breach is, what is said and where.
type Told = (&'static Rule, Severity, String, Vec<String>);

/// What may be spent on suggestions in one template: pairs of characters that are compared.
const MOST_EFFORT: usize = 50_000_000;

impl Default for Findings {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            effort: MOST_EFFORT,
        }
    }
}

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
        self.add_owned(severity, rule, path.to_strings(), message);
    }

    /// Adds a finding at a path that was put together by its owner.
    pub(crate) fn add_owned(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
        path: Vec<String>,
        message: impl Into<String>,
    ) {
        let message = one_line(message.into());
        self.list.push((rule, severity, message, path));
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
        self.list.len()
    }

    /// Takes back all but the first `length` findings.
    pub(crate) fn split_off(&mut self, length: usize) -> Self {
        Self {
            list: self.list.split_off(length),
            ..Self::default()
        }
    }

    /// Adds what was gathered apart.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.list.append(&mut other.list);
    }

    /// Whether one of them is an error.
    pub(crate) fn has_error(&self) -> bool {
        self.list
            .iter()
            .any(|(_, severity, ..)| *severity == Severity::Error)
    }

    /// How deep the first of them lies.
    pub(crate) fn depth(&self) -> usize {
        self.list.first().map_or(0, |(.., path)| path.len())
    }

    /// What the first of them says.
    pub(crate) fn first_message(&self) -> Option<&str> {
        self.list.first().map(|(_, _, message, _)| message.as_str())
    }

    /// Asks for the nearest of `candidates`, when one is near enough to be meant: `; did you mean `Bucket`?`
    pub(crate) fn suggestion<'a>(
        &mut self,
        name: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> String {
        nearest(name, candidates, &mut self.effort).map_or_else(String::new, |candidate| {
            format!("; did you mean `{candidate}`?")
        })
    }

    pub(crate) fn into_parts(self) -> Vec<Told> {
        self.list
    }
}

/// A value in a message: as JSON, cut when it is long.
pub(crate) fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut shown: String = text.chars().take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Writes control characters as escapes: a line break in a name would tear the message apart, an escape sequence
/// would reach the terminal.
pub(crate) fn one_line(message: String) -> String {
    if !message.contains(char::is_control) {
        return message;
    }
    let mut line = String::with_capacity(message.len() + 8);
    for character in message.chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
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

/// The nearest of `candidates`, when one is near enough to be meant. What each comparison costs is taken from `effort`;
/// `None` too when that is used up.
fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    effort: &mut usize,
) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let mut best = None;
    for candidate in candidates {
        let most = name.len().max(candidate.len()).div_ceil(3);
        let least = best.map_or(usize::MAX, |(distance, _)| distance);
        if name.len().abs_diff(candidate.len()) > most {
            continue;
        }
        let rest = effort.checked_sub(name.len() * candidate.len() + 1);
        *effort = rest.unwrap_or(0);
        rest?;
        // A difference of case alone is the nearest of all.
        let distance = strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
        if distance <= most && distance < least {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_when_it_is_near() {
        let names = ["Bucket", "BucketPolicy", "Topic"];
        let mut findings = Findings::default();
        let table = [
            ("Buket", "; did you mean `Bucket`?"),
            ("bucketpolicy", "; did you mean `BucketPolicy`?"),
            ("Queue", ""),
        ];
        for (name, expected) in table {
            assert_eq!(findings.suggestion(name, names), expected, "{name}");
        }
        findings.effort = 10;
        assert_eq!(findings.suggestion("Buket", names), "");
    }

    #[test]
    fn a_value_is_shown_on_one_line_and_not_endlessly() {
        assert_eq!(one_line("a\nb\u{1b}[2Jé".to_owned()), "a\\nb\\u{1b}[2Jé");
        assert_eq!(shown(&json!([1, "b"])), "[1,\"b\"]");
        assert_eq!(shown(&json!("x".repeat(100))).chars().count(), 61);
    }
}
