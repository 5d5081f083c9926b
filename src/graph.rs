//! What depends on what in an environment: stacks, their resources, and resources outside AWS.
//!
//! Every edge goes from what is deployed first to what needs it, the way along which changes spread.

use std::collections::{BTreeSet, HashMap};

use engine::Assembly;
use plan::{Action, Plan, StackAction};
use serde_json::Value;
use template::{ReferenceKind, Resource};

/// The dependencies of an environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Graph {
    pub(crate) environment: String,
    /// Stacks in the order they deploy, then resources outside AWS.
    pub(crate) groups: Vec<Group>,
    /// Between groups, by index.
    pub(crate) edges: BTreeSet<(usize, usize)>,
    /// Between resources of two stacks: the group and the resource within, by index.
    pub(crate) crossings: BTreeSet<(Place, Place)>,
}

/// A group and a resource within it, by index.
pub(crate) type Place = (usize, usize);

/// A stack, or a resource outside AWS.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Group {
    /// `identity`, `vercel/project/shop`.
    pub(crate) name: String,
    pub(crate) is_stack: bool,
    /// What a plan does to it as a whole.
    pub(crate) mark: Option<Mark>,
    /// Resources in the order of declaration.
    pub(crate) nodes: Vec<Node>,
    /// Between its resources, by index.
    pub(crate) edges: BTreeSet<(usize, usize)>,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) logical_id: String,
    pub(crate) type_name: String,
    /// What a plan does to it.
    pub(crate) mark: Option<Action>,
}

/// What a plan does to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Create,
    Change,
    Delete,
}

impl Graph {
    /// Reads the dependencies from an assembly.
    pub(crate) fn of(assembly: &Assembly) -> Self {
        let manifest = &assembly.manifest;
        let mut graph = Self {
            environment: manifest.environment.clone(),
            ..Self::default()
        };
        let mut outputs = Outputs::default();
        for (index, stack) in manifest.stacks.iter().enumerate() {
            let body = assembly
                .templates
                .get(&stack.name)
                .map(engine::Template::body);
            let empty = Value::Null;
            let body = body.unwrap_or(&empty);
            let group = Group::of_stack(&stack.name, body);
            outputs.add(index, &stack.stack_name, body, &group);
            for (place, resource) in members(body, "Resources").enumerate() {
                outputs.uses(resource.1, &mut |from| {
                    if from.0 != index {
                        graph.crossings.insert((from, (index, place)));
                    }
                });
            }
            graph.groups.push(group);
        }
        for resource in &manifest.external {
            graph.groups.push(Group {
                name: format!("{}/{}/{}", resource.provider, resource.kind, resource.key),
                ..Group::default()
            });
        }
        let depends_on = manifest.stacks.iter().map(|stack| &stack.depends_on).chain(
            manifest
                .external
                .iter()
                .map(|resource| &resource.depends_on),
        );
        for (index, names) in depends_on.enumerate() {
            for name in names {
                if let Some(before) = graph.position(name) {
                    graph.edges.insert((before, index));
                }
            }
        }
        graph
    }

    /// Marks what a plan changes; what it removes is no longer in the assembly and is added.
    pub(crate) fn mark(&mut self, plan: &Plan) {
        for stack in &plan.stacks {
            let index = self.group(&stack.name, true);
            for name in &stack.depends_on {
                if let Some(before) = self.position(name).filter(|before| *before != index) {
                    self.edges.insert((before, index));
                }
            }
            let group = &mut self.groups[index];
            group.mark = match stack.action {
                StackAction::None => None,
                StackAction::Create => Some(Mark::Create),
                StackAction::Update => Some(Mark::Change),
                StackAction::Delete => Some(Mark::Delete),
            };
            for change in &stack.diff.changes {
                let known = group
                    .nodes
                    .iter_mut()
                    .find(|node| node.logical_id == change.logical_id);
                match known {
                    Some(node) => node.mark = Some(change.action),
                    None => group.nodes.push(Node {
                        logical_id: change.logical_id.clone(),
                        type_name: change.type_name.clone(),
                        mark: Some(change.action),
                    }),
                }
            }
        }
        for change in &plan.external {
            let name = format!("{}/{}/{}", change.provider, change.kind, change.key);
            let index = self.group(&name, false);
            self.groups[index].mark = Some(match change.action {
                Action::Create => Mark::Create,
                Action::Delete | Action::Orphan => Mark::Delete,
                Action::Update
                | Action::Replace
                | Action::MayReplace
                | Action::Import
                | Action::Move => Mark::Change,
            });
        }
    }

