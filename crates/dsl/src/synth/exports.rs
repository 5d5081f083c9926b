//! Names the outputs that other stacks need.

use std::collections::{HashMap, HashSet};

use super::survey::{Crossed, Crossing, Survey};
use crate::{
    Expression, Link,
    model::{Model, OutputModel, StackModel},
};

/// The outputs that other stacks need, and under which names they find them.
pub(super) struct Exports<'a> {
    /// By stack, what it gives beside its own outputs.
    derived: Vec<Vec<Derived<'a>>>,
    /// By stack and name, its own outputs that other stacks hold firmly.
    exported: HashSet<(usize, &'a str)>,
    names: HashMap<&'a Crossing, String>,
    stack_names: Vec<String>,
}

/// An output that no one wrote, because a value crosses.
pub(super) struct Derived<'a> {
    pub(super) name: String,
    pub(super) link: &'a Link,
    pub(super) exported: bool,
}

/// What stands between the elements of a list on its way through an output; no id, name or ARN contains it.
pub(super) const SEPARATOR: &str = "||";

impl<'a> Exports<'a> {
    /// Gives each value that crosses a name: its logical id and attribute, `UsersArn`, or the output its stack already has for it.
    pub(super) fn new(model: &'a Model, survey: &'a Survey) -> Self {
        let count = model.stacks.len();
        let mut exports = Self {
            derived: (0..count).map(|_| Vec::new()).collect(),
            exported: HashSet::new(),
            names: HashMap::new(),
            stack_names: (0..count).map(|index| model.stack_name(index)).collect(),
        };
        let mut taken: Vec<Option<HashSet<String>>> = vec![None; count];
        for (crossing, crossed) in &survey.crossings {
            let stack = &model.stacks[crossing.stack];
            let name = match same_output(stack, crossed) {
                Some(output) => {
                    if crossed.strong && output.export_name.is_none() {
                        exports.exported.insert((crossing.stack, &output.name));
                    }
                    output.name.clone()
                }
                None => {
                    let taken = taken[crossing.stack].get_or_insert_with(|| {
                        let outputs = stack.outputs.iter();
                        outputs.map(|output| output.name.clone()).collect()
                    });
                    let name = free_name(&crossed.link, taken);
                    taken.insert(name.clone());
                    exports.derived[crossing.stack].push(Derived {
                        name: name.clone(),
                        link: &crossed.link,
                        exported: crossed.strong,
                    });
                    name
                }
            };
            exports.names.insert(crossing, name);
        }
        exports
    }

    /// What a stack gives beside its own outputs.
    pub(super) fn derived(&self, stack: usize) -> &[Derived<'a>] {
        &self.derived[stack]
    }

    /// Whether an output of a stack has to be exported because another stack holds it firmly.
    pub(super) fn is_exported(&self, stack: usize, output: &OutputModel) -> bool {
        self.exported.contains(&(stack, output.name.as_str()))
    }

    /// The CloudFormation name of the stack and the name of the output under which a crossing value is found.
    pub(super) fn place(&self, link: &Link) -> (&str, &str) {
        let crossing = Crossing::of(link);
        let name = self.names.get(&crossing).map_or("", String::as_str);
        (&self.stack_names[crossing.stack], name)
    }

    /// The name a stack exports an output under.
    pub(super) fn export_name(&self, stack: usize, output: &str) -> String {
        format!("{}-{output}", self.stack_names[stack])
    }
}

/// The output a stack already has for a value, when it gives exactly that.
fn same_output<'a>(stack: &'a StackModel, crossed: &Crossed) -> Option<&'a OutputModel> {
    let wanted = &crossed.link;
    let node = wanted.reference.node();
    stack.outputs.iter().find(|output| {
        matches!(&output.value, Expression::Link(link)
            if std::ptr::eq(&**link.reference.node(), &**node)
                && link.attribute == wanted.attribute
                && !link.list
                && !wanted.list
                && output.condition.is_none()
                && output.export_name.is_none())
    })
}

fn free_name(link: &Link, taken: &HashSet<String>) -> String {
    let attribute = link.attribute.as_deref().unwrap_or_default();
    let attribute: String = attribute
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let base = format!("{}{attribute}", link.reference.logical_id());
    if !taken.contains(&base) {
        return base;
    }
    let kind = match link.attribute {
        Some(_) => "Attribute",
        None => "Reference",
    };
    let longer = format!("{base}{kind}");
    let numbered = (2..).map(|number| format!("{longer}{number}"));
    std::iter::once(longer.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .expect("some number is free")
}
