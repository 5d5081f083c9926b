//! Stack refactors: which resource of the new templates is which of the deployed ones, whether anything but names and places
//! would change, and the move itself.
//!
//! AWS says what it refuses and rarely in which words; those that are known are given as they are.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-refactoring.html>

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    difference::{differences, same},
    draft::Draft,
    outputs,
    sight::{Seen, Sight, pseudo_of, scope},
};
use crate::{
    evaluate::{Document, Failure, Lookups, Scope, references},
    state::{
        Baseline, Definition, Deployed, Entry, Output, Progress, Record, Refactor, Resource,
        ResourceMove, ResourceStatus, Stack, StackStatus, State,
    },
};

/// How deep outputs of one stack may lead to those of another.
const DEEPEST: u32 = 16;

/// Sections that a stack cannot get by a refactor.
const FIXED: [&str; 4] = ["Conditions", "Mappings", "Parameters", "Rules"];

/// A stack as a refactor wants it.
#[derive(Debug)]
pub(crate) struct NewStack {
    pub(crate) stack: Stack,
    pub(crate) creates: bool,
    pub(crate) document: Arc<Document>,
    /// The template that it has now; none for one that is made.
    pub(crate) current: Option<Arc<Document>>,
}

/// A place that the caller names: stack and logical id.
pub(crate) type Mapping = ((usize, String), (usize, String));

/// All stacks of a refactor, in a state.
pub(crate) struct Definitions<'a> {
    pub(crate) state: &'a State,
    pub(crate) account: &'a str,
    pub(crate) stacks: &'a [NewStack],
}

/// A failure of a stack, told with its ARN.
fn of(stack: &NewStack, message: impl AsRef<str>) -> Failure {
    Failure::new(format!("{}: {}", stack.stack.arn, message.as_ref()))
}

/// The resources that move, when nothing else would change.
pub(crate) fn moves_of(
    definitions: &Definitions<'_>,
    mappings: &[Mapping],
) -> Result<Vec<ResourceMove>, Failure> {
    let stacks = definitions.stacks;
    for stack in stacks {
        check_sections(stack)?;
    }
    let origins = origins(definitions, mappings)?;
    let world = World::of(definitions, &origins);
    for (index, stack) in stacks.iter().enumerate() {
        world.check_resources(index, stack, &origins)?;
    }
    world.outputs()?;
    let moved = origins.iter().filter(|(to, from)| to != from);
    let mut moves = Vec::new();
    for (to, from) in moved {
        let deployed = definitions.deployed(from).ok_or_else(|| {
            Failure::new("the resource that moves is not in the local state".to_owned())
        })?;
        let type_name = &deployed.resource_type;
        let refuses = schema::resource_type(type_name)
            .is_some_and(|facts| facts.tagging.taggable && !facts.tagging.tag_updatable);
        if refuses {
            return Err(of(
                &stacks[from.0],
                format!(
                    "Stack Refactor does not support {type_name} because the resource type does not allow tag updates after creation."
                ),
            ));
        }
        if type_name == "AWS::CDK::Metadata" {
            return Err(of(
                &stacks[from.0],
                format!("Stack Refactor does not support {type_name}."),
            ));
        }
        moves.push(ResourceMove {
            from: from.clone(),
            to: to.clone(),
            physical_id: deployed.physical_id.clone(),
            manual: mappings
                .iter()
                .any(|(source, target)| source == from && target == to),
        });
    }
    if moves.is_empty() {
        return Err(of(&stacks[0], "No resources are to be moved."));
    }
    Ok(moves)
}

/// Parameters, conditions and mappings stay as they are; a stack that is made has none.
fn check_sections(stack: &NewStack) -> Result<(), Failure> {
    let has = |document: &Document, name: &&str| document.section(name).is_some();
    match &stack.current {
        None => {
            let found: Vec<&str> = FIXED
                .into_iter()
                .filter(|name| has(&stack.document, name))
                .collect();
            if found.is_empty() {
                return Ok(());
            }
            Err(of(
                stack,
                format!(
                    "Following template sections are not allowed when creating a stack while refactoring: {}",
                    found.join(", ")
                ),
            ))
        }
        Some(current) => {
            let changed = FIXED
                .into_iter()
                .find(|name| !same(current.body().get(name), stack.document.body().get(name)));
            match changed {
                Some(name) => Err(of(
                    stack,
                    format!("Stack Refactor does not support changes of the section {name}."),
                )),
                None => Ok(()),
            }
        }
    }
}