    /// How many resources its stacks have.
    pub(crate) fn resources(&self) -> usize {
        self.groups.iter().map(|group| group.nodes.len()).sum()
    }

    /// The index of a group, which is added if there is none.
    fn group(&mut self, name: &str, is_stack: bool) -> usize {
        self.position(name).unwrap_or_else(|| {
            self.groups.push(Group {
                name: name.to_owned(),
                is_stack,
                ..Group::default()
            });
            self.groups.len() - 1
        })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.name == name)
    }
}

impl Group {
    fn of_stack(name: &str, body: &Value) -> Self {
        let positions: HashMap<&str, usize> = members(body, "Resources")
            .enumerate()
            .map(|(index, (id, _))| (id, index))
            .collect();
        let mut group = Self {
            name: name.to_owned(),
            is_stack: true,
            ..Self::default()
        };
        for (index, (id, declaration)) in members(body, "Resources").enumerate() {
            let resource = Resource::new(id, declaration);
            group.nodes.push(Node {
                logical_id: id.to_owned(),
                type_name: resource
                    .and_then(Resource::type_name)
                    .unwrap_or_default()
                    .to_owned(),
                mark: None,
            });
            for reference in resource.map(Resource::references).unwrap_or_default() {
                let target = match reference.kind {
                    ReferenceKind::Ref
                    | ReferenceKind::GetAtt
                    | ReferenceKind::Sub
                    | ReferenceKind::DependsOn => positions.get(reference.target.as_str()),
                    ReferenceKind::Condition | ReferenceKind::FindInMap => None,
                };
                if let Some(target) = target.filter(|target| **target != index) {
                    group.edges.insert((*target, index));
                }
            }
        }
        group
    }
}

/// What stands behind the outputs of stacks, by the two ways in which another stack can read one.
#[derive(Default)]
struct Outputs {
    /// By the stack's CloudFormation name and the output's name.
    by_name: HashMap<(String, String), Vec<Place>>,
    /// By the export's name, as it is written.
    by_export: HashMap<String, Vec<Place>>,
}

impl Outputs {
    fn add(&mut self, index: usize, stack_name: &str, body: &Value, group: &Group) {
        for (name, output) in members(body, "Outputs") {
            let places: Vec<Place> = template::references(&output["Value"])
                .into_iter()
                .filter_map(|reference| {
                    let is_it = |node: &Node| node.logical_id == reference.target;
                    Some((index, group.nodes.iter().position(is_it)?))
                })
                .collect();
            if let Some(export) = output.get("Export").and_then(|export| export.get("Name")) {
                self.by_export.insert(export.to_string(), places.clone());
            }
            self.by_name
                .insert((stack_name.to_owned(), name.to_owned()), places);
        }
    }

    /// Tells `visit` every resource of another stack that a value reads an output of.
    fn uses(&self, value: &Value, visit: &mut impl FnMut(Place)) {
        match value {
            Value::Object(entries) => {
                let by_name = entries.get("Fn::GetStackOutput").and_then(|argument| {
                    let text = |key: &str| Some(argument.get(key)?.as_str()?.to_owned());
                    self.by_name.get(&(text("StackName")?, text("OutputName")?))
                });
                let by_export = entries
                    .get("Fn::ImportValue")
                    .and_then(|name| self.by_export.get(&name.to_string()));
                for place in by_name.into_iter().chain(by_export).flatten() {
                    visit(*place);
                }
                entries.values().for_each(|value| self.uses(value, visit));
            }
            Value::Array(items) => items.iter().for_each(|item| self.uses(item, visit)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The entries of a section of a template.
fn members<'b>(body: &'b Value, section: &str) -> impl Iterator<Item = (&'b str, &'b Value)> {
    let entries = body.get(section).and_then(Value::as_object);
    entries
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}
