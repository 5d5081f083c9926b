//! The deployed templates with their resources in other places, and every reference rewritten.
//!
//! A reference between two stacks that a move creates goes through an output: one that the wanted template has for it, so
//! that nothing is left to do for the change set, or else one of its own. One that a move dissolves becomes a plain
//! reference again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{MovingStack, Place};
use crate::{
    meaning::{Part, parts},
    uses::{Use, output_of, uses},
};

/// Why templates cannot be rewritten, told of a resource.
pub(super) struct Problem {
    pub(super) stack: usize,
    pub(super) logical_id: String,
    pub(super) message: String,
}

/// Pseudo parameters that say the same in every stack of an account and region.
const PORTABLE: [&str; 5] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::URLSuffix",
];

/// The templates of `members` after the moves.
pub(super) fn rewrite(
    moves: &BTreeMap<Place, Place>,
    members: &[usize],
    stacks: &[MovingStack<'_>],
) -> Result<Vec<Value>, Vec<Problem>> {
    let mut rewriter = Rewriter::new(moves, members, stacks);
    let outputs: Vec<(usize, Map<String, Value>)> = members
        .iter()
        .map(|stack| (*stack, rewriter.outputs(*stack)))
        .collect();
    rewriter.outputs = outputs.into_iter().collect();
    let mut resources: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
    let mut arrivals: BTreeMap<usize, Map<String, Value>> = BTreeMap::new();
    for stack in members.iter().copied() {
        let kept = resources.entry(stack).or_default();
        for (logical_id, resource) in section(stacks[stack].deployed, "Resources") {
            let (home, name) = rewriter.home(stack, logical_id);
            rewriter.subject = (home, name.clone());
            let resource = rewriter.resource(resource, stack, home);
            if home == stack {
                kept.insert(name, resource);
            } else {
                arrivals.entry(home).or_default().insert(name, resource);
            }
        }
    }
    for (stack, arrived) in arrivals {
        resources.entry(stack).or_default().extend(arrived);
    }
    rewriter.check(&resources);
    if !rewriter.problems.is_empty() {
        return Err(rewriter.problems);
    }
    let mut templates = Vec::new();
    for stack in members {
        let mut template = match stacks[*stack].deployed {
            Some(Value::Object(deployed)) => deployed.clone(),
            _ => Map::new(),
        };
        let resources = resources.remove(stack).unwrap_or_default();
        template.insert("Resources".to_owned(), resources.into());
        let outputs = rewriter.outputs.remove(stack).unwrap_or_default();
        if outputs.is_empty() {
            template.shift_remove("Outputs");
        } else {
            template.insert("Outputs".to_owned(), outputs.into());
        }
        templates.push(Value::Object(template));
    }
    Ok(templates)
}

struct Rewriter<'a> {
    moves: &'a BTreeMap<Place, Place>,
    members: &'a [usize],
    stacks: &'a [MovingStack<'a>],
    /// The outputs of each member afterwards.
    outputs: BTreeMap<usize, Map<String, Value>>,
    /// The resource that is being rewritten, in its new place.
    subject: Place,
    problems: Vec<Problem>,
}

