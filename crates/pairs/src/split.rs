//! Splits a template in two stacks: what the second reads of the first goes through outputs.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{Pair, Written, mutate::mentions};

/// How the second stack reads what the first one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// By `Fn::GetStackOutput`.
    Output,
    /// By an export and `Fn::ImportValue`.
    Export,
}

impl Pair {
    /// The same templates, each in two stacks, before and after. The second reads of the first, whose CloudFormation name
    /// is given. Nothing where one of the four would be without a resource that is there in any case.
    ///
    /// A resource refers only to those above it, so that whatever stands above a line is a template by itself.
    pub fn in_two(&self, first_stack: &str, link: Link) -> Option<[[Written; 2]; 2]> {
        let (before, after) = (self.before(), self.after());
        let all: Vec<&String> = resources(before).keys().collect();
        // The resource that most edits are made to is the last above the line, where that leaves one below.
        let most = all.len().checked_sub(1).filter(|most| *most > 0)?;
        let line = most.min(1 + self.focus()?);
        let above: BTreeSet<&String> = all[..line].iter().copied().collect();
        // An edit may take the last one above the line away; what is new comes last.
        let last = resources(&after)
            .keys()
            .rposition(|id| above.contains(id))?;
        let above_after = resources(&after).keys().take(last + 1).collect();
        let split = |written, above| {
            Split {
                first_stack,
                link,
                above,
                read: IndexMap::new(),
            }
            .of(written)
        };
        Some([split(before, above)?, split(&after, above_after)?])
    }
}

struct Split<'a> {
    first_stack: &'a str,
    link: Link,
    /// Logical ids of the resources of the first stack.
    above: BTreeSet<&'a String>,
    /// What the second stack reads of the first, by the name of the output: whose it is, and its value there.
    read: IndexMap<String, (String, Value)>,
}

impl Split<'_> {
    fn of(mut self, written: &Written) -> Option<[Written; 2]> {
        let (mut first, mut second) = (written.clone(), written.clone());
        let is_above = |id: &String| self.above.contains(id);
        section(&mut first, "Resources").retain(|id, _| is_above(id));
        section(&mut second, "Resources").retain(|id, _| !is_above(id));
        let is_lasting = |half: &Written| {
            let mut resources = resources(half).values();
            resources.any(|resource| resource.get("Condition").is_none())
        };
        if !is_lasting(&first) || !is_lasting(&second) {
            return None;
        }
        let below: Vec<String> = resources(&second).keys().cloned().collect();
        let is_below = |output: &Value| below.iter().any(|id| mentions(output, id));
        section(&mut first, "Outputs").retain(|_, output| !is_below(output));
        section(&mut second, "Outputs").retain(|_, output| is_below(output));
        for resource in section(&mut second, "Resources").values_mut() {
            wait_within(resource, &below);
            self.relink(resource);
        }
        for (name, (id, value)) in self.read {
            let mut output = json!({"Value": value});
            // What may not be there is read under the same condition.
            if let Some(condition) = resources(&first)[&id].get("Condition") {
                output["Condition"] = condition.clone();
            }
            if self.link == Link::Export {
                output["Export"] = json!({"Name": format!("{}-{name}", self.first_stack)});
            }
            section(&mut first, "Outputs").insert(name, output);
        }
        for half in [&mut first, &mut second] {
            if section(half, "Outputs").is_empty()
                && let Some(template) = half.template.as_object_mut()
            {
                template.shift_remove("Outputs");
            }
        }
        Some([first, second])
    }

    /// Makes what refers to the first stack read its outputs.
    fn relink(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.relink(item)),
            Value::Object(entries) => {
                let read = match entries.iter().next() {
                    Some((name, argument)) if entries.len() == 1 => self.read(name, argument),
                    _ => None,
                };
                match read {
                    Some(read) => *value = read,
                    None => entries.values_mut().for_each(|member| self.relink(member)),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What stands for an expression, where that refers to the first stack.
    fn read(&mut self, name: &str, argument: &Value) -> Option<Value> {
        match (name, argument) {
            ("Ref", Value::String(id)) => self.output(id, None),
            ("Fn::GetAtt", Value::Array(items)) => {
                self.output(items.first()?.as_str()?, items.get(1)?.as_str())
            }
            ("Fn::Sub", Value::String(original)) => {
                let mut text = original.clone();
                let mut variables = Map::new();
                let all = original.split("${").skip(1);
                for name in all.filter_map(|rest| rest.split('}').next()) {
                    let (id, attribute) = match name.split_once('.') {
                        Some((id, attribute)) => (id, Some(attribute)),
                        None => (name, None),
                    };
                    if let Some(value) = self.output(id, attribute) {
                        let variable = format!("Read{}", variables.len());
                        text = text.replace(&format!("${{{name}}}"), &format!("${{{variable}}}"));
                        variables.insert(variable, value);
                    }
                }
                (!variables.is_empty()).then(|| json!({"Fn::Sub": [text, variables]}))
            }
            _ => None,
        }
    }

    /// An expression that reads something of a resource of the first stack.
    fn output(&mut self, id: &str, attribute: Option<&str>) -> Option<Value> {
        if !self.above.iter().any(|other| *other == id) {
            return None;
        }
        let name = format!("{id}{}", attribute.unwrap_or_default().replace('.', ""));
        let value = match attribute {
            Some(attribute) => json!({"Fn::GetAtt": [id, attribute]}),
            None => json!({"Ref": id}),
        };
        self.read.insert(name.clone(), (id.to_owned(), value));
        Some(match self.link {
            Link::Output => {
                json!({"Fn::GetStackOutput": {"StackName": self.first_stack, "OutputName": name}})
            }
            Link::Export => json!({"Fn::ImportValue": format!("{}-{name}", self.first_stack)}),
        })
    }
}

fn resources(written: &Written) -> &Map<String, Value> {
    written.template["Resources"]
        .as_object()
        .expect("every template has resources")
}

fn section<'w>(written: &'w mut Written, name: &str) -> &'w mut Map<String, Value> {
    let template = written.template.as_object_mut().expect("it is a template");
    let section = template.entry(name).or_insert_with(|| Map::new().into());
    section.as_object_mut().expect("every section is a map")
}

/// Leaves the dependencies within the second stack: on the first, it waits as a whole.
fn wait_within(resource: &mut Value, below: &[String]) {
    let Some(resource) = resource.as_object_mut() else {
        return;
    };
    let is_below = |name: &Value| below.iter().any(|id| name == id);
    match resource.get_mut("DependsOn") {
        Some(Value::Array(names)) if names.iter().any(is_below) => names.retain(is_below),
        Some(name) if is_below(name) => {}
        _ => {
            resource.shift_remove("DependsOn");
        }
    }
}
