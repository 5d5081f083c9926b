//! Outputs and exports that go while stacks, as they are deployed, still read them.
//!
//! CloudFormation lets no export go that is imported, and a reader whose update fails must still find what it reads. So
//! whoever reads goes first: until then the producer keeps what they read, and loses it in a step of its own at the end.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Action, Finding, Plan, StackDiff,
    checks::{literal, read_output},
    uses::{Use, uses},
};

/// Outputs of a stack that go last, once their readers are deployed without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalPlan {
    /// The wave they go in, counted from one: after all stacks.
    #[serde(default)]
    pub wave: usize,
    /// The short name of the stack that has them.
    pub stack: String,
    /// The outputs that go, or whose exports do.
    pub outputs: Vec<String>,
    /// Short names of the stacks that read them as they are deployed.
    pub readers: Vec<String>,
}

/// A stack that others may read of, or that may read of others.
#[derive(Clone, Copy, Debug)]
pub struct LinkedStack<'a> {
    /// The short name; the CloudFormation name of a stack that is not of the app.
    pub name: &'a str,
    /// The CloudFormation name.
    pub stack_name: &'a str,
    /// The body of the deployed template; nothing where there is no stack.
    pub deployed: Option<&'a Value>,
    /// The body of the template that it gets; nothing where it stays as it is.
    pub becomes: Option<&'a Value>,
    /// Whether it is a stack of the app.
    pub is_own: bool,
}

/// An output that goes, or whose export does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving<'a> {
    /// The CloudFormation name of the stack that has it.
    pub stack_name: &'a str,
    /// The output.
    pub output: &'a str,
    /// Whether the output itself goes, not its export alone.
    pub is_whole: bool,
    /// The name of its export, where that goes: as far as it is told by the template alone, or the expression of it.
    export: Option<String>,
    /// CloudFormation names of the stacks that import it, as CloudFormation tells.
    pub importers: BTreeSet<String>,
}

/// What goes while it is still read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Removals {
    /// What goes last, in the order it goes.
    pub removals: Vec<RemovalPlan>,
    /// What cannot go, each with the short name of the stack it is told of.
    pub findings: Vec<(String, Finding)>,
}

/// What a stack reads of others.
#[derive(Default)]
struct Reads {
    /// Stack and output.
    outputs: BTreeSet<(String, String)>,
    exports: BTreeSet<String>,
}

impl Leaving<'_> {
    /// Whether an export goes.
    pub fn is_exported(&self) -> bool {
        self.export.is_some()
    }

    fn is_read_by(&self, reads: &Reads) -> bool {
        let name = (self.stack_name.to_owned(), self.output.to_owned());
        self.is_whole && reads.outputs.contains(&name) || self.is_imported_by(reads)
    }

    fn is_imported_by(&self, reads: &Reads) -> bool {
        let export = self.export.as_ref();
        export.is_some_and(|export| reads.exports.contains(export))
    }
}

/// What a stack loses of what others may read.
pub fn leaving<'a>(stack: &LinkedStack<'a>) -> Vec<Leaving<'a>> {
    let Some(becomes) = stack.becomes else {
        return Vec::new();
    };
    let export = |output: &Value| {
        let name = output.pointer("/Export/Name")?;
        Some(literal(name, stack.stack_name).unwrap_or_else(|| name.to_string()))
    };
    let kept: BTreeSet<String> = members(Some(becomes), "Outputs")
        .filter_map(|(_, output)| export(output))
        .collect();
    let deployed = members(stack.deployed, "Outputs");
    deployed
        .filter_map(|(name, output)| {
            let is_whole = becomes["Outputs"][name.as_str()].is_null();
            let export = export(output).filter(|export| !kept.contains(export));
            (is_whole || export.is_some()).then_some(Leaving {
                stack_name: stack.stack_name,
                output: name,
                is_whole,
                export,
                importers: BTreeSet::new(),
            })
        })
        .collect()
}

