//! The arguments of each function.

use serde_json::Value;

use super::{Check, Form, Scope};
use crate::{
    finding::{kind, shown},
    function::{Function, Functions, is_no_value},
    rules,
};

impl<'a> Check<'_, 'a> {
    /// `Fn::If`: its branches stand for the function itself.
    pub(super) fn branches(&mut self, arguments: &'a [Value], allowed: Functions, form: Form) {
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
    pub(super) fn arguments(&mut self, function: Function, argument: &'a Value) {
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
                check.arguments(F::Transform, inner);
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
                    let nearest = check
                        .findings
                        .suggestion(name, takes.iter().map(|(known, _)| *known));
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
                check.value(value, Functions::SUBSTITUTED, Form::Text);
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
