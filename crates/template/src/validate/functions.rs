//! Functions: that they exist, stand where they may, have the arguments they take, and that what they refer to exists.

mod arguments;

use serde_json::Value;

use super::{
    context::{Context, is_list_type, is_loop},
    targets::Targets,
};
use crate::{
    finding::{Findings, Path, kind, shown},
    function::{Function, Functions},
    model::{Members, Section},
    rules,
};

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut check = Check {
        context,
        findings,
        path: Path::default(),
        scope: Scope::Value,
    };
    check.section(Section::Conditions, |check, _, condition| {
        check.scope = Scope::Condition;
        check.decision(condition, Functions::CONDITIONS);
    });
    check.section(Section::Rules, |check, _, rule| check.rule(rule));
    check.section(Section::Resources, |check, _, resource| {
        check.resource(resource);
    });
    check.section(Section::Outputs, |check, _, output| check.output(output));
}

/// What a place is about, which decides what may be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A resource or an output: parameters and resources.
    Value,
    /// A condition: parameters only.
    Condition,
    /// A rule: parameters only.
    Rule,
    /// The name of an export or import: parameters only.
    Export,
}

/// What an argument or value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Anything, functions anywhere within.
    Any,
    /// A string, or a number or boolean standing for one.
    Text,
    /// A whole number, perhaps as a string.
    Integer,
    /// A list of anything.
    List,
    /// A list of strings.
    Texts,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Text => "a string",
            Self::Integer => "a whole number",
            Self::List => "a list",
            Self::Texts => "a list of strings",
        }
    }

    fn is_list(self) -> bool {
        matches!(self, Self::List | Self::Texts)
    }
}

struct Check<'c, 'a> {
    context: &'c Context<'a>,
    findings: &'c mut Findings,
    path: Path<'a>,
    scope: Scope,
}