type Place = (usize, String);

/// Where each resource of the new templates is deployed.
fn origins(
    definitions: &Definitions<'_>,
    mappings: &[Mapping],
) -> Result<BTreeMap<Place, Place>, Failure> {
    let stacks = definitions.stacks;
    let mut origins: BTreeMap<Place, Place> = BTreeMap::new();
    let mut taken: BTreeSet<Place> = BTreeSet::new();
    for (from, to) in mappings {
        let (source, target) = (&stacks[from.0], &stacks[to.0]);
        if definitions.deployed(from).is_none() {
            return Err(of(
                source,
                format!(
                    "The resource {} defined in the resources mapping does not exist in stack {}.",
                    from.1, source.stack.name
                ),
            ));
        }
        if target.document.resource(&to.1).is_none() {
            return Err(of(
                source,
                format!(
                    "The resource {} defined in the resources mapping did not move from its original stack {}. Review your stack template desired state.",
                    from.1, source.stack.name
                ),
            ));
        }
        let is_twice =
            !taken.insert(from.clone()) || origins.insert(to.clone(), from.clone()).is_some();
        if is_twice {
            return Err(of(
                source,
                format!("The resource {} is mapped more than once.", from.1),
            ));
        }
    }
    let mut open: Vec<(Place, &str)> = Vec::new();
    for (index, stack) in stacks.iter().enumerate() {
        for (name, node) in stack.document.resources() {
            let place = (index, name.to_owned());
            if origins.contains_key(&place) {
                continue;
            }
            // Under a condition that does not hold there is nothing.
            let is_absent = node.get("Condition").is_some()
                && stack.current.as_ref().is_some_and(|current| {
                    current.resource(name).is_some() && definitions.deployed(&place).is_none()
                });
            if definitions.deployed(&place).is_some() && taken.insert(place.clone()) {
                origins.insert(place.clone(), place);
            } else if !is_absent {
                open.push((place, node["Type"].as_str().unwrap_or_default()));
            }
        }
    }
    for (place, type_name) in open {
        let candidates: Vec<Place> = definitions
            .all()
            .filter(|(one, deployed)| !taken.contains(one) && deployed.resource_type == type_name)
            .map(|(one, _)| one)
            .collect();
        let named = candidates.iter().find(|(_, name)| *name == place.1);
        let Some(from) = named.or_else(|| (candidates.len() == 1).then(|| &candidates[0])) else {
            let stack = &stacks[place.0];
            return Err(of(
                stack,
                match candidates.len() {
                    0 => format!(
                        "Stack Refactor does not support the creation of resources: {}",
                        place.1
                    ),
                    _ => format!(
                        "The resource {} has more than one possible source. Provide a resource mapping.",
                        place.1
                    ),
                },
            ));
        };
        taken.insert(from.clone());
        origins.insert(place, from.clone());
    }
    if let Some((place, _)) = definitions.all().find(|(one, _)| !taken.contains(one)) {
        return Err(of(
            &stacks[place.0],
            format!(
                "Stack Refactor does not support the deletion of resources: {}",
                place.1
            ),
        ));
    }
    Ok(origins)
}

impl<'a> Definitions<'a> {
    fn entry(&self, index: usize) -> Option<&'a Entry> {
        self.state.stacks.get(&self.stacks[index].stack.uuid)
    }

    fn deployed(&self, place: &Place) -> Option<&'a Deployed> {
        self.entry(place.0)?.resources.get(&place.1)?.live.as_ref()
    }

    /// Everything that is deployed in the stacks.
    fn all(&self) -> impl Iterator<Item = (Place, &'a Deployed)> {
        (0..self.stacks.len()).flat_map(|index| {
            let resources = self.entry(index).map(|entry| &entry.resources);
            resources
                .into_iter()
                .flatten()
                .filter_map(move |(name, resource)| {
                    Some(((index, name.clone()), resource.live.as_ref()?))
                })
        })
    }
}

