//! Evaluates templates: what parameters, conditions and functions make of the text. Pure; what lies outside the
//! template is asked of [`Lookups`].

mod cidr;
mod conditions;
mod document;
mod dynamic;
mod functions;
mod graph;
mod parameters;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

pub(crate) use conditions::{check_rules, evaluate_conditions};
pub(crate) use document::Document;
pub(crate) use graph::{Reference, references};
pub(crate) use parameters::{Given, resolve_parameters, typed_parameters};

/// What AWS shows where a value is known only once the change is made.
pub(crate) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Why a value cannot be evaluated, in AWS's words where it has some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What a template reads from outside itself.
pub(crate) trait Lookups {
    /// What `Ref` of a resource gives.
    fn reference(&self, logical_id: &str) -> Result<Value, Failure>;
    /// What `Fn::GetAtt` of a resource gives.
    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, Failure>;
    /// The value of an export.
    fn import(&self, name: &str) -> Result<Value, Failure>;
    /// An output of another stack, in this region or the one named.
    fn stack_output(
        &self,
        stack: &str,
        output: &str,
        region: Option<&str>,
    ) -> Result<Value, Failure>;
    /// The value of an SSM parameter of type `String` or `StringList`; `name` may end in `:version`.
    fn stored_parameter(&self, name: &str) -> Result<String, Failure>;
}

/// The pseudo parameters of a stack.
#[derive(Clone, Debug)]
pub(crate) struct Pseudo {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) stack_id: String,
    pub(crate) stack_name: String,
    pub(crate) notification_arns: Vec<String>,
}

impl Pseudo {
    /// The partition a region belongs to.
    pub(crate) fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// The value of a pseudo parameter other than `AWS::NoValue`.
    fn get(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => self.account.as_str().into(),
            "AWS::Region" => self.region.as_str().into(),
            "AWS::StackId" => self.stack_id.as_str().into(),
            "AWS::StackName" => self.stack_name.as_str().into(),
            "AWS::Partition" => self.partition().into(),
            "AWS::URLSuffix" if self.partition() == "aws-cn" => "amazonaws.com.cn".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::NotificationARNs" => self.notification_arns.clone().into(),
            _ => return None,
        })
    }
}

/// Everything a value of a template is evaluated in.
pub(crate) struct Scope<'a> {
    pub(crate) document: &'a Document,
    /// Parameter values, lists as lists.
    pub(crate) parameters: IndexMap<String, Value>,
    pub(crate) conditions: BTreeMap<String, bool>,
    pub(crate) pseudo: Pseudo,
    pub(crate) lookups: &'a dyn Lookups,
}

impl Scope<'_> {
    /// Evaluates a value; `None` is `AWS::NoValue`, which removes whatever holds it.
    pub(crate) fn value(&self, node: &Value) -> Result<Option<Value>, Failure> {
        match node {
            Value::Object(members) => match function(members) {
                Some((name, argument)) => functions::call(self, name, argument),
                None => self
                    .members(members)
                    .map(|members| Some(Value::Object(members))),
            },
            Value::Array(items) => self.items(items).map(|items| Some(Value::Array(items))),
            Value::Null => Ok(None),
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(Some(node.clone())),
        }
    }

    /// Evaluates the properties of a resource, dynamic references included.
    pub(crate) fn properties(&self, resource: &Value) -> Result<Value, Failure> {
        let node = resource.get("Properties").unwrap_or(&Value::Null);
        let mut value = self
            .value(node)?
            .unwrap_or_else(|| Value::Object(Map::new()));
        dynamic::resolve(&mut value, self.lookups)?;
        Ok(value)
    }

    /// Evaluates a value that must be a string; numbers and booleans are one.
    pub(crate) fn string(&self, node: &Value, what: &str) -> Result<String, Failure> {
        self.value(node)?
            .as_ref()
            .and_then(text_of)
            .ok_or_else(|| Failure::new(format!("Template error: {what} must resolve to a string")))
    }

    /// Evaluates a value that must be a list.
    pub(crate) fn list(&self, node: &Value, what: &str) -> Result<Vec<Value>, Failure> {
        match self.value(node)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(Failure::new(format!(
                "Template error: {what} must resolve to a list"
            ))),
        }
    }

    /// Whether a resource or output with a condition is there at all.
    pub(crate) fn is_wanted(&self, node: &Value) -> bool {
        match node.get("Condition").and_then(Value::as_str) {
            Some(name) => self.conditions.get(name).copied().unwrap_or_default(),
            None => true,
        }
    }

    /// What `Ref` gives: a parameter, a pseudo parameter or a resource.
    fn reference(&self, name: &str) -> Result<Option<Value>, Failure> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        match self.pseudo.get(name) {
            Some(value) => Ok(Some(value)),
            None => self.lookups.reference(name).map(Some),
        }
    }

    fn members(&self, members: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
        let mut evaluated = Map::new();
        for (name, node) in members {
            if let Some(value) = self.value(node)? {
                evaluated.insert(name.clone(), value);
            }
        }
        Ok(evaluated)
    }

    fn items(&self, items: &[Value]) -> Result<Vec<Value>, Failure> {
        let mut evaluated = Vec::new();
        for node in items {
            evaluated.extend(self.value(node)?);
        }
        Ok(evaluated)
    }
}

/// The function an object stands for, and its argument.
pub(crate) fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next()?;
    let is_function = members.len() == 1 && (name == "Ref" || name.starts_with("Fn::"));
    is_function.then_some((name.as_str(), argument))
}

/// A scalar as the text CloudFormation makes of it.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a value holds something that is known only once the change is made.
pub(crate) fn is_unknown(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(KNOWN_AFTER_APPLY),
        Value::Array(items) => items.iter().any(is_unknown),
        Value::Object(members) => members.values().any(is_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests;