impl<'a> Rewriter<'a> {
    fn new(
        moves: &'a BTreeMap<Place, Place>,
        members: &'a [usize],
        stacks: &'a [MovingStack<'a>],
    ) -> Self {
        Self {
            moves,
            members,
            stacks,
            outputs: BTreeMap::new(),
            subject: (0, String::new()),
            problems: Vec::new(),
        }
    }

    /// Where a deployed resource is afterwards.
    fn home(&self, stack: usize, logical_id: &str) -> Place {
        let place = (stack, logical_id.to_owned());
        self.moves.get(&place).cloned().unwrap_or(place)
    }

    fn has(&self, stack: usize, logical_id: &str) -> bool {
        section(self.stacks[stack].deployed, "Resources").any(|(name, _)| name == logical_id)
    }

    fn problem(&mut self, message: String) {
        let (stack, logical_id) = self.subject.clone();
        self.problems.push(Problem {
            stack,
            logical_id,
            message,
        });
    }

    /// The outputs that a stack keeps: all but those of resources that leave it. Whoever is left to read one of these is
    /// rewritten with it, or has an export that must not go.
    fn outputs(&mut self, stack: usize) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, output) in section(self.stacks[stack].deployed, "Outputs") {
            let value = &output["Value"];
            if let Some(leaver) = self.leaver(stack, value) {
                let export = output.pointer("/Export/Name");
                let export = export.and_then(|name| literal(name, self.stacks[stack].stack_name));
                let reader = export.and_then(|export| Some((self.outsider(&export)?, export)));
                if let Some((reader, export)) = reader {
                    self.subject = self.home(stack, &leaver);
                    self.problem(format!(
                        "cannot move: `{reader}` imports `{export}`, which is the export of it that `{}` has; deploy `{reader}` without the import first, then move",
                        self.stacks[stack].name
                    ));
                }
                continue;
            }
            let mut output = output.clone();
            output["Value"] = self.value(value, stack, stack);
            kept.insert(name.clone(), output);
        }
        kept
    }

    /// A resource that leaves its stack and that a value of the stack refers to.
    fn leaver(&self, stack: usize, value: &Value) -> Option<String> {
        let mut found = None;
        uses(value, &mut |one| {
            if let Use::Reference(target) | Use::Attribute(target) = one
                && self.home(stack, target).0 != stack
            {
                found.get_or_insert_with(|| target.to_owned());
            }
        });
        found
    }

    /// A stack beside the members that imports an export as it is deployed.
    fn outsider(&self, export: &str) -> Option<&'a str> {
        let mut stacks = self.stacks.iter().enumerate();
        let reader = stacks.find(|(index, stack)| {
            !self.members.contains(index)
                && stack
                    .deployed
                    .is_some_and(|body| imports(body, stack.stack_name).contains(export))
        });
        reader.map(|(_, stack)| stack.name)
    }

    fn resource(&mut self, resource: &Value, from: usize, home: usize) -> Value {
        let mut rewritten = resource.clone();
        let Some(attributes) = rewritten.as_object_mut() else {
            return rewritten;
        };
        if let Some(properties) = attributes.get_mut("Properties") {
            *properties = self.value(&properties.take(), from, home);
        }
        if let Some(dependencies) = attributes.get("DependsOn") {
            let names = match dependencies {
                Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
                name => name.as_str().into_iter().collect::<Vec<_>>(),
            };
            let near: Vec<Value> = names
                .into_iter()
                .map(|name| self.home(from, name))
                .filter(|(stack, _)| *stack == home)
                .map(|(_, name)| name.into())
                .collect();
            match (dependencies, near.len()) {
                (_, 0) => {
                    attributes.shift_remove("DependsOn");
                }
                (Value::String(_), 1) => {
                    attributes.insert("DependsOn".to_owned(), near[0].clone());
                }
                _ => {
                    attributes.insert("DependsOn".to_owned(), near.into());
                }
            }
        }
        if from != home
            && let Some(condition) = attributes.get("Condition").and_then(Value::as_str)
        {
            let condition = condition.to_owned();
            self.cannot_bring("condition", &condition, from, home);
        }
        rewritten
    }

    fn cannot_bring(&mut self, what: &str, name: &str, from: usize, home: usize) {
        self.problem(format!(
            "cannot move: it uses {what} `{name}` of `{}`, and a refactor gives `{}` none; deploy it without the {what} first, then move",
            self.stacks[from].name, self.stacks[home].name
        ));
    }

    /// A value of one stack as it stands in another, or in the same.
    fn value(&mut self, value: &Value, from: usize, home: usize) -> Value {
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(item, from, home))
                .collect(),
            Value::Object(members) => match crate::meaning::intrinsic(members) {
                Some((name, argument)) => self.function(name, argument, from, home),
                None => members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.value(member, from, home)))
                    .collect::<Map<_, _>>()
                    .into(),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn function(&mut self, name: &str, argument: &Value, from: usize, home: usize) -> Value {
        let whole = |argument: Value| json!({ name: argument });
        match name {
            "Ref" => match argument.as_str() {
                Some(target) => self.reference(target, None, from, home),
                None => whole(argument.clone()),
            },
            "Fn::GetAtt" => match target_of(argument) {
                Some((target, attribute)) if self.has(from, &target) => {
                    let (stack, moved) = self.home(from, &target);
                    match argument {
                        // The form stays, and what works out the attribute's name.
                        Value::Array(items) if stack == home => {
                            let mut items = items.clone();
                            items[0] = moved.into();
                            let rest = items.split_off(1);
                            items.extend(rest.iter().map(|item| self.value(item, from, home)));
                            whole(items.into())
                        }
                        Value::String(_) if stack == home => {
                            whole(format!("{moved}.{}", attribute.unwrap_or_default()).into())
                        }
                        _ => match attribute {
                            Some(attribute) => {
                                self.reference(&target, Some(&attribute), from, home)
                            }
                            None => {
                                self.problem(format!(
                                    "cannot be rewritten: which attribute of `{target}` it reads is only known to CloudFormation"
                                ));
                                whole(argument.clone())
                            }
                        },
                    }
                }
                _ => whole(self.value(argument, from, home)),
            },
            "Fn::Sub" => self.text(argument, from, home),
            "Fn::If" if from != home => {
                let condition = argument[0].as_str().unwrap_or_default().to_owned();
                self.cannot_bring("condition", &condition, from, home);
                whole(argument.clone())
            }
            "Fn::FindInMap" if from != home => {
                let name = argument[0].as_str().unwrap_or_default();
                let mapping = |stack: usize| {
                    let body = self.stacks[stack].deployed?;
                    body.get("Mappings")?.get(name)
                };
                if mapping(from).is_none() || mapping(from) != mapping(home) {
                    self.cannot_bring("mapping", name, from, home);
                }
                whole(self.value(argument, from, home))
            }
            "Fn::GetStackOutput" | "Fn::ImportValue" => {
                match self.dissolved(name, argument, from, home) {
                    Some((value, producer)) => self.value(&value, producer, home),
                    None => whole(self.value(argument, from, home)),
                }
            }
            _ => whole(self.value(argument, from, home)),
        }
    }

    /// What a reference to another stack stands for, with that stack, where it cannot stay: the output's resource left its
    /// stack, or the reader comes to it.
    fn dissolved(
        &self,
        name: &str,
        argument: &Value,
        from: usize,
        home: usize,
    ) -> Option<(Value, usize)> {
        let producers = self.members.iter().copied();
        let (producer, value) = if name == "Fn::ImportValue" {
            let export = literal(argument, self.stacks[from].stack_name)?;
            producers.into_iter().find_map(|producer| {
                let stack = &self.stacks[producer];
                let mut outputs = section(stack.deployed, "Outputs");
                let (_, output) = outputs.find(|(_, output)| {
                    let name = output.pointer("/Export/Name");
                    name.and_then(|name| literal(name, stack.stack_name))
                        .is_some_and(|name| name == export)
                })?;
                Some((producer, &output["Value"]))
            })?
        } else {
            let (stack_name, output) = output_of(argument)?;
            producers.into_iter().find_map(|producer| {
                let stack = &self.stacks[producer];
                let mut outputs = section(stack.deployed, "Outputs");
                let (_, found) = outputs.find(|(name, _)| *name == output)?;
                (stack.stack_name == stack_name).then_some((producer, &found["Value"]))
            })?
        };
        let cannot_stay = producer == home || self.leaver(producer, value).is_some();
        cannot_stay.then(|| (value.clone(), producer))
    }

    /// A reference to something of one stack, as it stands in another or in the same.
    fn reference(
        &mut self,
        target: &str,
        attribute: Option<&str>,
        from: usize,
        home: usize,
    ) -> Value {
        if !self.has(from, target) {
            self.check_input(target, from, home);
            return json!({ "Ref": target });
        }
        let (stack, moved) = self.home(from, target);
        let value = plain(&moved, attribute);
        if stack == home {
            value
        } else {
            self.across(stack, &moved, attribute, &value, home)
        }
    }

    /// A parameter or pseudo parameter has its own value in every stack.
    fn check_input(&mut self, name: &str, from: usize, home: usize) {
        if from == home || PORTABLE.contains(&name) {
            return;
        }
        if name.starts_with("AWS::") {
            self.problem(format!(
                "cannot move: it uses `{name}`, which is not the same in `{}` as in `{}`; deploy it with the value written out first, then move",
                self.stacks[home].name, self.stacks[from].name
            ));
        } else {
            self.cannot_bring("parameter", name, from, home);
        }
    }

    /// A reference through an output of another stack.
    fn across(
        &mut self,
        stack: usize,
        target: &str,
        attribute: Option<&str>,
        value: &Value,
        home: usize,
    ) -> Value {
        let producer = self.stacks[stack];
        let outputs = self.outputs.entry(stack).or_default();
        let is_of = |output: &Value| {
            output.get("Condition").is_none() && is_same_reference(&output["Value"], value)
        };
        // What the wanted template says is what the next change set would make of it.
        let wanted = section(producer.wanted, "Outputs").find(|(name, output)| {
            let taken = outputs.get(*name);
            is_of(output) && taken.is_none_or(&is_of)
        });
        let known = outputs.iter().find(|(_, output)| is_of(output));
        let (name, output) = match (wanted, known) {
            (Some((name, output)), _) | (None, Some((name, output))) => {
                (name.clone(), output.clone())
            }
            (None, None) => {
                let attribute = attribute.unwrap_or_default().replace('.', "");
                let mut name = format!("Refactored{target}{attribute}");
                while outputs.contains_key(&name) {
                    name.push('0');
                }
                (name, json!({ "Value": value }))
            }
        };
        outputs.insert(name.clone(), output.clone());
        let export = output.pointer("/Export/Name");
        let export = export.and_then(|name| literal(name, producer.stack_name));
        let reader = self.stacks[home];
        let imported = export.filter(|export| {
            reader
                .wanted
                .is_some_and(|body| imports(body, reader.stack_name).contains(export))
        });
        match imported {
            Some(export) if export.contains("${") => {
                json!({ "Fn::ImportValue": { "Fn::Sub": export } })
            }
            Some(export) => json!({ "Fn::ImportValue": export }),
            None => json!({
                "Fn::GetStackOutput": { "StackName": producer.stack_name, "OutputName": name }
            }),
        }
    }

    /// A text with references in it. One that leads to another stack cannot stay within: the text is then joined of pieces.
    fn text(&mut self, argument: &Value, from: usize, home: usize) -> Value {
        let (text, variables) = match argument {
            Value::Array(items) => (items.first(), items.get(1).and_then(Value::as_object)),
            text => (Some(text), None),
        };
        let Some(text) = text.and_then(Value::as_str) else {
            return json!({ "Fn::Sub": self.value(argument, from, home) });
        };
        let own: Map<String, Value> = variables
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), self.value(value, from, home)))
            .collect();
        let is_own = |name: &str| own.contains_key(name);
        let mut pieces: Vec<Value> = Vec::new();
        let mut piece = String::new();
        let mut is_joined = false;
        let close = |piece: &mut String, pieces: &mut Vec<Value>| {
            if !piece.is_empty() {
                pieces.push(substituted(std::mem::take(piece), &own));
            }
        };
        for part in parts(text) {
            let variable = match part {
                Part::Literal(literal) => {
                    piece.push_str(&literal.replace("${", "${!"));
                    continue;
                }
                Part::Variable(variable) => variable,
            };
            let (target, attribute) = match variable.split_once('.') {
                Some((target, attribute)) => (target, Some(attribute)),
                None => (variable, None),
            };
            // A function as the value of a variable, which cannot stand there, is a piece of its own.
            if is_own(variable) {
                if holds_stack_output(&own[variable]) {
                    close(&mut piece, &mut pieces);
                    pieces.push(own[variable].clone());
                    is_joined = true;
                } else {
                    piece.push_str(&format!("${{{variable}}}"));
                }
                continue;
            }
            if !self.has(from, target) {
                self.check_input(target, from, home);
                piece.push_str(&format!("${{{variable}}}"));
                continue;
            }
            let (stack, moved) = self.home(from, target);
            if stack == home {
                let attribute = attribute.map(|name| format!(".{name}")).unwrap_or_default();
                piece.push_str(&format!("${{{moved}{attribute}}}"));
            } else {
                close(&mut piece, &mut pieces);
                pieces.push(self.reference(target, attribute, from, home));
                is_joined = true;
            }
        }
        if !is_joined {
            // As it was given, but for the names.
            return match argument {
                Value::Array(_) => json!({ "Fn::Sub": [piece, own] }),
                _ => json!({ "Fn::Sub": piece }),
            };
        }
        close(&mut piece, &mut pieces);
        if pieces.len() == 1 {
            pieces.remove(0)
        } else {
            json!({ "Fn::Join": ["", pieces] })
        }
    }

    /// What must hold of the stacks afterwards.
    fn check(&mut self, resources: &BTreeMap<usize, Map<String, Value>>) {
        for (from, _) in self.moves.iter().map(|(from, to)| (from.clone(), to)) {
            let stack = from.0;
            if resources.get(&stack).is_none_or(Map::is_empty) {
                self.subject = self.home(stack, &from.1);
                let name = self.stacks[stack].name;
                self.problem(format!(
                    "cannot move: `{name}` would be left without a resource, which CloudFormation does not allow; leave one there, or add one and deploy that first"
                ));
                return;
            }
        }
        let mut reads: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (stack, all) in resources {
            for value in all.values() {
                uses(value, &mut |one| {
                    if let Use::Output(stack_name, _) = one {
                        let mut members = self.members.iter();
                        let producer =
                            members.find(|one| self.stacks[**one].stack_name == stack_name);
                        reads.entry(*stack).or_default().extend(producer);
                    }
                });
            }
            let body = Value::Object(all.clone());
            let imported = imports(&body, self.stacks[*stack].stack_name);
            for producer in self.members {
                let exports = self.outputs.get(producer).into_iter().flatten();
                let owns = exports
                    .filter_map(|(_, output)| {
                        literal(
                            output.pointer("/Export/Name")?,
                            self.stacks[*producer].stack_name,
                        )
                    })
                    .any(|export| imported.contains(&export));
                if owns {
                    reads.entry(*stack).or_default().insert(*producer);
                }
            }
        }
        let circle = self.members.iter().copied().find_map(|stack| {
            let other = reads
                .get(&stack)?
                .iter()
                .find(|other| reaches(&reads, **other, stack))?;
            Some((stack, *other))
        });
        if let Some((stack, other)) = circle {
            let (from, to) = self.moves.first_key_value().expect("there is a move");
            self.subject = to.clone();
            self.problem(format!(
                "cannot move: `{}` would read of `{}`, and that of `{}` again; move what refers to `{}` along",
                self.stacks[stack].name, self.stacks[other].name, self.stacks[stack].name, from.1
            ));
        }
    }
}

