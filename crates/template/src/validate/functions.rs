//! Functions: that they exist, stand where they may, have the arguments they take, and that what they refer to exists.

use serde_json::Value;

use super::{
    context::{Context, is_list_type, is_loop},
    targets::Targets,
};
use crate::{
    finding::{Findings, Path, kind, shown, suggestion},
    function::{Function, Functions, is_no_value},
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
        check.resource(resource)
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
                    let nearest = suggestion(key, Function::keys());
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
        if !allowed.contains(function) && !(extended && Functions::VALUES.contains(function)) {
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

    /// `Fn::If`: its branches stand for the function itself.
    fn branches(&mut self, arguments: &'a [Value], allowed: Functions, form: Form) {
        let [condition, branches @ ..] = arguments else {
            self.wrong("`Fn::If` takes the name of a condition and two values");
            return;
        };
        if branches.len() != 2 {
            let count = arguments.len();
            self.wrong(format!(
                "`Fn::If` takes the name of a condition and two values, not {count} arguments"
            ));
            return;
        }
        self.path.push_index(0);
        match condition {
            Value::String(name) => self.targets().condition(name),
            _ if self.context.trust.language_extensions => {}
            _ => self.wrong("the first argument of `Fn::If` is the name of a condition"),
        }
        self.path.pop();
        for (index, branch) in branches.iter().enumerate() {
            self.path.push_index(index + 1);
            self.value(branch, allowed, form);
            self.path.pop();
        }
    }

    /// The argument of a function, the path being at its key.
    fn arguments(&mut self, function: Function, argument: &'a Value) {
        use Function as F;
        if matches!(function, F::Length | F::ToJsonString)
            && !self.context.trust.language_extensions
        {
            let message = format!(
                "`{}` needs the transform `AWS::LanguageExtensions`",
                function.key()
            );
            self.findings
                .add(&rules::UNKNOWN_FUNCTION, &self.path, message);
            return;
        }
        if let Some((F::Transform, inner)) = Function::called(argument)
            && function != F::Transform
        {
            // What it gives is not known; it stands for the argument as a whole.
            self.within(F::Transform.key(), |check| {
                check.arguments(F::Transform, inner)
            });
            return;
        }
        match function {
            F::Ref => self.name(argument, "Ref", "the name of a parameter or resource"),
            F::Condition => match argument {
                Value::String(name) => self.targets().condition(name),
                _ => self.wrong("`Condition` takes the name of a condition"),
            },
            F::If => match argument {
                Value::Array(arguments) => self.branches(arguments, Functions::VALUES, Form::Any),
                _ => self.wrong("`Fn::If` takes a list: the name of a condition and two values"),
            },
            F::And | F::Or | F::Not => self.decisions(function, argument),
            F::Equals => {
                let compared = self.compared();
                self.list(
                    function,
                    argument,
                    &[(compared, Form::Any), (compared, Form::Any)],
                    2,
                );
            }
            F::GetAtt => self.get_att(argument),
            F::Sub => self.sub(argument),
            F::FindInMap => self.find_in_map(argument),
            F::Join => {
                self.list(
                    function,
                    argument,
                    &[
                        (Functions::NONE, Form::Text),
                        (Functions::LISTS, Form::Texts),
                    ],
                    2,
                );
            }
            F::Select => self.select(argument),
            F::Split => {
                self.list(
                    function,
                    argument,
                    &[
                        (Functions::NONE, Form::Text),
                        (Functions::TAKEN_APART, Form::Text),
                    ],
                    2,
                );
            }
            F::Cidr => {
                let network = Functions::NETWORK;
                self.list(
                    function,
                    argument,
                    &[
                        (network, Form::Text),
                        (network, Form::Integer),
                        (network, Form::Integer),
                    ],
                    2,
                );
            }
            F::GetAzs => self.value(argument, Functions::REGION, Form::Text),
            F::Base64 => self.value(argument, Functions::ENCODED, Form::Text),
            F::ImportValue => {
                let outside = std::mem::replace(&mut self.scope, Scope::Export);
                self.value(argument, Functions::EXPORT, Form::Text);
                self.scope = outside;
            }
            F::GetStackOutput => {
                let members: &[(&str, bool)] = &[
                    ("StackName", true),
                    ("OutputName", true),
                    ("Region", false),
                    ("RoleArn", false),
                ];
                self.members(
                    function,
                    argument,
                    members,
                    Functions::STACK_OUTPUT,
                    Form::Text,
                );
            }
            F::Transform => match argument {
                Value::Array(transforms) => {
                    for (index, transform) in transforms.iter().enumerate() {
                        self.path.push_index(index);
                        self.transform(transform);
                        self.path.pop();
                    }
                }
                transform => self.transform(transform),
            },
            F::Length | F::ToJsonString => self.value(argument, Functions::EXTENSION, Form::Any),
            F::Contains | F::EachMemberIn | F::EachMemberEquals => {
                let asserted = Functions::ASSERTED;
                self.list(
                    function,
                    argument,
                    &[(asserted, Form::Any), (asserted, Form::Any)],
                    2,
                );
            }
            F::ValueOf => {
                self.list(
                    function,
                    argument,
                    &[(Functions::NONE, Form::Text), (Functions::NONE, Form::Text)],
                    2,
                );
                let name = argument.get(0).and_then(Value::as_str);
                if let Some(name) = name {
                    self.targets().reference(name);
                }
            }
            F::ValueOfAll => {
                self.list(
                    function,
                    argument,
                    &[(Functions::NONE, Form::Text), (Functions::NONE, Form::Text)],
                    2,
                );
            }
            F::RefAll => self.value(argument, Functions::NONE, Form::Text),
        }
    }

    /// A name as it stands, or with language extensions a function that gives one.
    fn name(&mut self, argument: &'a Value, function: &str, takes: &str) {
        match argument {
            Value::String(name) => self.targets().reference(name),
            Value::Object(_) if self.context.trust.language_extensions => {
                self.value(argument, Functions::VALUES, Form::Text);
            }
            Value::Null => {}
            other => self.wrong(format!(
                "`{function}` takes {takes}, this is {}",
                kind(other)
            )),
        }
    }

    fn transform(&mut self, transform: &'a Value) {
        let members: &[(&str, bool)] = &[("Name", true), ("Parameters", false)];
        self.members(
            Function::Transform,
            transform,
            members,
            Functions::VALUES,
            Form::Any,
        );
    }

    /// A list of arguments, of which the last may be left out down to `least`.
    fn list(
        &mut self,
        function: Function,
        argument: &'a Value,
        takes: &[(Functions, Form)],
        least: usize,
    ) -> bool {
        let key = function.key();
        let count = if least == takes.len() {
            least.to_string()
        } else {
            format!("{least} to {}", takes.len())
        };
        let Value::Array(arguments) = argument else {
            if !argument.is_null() {
                self.wrong(format!(
                    "`{key}` takes a list of {count} arguments, this is {}",
                    kind(argument)
                ));
            }
            return false;
        };
        if arguments.len() < least || arguments.len() > takes.len() {
            self.wrong(format!(
                "`{key}` takes {count} arguments, not {}",
                arguments.len()
            ));
            return false;
        }
        for (index, (argument, (allowed, form))) in arguments.iter().zip(takes).enumerate() {
            self.path.push_index(index);
            self.value(argument, *allowed, *form);
            self.path.pop();
        }
        true
    }

    /// An argument with named members.
    fn members(
        &mut self,
        function: Function,
        argument: &'a Value,
        takes: &[(&str, bool)],
        allowed: Functions,
        form: Form,
    ) {
        let key = function.key();
        let Value::Object(members) = argument else {
            self.wrong(format!("`{key}` takes a mapping with `{}`", takes[0].0));
            return;
        };
        for (name, _) in takes
            .iter()
            .filter(|(name, required)| *required && !members.contains_key(*name))
        {
            self.wrong(format!("`{key}` needs `{name}`"));
        }
        for (name, value) in members {
            self.within(name, |check| {
                if takes.iter().any(|(known, _)| known == name) {
                    check.value(value, allowed, form);
                } else {
                    let nearest = suggestion(name, takes.iter().map(|(known, _)| *known));
                    check.wrong(format!(
                        "`{key}` has no `{}`{nearest}",
                        shown(&Value::from(name.as_str()))
                    ));
                }
            });
        }
    }

    fn compared(&self) -> Functions {
        if self.scope == Scope::Rule {
            Functions::ASSERTED
        } else {
            Functions::COMPARED
        }
    }

    fn decisions(&mut self, function: Function, argument: &'a Value) {
        let (least, most) = if function == Function::Not {
            (1, 1)
        } else {
            (2, 10)
        };
        let key = function.key();
        let Value::Array(arguments) = argument else {
            self.wrong(format!(
                "`{key}` takes a list of conditions, this is {}",
                kind(argument)
            ));
            return;
        };
        let is_generated = arguments.iter().any(|argument| {
            argument
                .as_object()
                .is_some_and(crate::function::has_generated_members)
        });
        if (arguments.len() < least || arguments.len() > most) && !is_generated {
            let takes = if most == 1 {
                "one condition".to_owned()
            } else {
                format!("{least} to {most} conditions")
            };
            self.wrong(format!("`{key}` takes {takes}, not {}", arguments.len()));
        }
        let allowed = if self.scope == Scope::Rule {
            Functions::ASSERTIONS
        } else {
            Functions::CONDITIONS
        };
        for (index, argument) in arguments.iter().enumerate() {
            self.path.push_index(index);
            self.decision(argument, allowed);
            self.path.pop();
        }
    }

    fn get_att(&mut self, argument: &'a Value) {
        match argument {
            Value::Array(arguments) if arguments.len() == 2 => {
                for (index, argument) in arguments.iter().enumerate() {
                    self.path.push_index(index);
                    match argument {
                        Value::String(_) | Value::Null => {}
                        Value::Object(_) if index == 1 || self.context.trust.language_extensions => {
                            self.value(argument, Functions::LOOKED_UP, Form::Text);
                        }
                        _ => self.wrong("`Fn::GetAtt` takes names as they stand; only the attribute may be a `Ref`"),
                    }
                    self.path.pop();
                }
                if let Some(resource) = arguments[0].as_str() {
                    let attribute = arguments[1].as_str();
                    self.targets().attribute(resource, attribute);
                }
            }
            _ => self.wrong("`Fn::GetAtt` takes the name of a resource and one of its attributes"),
        }
    }

    fn sub(&mut self, argument: &'a Value) {
        let (text, own) = match argument {
            Value::String(text) => (text, None),
            Value::Array(arguments) => match arguments.as_slice() {
                [Value::String(text), Value::Object(own)] => (text, Some(own)),
                _ => {
                    self.wrong("`Fn::Sub` takes a string, or a list of a string and a mapping of variables");
                    return;
                }
            },
            _ => {
                let message = format!(
                    "`Fn::Sub` takes a string, or a list of a string and a mapping of variables, this is {}",
                    kind(argument)
                );
                self.wrong(message);
                return;
            }
        };
        self.targets().substitution(text, own);
        let Some(own) = own else { return };
        self.path.push_index(1);
        for (name, value) in own {
            self.within(name, |check| {
                check.value(value, Functions::SUBSTITUTED, Form::Text)
            });
        }
        self.path.pop();
    }

    fn find_in_map(&mut self, argument: &'a Value) {
        let Value::Array(arguments) = argument else {
            self.wrong(format!(
                "`Fn::FindInMap` takes a list of a mapping's name and two keys, this is {}",
                kind(argument)
            ));
            return;
        };
        let extended = self.context.trust.language_extensions;
        let is_good = arguments.len() == 3 || arguments.len() == 4 && extended;
        if !is_good {
            let hint = if arguments.len() == 4 {
                "; a default needs the transform `AWS::LanguageExtensions`"
            } else {
                ""
            };
            self.wrong(format!(
                "`Fn::FindInMap` takes a mapping's name and two keys, not {} arguments{hint}",
                arguments.len()
            ));
            return;
        }
        for (index, argument) in arguments.iter().enumerate() {
            self.path.push_index(index);
            if index < 3 {
                self.value(argument, Functions::LOOKED_UP, Form::Text);
            } else {
                self.value(argument, Functions::VALUES, Form::Any);
            }
            self.path.pop();
        }
        let names: Vec<Option<&str>> = arguments.iter().take(3).map(Value::as_str).collect();
        if let ([Some(map), top, second], false) = (names.as_slice(), arguments.len() == 4) {
            self.targets().mapping(map, *top, *second);
        }
    }

    fn select(&mut self, argument: &'a Value) {
        if !self.list(
            Function::Select,
            argument,
            &[
                (Functions::INDEX, Form::Integer),
                (Functions::LISTS, Form::List),
            ],
            2,
        ) {
            return;
        }
        let Some([index, Value::Array(choices)]) = argument.as_array().map(Vec::as_slice) else {
            return;
        };
        let Ok(index) = shown(index).parse::<i64>() else {
            return;
        };
        let may_shrink = choices.iter().any(|choice| {
            matches!(
                Function::called(choice),
                Some((Function::If | Function::Transform, _))
            ) || is_no_value(choice)
        });
        let is_inside = usize::try_from(index).is_ok_and(|index| index < choices.len());
        if !is_inside && !may_shrink {
            self.path.push_index(0);
            self.wrong(format!(
                "index {index} is outside of the {} elements of the list",
                choices.len()
            ));
            self.path.pop();
        }
    }
}
