//! Writes templates.

mod expression;
mod resource;

use super::{exports::Exports, json::Writer, limits, prepare::PreparedStack};
use crate::{
    Expression, Object, Test,
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
            for (name, section) in stack.sections.iter() {
                this.key(name, |this| this.expression(section));
            }
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