fn reaches(reads: &BTreeMap<usize, BTreeSet<usize>>, start: usize, end: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(stack) = open.pop() {
        if stack == end {
            return true;
        }
        if seen.insert(stack) {
            open.extend(reads.get(&stack).into_iter().flatten());
        }
    }
    false
}

/// A piece of a text, with the variables that are in it.
fn substituted(piece: String, own: &Map<String, Value>) -> Value {
    let mut has_variables = false;
    let mut used = Map::new();
    for part in parts(&piece) {
        if let Part::Variable(name) = part {
            has_variables = true;
            if let Some(value) = own.get(name) {
                used.insert(name.to_owned(), value.clone());
            }
        }
    }
    match (has_variables, used.is_empty()) {
        (false, _) => Value::String(piece.replace("${!", "${")),
        (true, true) => json!({ "Fn::Sub": piece }),
        (true, false) => json!({ "Fn::Sub": [piece, used] }),
    }
}

fn plain(target: &str, attribute: Option<&str>) -> Value {
    match attribute {
        Some(attribute) => json!({ "Fn::GetAtt": [target, attribute] }),
        None => json!({ "Ref": target }),
    }
}

/// Whether two values refer to the same resource or attribute.
fn is_same_reference(left: &Value, right: &Value) -> bool {
    let attribute = |value: &Value| target_of(value.get("Fn::GetAtt")?);
    left == right || attribute(left).is_some() && attribute(left) == attribute(right)
}

