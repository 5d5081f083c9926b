//! Writes values: literals, links and functions.

use super::Renderer;
use crate::{Condition, Expression, Function, Link, Strength, synth::exports::SEPARATOR};

impl Renderer<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) {
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
    pub(super) fn embedded(&mut self, expression: &Expression) {
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
    pub(super) fn outgoing(&mut self, link: &Link) {
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
}
