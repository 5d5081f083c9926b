//! Checks evaluated properties against the schema of their type, in the words of CloudFormation's own validator.
//!
//! What cannot be decided is no violation: a secret's reference, a pattern this regular expression language cannot
//! express, a value known only later.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use regex::Regex;
use schema::{AdditionalProperties, Kind, ResourceType, Shape};
use serde_json::Value;

use crate::evaluate::{KNOWN_AFTER_APPLY, text_of};

/// How deep shapes may nest; the facts have recursive ones.
const DEEPEST: usize = 64;

/// All violations: `#/Name: expected type: String, found: JSONObject`.
pub(crate) fn violations(type_name: &str, properties: &Value) -> Vec<String> {
    let Some(facts) = crate::facts::of(type_name) else {
        return Vec::new();
    };
    let mut check = Check {
        facts,
        found: Vec::new(),
    };
    check.value("#", &facts.shape, properties, 0);
    for name in properties
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys())
    {
        if facts.is_read_only(&[name]) {
            check.found.push(format!(
                "#: extraneous key [{name}] is not permitted: it is read-only"
            ));
        }
    }
    check.found.dedup();
    check.found
}

struct Check<'a> {
    facts: &'a ResourceType,
    found: Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, place: &str, shape: &Shape, value: &Value, depth: usize) {
        if depth > DEEPEST || is_undecided(value) {
            return;
        }
        let resolved = self.facts.resolve(shape);
        if !std::ptr::eq(resolved, shape) {
            self.value(place, resolved, value, depth + 1);
        }
        if !shape.kinds.is_empty() && !shape.kinds.iter().any(|kind| is_of(value, kind)) {
            let expected: Vec<&str> = shape.kinds.iter().map(java_kind).collect();
            self.found.push(format!(
                "{place}: expected type: {}, found: {}",
                expected.join(" or "),
                java_name(value)
            ));
            return;
        }
        self.scalar(place, shape, value);
        match value {
            Value::Object(_) => self.object(place, shape, value, depth),
            Value::Array(items) => self.list(place, shape, items, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.branches(place, shape, value, depth);
    }

    fn scalar(&mut self, place: &str, shape: &Shape, value: &Value) {
        let Some(text) = text_of(value) else {
            return;
        };
        let is_allowed = shape.allowed.is_empty()
            || shape
                .allowed
                .iter()
                .any(|one| text_of(one).as_ref() == Some(&text));
        if !is_allowed {
            self.found
                .push(format!("{place}: {text} is not a valid enum value"));
        }
        if shape
            .constant
            .as_ref()
            .is_some_and(|one| text_of(one).as_ref() != Some(&text))
        {
            self.found
                .push(format!("{place}: {text} is not the value that is expected"));
        }
        if let Value::String(text) = value {
            let length = text.chars().count() as u64;
            if let Some(least) = shape.min_length.filter(|least| length < *least) {
                self.found.push(format!(
                    "{place}: expected minLength: {least}, actual: {length}"
                ));
            }
            if let Some(most) = shape.max_length.filter(|most| length > *most) {
                self.found.push(format!(
                    "{place}: expected maxLength: {most}, actual: {length}"
                ));
            }
            if let Some(pattern) = &shape.pattern
                && matches(pattern, text) == Some(false)
            {
                self.found.push(format!(
                    "{place}: string [{text}] does not match pattern {pattern}"
                ));
            }
        }
        if let Ok(number) = text.parse::<f64>()
            && (value.is_number() || !shape.kinds.contains(Kind::String))
        {
            if let Some(least) = shape.minimum.filter(|least| number < *least) {
                self.found.push(format!(
                    "{place}: {text} is not greater or equal to {least}"
                ));
            }
            if let Some(most) = shape.maximum.filter(|most| number > *most) {
                self.found
                    .push(format!("{place}: {text} is not less or equal to {most}"));
            }
        }
    }

    fn object(&mut self, place: &str, shape: &Shape, value: &Value, depth: usize) {
        let Some(members) = value.as_object() else {
            return;
        };
        for name in &shape.required {
            if !members.contains_key(name) {
                self.found
                    .push(format!("{place}: required key [{name}] not found"));
            }
        }
        let is_described = !shape.properties.is_empty()
            || !shape.pattern_properties.is_empty()
            || matches!(
                shape.additional_properties(),
                AdditionalProperties::Shaped(_)
            );
        if !is_described {
            return;
        }
        for (name, member) in members {
            let place = format!("{place}/{name}");
            if let Some(inner) = shape.properties.get(name) {
                self.value(&place, inner, member, depth + 1);
                continue;
            }
            let by_pattern = shape
                .pattern_properties
                .iter()
                .find(|(pattern, _)| matches(pattern, name) != Some(false));
            if let Some((_, inner)) = by_pattern {
                self.value(&place, inner, member, depth + 1);
                continue;
            }
            match shape.additional_properties() {
                AdditionalProperties::Any => {}
                AdditionalProperties::Shaped(inner) => self.value(&place, inner, member, depth + 1),
                AdditionalProperties::Refused => {
                    let parent = place.rsplit_once('/').map_or("#", |(parent, _)| parent);
                    self.found.push(format!(
                        "{parent}: extraneous key [{name}] is not permitted"
                    ));
                }
            }
        }
    }

    fn list(&mut self, place: &str, shape: &Shape, items: &[Value], depth: usize) {
        let count = items.len() as u64;
        if let Some(least) = shape.min_items.filter(|least| count < *least) {
            self.found.push(format!(
                "{place}: expected minimum item count: {least}, found: {count}"
            ));
        }
        if let Some(most) = shape.max_items.filter(|most| count > *most) {
            self.found.push(format!(
                "{place}: expected maximum item count: {most}, found: {count}"
            ));
        }
        if shape.unique_items
            && (1..items.len()).any(|index| items[..index].contains(&items[index]))
        {
            self.found
                .push(format!("{place}: array items are not unique"));
        }
        if let Some(inner) = &shape.items {
            for (index, item) in items.iter().enumerate() {
                self.value(&format!("{place}/{index}"), inner, item, depth + 1);
            }
        }
    }

    /// Branches often only tie properties together, so that one failing says little; they are told as a whole.
    fn branches(&mut self, place: &str, shape: &Shape, value: &Value, depth: usize) {
        for branch in &shape.all_of {
            self.value(place, branch, value, depth + 1);
        }
        let matching = |branches: &[Shape]| {
            branches
                .iter()
                .filter(|branch| {
                    let mut trial = Check {
                        facts: self.facts,
                        found: Vec::new(),
                    };
                    trial.value(place, branch, value, depth + 1);
                    trial.found.is_empty()
                })
                .count()
        };
        if !shape.any_of.is_empty() && matching(&shape.any_of) == 0 {
            self.found.push(format!(
                "{place}: #: no subschema matched out of the total {} subschemas",
                shape.any_of.len()
            ));
        }
        let one_of = matching(&shape.one_of);
        if !shape.one_of.is_empty() && one_of == 0 {
            self.found
                .push(format!("{place}: #: 0 subschemas matched instead of one"));
        }
    }
}

/// Patterns compiled so far: compiling takes far longer than matching, and the facts have a limited number of them.
static PATTERNS: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);