/// The resource and, where it is plain, the attribute of a `Fn::GetAtt`.
fn target_of(argument: &Value) -> Option<(String, Option<String>)> {
    match argument {
        Value::String(text) => {
            let (target, attribute) = text.split_once('.')?;
            Some((target.to_owned(), Some(attribute.to_owned())))
        }
        Value::Array(items) => {
            let target = items.first()?.as_str()?.to_owned();
            let names: Option<Vec<&str>> = items[1..].iter().map(Value::as_str).collect();
            Some((target, names.map(|names| names.join("."))))
        }
        _ => None,
    }
}

/// Whether a value holds an output of another stack, which may not stand within a text.
fn holds_stack_output(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("Fn::GetStackOutput") || members.values().any(holds_stack_output)
        }
        Value::Array(items) => items.iter().any(holds_stack_output),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The exports that a template reads, as far as it alone tells their names.
fn imports(body: &Value, stack_name: &str) -> BTreeSet<String> {
    fn collect(value: &Value, stack_name: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                let import = members.get("Fn::ImportValue");
                found.extend(import.and_then(|name| literal(name, stack_name)));
                for member in members.values() {
                    collect(member, stack_name, found);
                }
            }
            Value::Array(items) => {
                for item in items {
                    collect(item, stack_name, found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(body, stack_name, &mut found);
    found
}

/// The name of an export, when the template alone tells it.
fn literal(name: &Value, stack_name: &str) -> Option<String> {
    crate::checks::literal(name, stack_name)
}

fn section<'t>(
    template: Option<&'t Value>,
    name: &'static str,
) -> impl Iterator<Item = (&'t String, &'t Value)> + use<'t> {
    let section = template.and_then(|body| body.get(name)?.as_object());
    section.into_iter().flatten()
}
