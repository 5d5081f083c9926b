//! Outputs and exports that go while stacks, as they are deployed, still read them.
//!
//! CloudFormation lets no export go that is imported, and a reader that fails to be updated must still find what it reads.
//! So whoever reads goes first: until then the producer keeps what they read, and loses it in a wave of its own at the end.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Finding, LeftReader, MovingStack, Plan,
    checks::{literal, read_output},
    uses::{Use, uses},
};

/// Outputs of a stack that go at last, once their readers are deployed without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalPlan {
    /// The wave they go in, counted from one.
    #[serde(default)]
    pub wave: usize,
    /// The short name of the stack that has them.
    pub stack: String,
    /// The outputs that go, or whose exports do.
    pub outputs: Vec<String>,
    /// Short names of the stacks that read them as they are deployed.
    pub readers: Vec<String>,
}

/// What goes while it is still read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Removals {
    /// What goes at last.
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

/// Finds what goes of the planned stacks while others read it.
pub fn removals(stacks: &[MovingStack<'_>], planned: &BTreeSet<&str>) -> Removals {
    let mut found = Removals::default();
    let reads: Vec<(Reads, Reads)> = stacks
        .iter()
        .map(|stack| {
            let of = |body: Option<&Value>| {
                body.map(|body| Reads::of(body, stack.stack_name))
                    .unwrap_or_default()
            };
            (of(stack.deployed), of(stack.wanted))
        })
        .collect();
    for producer in stacks.iter().filter(|stack| planned.contains(stack.name)) {
        let mut by_output: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for gone in gone(producer) {
            for (reader, (then, now)) in stacks.iter().zip(&reads) {
                if reader.name == producer.name || !gone.is_read_by(then, producer) {
                    continue;
                }
                let is_planned = planned.contains(reader.name);
                if is_planned && !gone.is_read_by(now, producer) {
                    let readers = by_output.entry(gone.output.to_owned()).or_default();
                    readers.insert(reader.name);
                } else if !is_planned {
                    let left = LeftReader {
                        producer: producer.name.to_owned(),
                        output: gone.output.to_owned(),
                        reader: reader.name.to_owned(),
                    };
                    found.findings.push((left.producer.clone(), left.finding()));
                } else if let Some(export) = &gone.export
                    && now.exports.contains(export)
                {
                    // That an output which is still wanted is missing is told of every assembly.
                    let message = format!(
                        "`{export}` is no longer exported, and `{}` still imports it; keep the export, or let `{}` read something else",
                        reader.name, reader.name
                    );
                    let finding = read_output(gone.output, message);
                    found.findings.push((producer.name.to_owned(), finding));
                }
            }
        }
        if !by_output.is_empty() {
            let readers: BTreeSet<&str> = by_output.values().flatten().copied().collect();
            found.removals.push(RemovalPlan {
                wave: 0,
                stack: producer.name.to_owned(),
                outputs: by_output.into_keys().collect(),
                readers: readers.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    found
}

/// An output that goes, or whose export does.
struct Gone<'a> {
    output: &'a str,
    /// Whether the output itself goes.
    is_whole: bool,
    /// Its export, where that goes.
    export: Option<String>,
}

impl Gone<'_> {
    fn is_read_by(&self, reads: &Reads, producer: &MovingStack<'_>) -> bool {
        let name = (producer.stack_name.to_owned(), self.output.to_owned());
        let is_imported = self.export.as_ref();
        (self.is_whole && reads.outputs.contains(&name))
            || is_imported.is_some_and(|export| reads.exports.contains(export))
    }
}

fn gone<'a>(stack: &MovingStack<'a>) -> Vec<Gone<'a>> {
    let export = |output: &Value| {
        let name = output.pointer("/Export/Name")?;
        literal(name, stack.stack_name)
    };
    let kept: BTreeSet<String> = members(stack.wanted, "Outputs")
        .filter_map(|(_, output)| export(output))
        .collect();
    let deployed = members(stack.deployed, "Outputs");
    deployed
        .filter_map(|(name, output)| {
            let is_whole = members(stack.wanted, "Outputs").all(|(one, _)| one != name);
            let export = export(output).filter(|export| !kept.contains(export));
            (is_whole || export.is_some()).then_some(Gone {
                output: name,
                is_whole,
                export,
            })
        })
        .collect()
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
            let import = members.get("Fn::ImportValue");
            found.extend(import.and_then(|name| literal(name, stack_name)));
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

/// The wanted template with these outputs as they are deployed, and with everything of the deployed one that they need and
/// the wanted one no longer has.
pub fn with_kept(deployed: &Value, wanted: &Value, outputs: &[String]) -> Value {
    let mut body = wanted.clone();
    let mut open: Vec<Value> = Vec::new();
    for name in outputs {
        let output = &deployed["Outputs"][name.as_str()];
        if output.is_null() {
            continue;
        }
        insert(&mut body, "Outputs", name, output);
        open.push(output.clone());
    }
    while let Some(value) = open.pop() {
        for (section, name) in needs(&value) {
            let sections: &[&str] = match section {
                "Resources" => &["Resources", "Parameters"],
                other => &[other][..],
            };
            let is_there = sections
                .iter()
                .any(|section| !body[*section][name.as_str()].is_null());
            if is_there {
                continue;
            }
            for section in sections {
                let found = &deployed[*section][name.as_str()];
                if !found.is_null() {
                    insert(&mut body, section, &name, found);
                    open.push(found.clone());
                }
            }
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

/// What an output, a resource or a condition needs of its template: section and name.
fn needs(value: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    uses(value, &mut |one| match one {
        Use::Reference(name) | Use::Attribute(name, _) => {
            found.push(("Resources", name.to_owned()));
        }
        Use::Mapping(name) => found.extend(name.map(|name| ("Mappings", name.to_owned()))),
        Use::Condition(name) => found.push(("Conditions", name.to_owned())),
        Use::Output(..) => {}
    });
    if let Some(condition) = value.get("Condition").and_then(Value::as_str) {
        found.push(("Conditions", condition.to_owned()));
    }
    let dependencies = match value.get("DependsOn") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => Vec::new(),
    };
    found.extend(
        dependencies
            .into_iter()
            .map(|name| ("Resources", name.to_owned())),
    );
    found
}

fn members<'t>(
    template: Option<&'t Value>,
    section: &'static str,
) -> impl Iterator<Item = (&'t String, &'t Value)> + use<'t> {
    let section = template.and_then(|body| body.get(section)?.as_object());
    section.into_iter().flatten()
}

impl Plan {
    /// Puts what goes at last into waves after all others.
    #[must_use]
    pub fn with_removals(mut self, removals: Vec<RemovalPlan>) -> Self {
        let last = self.stacks.iter().map(|stack| stack.wave).max();
        let wave = last.unwrap_or_default() + 1;
        self.removals = removals
            .into_iter()
            .map(|removal| RemovalPlan { wave, ..removal })
            .collect();
        self
    }
}