/// The outputs of a stack, and the names of the exports it reads.
type Told = (Vec<Output>, Vec<String>);

/// The stacks as they will be.
struct World<'a> {
    state: &'a State,
    account: &'a str,
    stacks: &'a [NewStack],
    /// What is deployed, by its new place.
    residents: BTreeMap<Place, &'a Deployed>,
}

/// What the template of one stack sees of them.
struct View<'w> {
    world: &'w World<'w>,
    stack: usize,
    depth: u32,
}

impl<'a> World<'a> {
    fn of(definitions: &Definitions<'a>, origins: &BTreeMap<Place, Place>) -> Self {
        Self {
            state: definitions.state,
            account: definitions.account,
            stacks: definitions.stacks,
            residents: origins
                .iter()
                .filter_map(|(to, from)| Some((to.clone(), definitions.deployed(from)?)))
                .collect(),
        }
    }

    fn view(&self, stack: usize, depth: u32) -> View<'_> {
        View {
            world: self,
            stack,
            depth,
        }
    }

    fn scope<'v>(&'v self, view: &'v View<'v>) -> Result<Scope<'v>, Failure> {
        let stack = &self.stacks[view.stack];
        let definition = &stack.stack.definition;
        let pseudo = pseudo_of(self.account, &stack.stack, definition);
        scope(&stack.document, definition, pseudo, view)
    }

    /// Nothing but names and places may change.
    fn check_resources(
        &self,
        index: usize,
        stack: &NewStack,
        origins: &BTreeMap<Place, Place>,
    ) -> Result<(), Failure> {
        let view = self.view(index, 0);
        let scope = self.scope(&view).map_err(|failure| of(stack, failure.0))?;
        for (name, node) in stack.document.resources() {
            let place = (index, name.to_owned());
            let Some(deployed) = self.residents.get(&place) else {
                continue;
            };
            let moves = origins.get(&place).is_some_and(|from| *from != place);
            if moves && origins[&place].0 != index {
                let pseudo = references(node)
                    .into_iter()
                    .find(|one| matches!(one.name.as_str(), "AWS::StackName" | "AWS::StackId"));
                if let Some(pseudo) = pseudo {
                    return Err(of(
                        stack,
                        format!(
                            "The resource {name} references the pseudo parameter {}, whose value differs between the stacks.",
                            pseudo.name
                        ),
                    ));
                }
            }
            let properties = scope
                .properties(node)
                .map_err(|failure| of(stack, failure.0))?;
            let changed = differences(&deployed.resource_type, &deployed.properties, &properties);
            let attribute = ["Type", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"]
                .into_iter()
                .find(|name| !same(deployed.declared.get(name), node.get(name)));
            let what = changed
                .first()
                .map(|change| format!("/Properties/{}", change.path.join("/")))
                .or_else(|| attribute.map(|name| format!("/{name}")));
            if let Some(what) = what {
                return Err(of(
                    stack,
                    format!(
                        "Stack Refactor does not support modifications of resources: {name} differs at {what}"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The outputs and the imports of each stack; exports that others read must stay, and be the only ones of their name.
    fn outputs(&self) -> Result<Vec<Told>, Failure> {
        let mut all = Vec::new();
        for (index, stack) in self.stacks.iter().enumerate() {
            let view = self.view(index, 0);
            let scope = self.scope(&view).map_err(|failure| of(stack, failure.0))?;
            let outputs = outputs::preview(&scope).map_err(|failure| of(stack, failure.0))?;
            all.push((outputs, outputs::imports(&scope)));
        }
        let uuids: BTreeSet<&str> = self
            .stacks
            .iter()
            .map(|stack| stack.stack.uuid.as_str())
            .collect();
        let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, (outputs, _)) in all.iter().enumerate() {
            for export in outputs.iter().filter_map(|output| output.export.as_deref()) {
                let stack = &self.stacks[index];
                let other = self
                    .state
                    .export(&stack.stack.region, export)
                    .map(|(owner, _)| owner)
                    .filter(|owner| !uuids.contains(owner.uuid.as_str()))
                    .map(|owner| owner.name.clone());
                let twice = owners.insert(export, index);
                let other = other.or_else(|| {
                    twice
                        .filter(|first| *first != index)
                        .map(|first| self.stacks[first].stack.name.clone())
                });
                if let Some(other) = other {
                    return Err(of(
                        stack,
                        format!("Export with name {export} is already exported by stack {other}."),
                    ));
                }
            }
        }
        for (index, stack) in self.stacks.iter().enumerate() {
            for before in &stack.stack.outputs {
                let Some(export) = &before.export else {
                    continue;
                };
                let is_kept = owners.get(export.as_str()).is_some_and(|owner| {
                    let outputs = all[*owner].0.iter();
                    outputs
                        .filter(|one| one.export.as_ref() == Some(export))
                        .all(|one| one.value == before.value)
                });
                let outsiders = self.state.present(&stack.stack.region).filter(|entry| {
                    !uuids.contains(entry.stack.uuid.as_str())
                        && entry.stack.imports.contains(export)
                });
                let mut readers: Vec<&str> =
                    outsiders.map(|entry| entry.stack.name.as_str()).collect();
                let members = all.iter().enumerate();
                readers.extend(
                    members
                        .filter(|(other, (_, imports))| *other != index && imports.contains(export))
                        .map(|(other, _)| self.stacks[other].stack.name.as_str()),
                );
                if !is_kept && !readers.is_empty() {
                    return Err(of(
                        stack,
                        format!(
                            "Cannot delete export {export} as it is in use by {}.",
                            readers.join(" and ")
                        ),
                    ));
                }
            }
        }
        Ok(all)
    }
}

impl View<'_> {
    /// What stands outside the stacks of the refactor, and what the stack's own resources are.
    fn outside<T>(&self, ask: impl FnOnce(&Sight<'_>) -> T) -> T {
        let see = |name: &str| {
            let place = (self.stack, name.to_owned());
            match self.world.residents.get(&place) {
                Some(deployed) => Seen::Deployed(deployed),
                None => Seen::Absent,
            }
        };
        ask(&Sight {
            state: self.world.state,
            region: &self.world.stacks[self.stack].stack.region,
            resource: &see,
        })
    }

    fn deeper(&self, stack: usize) -> Result<View<'_>, Failure> {
        if self.depth >= DEEPEST {
            return Err(Failure::new(
                "Circular dependency between stacks through their outputs",
            ));
        }
        Ok(self.world.view(stack, self.depth + 1))
    }

    /// The value of an output of one of the stacks.
    fn output(&self, stack: usize, node: &Value) -> Result<Value, Failure> {
        let view = self.deeper(stack)?;
        let scope = self.world.scope(&view)?;
        let value = scope.string(&node["Value"], "an output")?;
        Ok(value.into())
    }
}

impl Lookups for View<'_> {
    fn reference(&self, logical_id: &str) -> Result<Value, Failure> {
        self.outside(|sight| sight.reference(logical_id))
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Result<Value, Failure> {
        self.outside(|sight| sight.attribute(logical_id, attribute))
    }

    fn import(&self, name: &str) -> Result<Value, Failure> {
        for (index, stack) in self.world.stacks.iter().enumerate() {
            let outputs = stack.document.section("Outputs").into_iter().flatten();
            for (_, node) in outputs {
                let Some(export) = node.pointer("/Export/Name") else {
                    continue;
                };
                let view = self.deeper(index)?;
                let scope = self.world.scope(&view)?;
                if scope.is_wanted(node) && scope.string(export, "the name of an export")? == name {
                    return self.output(index, node);
                }
            }
        }
        let owner = self.outside(|sight| {
            let found = sight.state.export(sight.region, name);
            found.map(|(owner, _)| owner.uuid.clone())
        });
        let is_of_these = |uuid: &String| {
            let mut stacks = self.world.stacks.iter();
            stacks.any(|stack| stack.stack.uuid == *uuid)
        };
        // An export of these stacks that their new templates no longer have is gone.
        if owner.as_ref().is_some_and(is_of_these) {
            return Err(Failure::new(format!("No export named {name} found.")));
        }
        self.outside(|sight| sight.import(name))
    }

    fn stack_output(
        &self,
        stack: &str,
        output: &str,
        region: Option<&str>,
    ) -> Result<Value, Failure> {
        let own_region = &self.world.stacks[self.stack].stack.region;
        let is_here = region.is_none_or(|region| region == own_region);
        let mut stacks = self.world.stacks.iter();
        let member =
            stacks.position(|one| is_here && (one.stack.name == stack || one.stack.arn == stack));
        match member {
            Some(member) => {
                let document = &self.world.stacks[member].document;
                let node = document.section("Outputs").and_then(|all| all.get(output));
                let node = node.ok_or_else(|| {
                    Failure::new(format!("Output {output} of stack {stack} does not exist"))
                })?;
                self.output(member, node)
            }
            None => self.outside(|sight| sight.stack_output(stack, output, region)),
        }
    }

    fn stored_parameter(&self, name: &str) -> Result<String, Failure> {
        self.outside(|sight| sight.stored_parameter(name))
    }
}

/// The transaction that carries a refactor out: all stacks at once.
pub(crate) fn refactored(
    definitions: &Definitions<'_>,
    refactor: &Refactor,
    seed: u64,
    now: Timestamp,
) -> Result<Vec<Record>, Failure> {
    let stacks = definitions.stacks;
    let mut origins: BTreeMap<Place, Place> = definitions
        .all()
        .map(|(place, _)| (place.clone(), place))
        .collect();
    for one in &refactor.moves {
        origins.remove(&one.from);
    }
    for one in &refactor.moves {
        origins.insert(one.to.clone(), one.from.clone());
    }
    let outputs = World::of(definitions, &origins).outputs()?;
    let mut drafts = Vec::new();
    for (index, stack) in stacks.iter().enumerate() {
        let entry = definitions
            .entry(index)
            .ok_or_else(|| of(stack, "the stack does not exist any more"))?;
        drafts.push(Draft::of(entry, seed, now));
    }
    let mut arriving = Vec::new();
    for one in &refactor.moves {
        let draft = &mut drafts[one.from.0];
        let resource = draft
            .resource(&one.from.1)
            .ok_or_else(|| of(&stacks[one.from.0], "the resource does not exist any more"))?;
        draft.tell(resource.clone(), ResourceStatus::ExportComplete, None);
        draft.remove(&one.from.1);
        arriving.push((one, resource));
    }
    for (one, resource) in arriving {
        let resource = Resource {
            logical_id: one.to.1.clone(),
            baseline: Baseline::Same,
            progress: Progress::Idle,
            ..resource
        };
        drafts[one.to.0].tell(resource, ResourceStatus::ImportComplete, None);
    }
    let mut records = Vec::new();
    for ((mut draft, (outputs, imports)), (stack, wanted)) in drafts
        .into_iter()
        .zip(outputs)
        .zip(stacks.iter().zip(&refactor.stacks))
    {
        for mut resource in draft.select(|resource| resource.live.is_some()) {
            let document = &stack.document;
            if let (Some(live), Some(node)) =
                (&mut resource.live, document.resource(&resource.logical_id))
            {
                live.declared = node.clone();
                live.dependencies = document.dependencies(&resource.logical_id).to_vec();
                draft.put(resource);
            }
        }
        draft.stack.definition = Definition {
            template: wanted.template.clone(),
            ..draft.stack.definition.clone()
        };
        draft.stack.stable = Some(draft.stack.definition.clone());
        draft.stack.outputs = outputs;
        draft.stack.imports = imports;
        if !stack.creates {
            draft.stack.updated = Some(now);
        }
        let status = if stack.creates {
            StackStatus::CreateComplete
        } else {
            StackStatus::UpdateComplete
        };
        draft.status(status, None);
        records.extend(draft.finish());
    }
    Ok(records)
}
