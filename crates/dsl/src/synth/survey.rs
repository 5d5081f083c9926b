//! Walks every expression once and finds what refers to what: dependencies within a stack, values that cross from stack to
//! stack, and references that cannot be written where they stand.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use indexmap::IndexMap;

use super::{Findings, Subject, prepare::PreparedStack};
use crate::{
    Condition, Expression, Function, Json, Link, Mapping, Object, Reference, Strength, Test,
    model::{Model, Place, StackModel},
    reference::{Node, NodeKind},
};

/// What refers to what.
#[derive(Default)]
pub(super) struct Survey {
    /// By stack and resource, the resources of the same stack it needs.
    pub(super) edges: Vec<Vec<Vec<usize>>>,
    /// The values that cross from stack to stack, in the order they were met.
    pub(super) crossings: IndexMap<Crossing, Crossed>,
    /// By consumer and producer, the first reason why one stack deploys after another.
    needs: BTreeMap<(usize, usize), Need>,
}

/// A value that crosses from stack to stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Crossing {
    pub(super) stack: usize,
    kind: NodeKind,
    index: usize,
    pub(super) attribute: Option<Cow<'static, str>>,
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

/// What may be written at a place.
#[derive(Clone, Copy)]
enum Position {
    /// Anything.
    Free,
    /// From another stack, only what is held firmly.
    Strong(&'static str),
    /// Nothing from another stack.
    Local(&'static str),
    /// Parameters of the stack, and few functions.
    Condition(&'static str),
}

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
            used: HashSet::new(),
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
    /// The parameters, conditions and mappings that something refers to.
    used: HashSet<(NodeKind, usize)>,
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
        for rule in &stack.rules {
            self.subject = Subject {
                path: &rule.path,
                place: rule.place,
            };
            let tests = rule.model.assertions.iter().map(|(test, _)| test);
            for test in rule.model.when.iter().chain(tests) {
                self.test(test, Position::Condition("a rule"), &rule.name);
            }
        }
        for (node, test) in &stack.conditions {
            self.subject = subject(node);
            self.test(test, Position::Condition("a condition"), &node.logical_id);
        }
        for (index, resource) in prepared.resources.iter().enumerate() {
            self.subject = subject(&resource.model.node);
            self.resource = Some(index);
            self.object(&resource.properties, Position::Free);
            self.options(&resource.options);
        }
        self.resource = None;
        for output in &stack.outputs {
            self.subject = Subject {
                path: &output.path,
                place: output.place,
            };
            self.shown = Some("an output");
            if is_list(&output.value) {
                let message = format!("output `{}` is a list, and outputs are texts", output.name);
                self.error(message, "join it: `.join(\",\")`");
            }
            self.expression(&output.value, Position::Free);
            if let Some(name) = &output.export_name {
                self.expression(name, Position::Local("the name of an export"));
            }
            if let Some(condition) = &output.condition {
                self.condition(&Condition(condition.clone()));
            }
            self.shown = None;
        }
        for (producer, place) in &stack.depends_on {
            let need = Need {
                by: stack.name.clone(),
                place,
                what: self.model.stacks[*producer].name.clone(),
            };
            self.need(*producer, need);
        }
        self.unused();
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
            Expression::Integer(_) | Expression::Number(_) | Expression::Boolean(_) => {}
            Expression::Pseudo(_) => {}
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
        self.allow(function, position);
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
                    self.narrowed(position, Position::Local("the index of `Fn::Select`")),
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
                let within = self.narrowed(position, Position::Local("`Fn::FindInMap`"));
                self.expression(top, within);
                self.expression(second, within);
                if let Some(default) = default {
                    self.expression(default, within);
                }
            }
            Function::ImportValue(name) => {
                self.expression(
                    name,
                    self.narrowed(position, Position::Local("`Fn::ImportValue`")),
                );
            }
            Function::StackOutput {
                stack,
                output,
                region,
                role,
            } => {
                let within = self.narrowed(position, Position::Strong("`Fn::GetStackOutput`"));
                for argument in [Some(stack), Some(output), region.as_ref(), role.as_ref()]
                    .into_iter()
                    .flatten()
                {
                    self.expression(argument, within);
                }
                self.stack_output(stack, output);
            }
            Function::Base64(text) => {
                self.expression(
                    text,
                    self.narrowed(position, Position::Strong("`Fn::Base64`")),
                );
            }
            Function::Cidr { block, count, bits } => {
                let within = self.narrowed(position, Position::Strong("`Fn::Cidr`"));
                for argument in [block, count, bits] {
                    self.expression(argument, within);
                }
            }
            Function::AvailabilityZones(region) => {
                self.expression(
                    region,
                    self.narrowed(position, Position::Local("`Fn::GetAZs`")),
                );
            }
            Function::Transform { parameters, .. } => self.object(parameters, position),
            Function::ToJsonString(value) => {
                self.expression(
                    value,
                    self.narrowed(position, Position::Local("`Fn::ToJsonString`")),
                );
            }
            Function::Length(list) => {
                self.expression(
                    list,
                    self.narrowed(position, Position::Local("`Fn::Length`")),
                );
            }
            Function::RefAll(_) | Function::ValueOf { .. } | Function::ValueOfAll { .. } => {}
        }
    }

    /// The stricter of two positions: an argument's own, and that of the function around it.
    fn narrowed(&self, outer: Position, own: Position) -> Position {
        match outer {
            Position::Free => own,
            Position::Strong(_) if matches!(own, Position::Local(_)) => own,
            Position::Strong(_) | Position::Local(_) | Position::Condition(_) => outer,
        }
    }

    /// Reports a function that cannot stand where it does, or lacks its transform.
    fn allow(&mut self, function: &Function, position: Position) {
        let rules_only = matches!(
            function,
            Function::RefAll(_) | Function::ValueOf { .. } | Function::ValueOfAll { .. }
        );
        let allowed = match position {
            Position::Condition("a rule") if rules_only => true,
            _ if rules_only => false,
            Position::Free => true,
            Position::Strong(_) => !matches!(function, Function::StackOutput { .. }),
            Position::Local(_) => !matches!(
                function,
                Function::StackOutput { .. } | Function::ImportValue(_)
            ),
            Position::Condition(_) => matches!(
                function,
                Function::FindInMap { .. }
                    | Function::Concatenation(_)
                    | Function::Join { .. }
                    | Function::Select { .. }
                    | Function::Split { .. }
                    | Function::Length(_)
                    | Function::ToJsonString(_)
            ),
        };
        if !allowed {
            let place = match position {
                Position::Free => "a value",
                Position::Strong(place) | Position::Local(place) | Position::Condition(place) => {
                    place
                }
            };
            let message = format!("`{}` cannot stand in {place}", function.name());
            self.error(
                message,
                "CloudFormation does not evaluate it there; give the value another way",
            );
        }
        const EXTENSIONS: &str = "AWS::LanguageExtensions";
        let extended = matches!(
            function,
            Function::ToJsonString(_)
                | Function::Length(_)
                | Function::FindInMap {
                    default: Some(_),
                    ..
                }
        );
        if extended && !self.stack.transforms.iter().any(|name| name == EXTENSIONS) {
            let what = match function {
                Function::FindInMap { .. } => "a default in `Fn::FindInMap`".to_owned(),
                function => format!("`{}`", function.name()),
            };
            let message = format!("{what} needs the transform `{EXTENSIONS}`");
            self.error(
                message,
                format!("declare it: `stack.transform(\"{EXTENSIONS}\")`"),
            );
        }
    }

    fn link(&mut self, link: &Link, position: Position) {
        let node = link.reference.node();
        if !self.of_this_app(node) {
            return;
        }
        if let Position::Condition(place) = position
            && (node.stack != self.index || node.kind != NodeKind::Parameter)
        {
            let message = format!(
                "`{}` stands in {place}, which is decided before any resource is there",
                node.path
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
        let strong = link.reference.strength() == Strength::Strong;
        let (place, allowed) = match position {
            Position::Strong(place) => (place, strong),
            Position::Local(place) => (place, false),
            Position::Free | Position::Condition(_) => ("", true),
        };
        if !allowed {
            let message = format!(
                "`{}` of another stack stands in {place}, where CloudFormation cannot look it up",
                node.path
            );
            let hint = match position {
                Position::Strong(_) => "hold it firmly, with `.strong()` before the attribute",
                _ => "pass the value as a plain one, or declare the resource in this stack",
            };
            self.error(message, hint);
        }
        let crossing = Crossing::of(link);
        let crossed = self.survey.crossings.entry(crossing);
        let crossed = crossed.or_insert_with(|| Crossed {
            link: link.clone(),
            strong: false,
        });
        crossed.strong |= strong;
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
            (kind, _) => {
                self.used.insert((kind, node.index));
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
                if !matches!(position, Position::Condition("a rule")) {
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
            self.used.insert((node.kind, node.index));
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

    /// Raw JSON may hold references; they count like any other.
    fn json(&mut self, json: &Json) {
        match json {
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
            Json::String(text) => self.text(text),
            Json::Array(elements) => elements.iter().for_each(|element| self.json(element)),
            Json::Object(entries) => {
                let only = entries.iter().next().filter(|_| entries.len() == 1);
                match only.map(|(key, value)| (key.as_str(), value)) {
                    Some(("Ref", Json::String(name))) => self.name(name, "Ref"),
                    Some(("Fn::GetAtt", Json::String(name))) => {
                        self.name(name.split('.').next().unwrap_or(name), "Fn::GetAtt");
                    }
                    Some(("Fn::GetAtt", Json::Array(parts))) => {
                        if let Some(Json::String(name)) = parts.first() {
                            self.name(name, "Fn::GetAtt");
                        }
                    }
                    Some(("Fn::Sub", Json::String(text))) => self.substitution(text, None),
                    Some(("Fn::Sub", Json::Array(parts))) => {
                        if let Some(Json::String(text)) = parts.first() {
                            self.substitution(text, parts.get(1));
                        }
                        parts
                            .iter()
                            .skip(1)
                            .for_each(|variables| self.json(variables));
                    }
                    Some(("Fn::If", Json::Array(parts))) => {
                        if let Some(Json::String(name)) = parts.first() {
                            self.condition_name(name);
                        }
                        parts.iter().skip(1).for_each(|branch| self.json(branch));
                    }
                    _ => entries.values().for_each(|value| self.json(value)),
                }
            }
        }
    }

    /// The names in a raw `Fn::Sub`.
    fn substitution(&mut self, text: &str, variables: Option<&Json>) {
        let holes = text
            .split("${")
            .skip(1)
            .filter_map(|rest| rest.split_once('}'));
        for (name, _) in holes {
            let name = name.trim();
            let known = variables.is_some_and(|variables| variables.get(name).is_some());
            if !name.starts_with('!') && !known {
                self.name(name.split('.').next().unwrap_or(name), "Fn::Sub");
            }
        }
    }

    fn name(&mut self, name: &str, function: &str) {
        if name.starts_with("AWS::") {
            return;
        }
        if let Some(node) = self.names.get(name).copied() {
            self.local(node);
        } else if self.stack.transforms.is_empty() {
            let stack = &self.stack.name;
            let message =
                format!("`{function}` refers to `{name}`, which stack `{stack}` does not have");
            let hint = match assembly::nearest(name, self.names.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "use a handle instead of a name, or declare it".to_owned(),
            };
            self.error(message, hint);
        }
    }

    fn condition_name(&mut self, name: &str) {
        let mut conditions = self.stack.conditions.iter();
        if let Some((node, _)) = conditions.find(|(node, _)| node.logical_id == name) {
            self.used.insert((NodeKind::Condition, node.index));
        }
    }

    /// Warns of what nothing refers to, unless a macro may do so.
    fn unused(&mut self) {
        if !self.stack.transforms.is_empty() {
            return;
        }
        let parameters = self
            .stack
            .parameters
            .iter()
            .map(|(node, _)| (node, "parameter"));
        let mappings = self
            .stack
            .mappings
            .iter()
            .map(|(node, _)| (node, "mapping"));
        let conditions = self
            .stack
            .conditions
            .iter()
            .map(|(node, _)| (node, "condition"));
        for (node, what) in parameters.chain(mappings).chain(conditions) {
            if !self.used.contains(&(node.kind, node.index)) {
                let message = format!("nothing uses {what} `{}`", node.logical_id);
                self.findings
                    .warning(subject(node), message, "take it away");
            }
        }
    }

    fn error(&mut self, message: String, hint: impl Into<String>) {
        self.findings.error(self.subject, message, hint);
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
