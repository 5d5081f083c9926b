//! One resource under review, and looking into its properties without taking for known what is not.

use serde_json::Value;

use crate::{
    finding::{Findings, Path, Severity},
    function::{Function, is_no_value},
    model::Resource,
    rules::Rule,
};

/// What stands at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// Nothing.
    Absent,
    /// This value; it may hold functions further down.
    Known(&'a Value),
    /// Something that only the deployment tells.
    Unknown,
}

impl<'a> Found<'a> {
    /// A text, number or boolean as text; `None` for all else.
    pub(crate) fn text(self) -> Option<std::borrow::Cow<'a, str>> {
        match self {
            Self::Known(value) => crate::validate::scalars::text(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Whether it is known to be true.
    pub(crate) fn is_true(self) -> bool {
        self.text()
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Whether nothing is there, for certain.
    pub(crate) fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The elements of a known list; a lone value is a list of one. Nothing for what is not known.
    pub(crate) fn elements(self) -> &'a [Value] {
        match self {
            Self::Known(Value::Array(elements)) => elements,
            Self::Known(value) => std::slice::from_ref(value),
            Self::Absent | Self::Unknown => &[],
        }
    }
}

/// What stands at the end of a way through objects.
pub(crate) fn find<'a>(value: &'a Value, way: &[&str]) -> Found<'a> {
    let mut value = value;
    for key in way {
        match known(value) {
            Found::Known(Value::Object(members)) => match members.get(*key) {
                Some(member) => value = member,
                None if members.contains_key(Function::Transform.key()) => return Found::Unknown,
                None => return Found::Absent,
            },
            // A list or scalar where an object should be is validation's to tell.
            Found::Known(_) | Found::Unknown => return Found::Unknown,
            Found::Absent => return Found::Absent,
        }
    }
    known(value)
}

/// A value, unless a function stands in its place.
pub(crate) fn known(value: &Value) -> Found<'_> {
    if value.is_null() || is_no_value(value) {
        Found::Absent
    } else if Function::called(value).is_some() {
        Found::Unknown
    } else {
        Found::Known(value)
    }
}

/// A resource under review.
pub(crate) struct Subject<'a, 'f> {
    pub(crate) resource: Resource<'a>,
    /// Its type.
    pub(crate) type_name: &'a str,
    properties: &'a Value,
    findings: &'f mut Findings,
}

static NO_PROPERTIES: Value = Value::Null;

impl<'a, 'f> Subject<'a, 'f> {
    /// A resource; `None` without a type.
    pub(crate) fn new(resource: Resource<'a>, findings: &'f mut Findings) -> Option<Self> {
        Some(Self {
            resource,
            type_name: resource.type_name()?,
            properties: resource.properties().unwrap_or(&NO_PROPERTIES),
            findings,
        })
    }

    /// What stands at the end of a way from the properties.
    pub(crate) fn find(&self, way: &[&str]) -> Found<'a> {
        find(self.properties, way)
    }

    /// Asks for the nearest of `candidates`, when one is near enough to be meant.
    pub(crate) fn suggestion<'c>(
        &mut self,
        name: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> String {
        self.findings.suggestion(name, candidates)
    }

    /// Adds a finding at the end of a way from the properties.
    pub(crate) fn add(&mut self, rule: &'static Rule, way: &[&str], message: impl Into<String>) {
        self.add_as(rule.severity, rule, way, message);
    }

    /// Adds a finding that is less or more grave than the rule's usual ones.
    pub(crate) fn add_as(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
        way: &[&str],
        message: impl Into<String>,
    ) {
        let mut path = Path::new(&["Resources", self.resource.logical_id()]);
        if !way.is_empty() {
            path.push("Properties");
        }
        let mut full = path.to_strings();
        full.extend(way.iter().map(|step| (*step).to_owned()));
        self.findings.add_owned(severity, rule, full, message);
    }
}
