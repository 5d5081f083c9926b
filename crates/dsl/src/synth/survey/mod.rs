//! Walks every expression once and finds what refers to what: dependencies within a stack, values that cross from stack to
//! stack, and references that cannot be written where they stand.

mod position;
mod raw;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use indexmap::IndexMap;

use super::{Findings, Subject, prepare::PreparedStack};
use crate::{
    Condition, Expression, Function, Link, Mapping, Object, Reference, Strength, Test,
    model::{Model, OutputModel, Place, StackModel},
    reference::{Node, NodeKind},
};
use position::Position;

/// What refers to what.
#[derive(Default)]
pub(super) struct Survey {
    /// By stack and resource, the resources of the same stack it needs.
    pub(super) edges: Vec<Vec<Vec<usize>>>,
    /// The values that cross from stack to stack, in the order they were met.
    pub(super) crossings: IndexMap<Crossing, Crossed>,
    /// By consumer and producer, the first reason why one stack deploys after another.
    needs: BTreeMap<(usize, usize), Need>,
    /// The parameters, conditions and mappings that something refers to, by stack and position.
    used: HashSet<(usize, NodeKind, usize)>,
}

/// A value that crosses from stack to stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Crossing {
    pub(super) stack: usize,
    kind: NodeKind,
    index: usize,
    attribute: Option<Cow<'static, str>>,
    list: bool,
}

/// How a value crosses.
pub(super) struct Crossed {
    pub(super) link: Link,
    /// Whether one consumer at least holds it firmly.
    pub(super) strong: bool,
}

/// Why one stack deploys after another.
pub(super) struct Need {
    /// Who needs it, a construct path.
    pub(super) by: String,
    pub(super) place: Place,
    /// What is needed, a construct path and perhaps an attribute.
    pub(super) what: String,
}

impl Crossing {
    pub(super) fn of(link: &Link) -> Self {
        let node = link.reference.node();
        Self {
            stack: node.stack,
            kind: node.kind,
            index: node.index,
            attribute: link.attribute.clone(),
            list: link.list,
        }
    }
}

impl Survey {
    /// The stacks that must be deployed before one.
    pub(super) fn producers(&self, consumer: usize) -> impl Iterator<Item = usize> {
        let needs = self.needs.range((consumer, 0)..=(consumer, usize::MAX));
        needs.map(|((_, producer), _)| *producer)
    }

    /// Why a stack deploys after another.
    pub(super) fn need(&self, consumer: usize, producer: usize) -> Option<&Need> {
        self.needs.get(&(consumer, producer))
    }
}

