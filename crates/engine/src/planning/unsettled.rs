//! Which outputs are not known before the stacks that have them are deployed, and so who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use assembly::StackManifest;
use plan::{Action, OutputName, StackAction};
use serde_json::Value;

use crate::{
    desired::Assembly,
    reads::{Reads, outputs_at_risk},
    survey::Draft,
};

/// What the stacks before the next one leave unsettled.
pub(super) struct Unsettled<'a> {
    assembly: &'a Assembly,
    stacks: &'a [&'a StackManifest],
    /// By CloudFormation name: the outputs that may yet change; none stands for all of them.
    at_risk: BTreeMap<&'a str, Option<BTreeSet<String>>>,
    /// Outputs that change as far as is known.
    pub(super) outputs: BTreeSet<OutputName>,
}

impl<'a> Unsettled<'a> {
    pub(super) fn new(assembly: &'a Assembly, stacks: &'a [&'a StackManifest]) -> Self {
        Self {
            assembly,
            stacks,
            at_risk: BTreeMap::new(),
            outputs: BTreeSet::new(),
        }
    }

    /// Adds what the next stack leaves unsettled; why it is provisional itself, when it reads a value which a stack before
    /// it is yet to determine.
    pub(super) fn note(
        &mut self,
        stack: &'a StackManifest,
        draft: &Draft,
        moves: bool,
    ) -> Option<String> {
        let body = self.assembly.template(stack).body();
        let waits = self.waits(stack, body);
        let changed = match draft.action {
            StackAction::Create => every_output(body),
            StackAction::Update => {
                let changed = draft.diff.outputs.iter();
                let changed = changed.filter(|entry| entry.action != Action::Delete);
                changed.map(|entry| entry.name.clone()).collect()
            }
            StackAction::None | StackAction::Delete => BTreeSet::new(),
        };
        self.outputs
            .extend(changed.into_iter().map(|output| OutputName {
                stack_name: stack.stack_name.clone(),
                output,
            }));
        if waits.is_some() || moves {
            self.at_risk.insert(&stack.stack_name, None);
            return waits;
        }
        match draft.action {
            StackAction::Create => {
                self.at_risk.insert(&stack.stack_name, None);
            }
            StackAction::Update | StackAction::Delete => {
                let outputs = outputs_at_risk(body, &draft.diff);
                if !outputs.is_empty() {
                    self.at_risk.insert(&stack.stack_name, Some(outputs));
                }
            }
            StackAction::None => {}
        }
        None
    }

    fn waits(&self, stack: &StackManifest, body: &Value) -> Option<String> {
        let reads = Reads::of(body);
        let mut outputs = reads.outputs();
        let waits = outputs.find(|name| {
            let at_risk = self.at_risk.get(name.stack_name.as_str());
            at_risk.is_some_and(|outputs| {
                outputs
                    .as_ref()
                    .is_none_or(|outputs| outputs.contains(&name.output))
            })
        });
        if let Some(name) = waits {
            let mut stacks = self.stacks.iter();
            let before = stacks.find(|before| before.stack_name == name.stack_name);
            let before = before.map_or(name.stack_name.as_str(), |before| &before.name);
            return Some(format!(
                "it reads `{}` of `{before}`, which is known once that is deployed",
                name.output
            ));
        }
        // Which stack an import reads is not in the template: any change before it may be the one.
        let before = stack.depends_on.iter().find(|name| {
            let before = self.stacks.iter().find(|stack| stack.name == **name);
            before.is_some_and(|before| self.at_risk.contains_key(before.stack_name.as_str()))
        });
        before
            .filter(|_| reads.imports)
            .map(|name| format!("it imports a value which may be one of `{name}`, which changes"))
    }
}

fn every_output(template: &Value) -> BTreeSet<String> {
    let outputs = template["Outputs"].as_object().into_iter().flatten();
    outputs.map(|(name, _)| name.clone()).collect()
}
