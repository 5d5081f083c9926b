//! What must hold, whatever happened: held against what really is in the endpoint.

mod drift;
mod moves;

pub(crate) use drift::drifted;

use std::collections::{BTreeMap, BTreeSet};

use engine::{Assembly, History, ReleaseOutcome, Template};
use local::{SeenResource, SeenStack};
use serde_json::Value;

use crate::{
    app::NESTED,
    command::{Command, Ended, Failure, Trace},
    world::World,
};

/// One act: what was there before, what was run, and what else happened meanwhile.
pub(crate) struct Act<'a> {
    pub(crate) before: &'a [SeenStack],
    pub(crate) after: &'a [SeenStack],
    pub(crate) commands: &'a [Command],
    pub(crate) traces: &'a [Trace],
    /// Stacks that someone else worked on.
    pub(crate) touched: &'a BTreeSet<String>,
    /// Whether nothing was made to go wrong.
    pub(crate) is_calm: bool,
}

impl Act<'_> {
    /// Accuses whoever broke a law.
    pub(crate) fn judge(&self, world: &World) {
        for (command, trace) in self.commands.iter().zip(self.traces) {
            self.success_is_true(world, command, trace);
            self.failure_has_a_reason(world, command, trace);
            self.nothing_is_left(world, command, trace);
            self.status_is_true(world, trace);
            self.drift_is_true(world, trace);
            self.drift_is_reverted(world, command, trace);
            self.moves_are_made(world, trace);
        }
        self.nothing_is_lost(world);
        self.nothing_is_twice(world);
        self.no_empty_shell(world);
    }

    /// Who reports success has done what was wanted.
    fn success_is_true(&self, world: &World, command: &Command, trace: &Trace) {
        if !matches!(trace.ended, Ended::Done) {
            return;
        }
        if let (Some(wanted), true) = (&trace.wanted, self.is_alone(trace)) {
            for difference in differences(self.after, wanted, self.touched) {
                world.accuse(format_args!(
                    "{} reports success of `{}`, and {difference}",
                    trace.name,
                    command.verb()
                ));
            }
        }
        if let (Command::Destroy(_), 1) = (command, self.traces.len()) {
            for name in &trace.deleted {
                let stays = self.after.iter().find(|stack| {
                    stack.name.ends_with(&format!("-{name}")) && !self.touched.contains(&stack.name)
                });
                if let Some(stack) = stays {
                    world.accuse(format_args!(
                        "{} reports that {name} is deleted, and it is in {}",
                        trace.name, stack.status
                    ));
                }
            }
        }
    }

    /// Whether nobody else did anything meanwhile but to be refused.
    fn is_alone(&self, trace: &Trace) -> bool {
        self.traces.iter().all(|other| {
            let is_refused = matches!(&other.ended, Ended::Failed(failure)
                if failure.message.contains(" is held by "));
            other.name == trace.name || is_refused
        })
    }

    /// Who fails says what to do; and nobody fails where nothing goes wrong.
    fn failure_has_a_reason(&self, world: &World, command: &Command, trace: &Trace) {
        let Ended::Failed(failure) = &trace.ended else {
            return;
        };
        if failure.hints.is_empty() {
            world.accuse(format_args!(
                "{} does not say what to do about: {}",
                trace.name, failure.message
            ));
        }
        let was_well = self.before.iter().all(|stack| {
            matches!(
                stack.status,
                "CREATE_COMPLETE"
                    | "UPDATE_COMPLETE"
                    | "UPDATE_ROLLBACK_COMPLETE"
                    | "ROLLBACK_COMPLETE"
                    | "REVIEW_IN_PROGRESS"
            )
        });
        let deploys = matches!(
            command,
            Command::Deploy | Command::Rollback(_) | Command::Revert
        );
        let is_alone = self.traces.len() == 1;
        let is_held = failure.message.contains(" is held by ")
            || failure.message.contains("has no asset bucket")
            || self.is_refused_move(trace, failure)
            || self.is_of_a_leftover(failure);
        // CloudFormation cannot change what something else has deleted.
        let was_whole = self.before.iter().all(|stack| {
            let mut resources = stack.resources.iter();
            resources.all(|one| one.physical_id.is_none() || one.actual.is_some())
        });
        let was_well = was_well && (was_whole || matches!(command, Command::Revert));
        let is_calm = self.is_calm && self.touched.is_empty() && !trace.struck && is_alone;
        if deploys && is_calm && was_well && !is_held {
            world.accuse(format_args!(
                "{} fails where nothing goes wrong: {}",
                trace.name, failure.message
            ));
        }
    }

    /// Whether a name is taken by what could not be deleted, and is in no stack any more.
    fn is_of_a_leftover(&self, failure: &Failure) -> bool {
        let resources = self.after.iter().flat_map(|stack| &stack.resources);
        let mut names = resources.filter_map(|one| one.physical_id.as_ref());
        failure.message.contains("already exists")
            && !names.any(|name| failure.message.contains(&format!("'{name}'")))
    }

    /// What is said of the stacks is so: one that could not be read is not said to be absent.
    fn status_is_true(&self, world: &World, trace: &Trace) {
        let Some(status) = &trace.status else { return };
        // Nothing was under way when it looked; what others did, and answers that come late, are another matter.
        if !(world.weather().is_loud && self.touched.is_empty() && self.traces.len() == 1) {
            return;
        }
        for told in &status.stacks {
            let mut stacks = self.before.iter();
            let found = stacks.find(|stack| stack.name == told.stack_name);
            let found = found.map(|stack| stack.status);
            let told_status = told.status.as_ref().map(ToString::to_string);
            if told_status.as_deref() != found {
                world.accuse(format_args!(
                    "{} says that {} is in {told_status:?}, and it is in {found:?}",
                    trace.name, told.stack_name
                ));
            }
        }
    }

    /// A run that ends in order takes its change sets with it, or says what it leaves.
    fn nothing_is_left(&self, world: &World, command: &Command, trace: &Trace) {
        let is_in_order = match &trace.ended {
            Ended::Done | Ended::Failed(_) => true,
            Ended::Interrupted => !matches!(command, Command::DeploySaved(_)),
            Ended::Killed => false,
        };
        let is_kept = matches!(command, Command::Save) && matches!(trace.ended, Ended::Done);
        if !is_in_order || is_kept {
            return;
        }
        let token = format!("chitinfra-{}-", trace.name);
        let told = |text: &String| {
            [
                "could not be removed",
                "stays behind",
                "DeleteChangeSet",
                "DeleteStack",
            ]
            .iter()
            .any(|words| text.contains(words))
        };
        let says_so = trace.notes.iter().any(told)
            || matches!(&trace.ended, Ended::Failed(failure) if told(&failure.message));
        for stack in self.after {
            let ours = stack.change_sets.iter().filter(|change_set| {
                change_set
                    .token
                    .as_ref()
                    .is_some_and(|other| other.starts_with(&token))
            });
            for change_set in ours {
                if !says_so {
                    world.accuse(format_args!(
                        "{} leaves change set {} of {} without a word",
                        trace.name, change_set.name, stack.name
                    ));
                }
            }
        }
    }

    /// What exists goes only where somebody said so before.
    fn nothing_is_lost(&self, world: &World) {
        let told: BTreeSet<(&str, &str)> = self
            .traces
            .iter()
            .flat_map(|trace| &trace.told)
            .map(|(stack, id)| (stack.as_str(), id.as_str()))
            .collect();
        let provisional: BTreeSet<&str> = self
            .traces
            .iter()
            .flat_map(|trace| trace.provisional.iter().map(String::as_str))
            .collect();
        let deletes = self
            .commands
            .iter()
            .any(|command| matches!(command, Command::Destroy(_) | Command::Recover(_)));
        for before in self.before {
            // What is nested goes with the resource that it is above.
            let way = way_to(self.before, before);
            let is_excused = way
                .iter()
                .any(|(stack, _)| self.touched.contains(&stack.name) || is_shell(stack));
            if deletes || is_excused || self.touched.contains(&before.name) || is_shell(before) {
                continue;
            }
            let after = self.after.iter().find(|after| after.name == before.name);
            for resource in &before.resources {
                let Some(was) = &resource.physical_id else {
                    continue;
                };
                let now = after.and_then(|after| physical_id(after, &resource.logical_id));
                let was_gone = resource.actual.is_none();
                if was_gone || self.has_moved(before, resource) {
                    continue;
                }
                let is_told = told.contains(&(before.name.as_str(), resource.logical_id.as_str()))
                    || way.iter().any(|(stack, above)| {
                        told.contains(&(stack.name.as_str(), above.logical_id.as_str()))
                    });
                let is_stateful = resource.resource_type == "AWS::S3::Bucket";
                let mut stacks = way.iter().map(|(stack, _)| *stack).chain([before]);
                let may_go =
                    stacks.any(|stack| provisional.contains(stack.name.as_str())) && !is_stateful;
                if now != Some(was) && !is_told && !may_go {
                    world.accuse(format_args!(
                        "{} of {} was {was} and is {}, which no plan said",
                        resource.logical_id,
                        before.name,
                        now.map_or("gone", String::as_str)
                    ));
                }
            }
        }
        for stack in self.after {
            for resource in &stack.resources {
                if resource.exist > 1 && !stack.is_busy {
                    world.accuse(format_args!(
                        "there are {} of {} of {}",
                        resource.exist, resource.logical_id, stack.name
                    ));
                }
            }
        }
    }

    /// Nobody leaves a stack behind that holds nothing and waits for nothing.
    fn no_empty_shell(&self, world: &World) {
        let all_in_order = self.traces.iter().all(|trace| {
            matches!(trace.ended, Ended::Done | Ended::Failed(_)) && trace.notes.is_empty()
        });
        if !all_in_order {
            return;
        }
        for stack in self.after {
            let is_new = self.before.iter().all(|before| before.id != stack.id);
            if stack.status == "REVIEW_IN_PROGRESS" && stack.change_sets.is_empty() && is_new {
                world.accuse(format_args!("an empty shell {} is left", stack.name));
            }
        }
    }
}

