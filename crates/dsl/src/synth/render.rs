//! Writes templates.

use super::{
    exports::{Exports, SEPARATOR},
    json::Writer,
    limits,
    prepare::{Prepared, PreparedStack},
};
use crate::{
    Condition, Expression, Function, Link, Object, Strength, Test,
    condition::RuleModel,
    model::{Model, OutputModel, StackModel},
    parameter::ParameterModel,
};

/// The text of a stack's template: indented, unless only the compact form is within the limit.
pub(super) fn template(
    model: &Model,
    index: usize,
    prepared: &PreparedStack<'_>,
    exports: &Exports<'_>,
) -> String {
    let write = |pretty| {
        let mut renderer = Renderer {
            index,
            exports,
            writer: Writer::new(pretty),
        };
        renderer.template(&model.stacks[index], prepared);
        renderer.writer.finish()
    };
    let text = write(true);
    if text.len() <= limits::BODY {
        text
    } else {
        write(false)
    }
}

struct Renderer<'a> {
    index: usize,
    exports: &'a Exports<'a>,
    writer: Writer,
}

impl Renderer<'_> {
    /// Writes the sections in the order of CloudFormation's own documentation.
    fn template(&mut self, stack: &StackModel, prepared: &PreparedStack<'_>) {
        self.object(|this| {
            this.entry("AWSTemplateFormatVersion", "2010-09-09");
            if let Some(description) = &stack.description {
                this.entry("Description", description);
            }
            if !stack.metadata.is_empty() {
                this.key("Metadata", |this| this.properties(&stack.metadata));
            }
            this.section(
                "Parameters",
                &stack.parameters,
                |this, (node, parameter)| {
                    this.key(&node.logical_id, |this| this.parameter(parameter));
                },
            );
            this.section("Rules", &stack.rules, |this, rule| {
                this.key(&rule.name, |this| this.rule(&rule.model));
            });
            this.section("Mappings", &stack.mappings, |this, (node, table)| {
                this.key(&node.logical_id, |this| this.properties(table));
            });
            this.section("Conditions", &stack.conditions, |this, (node, test)| {
                this.key(&node.logical_id, |this| this.test(test));
            });
            match &stack.transforms[..] {
                [] => {}
                [transform] => this.entry("Transform", transform),
                transforms => this.key("Transform", |this| this.texts(transforms)),
            }
            this.section("Resources", &prepared.resources, |this, resource| {
                let id = &resource.model.node.logical_id;
                this.key(id, |this| this.resource(resource));
            });
            this.outputs(stack);
        });
    }

    fn parameter(&mut self, parameter: &ParameterModel) {
        self.object(|this| {
            this.entry("Type", &parameter.type_name);
            for (key, text) in [
                ("Description", &parameter.description),
                ("Default", &parameter.default),
            ] {
                if let Some(text) = text {
                    this.entry(key, text);
                }
            }
            if !parameter.allowed_values.is_empty() {
                this.key("AllowedValues", |this| {
                    this.texts(&parameter.allowed_values);
                });
            }
            for (key, text) in [
                ("AllowedPattern", &parameter.allowed_pattern),
                ("ConstraintDescription", &parameter.constraint_description),
            ] {
                if let Some(text) = text {
                    this.entry(key, text);
                }
            }
            for (key, length) in [
                ("MinLength", parameter.minimum_length),
                ("MaxLength", parameter.maximum_length),
            ] {
                if let Some(length) = length {
                    this.key(key, |this| this.writer.display(length));
                }
            }
            for (key, limit) in [
                ("MinValue", parameter.minimum),
                ("MaxValue", parameter.maximum),
            ] {
                if let Some(limit) = limit {
                    this.key(key, |this| this.writer.display(limit));
                }
            }
            if parameter.hidden {
                this.key("NoEcho", |this| this.writer.display(true));
            }
        });
    }

    fn rule(&mut self, rule: &RuleModel) {
        self.object(|this| {
            if let Some(test) = &rule.when {
                this.key("RuleCondition", |this| this.test(test));
            }
            this.key("Assertions", |this| {
                this.list(&rule.assertions, |this, (test, description)| {
                    this.object(|this| {
                        this.key("Assert", |this| this.test(test));
                        this.entry("AssertDescription", description);
                    });
                });
            });
        });
    }

    fn resource(&mut self, resource: &Prepared<'_>) {
        let options = &*resource.options;
        self.object(|this| {
            this.entry("Type", &resource.model.type_name);
            if let Some(condition) = &options.condition {
                this.entry("Condition", condition.0.logical_id());
            }
            let depends_on = options.depends_on.iter();
            let depends_on: Vec<&str> = depends_on
                .filter(|other| other.node().stack == this.index)
                .map(crate::Reference::logical_id)
                .collect();
            if !depends_on.is_empty() {
                this.key("DependsOn", |this| this.texts(&depends_on));
            }
            for (key, policy) in [
                (
                    "DeletionPolicy",
                    options.deletion_policy.map(crate::DeletionPolicy::name),
                ),
                (
                    "UpdateReplacePolicy",
                    options
                        .update_replace_policy
                        .map(crate::UpdateReplacePolicy::name),
                ),
            ] {
                if let Some(policy) = policy {
                    this.entry(key, policy);
                }
            }
            for (key, policy) in [
                ("CreationPolicy", &options.creation_policy),
                ("UpdatePolicy", &options.update_policy),
            ] {
                if let Some(policy) = policy {
                    this.key(key, |this| this.expression(policy));
                }
            }
            if !options.metadata.is_empty() {
                this.key("Metadata", |this| this.properties(&options.metadata));
            }
            for (key, value) in options.attributes.iter() {
                this.key(key, |this| this.expression(value));
            }
            if !resource.properties.is_empty() {
                this.key("Properties", |this| this.properties(&resource.properties));
            }
        });
    }

    fn outputs(&mut self, stack: &StackModel) {
        let exports = self.exports;
        let derived = exports.derived(self.index);
        if stack.outputs.is_empty() && derived.is_empty() {
            return;
        }
        self.key("Outputs", |this| {
            this.object(|this| {
                for output in &stack.outputs {
                    this.key(&output.name, |this| this.output(output));
                }
                for output in derived {
                    this.key(&output.name, |this| {
                        this.object(|this| {
                            this.key("Value", |this| this.outgoing(output.link));
                            if let Some(condition) =
                                &output.link.reference.node().options.borrow().condition
                            {
                                this.entry("Condition", condition.0.logical_id());
                            }
                            if output.exported {
                                this.export(&output.name);
                            }
                        });
                    });
                }
            });
        });
    }

    fn output(&mut self, output: &OutputModel) {
        self.object(|this| {
            if let Some(description) = &output.description {
                this.entry("Description", description);
            }
            this.key("Value", |this| this.embedded(&output.value));
            if let Some(condition) = &output.condition {
                this.entry("Condition", condition.logical_id());
            }
            if let Some(name) = &output.export_name {
                this.key("Export", |this| {
                    this.object(|this| {
                        this.key("Name", |this| this.expression(name));
                    });
                });
            } else if this.exports.is_exported(this.index, output) {
                this.export(&output.name);
            }
        });
    }

    fn export(&mut self, output: &str) {
        let name = self.exports.export_name(self.index, output);
        self.key("Export", |this| {
            this.object(|this| this.entry("Name", &name));
        });
    }

    fn properties(&mut self, object: &Object) {
        self.object(|this| {
            for (key, value) in object.iter() {
                this.key(key, |this| this.expression(value));
            }
        });
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Text(text) => self.writer.string(text),
            Expression::Integer(number) => self.writer.display(number),
            Expression::Number(number) => self.writer.display(number),
            Expression::Boolean(value) => self.writer.display(value),
            Expression::List(elements) => self.list(elements, Self::expression),
            Expression::Object(object) => self.properties(object),
            Expression::Json(json) => self.writer.json(json),
            Expression::Link(link) => self.link(link),
            Expression::Pseudo(name) => self.object(|this| this.entry("Ref", name)),
            Expression::Function(function) => self.function(function),
        }
    }

    /// Writes an expression where `Fn::GetStackOutput` cannot stand itself, but in an `Fn::Join` it can.
    fn embedded(&mut self, expression: &Expression) {
        match expression {
            Expression::Link(link) if self.is_looked_up(link) => {
                self.joined(|this| this.link(link));
            }
            Expression::Function(function) => match &**function {
                Function::StackOutput { .. } => self.joined(|this| this.function(function)),
                Function::If {
                    condition,
                    then,
                    otherwise,
                } => self.choice(condition, [then, otherwise], Self::embedded),
                _ => self.function(function),
            },
            _ => self.expression(expression),
        }
    }

    /// Whether a link is written as `Fn::GetStackOutput`.
    fn is_looked_up(&self, link: &Link) -> bool {
        self.is_foreign(link) && link.reference.strength() == Strength::Weak
    }

    fn is_foreign(&self, link: &Link) -> bool {
        link.reference.node().stack != self.index
    }

    fn joined(&mut self, content: impl FnOnce(&mut Self)) {
        self.call_with("Fn::Join", |this| {
            this.element(|this| this.writer.string(""));
            this.element(|this| this.array(|this| this.element(content)));
        });
    }

    fn link(&mut self, link: &Link) {
        if !self.is_foreign(link) {
            self.local(link);
        } else if link.list {
            self.call_with("Fn::Split", |this| {
                this.element(|this| this.writer.string(SEPARATOR));
                this.element(|this| match link.reference.strength() {
                    Strength::Weak => this.joined(|this| this.incoming(link)),
                    Strength::Strong => this.incoming(link),
                });
            });
        } else {
            self.incoming(link);
        }
    }

    fn local(&mut self, link: &Link) {
        let id = link.reference.logical_id();
        self.object(|this| match &link.attribute {
            None => this.entry("Ref", id),
            Some(attribute) => this.key("Fn::GetAtt", |this| this.texts(&[id, attribute])),
        });
    }

    /// Writes a value of this stack as an output for others.
    fn outgoing(&mut self, link: &Link) {
        if link.list {
            self.call_with("Fn::Join", |this| {
                this.element(|this| this.writer.string(SEPARATOR));
                this.element(|this| this.local(link));
            });
        } else {
            self.local(link);
        }
    }

    /// Writes a value of another stack, as it comes out of its output.
    fn incoming(&mut self, link: &Link) {
        let exports = self.exports;
        let (stack, output) = exports.place(link);
        match link.reference.strength() {
            Strength::Weak => self.call("Fn::GetStackOutput", |this| {
                this.object(|this| {
                    this.entry("StackName", stack);
                    this.entry("OutputName", output);
                });
            }),
            Strength::Strong => {
                let name = exports.export_name(link.reference.node().stack, output);
                self.call("Fn::ImportValue", |this| this.writer.string(&name));
            }
        }
    }

    fn function(&mut self, function: &Function) {
        let name = function.name();
        match function {
            Function::Join { delimiter, list } => self.call_with(name, |this| {
                this.element(|this| this.writer.string(delimiter));
                this.element(|this| this.expression(list));
            }),
            Function::Concatenation(parts) => self.concatenation(parts),
            Function::Split { delimiter, text } => self.call_with(name, |this| {
                this.element(|this| this.writer.string(delimiter));
                this.element(|this| this.embedded(text));
            }),
            Function::Select { index, list } => self.call_each(name, &[index, list]),
            Function::If {
                condition,
                then,
                otherwise,
            } => self.choice(condition, [then, otherwise], Self::expression),
            Function::FindInMap {
                mapping,
                top,
                second,
                default,
            } => self.call_with(name, |this| {
                this.element(|this| this.writer.string(mapping.0.logical_id()));
                this.element(|this| this.expression(top));
                this.element(|this| this.expression(second));
                if let Some(default) = default {
                    this.element(|this| this.call("DefaultValue", |this| this.expression(default)));
                }
            }),
            Function::StackOutput {
                stack,
                output,
                region,
                role,
            } => self.call(name, |this| {
                this.object(|this| {
                    this.key("StackName", |this| this.expression(stack));
                    this.key("OutputName", |this| this.expression(output));
                    for (key, argument) in [("Region", region), ("RoleArn", role)] {
                        if let Some(argument) = argument {
                            this.key(key, |this| this.expression(argument));
                        }
                    }
                });
            }),
            Function::ImportValue(argument)
            | Function::Base64(argument)
            | Function::AvailabilityZones(argument)
            | Function::ToJsonString(argument)
            | Function::Length(argument) => self.call(name, |this| this.expression(argument)),
            Function::Cidr { block, count, bits } => self.call_each(name, &[block, count, bits]),
            Function::Transform {
                name: transform,
                parameters,
            } => self.call(name, |this| {
                this.object(|this| {
                    this.entry("Name", transform);
                    if !parameters.is_empty() {
                        this.key("Parameters", |this| this.properties(parameters));
                    }
                });
            }),
            Function::RefAll(type_name) => self.call(name, |this| this.writer.string(type_name)),
            Function::ValueOf {
                parameter: of,
                attribute,
            }
            | Function::ValueOfAll {
                type_name: of,
                attribute,
            } => self.call(name, |this| this.texts(&[of, attribute])),
        }
    }

    /// Writes `Fn::Sub` when every part can stand in one, else `Fn::Join`.
    fn concatenation(&mut self, parts: &[Expression]) {
        let mut text = String::new();
        for part in parts {
            match part {
                Expression::Text(part) => text.push_str(&part.replace("${", "${!")),
                Expression::Pseudo(name) => text.extend(["${", name, "}"]),
                Expression::Link(link) if !self.is_foreign(link) => {
                    text.extend(["${", link.reference.logical_id()]);
                    if let Some(attribute) = &link.attribute {
                        text.extend([".", attribute]);
                    }
                    text.push('}');
                }
                _ => {
                    return self.call_with("Fn::Join", |this| {
                        this.element(|this| this.writer.string(""));
                        this.element(|this| this.list(parts, Self::expression));
                    });
                }
            }
        }
        self.call("Fn::Sub", |this| this.writer.string(&text));
    }

    fn choice(
        &mut self,
        condition: &Condition,
        branches: [&Expression; 2],
        write: impl Fn(&mut Self, &Expression),
    ) {
        self.call_with("Fn::If", |this| {
            this.element(|this| this.writer.string(condition.0.logical_id()));
            for branch in branches {
                this.element(|this| write(this, branch));
            }
        });
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::Equals(one, other) => self.call_each("Fn::Equals", &[one, other]),
            Test::And(tests) => self.call("Fn::And", |this| this.list(tests, Self::test)),
            Test::Or(tests) => self.call("Fn::Or", |this| this.list(tests, Self::test)),
            Test::Not(test) => {
                self.call_with("Fn::Not", |this| this.element(|this| this.test(test)));
            }
            Test::Condition(condition) => {
                self.object(|this| this.entry("Condition", condition.0.logical_id()));
            }
            Test::Contains(list, value) => self.call_each("Fn::Contains", &[list, value]),
            Test::EachMemberEquals(list, value) => {
                self.call_each("Fn::EachMemberEquals", &[list, value]);
            }
            Test::EachMemberIn(list, among) => self.call_each("Fn::EachMemberIn", &[list, among]),
        }
    }

    /// Writes an object with one key, which is how functions are written.
    fn call(&mut self, name: &str, argument: impl FnOnce(&mut Self)) {
        self.object(|this| this.key(name, argument));
    }

    /// Writes a function whose arguments are a list.
    fn call_with(&mut self, name: &str, arguments: impl FnOnce(&mut Self)) {
        self.call(name, |this| this.array(arguments));
    }

    fn call_each(&mut self, name: &str, arguments: &[&Expression]) {
        self.call(name, |this| {
            this.list(arguments, |this, argument| this.expression(argument));
        });
    }

    fn section<T>(&mut self, name: &str, entries: &[T], mut entry: impl FnMut(&mut Self, &T)) {
        if !entries.is_empty() {
            self.key(name, |this| {
                this.object(|this| entries.iter().for_each(|each| entry(this, each)));
            });
        }
    }

    fn texts(&mut self, texts: &[impl AsRef<str>]) {
        self.list(texts, |this, text| this.writer.string(text.as_ref()));
    }

    fn list<T>(&mut self, elements: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.array(|this| {
            for element in elements {
                this.element(|this| write(this, element));
            }
        });
    }

    fn entry(&mut self, key: &str, text: &str) {
        self.key(key, |this| this.writer.string(text));
    }

    fn key(&mut self, key: &str, value: impl FnOnce(&mut Self)) {
        self.writer.key(key);
        value(self);
    }

    fn element(&mut self, value: impl FnOnce(&mut Self)) {
        self.writer.element();
        value(self);
    }

    fn object(&mut self, entries: impl FnOnce(&mut Self)) {
        self.writer.open('{');
        entries(self);
        self.writer.close('}');
    }

    fn array(&mut self, elements: impl FnOnce(&mut Self)) {
        self.writer.open('[');
        elements(self);
        self.writer.close(']');
    }
}
