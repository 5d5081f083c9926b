//! Scalars and lists.

use schema::{Kind, Shape};
use serde_json::Value;

use super::Check;
use crate::{
    finding::shown,
    function::{Function, is_no_value},
    rules,
    validate::{patterns, scalars, survey::DYNAMIC_REFERENCE},
};

/// How many allowed values a message lists.
const MOST_LISTED: usize = 8;

impl<'a> Check<'_, 'a> {
    /// A string, number or boolean; false when it is only known at deployment.
    pub(super) fn scalar(&mut self, value: &'a Value, shape: &'static Shape) -> bool {
        let Some(text) = scalars::text(value) else {
            return true;
        };
        if text.contains(DYNAMIC_REFERENCE) {
            self.is_undecided = true;
            return false;
        }
        self.allowed(value, &text, shape);
        let is_text =
            shape.kinds.contains(Kind::String) || shape.kinds.is_empty() && value.is_string();
        if is_text {
            self.text(&text, shape);
        }
        let is_number = shape.kinds.contains(Kind::Integer)
            || shape.kinds.contains(Kind::Number)
            || value.is_number();
        if is_number && let Some(number) = scalars::number(value) {
            self.number(value, number, shape);
        }
        true
    }

    fn allowed(&mut self, value: &Value, text: &str, shape: &'static Shape) {
        if let Some(constant) = &shape.constant
            && !scalars::same(constant, value)
        {
            let message = format!(
                "`{}` is not allowed, only `{}`",
                shown(value),
                shown(constant)
            );
            self.findings.add(&rules::NOT_ALLOWED, &self.path, message);
        }
        let is_allowed = shape.allowed.is_empty()
            || shape
                .allowed
                .iter()
                .any(|allowed| scalars::same(allowed, value));
        let is_allowed_in_any_case = shape.allowed_in_any_case.is_empty()
            || shape
                .allowed_in_any_case
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(text));
        if is_allowed && is_allowed_in_any_case {
            return;
        }
        let allowed: Vec<String> = shape
            .allowed
            .iter()
            .map(shown)
            .chain(shape.allowed_in_any_case.iter().cloned())
            .collect();
        let nearest = self
            .findings
            .suggestion(text, allowed.iter().map(String::as_str));
        let hint = if nearest.is_empty() {
            let listed: Vec<String> = allowed
                .iter()
                .take(MOST_LISTED)
                .map(|value| format!("`{value}`"))
                .collect();
            let more = if allowed.len() > MOST_LISTED {
                ", …"
            } else {
                ""
            };
            format!("; allowed are {}{more}", listed.join(", "))
        } else {
            nearest
        };
        self.findings.add(
            &rules::NOT_ALLOWED,
            &self.path,
            format!("`{}` is not one of the allowed values{hint}", shown(value)),
        );
    }

    fn text(&mut self, text: &str, shape: &'static Shape) {
        if let Some(pattern) = &shape.pattern
            && patterns::matches(pattern, text) == Some(false)
        {
            self.findings.add(
                &rules::PATTERN,
                &self.path,
                format!(
                    "`{}` does not match the pattern `{pattern}`",
                    shown(&text.into())
                ),
            );
        }
        self.format(text, shape);
        if shape.min_length.is_none() && shape.max_length.is_none() {
            return;
        }
        let length = text.chars().count() as u64;
        if let Some(least) = shape.min_length.filter(|least| length < *least) {
            let message = if text.is_empty() {
                "the text is empty".to_owned()
            } else {
                format!(
                    "`{}` has {length} characters, at least {least} are needed",
                    shown(&text.into())
                )
            };
            self.findings.add(&rules::LENGTH, &self.path, message);
        }
        if let Some(most) = shape.max_length.filter(|most| length > *most) {
            let message = format!(
                "`{}` has {length} characters, at most {most} are allowed",
                shown(&text.into())
            );
            self.findings.add(&rules::LENGTH, &self.path, message);
        }
    }

    fn number(&mut self, value: &Value, number: f64, shape: &'static Shape) {
        let shown = shown(value);
        let message = if let Some(least) = shape.minimum.filter(|least| number < *least) {
            format!("{shown} is less than {least}")
        } else if let Some(most) = shape.maximum.filter(|most| number > *most) {
            format!("{shown} is greater than {most}")
        } else if let Some(least) = shape.exclusive_minimum.filter(|least| number <= *least) {
            format!("{shown} is not greater than {least}")
        } else if let Some(most) = shape.exclusive_maximum.filter(|most| number >= *most) {
            format!("{shown} is not less than {most}")
        } else if let Some(unit) = shape
            .multiple_of
            .filter(|unit| *unit > 0.0 && (number / unit).fract() != 0.0)
        {
            format!("{shown} is not a multiple of {unit}")
        } else {
            return;
        };
        self.findings.add(&rules::RANGE, &self.path, message);
    }

    /// A text that stands for something with a form of its own.
    fn format(&mut self, text: &str, shape: &'static Shape) {
        if shape.format.as_deref() == Some("ipv4-network") && !is_ipv4_network(text) {
            let message = format!(
                "`{}` is not a range of IPv4 addresses, `10.0.0.0/16`",
                shown(&text.into())
            );
            self.findings.add(&rules::PATTERN, &self.path, message);
        }
    }

    pub(super) fn list(&mut self, elements: &'a [Value], shape: &'static Shape) {
        for (index, element) in elements.iter().enumerate() {
            let shape = shape.prefix_items.get(index).or(shape.items.as_deref());
            if let Some(shape) = shape
                && !is_no_value(element)
            {
                self.within_index(index, |check| check.value(element, shape));
            }
        }
        self.count(elements, shape);
        if shape.unique_items {
            self.repeated(elements);
        }
        if !shape.unique_keys.is_empty() {
            self.repeated_keys(elements, &shape.unique_keys);
        }
    }

    /// How many elements there are, where `Fn::If` and `Fn::Transform` may come to nothing or to more.
    fn count(&mut self, elements: &[Value], shape: &'static Shape) {
        let mut certain: u64 = 0;
        let mut possible: u64 = 0;
        for element in elements.iter().filter(|element| !is_no_value(element)) {
            possible += 1;
            match Function::called(element) {
                Some((Function::If, _)) => {}
                Some((Function::Transform, _)) => return,
                _ => certain += 1,
            }
        }
        if certain < possible {
            self.is_undecided = true;
        }
        if let Some(least) = shape.min_items.filter(|least| possible < *least) {
            let message = format!("the list has {possible} elements, at least {least} are needed");
            self.findings.add(&rules::ITEMS, &self.path, message);
        }
        if let Some(most) = shape.max_items.filter(|most| certain > *most) {
            let message = format!("the list has {certain} elements, at most {most} are allowed");
            self.findings.add(&rules::ITEMS, &self.path, message);
        }
    }

    fn repeated(&mut self, elements: &'a [Value]) {
        let mut seen: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for (index, element) in elements.iter().enumerate() {
            // Elements with functions may come to the same or not; AWS itself makes templates with such repetitions.
            if element.is_null() || has_function(element) {
                continue;
            }
            let first = *seen.entry(element.to_string()).or_insert(index);
            if first != index {
                let message = format!(
                    "`{}` is in the list already, as element {}",
                    shown(element),
                    first + 1
                );
                self.within_index(index, |check| {
                    check.findings.add(&rules::ITEMS, &check.path, message);
                });
            }
        }
    }

    /// Objects that must differ in the values of some members, such as the keys of tags.
    fn repeated_keys(&mut self, elements: &'a [Value], keys: &[String]) {
        let mut seen: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
        for (index, element) in elements.iter().enumerate() {
            let values: Option<Vec<String>> = keys
                .iter()
                .map(|key| {
                    element
                        .get(key)
                        .and_then(scalars::text)
                        .map(std::borrow::Cow::into_owned)
                })
                .collect();
            let Some(values) = values else { continue };
            let first = *seen.entry(values.join("\0")).or_insert(index);
            if first != index {
                let message = format!(
                    "element {} of the list has the same `{}` `{}`",
                    first + 1,
                    keys.join("` and `"),
                    shown(&values.join(", ").into())
                );
                self.within_index(index, |check| {
                    check.findings.add(&rules::ITEMS, &check.path, message);
                });
            }
        }
    }
}

/// An address and the length of its prefix.
fn is_ipv4_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, prefix)| {
        address.parse::<std::net::Ipv4Addr>().is_ok()
            && prefix.parse::<u8>().is_ok_and(|length| length <= 32)
    })
}

/// Whether a value is a function or holds one.
fn has_function(value: &Value) -> bool {
    Function::called(value).is_some()
        || match value {
            Value::Array(elements) => elements.iter().any(has_function),
            Value::Object(members) => members.values().any(has_function),
            _ => false,
        }
}