/// What the history must say of the runs so far.
pub(crate) fn history_is_true(world: &World, history: &History, traces: &[Trace]) {
    for key in &history.damaged {
        world.accuse(format_args!("the record {key} cannot be read"));
    }
    let found: BTreeMap<&str, ReleaseOutcome> = history
        .releases
        .iter()
        .map(|release| (release.id.as_str(), release.outcome))
        .collect();
    for trace in traces {
        let Some((id, outcome)) = &trace.release else {
            continue;
        };
        match (found.get(id.as_str()), outcome) {
            (None, _) => world.accuse(format_args!("the record {id} of {} is lost", trace.name)),
            (Some(recorded), Some(outcome)) if recorded != outcome => {
                world.accuse(format_args!(
                    "{} ended as {outcome:?}, and {id} says {recorded:?}",
                    trace.name
                ));
            }
            // Its last write may have been carried out though no answer came.
            (Some(ReleaseOutcome::Succeeded), None)
                if !matches!(trace.ended, Ended::Killed | Ended::Done) =>
            {
                world.accuse(format_args!(
                    "{} ended in {:?}, and {id} says that it succeeded",
                    trace.name, trace.ended
                ));
            }
            _ => {}
        }
    }
}

/// What differs between what is deployed and what was wanted.
pub(crate) fn differences(
    stacks: &[SeenStack],
    wanted: &Assembly,
    touched: &BTreeSet<String>,
) -> Vec<String> {
    let mut differences = Vec::new();
    for stack in &wanted.manifest.stacks {
        let name = &stack.stack_name;
        if touched.contains(name) {
            continue;
        }
        let Some(found) = stacks.iter().find(|found| found.name == *name) else {
            differences.push(format!("{name} does not exist"));
            continue;
        };
        let is_well = matches!(
            found.status,
            "CREATE_COMPLETE"
                | "UPDATE_COMPLETE"
                | "UPDATE_ROLLBACK_COMPLETE"
                | "IMPORT_COMPLETE"
                | "IMPORT_ROLLBACK_COMPLETE"
        );
        if !is_well {
            differences.push(format!("{name} is in {}", found.status));
            continue;
        }
        let mut body = Template::parse(found.template.clone())
            .map(|template| template.body().clone())
            .unwrap_or_default();
        let mut template = wanted.templates[&stack.name].body().clone();
        without_stamps(&mut body);
        for template in [&mut body, &mut template] {
            without_order(template);
        }
        if body != template {
            differences.push(format!("{name} has another template"));
        }
        let parameters: BTreeMap<_, _> = stack.parameters.clone().into_iter().collect();
        if found.parameters != parameters {
            differences.push(format!("{name} has other parameters"));
        }
        let tags: BTreeMap<_, _> = stack.tags.clone().into_iter().collect();
        if found.tags != tags {
            differences.push(format!("{name} has other tags"));
        }
        if found.termination_protection != stack.termination_protection {
            differences.push(format!("{name} is protected otherwise"));
        }
        let resources = body["Resources"].as_object().into_iter().flatten();
        for (id, _) in resources {
            if physical_id(found, id).is_none() {
                differences.push(format!("{id} of {name} does not exist"));
            }
        }
        differences.extend(other_nested(stacks, found));
        differences.extend(stale_value(stacks, stack, found, touched));
    }
    differences
}

