//! Properties of resources against the facts about their type.

mod alternatives;
mod exemptions;
mod members;
mod values;

use schema::{Kind, Kinds, ResourceType, Shape};
use serde_json::Value;

use super::{
    context::{Context, is_list_type},
    scalars,
};
use crate::{
    finding::{Findings, Path, kind},
    function::{Function, has_generated_members, is_no_value},
    model::{Resource, Section},
    rules,
};

/// References to references end here.
const DEEPEST_REFERENCE: usize = 16;

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    for resource in context.template.resources() {
        let Some(facts) = resource.type_name().and_then(schema::resource_type) else {
            continue;
        };
        // A resource that is never made is never checked by AWS either: a usual stand-in in templates of parts.
        if resource
            .condition()
            .is_some_and(|name| context.is_never(name))
        {
            continue;
        }
        let mut check = Check {
            context,
            facts,
            findings: std::mem::take(findings),
            path: Path::new(&[Section::Resources.key(), resource.logical_id()]),
            references: 0,
            is_undecided: false,
        };
        check.resource(resource);
        *findings = check.findings;
    }
}

/// The check of one resource.
struct Check<'c, 'a> {
    context: &'c Context<'a>,
    facts: &'static ResourceType,
    findings: Findings,
    path: Path<'a>,
    /// How many references between shapes were followed without coming to another value.
    references: usize,
    /// Whether something was met that is only known at deployment.
    is_undecided: bool,
}