/// What evaluates `Fn::Length`, `Fn::ToJsonString` and defaults in `Fn::FindInMap`.
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// Walks every expression of an app.
pub(super) fn survey(
    model: &Model,
    stacks: &[PreparedStack<'_>],
    findings: &mut Findings<'_>,
) -> Survey {
    let mut survey = Survey::default();
    let stack_names = (0..model.stacks.len()).map(|index| (model.stack_name(index), index));
    let stack_names = stack_names.collect();
    for (index, prepared) in stacks.iter().enumerate() {
        let stack = &model.stacks[index];
        let mut walk = Walk {
            model,
            stack,
            index,
            stack_names: &stack_names,
            names: names(stack),
            edges: vec![Vec::new(); stack.resources.len()],
            subject: Subject {
                path: &stack.name,
                place: stack.place,
            },
            resource: None,
            shown: None,
            survey: &mut survey,
            findings,
        };
        walk.stack(prepared);
        let edges = std::mem::take(&mut walk.edges);
        survey.edges.push(edges);
    }
    report_unused(model, &survey, findings);
    survey
}

/// The walk through one stack.
struct Walk<'w, 'f> {
    model: &'w Model,
    stack: &'w StackModel,
    index: usize,
    /// By CloudFormation name.
    stack_names: &'w HashMap<String, usize>,
    /// What raw JSON can refer to.
    names: HashMap<&'w str, &'w Rc<Node>>,
    edges: Vec<Vec<usize>>,
    subject: Subject<'w>,
    /// The resource the walk is in.
    resource: Option<usize>,
    /// Set where CloudFormation shows values to anyone who may read the stack, and so no secret may stand.
    shown: Option<&'static str>,
    survey: &'w mut Survey,
    findings: &'w mut Findings<'f>,
}

fn names(stack: &StackModel) -> HashMap<&str, &Rc<Node>> {
    let resources = stack.resources.iter().map(|resource| &resource.node);
    let parameters = stack.parameters.iter().map(|(node, _)| node);
    resources
        .chain(parameters)
        .map(|node| (node.logical_id.as_str(), node))
        .collect()
}

impl<'w> Walk<'w, '_> {
    fn stack(&mut self, prepared: &'w PreparedStack<'_>) {
        let stack = self.stack;
        self.shown = Some("the metadata");
        self.object(&stack.metadata, Position::Local("the metadata"));
        self.shown = None;
        self.object(&stack.sections, Position::Local("a section of your own"));
        for rule in &stack.rules {
            self.subject = Subject {
                path: &rule.path,
                place: rule.place,
            };
            let tests = rule.model.assertions.iter().map(|(test, _)| test);
            for test in rule.model.when.iter().chain(tests) {
                self.test(test, Position::Rule, &rule.name);
            }
        }
        for (node, test) in &stack.conditions {
            self.subject = subject(node);
            self.test(test, Position::Condition, &node.logical_id);
        }
        for (index, resource) in prepared.resources.iter().enumerate() {
            self.subject = subject(&resource.model.node);
            self.resource = Some(index);
            self.object(&resource.properties, Position::Free);
            self.options(&resource.options);
        }
        self.resource = None;
        for output in &stack.outputs {
            self.output(output);
        }
        for (producer, place) in &stack.depends_on {
            let need = Need {
                by: stack.name.clone(),
                place,
                what: self.model.stacks[*producer].name.clone(),
            };
            self.need(*producer, need);
        }
    }

    fn output(&mut self, output: &'w OutputModel) {
        self.subject = Subject {
            path: &output.path,
            place: output.place,
        };
        if is_list(&output.value) {
            let message = format!("output `{}` is a list, and outputs are texts", output.name);
            self.error(message, "join it: `.join(\",\")`");
        }
        self.shown = Some("an output");
        self.expression(&output.value, Position::Free);
        self.shown = None;
        if let Some(name) = &output.export_name {
            self.expression(name, Position::Local("the name of an export"));
        }
        if let Some(condition) = &output.condition {
            self.owned(condition.node(), "condition");
        }
    }

    fn options(&mut self, options: &'w crate::options::Options) {
        for other in &options.depends_on {
            self.depends_on(other);
        }
        if let Some(condition) = &options.condition {
            self.condition(condition);
        }
        if let Some(policy) = &options.creation_policy {
            self.expression(policy, Position::Strong("a creation policy"));
        }
        if let Some(policy) = &options.update_policy {
            self.expression(policy, Position::Strong("an update policy"));
        }
        self.shown = Some("the metadata");
        self.object(&options.metadata, Position::Strong("the metadata"));
        self.shown = None;
        self.object(
            &options.attributes,
            Position::Strong("an attribute of a resource"),
        );
    }

    fn object(&mut self, object: &Object, position: Position) {
        for (_, value) in object.iter() {
            self.expression(value, position);
        }
    }

    fn expression(&mut self, expression: &Expression, position: Position) {
        match expression {
            Expression::Text(text) => self.text(text),
            Expression::Number(number) if !number.is_finite() => {
                self.error(
                    format!("`{number}` is not a number a template can hold"),
                    "use a finite one",
                );
            }
            Expression::Integer(_)
            | Expression::Number(_)
            | Expression::Boolean(_)
            | Expression::Pseudo(_) => {}
            Expression::List(elements) => {
                for element in elements {
                    self.expression(element, position);
                }
            }
            Expression::Object(object) => self.object(object, position),
            Expression::Json(json) => self.json(json),
            Expression::Link(link) => self.link(link, position),
            Expression::Function(function) => self.function(function, position),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(place) = self.shown
            && ["{{resolve:secretsmanager:", "{{resolve:ssm-secure:"]
                .iter()
                .any(|secret| text.contains(secret))
        {
            let message = format!(
                "a secret stands in {place}, which everyone who may see the stack can read"
            );
            self.error(
                message,
                "give the secret's name instead, and read the secret where it is used",
            );
        }
    }

    fn function(&mut self, function: &Function, position: Position) {
        self.check_function(function, position);
        match function {
            Function::Join { list, .. } => self.expression(list, position),
            Function::Concatenation(parts) => {
                for part in parts {
                    if is_list(part) || matches!(part, Expression::Object(_) | Expression::Json(_))
                    {
                        let message = "a list or an object stands in a text".to_owned();
                        self.error(message, "join a list: `.join(\",\")`");
                    }
                    self.expression(part, position);
                }
            }
            Function::Split { text, .. } => self.expression(text, position),
            Function::Select { index, list } => {
                self.expression(
                    index,
                    position.with(Position::Local("the index of `Fn::Select`")),
                );
                self.expression(list, position);
            }
            Function::If {
                condition,
                then,
                otherwise,
            } => {
                self.condition(condition);
                self.expression(then, position);
                self.expression(otherwise, position);
            }
            Function::FindInMap {
                mapping,
                top,
                second,
                default,
            } => {
                self.mapping(mapping);
                let within = position.with(Position::Local("`Fn::FindInMap`"));
                self.expression(top, within);
                self.expression(second, within);
                if let Some(default) = default {
                    self.expression(default, within);
                }
            }
            Function::ImportValue(name) => {
                self.expression(name, position.with(Position::Local("`Fn::ImportValue`")));
            }
            Function::StackOutput {
                stack,
                output,
                region,
                role,
            } => {
                let within = position.with(Position::Strong("`Fn::GetStackOutput`"));
                for argument in [Some(stack), Some(output), region.as_ref(), role.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    self.expression(argument, within);
                }
                self.stack_output(stack, output);
            }
            Function::Base64(text) => {
                self.expression(text, position.with(Position::Strong("`Fn::Base64`")));
            }
            Function::Cidr { block, count, bits } => {
                let within = position.with(Position::Strong("`Fn::Cidr`"));
                for argument in [block, count, bits] {
                    self.expression(argument, within);
                }
            }
            Function::AvailabilityZones(region) => {
                self.expression(region, position.with(Position::Local("`Fn::GetAZs`")));
            }
            Function::Transform { parameters, .. } => self.object(parameters, position),
            Function::ToJsonString(value) => {
                self.expression(value, position.with(Position::Local("`Fn::ToJsonString`")));
            }
            Function::Length(list) => {
                self.expression(list, position.with(Position::Local("`Fn::Length`")));
            }
            Function::RefAll(_) | Function::ValueOf { .. } | Function::ValueOfAll { .. } => {}
        }
    }

    /// Reports a function that cannot stand where it does, or lacks its transform.
    fn check_function(&mut self, function: &Function, position: Position) {
        if !position.allows(function) {
            let message = format!("`{}` cannot stand in {}", function.name(), position.name());
            let hint = "CloudFormation does not evaluate it there; give the value another way";
            self.error(message, hint);
        }
        let what = match function {
            Function::ToJsonString(_) | Function::Length(_) => format!("`{}`", function.name()),
            Function::FindInMap {
                default: Some(_), ..
            } => "a default in `Fn::FindInMap`".to_owned(),
            _ => return,
        };
        let transforms = &self.stack.transforms;
        if !transforms.iter().any(|name| name == LANGUAGE_EXTENSIONS) {
            let message = format!("{what} needs the transform `{LANGUAGE_EXTENSIONS}`");
            let hint = format!("declare it: `stack.transform(\"{LANGUAGE_EXTENSIONS}\")`");
            self.error(message, hint);
        }
    }

    fn link(&mut self, link: &Link, position: Position) {
        let node = link.reference.node();
        if !self.of_this_app(node) {
            return;
        }
        if position.is_before_resources()
            && (node.stack != self.index || node.kind != NodeKind::Parameter)
        {
            let message = format!(
                "`{}` stands in {}, which is decided before any resource is there",
                node.path,
                position.name()
            );
            self.error(
                message,
                "decide by parameters of the stack, or by plain Rust when the value is known",
            );
            return;
        }
        if node.stack == self.index {
            self.local(node);
            return;
        }
        let strength = link.reference.strength();
        if !position.allows_crossing(strength) {
            let message = format!(
                "`{}` of another stack stands in {}, where CloudFormation cannot look it up",
                node.path,
                position.name()
            );
            let hint = if position.allows_crossing(Strength::Strong) {
                "hold it firmly, with `.strong()` before the attribute"
            } else {
                "pass the value as a plain one, or declare the resource in this stack"
            };
            self.error(message, hint);
        }
        self.use_node(node);
        let crossing = Crossing::of(link);
        let crossed = self.survey.crossings.entry(crossing);
        let crossed = crossed.or_insert_with(|| Crossed {
            link: link.clone(),
            strong: false,
        });
        crossed.strong |= strength == Strength::Strong;
        let what = match &link.attribute {
            Some(attribute) => format!("{}.{attribute}", node.path),
            None => node.path.clone(),
        };
        let need = self.reason(what);
        self.need(node.stack, need);
    }

    /// Notes a reference to something of this stack.
    fn local(&mut self, node: &Node) {
        match (node.kind, self.resource) {
            (NodeKind::Resource, Some(resource)) => {
                let edges = &mut self.edges[resource];
                if edges.last() != Some(&node.index) {
                    edges.push(node.index);
                }
            }
            (NodeKind::Resource, None) => {}
            (NodeKind::Parameter | NodeKind::Condition | NodeKind::Mapping, _) => {
                self.use_node(node);
            }
        }
    }

    fn depends_on(&mut self, other: &Reference) {
        let node = other.node();
        if !self.of_this_app(node) {
            return;
        }
        if node.stack == self.index {
            self.local(node);
        } else {
            let need = self.reason(node.path.clone());
            self.need(node.stack, need);
        }
    }

    fn reason(&self, what: String) -> Need {
        Need {
            by: self.subject.path.to_owned(),
            place: self.subject.place,
            what,
        }
    }

    fn need(&mut self, producer: usize, need: Need) {
        self.survey
            .needs
            .entry((self.index, producer))
            .or_insert(need);
    }

    /// An output named by hand: when it is one of ours, the stack deploys after the other.
    fn stack_output(&mut self, stack: &Expression, output: &Expression) {
        if let (Expression::Text(stack), Expression::Text(output)) = (stack, output)
            && let Some(producer) = self.stack_names.get(stack.as_ref())
        {
            let need = self.reason(format!("{}/{output}", self.model.stacks[*producer].name));
            self.need(*producer, need);
        }
    }

    fn test(&mut self, test: &Test, position: Position, name: &str) {
        match test {
            Test::Equals(one, other) => {
                self.expression(one, position);
                self.expression(other, position);
            }
            Test::And(tests) | Test::Or(tests) => {
                for test in tests {
                    self.test(test, position, name);
                }
            }
            Test::Not(test) => self.test(test, position, name),
            Test::Condition(condition) => self.condition(condition),
            Test::Contains(one, other)
            | Test::EachMemberEquals(one, other)
            | Test::EachMemberIn(one, other) => {
                if position != Position::Rule {
                    let message = format!("`{name}` tests a list, which rules alone can do");
                    self.error(message, "write it as a rule, or combine `equals` with `or`");
                }
                self.expression(one, position);
                self.expression(other, position);
            }
        }
    }

    fn condition(&mut self, condition: &Condition) {
        self.owned(condition.0.node(), "condition");
    }

    fn mapping(&mut self, mapping: &Mapping) {
        self.owned(mapping.0.node(), "mapping");
    }

    /// Notes the use of something that cannot be used from another stack.
    fn owned(&mut self, node: &Node, what: &str) {
        if !self.of_this_app(node) {
            return;
        }
        if node.stack == self.index {
            self.use_node(node);
        } else {
            let message = format!("{what} `{}` belongs to another stack", node.path);
            self.error(message, format!("declare the {what} in this stack too"));
        }
    }

    fn of_this_app(&mut self, node: &Node) -> bool {
        let ours = Rc::ptr_eq(&node.app, &self.model.token);
        if !ours {
            let message = format!("`{}` belongs to another app", node.path);
            self.error(message, "use handles of the app they come from");
        }
        ours
    }

    fn use_node(&mut self, node: &Node) {
        self.survey.used.insert((node.stack, node.kind, node.index));
    }

    fn error(&mut self, message: String, hint: impl Into<String>) {
        self.findings.error(self.subject, message, hint);
    }
}

/// Warns of what nothing refers to, unless a macro may do so.
fn report_unused(model: &Model, survey: &Survey, findings: &mut Findings<'_>) {
    for stack in model
        .stacks
        .iter()
        .filter(|stack| stack.transforms.is_empty())
    {
        let parameters = stack.parameters.iter().map(|(node, _)| (node, "parameter"));
        let mappings = stack.mappings.iter().map(|(node, _)| (node, "mapping"));
        let conditions = stack.conditions.iter().map(|(node, _)| (node, "condition"));
        for (node, what) in parameters.chain(mappings).chain(conditions) {
            if !survey.used.contains(&(node.stack, node.kind, node.index)) {
                let message = format!("nothing uses {what} `{}`", node.logical_id);
                findings.warning(subject(node), message, "take it away");
            }
        }
    }
}

pub(super) fn subject(node: &Node) -> Subject<'_> {
    Subject {
        path: &node.path,
        place: node.place,
    }
}

/// Whether CloudFormation sees a list.
fn is_list(expression: &Expression) -> bool {
    match expression {
        Expression::List(_) => true,
        Expression::Link(link) => link.list,
        Expression::Function(function) => match &**function {
            Function::Split { .. } | Function::Cidr { .. } | Function::AvailabilityZones(_) => true,
            Function::If { then, .. } => is_list(then),
            _ => false,
        },
        _ => false,
    }
}