/// The stack that one is nested in, and the resource that it is there.
pub(crate) fn above<'s>(
    stacks: &'s [SeenStack],
    nested: &SeenStack,
) -> Option<(&'s SeenStack, &'s SeenResource)> {
    stacks.iter().find_map(|stack| {
        let mut resources = stack.resources.iter();
        let found = resources.find(|one| one.physical_id.as_ref() == Some(&nested.id))?;
        Some((stack, found))
    })
}

/// All that one is nested in.
fn way_to<'s>(
    stacks: &'s [SeenStack],
    nested: &'s SeenStack,
) -> Vec<(&'s SeenStack, &'s SeenResource)> {
    let mut way = Vec::new();
    let mut next = above(stacks, nested);
    while let Some(found) = next {
        way.push(found);
        next = above(stacks, found.0);
    }
    way
}

/// Nested stacks of a stack that are not what it says of them.
fn other_nested(stacks: &[SeenStack], above: &SeenStack) -> Vec<String> {
    let nested = above.resources.iter();
    let nested = nested.filter(|one| one.resource_type == NESTED);
    let wrong = nested.filter_map(|one| {
        let id = one.physical_id.as_ref()?;
        let Some(found) = stacks.iter().find(|stack| stack.id == *id) else {
            return Some(format!("the stack {id} is gone"));
        };
        let properties: Value = serde_json::from_str(&one.properties).unwrap_or_default();
        let wanted = properties["Parameters"]["Value"].as_str();
        let is_well = found.status.ends_with("_COMPLETE");
        let has = found.parameters.get("Value").map(String::as_str);
        let all_there = found.resources.iter().all(|one| one.physical_id.is_some());
        (!is_well || has != wanted || !all_there).then(|| {
            format!(
                "{} is in {} with {has:?}, where {wanted:?} is wanted",
                found.name, found.status
            )
        })
    });
    wrong.collect()
}