/// Finds who reads, as it is deployed, what leaves: what may go once its readers are deployed, and what may not.
pub fn removals(stacks: &[LinkedStack<'_>], leaving: &[Leaving<'_>]) -> Removals {
    let mut found = Removals::default();
    let reads: Vec<(Reads, Reads)> = stacks
        .iter()
        .map(|stack| {
            let of = |body: Option<&Value>| {
                body.map(|body| Reads::of(body, stack.stack_name))
                    .unwrap_or_default()
            };
            (of(stack.deployed), of(stack.becomes))
        })
        .collect();
    for producer in stacks {
        let mut by_output: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let own = leaving
            .iter()
            .filter(|one| one.stack_name == producer.stack_name);
        for gone in own {
            for (reader, (then, now)) in stacks.iter().zip(&reads) {
                let reads_it = gone.is_read_by(then) || gone.importers.contains(reader.stack_name);
                if reader.stack_name == producer.stack_name || !reads_it {
                    continue;
                }
                if reader.becomes.is_none() {
                    let finding = read_output(gone.output, left_behind(gone, reader));
                    found.findings.push((producer.name.to_owned(), finding));
                } else if !gone.is_read_by(now) {
                    by_output
                        .entry(gone.output)
                        .or_default()
                        .insert(reader.name);
                } else if gone.is_imported_by(now) {
                    // Of an output that is missing each assembly is told.
                    let finding = read_output(gone.output, still_imported(gone, reader));
                    found.findings.push((producer.name.to_owned(), finding));
                }
            }
        }
        if !by_output.is_empty() {
            let readers: BTreeSet<&str> = by_output.values().flatten().copied().collect();
            found.removals.push(RemovalPlan {
                wave: 0,
                stack: producer.name.to_owned(),
                outputs: by_output.into_keys().map(str::to_owned).collect(),
                readers: readers.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    found.removals = in_order(found.removals);
    found
}

fn left_behind(gone: &Leaving<'_>, reader: &LinkedStack<'_>) -> String {
    let what = match gone.is_whole {
        true => format!("output `{}` goes", gone.output),
        false => format!("output `{}` is no longer exported as it is", gone.output),
    };
    let name = reader.name;
    if reader.is_own {
        format!(
            "{what}, and `{name}` as it is deployed still reads it; deploy `{name}` along, or keep it"
        )
    } else {
        format!(
            "{what}, and stack `{name}`, which is not of this app, still reads it; let that read something else first, or keep it"
        )
    }
}

fn still_imported(gone: &Leaving<'_>, reader: &LinkedStack<'_>) -> String {
    format!(
        "`{}` is no longer exported, and `{}` still imports it; keep the export, or let `{}` read something else",
        gone.export.as_deref().unwrap_or_default(),
        reader.name,
        reader.name
    )
}

/// The removals such that what a stack keeps for others, and may itself read something, goes before what it reads; counted
/// from one.
fn in_order(mut open: Vec<RemovalPlan>) -> Vec<RemovalPlan> {
    let mut ordered = Vec::new();
    let mut wave = 0;
    while !open.is_empty() {
        wave += 1;
        let keeps = |name: &String| open.iter().any(|one| one.stack == *name);
        let (now, later): (Vec<_>, Vec<_>) = open
            .iter()
            .cloned()
            .partition(|one| !one.readers.iter().any(keeps));
        // Whoever read one another in a circle goes as it comes.
        let (now, later) = if now.is_empty() {
            (later, now)
        } else {
            (now, later)
        };
        ordered.extend(now.into_iter().map(|one| RemovalPlan { wave, ..one }));
        open = later;
    }
    ordered
}

impl Reads {
    fn of(body: &Value, stack_name: &str) -> Self {
        let mut reads = Self::default();
        uses(body, &mut |one| {
            if let Use::Output(stack, output) = one {
                reads.outputs.insert((stack.to_owned(), output.to_owned()));
            }
        });
        imports(body, stack_name, &mut reads.exports);
        reads
    }
}

fn imports(value: &Value, stack_name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("Fn::ImportValue") {
                found.insert(literal(name, stack_name).unwrap_or_else(|| name.to_string()));
            }
            for member in members.values() {
                imports(member, stack_name, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                imports(item, stack_name, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The wanted template with these outputs as they are deployed, and with what of the deployed one they need: what the wanted
/// one no longer has, and what would be replaced or removed by `diff`, as the value of the outputs would change with it.
pub fn with_kept(deployed: &Value, wanted: &Value, diff: &StackDiff, outputs: &[String]) -> Value {
    let mut body = wanted.clone();
    let mut open: Vec<Value> = Vec::new();
    for name in outputs {
        let output = &deployed["Outputs"][name.as_str()];
        if !output.is_null() {
            insert(&mut body, "Outputs", name, output);
            open.push(output.clone());
        }
    }
    let is_held = |name: &str| {
        let change = diff.change(name);
        change.is_some_and(|change| match change.action {
            Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => true,
            Action::Create | Action::Update | Action::Import | Action::Move => false,
        })
    };
    let mut seen = BTreeSet::new();
    while let Some(value) = open.pop() {
        for (section, name) in needs(&value) {
            let found = &deployed[section][name.as_str()];
            let is_kept = body[section][name.as_str()].is_null()
                || (section == "Resources" && is_held(&name));
            if found.is_null() || !is_kept || !seen.insert((section, name.clone())) {
                continue;
            }
            insert(&mut body, section, &name, found);
            open.push(found.clone());
        }
    }
    body
}

fn insert(body: &mut Value, section: &str, name: &str, value: &Value) {
    if let Value::Object(sections) = body {
        let members = sections
            .entry(section)
            .or_insert_with(|| Value::Object(Map::new()));
        members[name] = value.clone();
    }
}

/// What an output, a resource or a condition may need of its template: section and name.
fn needs(value: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut names = Vec::new();
    uses(value, &mut |one| match one {
        Use::Reference(name) | Use::Attribute(name) => names.push(name.to_owned()),
        Use::Mapping(name) => found.extend(name.map(|name| ("Mappings", name.to_owned()))),
        Use::Condition(name) => found.push(("Conditions", name.to_owned())),
        Use::Output(..) => {}
    });
    conditions(value, &mut found);
    match value.get("DependsOn") {
        Some(Value::Array(all)) => {
            names.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        Some(Value::String(name)) => names.push(name.clone()),
        _ => {}
    }
    for name in names {
        found.push(("Parameters", name.clone()));
        found.push(("Resources", name));
    }
    found
}

/// Conditions by name: that of a resource or output, and those that a condition is made of.
fn conditions(value: &Value, found: &mut Vec<(&'static str, String)>) {
    match value {
        Value::Object(members) => {
            let name = members.get("Condition").and_then(Value::as_str);
            found.extend(name.map(|name| ("Conditions", name.to_owned())));
            members.values().for_each(|one| conditions(one, found));
        }
        Value::Array(items) => items.iter().for_each(|one| conditions(one, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn members<'t>(
    template: Option<&'t Value>,
    section: &'static str,
) -> impl Iterator<Item = (&'t String, &'t Value)> + use<'t> {
    let section = template.and_then(|body| body.get(section)?.as_object());
    section.into_iter().flatten()
}

/// The name of the change set that takes away what goes last, of the name of all that a saved plan makes in later waves.
pub fn last_step(wave_set: &str) -> String {
    format!("{wave_set}-last")
}

impl Plan {
    /// Puts what goes last into waves after all others.
    #[must_use]
    pub fn with_removals(mut self, removals: Vec<RemovalPlan>) -> Self {
        let last = self.stacks.iter().map(|stack| stack.wave).max();
        let last = last.unwrap_or_default();
        let later = removals.into_iter().map(|removal| RemovalPlan {
            wave: last + removal.wave,
            ..removal
        });
        self.removals = later.collect();
        self
    }

    /// What a stack, by its short name, loses last.
    pub fn removal(&self, stack: &str) -> Option<&RemovalPlan> {
        self.removals.iter().find(|one| one.stack == stack)
    }
}