impl<'a> Check<'_, 'a> {
    fn resource(&mut self, resource: Resource<'a>) {
        match resource.properties() {
            Some(properties) => {
                self.within("Properties", |check| check.all_properties(properties));
            }
            None if has_generated_members(resource.declaration()) => {}
            None => {
                for name in &self.facts.shape.required {
                    let message = format!("required property `{name}` is missing");
                    self.findings
                        .add(&rules::MISSING_PROPERTY, &self.path, message);
                }
            }
        }
    }

    /// The properties, or a function that chooses between several of them.
    fn all_properties(&mut self, properties: &'a Value) {
        match (Function::called(properties), properties) {
            (Some((Function::If, Value::Array(arguments))), _) => self.within("Fn::If", |check| {
                for (index, branch) in arguments.iter().enumerate().skip(1) {
                    check.within_index(index, |check| check.all_properties(branch));
                }
            }),
            (Some(_), _) => {}
            (None, Value::Object(members)) => {
                let shape = &self.facts.shape;
                self.object(members, shape);
                self.branches_of_members(members, shape);
                self.read_only(members);
            }
            _ => {}
        }
    }

    /// Runs `visit` one member deeper.
    fn within<R>(&mut self, key: &'a str, visit: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(key);
        let references = std::mem::take(&mut self.references);
        let result = visit(self);
        self.references = references;
        self.path.pop();
        result
    }

    /// Runs `visit` one element deeper.
    fn within_index<R>(&mut self, index: usize, visit: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push_index(index);
        let references = std::mem::take(&mut self.references);
        let result = visit(self);
        self.references = references;
        self.path.pop();
        result
    }

    /// A value where `shape` describes what may stand.
    fn value(&mut self, value: &'a Value, shape: &'static Shape) {
        if let Some((function, argument)) = Function::called(value) {
            self.function(function, argument, shape);
        } else if !value.is_null() {
            self.keywords(value, shape);
        }
    }

    /// A function: its branches when it chooses between values, else only what kind of value it gives.
    fn function(&mut self, function: Function, argument: &'a Value, shape: &'static Shape) {
        if let (Function::If, Value::Array(arguments)) = (function, argument) {
            self.within("Fn::If", |check| {
                for (index, branch) in arguments.iter().enumerate().skip(1) {
                    if !is_no_value(branch) {
                        check.within_index(index, |check| check.value(branch, shape));
                    }
                }
            });
            self.is_undecided = true;
            return;
        }
        self.is_undecided = true;
        let kinds = self.kinds(shape);
        if kinds.is_empty() {
            return;
        }
        let gives_list =
            function.gives_list() || self.refers_to(function, argument) == Some(Kind::Array);
        let gives_text =
            function.gives_text() || self.refers_to(function, argument) == Some(Kind::String);
        let wrong = if gives_list && !kinds.contains(Kind::Array) {
            "gives a list"
        } else if gives_text && kinds.is_only(Kind::Array) {
            "gives a string"
        } else {
            return;
        };
        let message = format!(
            "`{}` {wrong}, but {} is expected here",
            function.key(),
            scalars::described(kinds)
        );
        self.findings.add(&rules::WRONG_TYPE, &self.path, message);
    }

    /// What `Ref` gives: a list for parameters that are lists, else a string; nothing when it is not known.
    fn refers_to(&self, function: Function, argument: &Value) -> Option<Kind> {
        let (Function::Ref, Value::String(name)) = (function, argument) else {
            return None;
        };
        match self.context.parameter_type(name) {
            Some("") => None,
            Some(parameter_type) if is_list_type(parameter_type) => Some(Kind::Array),
            Some(_) => Some(Kind::String),
            None if name == "AWS::NotificationARNs" => Some(Kind::Array),
            None if name == "AWS::NoValue" => None,
            None => self.context.resource(name).map(|_| Kind::String),
        }
    }

    /// All that a shape says of a value that is no function.
    fn keywords(&mut self, value: &'a Value, shape: &'static Shape) {
        if let Some(target) = self.facts.referenced(shape)
            && self.references < DEEPEST_REFERENCE
        {
            self.references += 1;
            self.keywords(value, target);
            self.references -= 1;
        }
        if !self.is_of_kind(value, shape) {
            return;
        }
        match value {
            Value::Object(members) => {
                self.object(members, shape);
                self.branches(value, shape);
            }
            Value::Array(elements) => {
                self.list(elements, shape);
                self.branches(value, shape);
            }
            _ => {
                if self.scalar(value, shape) {
                    self.branches(value, shape);
                }
            }
        }
    }

    /// The kinds a shape allows, wherever they are said.
    fn kinds(&self, shape: &'static Shape) -> Kinds {
        let mut shape = shape;
        for _ in 0..DEEPEST_REFERENCE {
            if !shape.kinds.is_empty() {
                break;
            }
            match self.facts.referenced(shape) {
                Some(target) => shape = target,
                None => break,
            }
        }
        shape.kinds
    }

    fn is_of_kind(&mut self, value: &Value, shape: &'static Shape) -> bool {
        let kinds = shape.kinds;
        if scalars::is_one_of(value, kinds) || exemptions::accepts_kind(value, shape) {
            return true;
        }
        if let Value::String(text) = value {
            if text.contains(super::survey::DYNAMIC_REFERENCE) {
                self.is_undecided = true;
                return false;
            }
            if exemptions::is_packaged(self.facts, &self.path) {
                let message = "a local path; `aws cloudformation package` or a deployment tool must replace it first";
                self.findings.add(&rules::LOCAL_PATH, &self.path, message);
                return false;
            }
        }
        let found = match value {
            Value::Object(_) | Value::Array(_) => kind(value).to_owned(),
            scalar => format!("`{}`", crate::finding::shown(scalar)),
        };
        let message = format!(
            "{} is expected here, this is {found}",
            scalars::described(kinds)
        );
        self.findings.add(&rules::WRONG_TYPE, &self.path, message);
        false
    }

    /// Runs a check whose findings do not count yet, and tells whether it could decide everything.
    fn trial(&mut self, check: impl FnOnce(&mut Self)) -> Trial {
        let before = self.findings.len();
        let undecided = std::mem::take(&mut self.is_undecided);
        check(self);
        let findings = self.findings.split_off(before);
        let is_undecided = std::mem::replace(&mut self.is_undecided, undecided);
        self.is_undecided |= is_undecided;
        Trial {
            findings,
            is_undecided,
        }
    }
}

/// The outcome of a trial.
struct Trial {
    findings: Findings,
    is_undecided: bool,
}

impl Trial {
    fn is_good(&self) -> bool {
        !self.findings.has_error()
    }
}