/// A value that a stack reads and which is no longer what the other stack gives.
fn stale_value(
    stacks: &[SeenStack],
    stack: &assembly::StackManifest,
    found: &SeenStack,
    touched: &BTreeSet<String>,
) -> Option<String> {
    let reader = found
        .resources
        .iter()
        .find(|resource| resource.logical_id.ends_with("Reader"))?;
    let properties: Value = serde_json::from_str(&reader.properties).ok()?;
    let words = properties["DisplayName"].as_str()?;
    for before in &stack.depends_on {
        let producer = stacks
            .iter()
            .find(|one| one.name.ends_with(&format!("-{before}")))?;
        if touched.contains(&producer.name) {
            continue;
        }
        let mut outputs = producer.outputs.values();
        if !outputs.any(|value| words.split(' ').any(|word| word == value)) {
            return Some(format!(
                "{} reads `{words}`, and {} gives {:?}",
                found.name, producer.name, producer.outputs
            ));
        }
    }
    None
}

/// Takes the digests of what is read out of a template.
fn without_stamps(template: &mut Value) {
    let resources = template["Resources"].as_object_mut().into_iter().flatten();
    for (_, resource) in resources {
        let Some(resource) = resource.as_object_mut() else {
            continue;
        };
        let Some(metadata) = resource.get_mut("Metadata").and_then(Value::as_object_mut) else {
            continue;
        };
        metadata.shift_remove("chitinfra:reads");
        if metadata.is_empty() {
            resource.shift_remove("Metadata");
        }
    }
}

/// Takes out of a template what is no change by itself: a move leaves behind what a resource waited for in another stack.
fn without_order(template: &mut Value) {
    let resources = template["Resources"].as_object_mut().into_iter().flatten();
    for resource in resources.filter_map(|(_, resource)| resource.as_object_mut()) {
        resource.shift_remove("DependsOn");
    }
}

/// A stack that holds nothing, or nothing that anyone was promised: it may be deleted and made again.
fn is_shell(stack: &SeenStack) -> bool {
    matches!(stack.status, "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE")
}

fn physical_id<'s>(stack: &'s SeenStack, logical_id: &str) -> Option<&'s String> {
    let is_it = |resource: &&SeenResource| resource.logical_id == logical_id;
    stack.resources.iter().find(is_it)?.physical_id.as_ref()
}