impl<'a> Check<'_, 'a> {
    fn section(&mut self, section: Section, mut visit: impl FnMut(&mut Self, &'a str, &'a Value)) {
        self.path.push(section.key());
        let template = self.context.template;
        for (name, declaration) in template.section(section).into_iter().flatten() {
            if is_loop(name) || name == Function::Transform.key() {
                self.loops(name);
                continue;
            }
            self.path.push(name);
            visit(self, name, declaration);
            self.path.pop();
        }
        self.path.pop();
        self.scope = Scope::Value;
    }

    fn within(&mut self, key: &'a str, visit: impl FnOnce(&mut Self)) {
        self.path.push(key);
        visit(self);
        self.path.pop();
    }

    fn wrong(&mut self, message: impl Into<String>) {
        self.findings
            .add(&rules::FUNCTION_ARGUMENT, &self.path, message);
    }

    fn targets(&mut self) -> Targets<'_, 'a> {
        Targets {
            context: self.context,
            findings: self.findings,
            path: &self.path,
            scope: self.scope,
        }
    }

    /// A loop needs its transform.
    fn loops(&mut self, key: &'a str) {
        if is_loop(key) && !self.context.trust.language_extensions {
            let message = format!(
                "`{}` needs the transform `AWS::LanguageExtensions`",
                shown(&Value::from(key))
            );
            self.findings
                .add_at(&rules::UNKNOWN_FUNCTION, &mut self.path, key, message);
        }
    }

    fn resource(&mut self, declaration: &'a Value) {
        let Some(members) = declaration.as_object() else {
            return;
        };
        for (key, value) in members {
            self.within(key, |check| match (key.as_str(), value) {
                ("Properties" | "Metadata" | "UpdatePolicy" | "CreationPolicy", _) => {
                    check.value(value, Functions::VALUES, Form::Any);
                }
                ("DeletionPolicy" | "UpdateReplacePolicy", Value::Object(_))
                    if check.context.trust.language_extensions
                        || Function::called(value).is_some() =>
                {
                    check.value(value, Functions::VALUES, Form::Text);
                }
                ("Condition", Value::String(name)) => check.targets().condition(name),
                ("DependsOn", Value::String(name)) => check.targets().depends_on(name),
                ("DependsOn", Value::Array(names)) => {
                    for (index, name) in names.iter().enumerate() {
                        if let Value::String(name) = name {
                            check.path.push_index(index);
                            check.targets().depends_on(name);
                            check.path.pop();
                        }
                    }
                }
                _ => {}
            });
        }
    }

    fn output(&mut self, declaration: &'a Value) {
        let Some(members) = declaration.as_object() else {
            return;
        };
        for (key, value) in members {
            self.within(key, |check| match (key.as_str(), value) {
                ("Value", _) => {
                    let allowed = Functions::VALUES.without(Function::GetStackOutput);
                    check.value(value, allowed, Form::Text);
                }
                ("Condition", Value::String(name)) => check.targets().condition(name),
                ("Export", Value::Object(export)) => {
                    if let Some(name) = export.get("Name") {
                        check.within("Name", |check| {
                            check.scope = Scope::Export;
                            check.value(name, Functions::EXPORT, Form::Text);
                            check.scope = Scope::Value;
                        });
                    }
                }
                _ => {}
            });
        }
    }

    fn rule(&mut self, declaration: &'a Value) {
        self.scope = Scope::Rule;
        if let Some(condition) = declaration.get("RuleCondition") {
            self.within("RuleCondition", |check| {
                check.decision(condition, Functions::ASSERTIONS);
            });
        }
        if let Some(Value::Array(assertions)) = declaration.get("Assertions") {
            self.within("Assertions", |check| {
                for (index, assertion) in assertions.iter().enumerate() {
                    let Some(assert) = assertion.get("Assert") else {
                        continue;
                    };
                    check.path.push_index(index);
                    check.within("Assert", |check| {
                        check.decision(assert, Functions::ASSERTIONS);
                    });
                    check.path.pop();
                }
            });
        }
    }

    /// A condition, or a part of one that is true or false.
    fn decision(&mut self, value: &'a Value, allowed: Functions) {
        if value.is_null() || value.is_boolean() {
            return;
        }
        let called = value
            .as_object()
            .filter(|members| members.len() == 1)
            .and_then(|members| members.iter().next());
        match called.map(|(key, argument)| (key, Function::named(key), argument)) {
            Some((key, Some(function), argument)) if allowed.contains(function) => {
                self.within(key, |check| check.arguments(function, argument));
            }
            Some((key, _, _)) if is_loop(key) => self.loops(key),
            _ => {
                let message = format!(
                    "a condition is one of `Condition`, `Fn::And`, `Fn::Equals`, `Fn::Not`, `Fn::Or`{}, not {}",
                    if allowed == Functions::ASSERTIONS {
                        " or a function of rules"
                    } else {
                        ""
                    },
                    called.map_or_else(
                        || kind(value).to_owned(),
                        |(key, _)| format!("`{}`", shown(&Value::from(key.as_str())))
                    ),
                );
                self.findings
                    .add(&rules::UNKNOWN_FUNCTION, &self.path, message);
            }
        }
    }

    /// A value that may be, or hold, functions.
    fn value(&mut self, value: &'a Value, allowed: Functions, form: Form) {
        match value {
            Value::Object(members) => self.mapping(members, value, allowed, form),
            Value::Array(elements) => {
                if !matches!(form, Form::Any | Form::List | Form::Texts) {
                    self.wrong(format!("{} is expected here, this is a list", form.name()));
                    return;
                }
                let (allowed, form) = match form {
                    Form::Texts => (Functions::JOINED, Form::Text),
                    Form::List => (Functions::SELECTED, Form::Any),
                    _ => (allowed, form),
                };
                for (index, element) in elements.iter().enumerate() {
                    self.path.push_index(index);
                    self.value(element, allowed, form);
                    self.path.pop();
                }
            }
            Value::Null => {}
            scalar => {
                let is_integer = || shown(scalar).trim().parse::<i64>().is_ok();
                if form.is_list() || form == Form::Integer && !is_integer() {
                    self.wrong(format!(
                        "{} is expected here, this is `{}`",
                        form.name(),
                        shown(scalar)
                    ));
                }
            }
        }
    }

    fn mapping(&mut self, members: &'a Members, value: &'a Value, allowed: Functions, form: Form) {
        if let Some((function, argument)) = Function::called(value) {
            let key = members.keys().next().map_or("", String::as_str);
            self.call(key, function, argument, allowed, form);
            return;
        }
        if form != Form::Any && !members.keys().any(|key| key.starts_with("Fn::")) {
            self.wrong(format!(
                "{} is expected here, this is a mapping",
                form.name()
            ));
            return;
        }
        for (key, member) in members {
            if is_loop(key) {
                self.loops(key);
                continue;
            }
            if key.starts_with("Fn::") && key != Function::Transform.key() {
                let message = if Function::named(key).is_some() {
                    format!(
                        "`{key}` stands beside other keys; a function is the only key of its mapping"
                    )
                } else {
                    let nearest = self.findings.suggestion(key, Function::keys());
                    format!(
                        "there is no function `{}`{nearest}",
                        shown(&Value::from(key.as_str()))
                    )
                };
                self.findings
                    .add_at(&rules::UNKNOWN_FUNCTION, &mut self.path, key, message);
                continue;
            }
            self.within(key, |check| check.value(member, allowed, form));
        }
    }

    /// A function where a value of `form` is wanted and those of `allowed` may stand.
    fn call(
        &mut self,
        key: &'a str,
        function: Function,
        argument: &'a Value,
        allowed: Functions,
        form: Form,
    ) {
        let extended = self.context.trust.language_extensions;
        let may_stand =
            allowed.contains(function) || extended && Functions::VALUES.contains(function);
        if !may_stand {
            let rule = if function == Function::GetStackOutput {
                &rules::STACK_OUTPUT_PLACE
            } else {
                &rules::UNKNOWN_FUNCTION
            };
            let hint = if function == Function::GetStackOutput {
                "; it can be a property, or stand within `Fn::Join`, `Fn::If`, `Fn::Select` or `Fn::Split`"
            } else {
                ""
            };
            let message = format!("`{key}` cannot stand here{hint}");
            self.findings.add_at(rule, &mut self.path, key, message);
            return;
        }
        let is_no_value = function == Function::Ref && argument == "AWS::NoValue";
        if form.is_list() && function.gives_text()
            || matches!(form, Form::Text | Form::Integer) && function.gives_list()
        {
            let gives = if function.gives_list() {
                "a list"
            } else {
                "a string"
            };
            self.wrong(format!(
                "{} is expected here, `{key}` gives {gives}",
                form.name()
            ));
            return;
        }
        self.within(key, |check| match (function, argument) {
            (Function::If, Value::Array(arguments)) => check.branches(arguments, allowed, form),
            (Function::Ref, Value::String(name)) if !is_no_value => {
                check.targets().reference(name);
                check.parameter_form(name, form);
            }
            _ => check.arguments(function, argument),
        });
    }

    /// A parameter that is a list where a string is wanted, or the other way round.
    fn parameter_form(&mut self, name: &str, form: Form) {
        let is_list = match self.context.parameter_type(name) {
            Some("") => return,
            Some(parameter_type) => is_list_type(parameter_type),
            None if name == "AWS::NotificationARNs" => true,
            None if self.context.resource(name).is_some() => false,
            None => return,
        };
        if form.is_list() && !is_list {
            self.wrong(format!(
                "{} is expected here, `{name}` is a string",
                form.name()
            ));
        } else if form == Form::Text && is_list {
            self.wrong(format!(
                "a string is expected here, `{name}` is a list; `Fn::Join` makes one of it"
            ));
        }
    }
}