/// Whether a text matches a pattern; `None` when the pattern cannot be expressed here.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    let mut patterns = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = patterns.get(pattern) {
        return known.as_ref().map(|known| known.is_match(text));
    }
    let compiled = Regex::new(pattern).ok();
    let answer = compiled.as_ref().map(|compiled| compiled.is_match(text));
    patterns.insert(pattern.to_owned(), compiled);
    answer
}

/// Whether a value is known only to AWS or only later.
fn is_undecided(value: &Value) -> bool {
    matches!(value, Value::String(text) if text.contains("{{resolve:") || text.contains(KNOWN_AFTER_APPLY))
}

/// Whether a value is of a kind, or CloudFormation would make it so: scalars are written as strings freely.
fn is_of(value: &Value, kind: Kind) -> bool {
    match (kind, value) {
        (Kind::String, Value::String(_) | Value::Number(_) | Value::Bool(_))
        | (Kind::Object, Value::Object(_))
        | (Kind::Array, Value::Array(_))
        | (Kind::Null, Value::Null)
        | (Kind::Number, Value::Number(_))
        | (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::Integer, Value::Number(number)) => {
            number.is_i64()
                || number.is_u64()
                || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        (Kind::Boolean, Value::String(text)) => text == "true" || text == "false",
        (Kind::Integer, Value::String(text)) => text.parse::<i64>().is_ok(),
        (Kind::Number, Value::String(text)) => text.parse::<f64>().is_ok(),
        // A JSON document may be given as its text.
        (Kind::Object, Value::String(text)) => text.trim_start().starts_with('{'),
        _ => false,
    }
}

fn java_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "String",
        Kind::Integer => "Integer",
        Kind::Number => "Number",
        Kind::Boolean => "Boolean",
        Kind::Object => "JSONObject",
        Kind::Array => "JSONArray",
        Kind::Null => "Null",
    }
}

fn java_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn violations_are_named() {
        let user_pool = "AWS::Cognito::UserPool";
        for (kind, properties, expected) in [
            ("AWS::S3::Bucket", json!({}), None),
            (
                "AWS::S3::Bucket",
                json!({"BucketNam": "x"}),
                Some("#: extraneous key [BucketNam] is not permitted"),
            ),
            (
                "AWS::S3::Bucket",
                json!({"Tags": {}}),
                Some("#/Tags: expected type: JSONArray, found: JSONObject"),
            ),
            (
                "AWS::IAM::Role",
                json!({}),
                Some("#: required key [AssumeRolePolicyDocument] not found"),
            ),
            (
                user_pool,
                json!({"MfaConfiguration": "SOMETIMES"}),
                Some("#/MfaConfiguration: "),
            ),
            (
                user_pool,
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": "12"}}}),
                None,
            ),
            (
                user_pool,
                json!({"Policies": {"PasswordPolicy": {"MinimumLength": 1000}}}),
                Some("#/Policies/PasswordPolicy/MinimumLength: 1000 is not less or equal to 99"),
            ),
            (
                "Custom::Thing",
                json!({"ServiceToken": "arn", "Anything": 1}),
                None,
            ),
        ] {
            let found = violations(kind, &properties);
            match expected {
                None => assert!(found.is_empty(), "{kind} {properties}: {found:?}"),
                Some(text) => assert!(
                    found.iter().any(|one| one.starts_with(text)),
                    "{kind} {properties}: {found:?}"
                ),
            }
        }
    }
}
