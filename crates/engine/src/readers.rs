//! Who still reads what a deployment takes away.
//!
//! Stacks of the plan are deployed with what they then read. Those that are left out of it go on as they are, and would
//! fail at their next deployment, or CloudFormation would refuse to let an export go.

use std::collections::BTreeSet;

use assembly::StackManifest;
use futures_util::future::try_join_all;
use plan::{Action, LeftReader, WantedStack};

use crate::{
    desired::Assembly,
    engine::Engine,
    error::Error,
    planning::{ChangeSets, Planning},
    reads::Reads,
};

impl Engine<'_> {
    /// The stacks of the assembly that are not planned and, as they are deployed, read an output which a planned one takes
    /// away. Nothing is read when nothing goes.
    pub(crate) async fn left_readers(
        &self,
        assembly: &Assembly,
        planned: &[Planning<'_>],
        change_sets: ChangeSets<'_>,
    ) -> Result<Vec<LeftReader>, Error> {
        let gone: Vec<(&StackManifest, &str)> = planned
            .iter()
            .flat_map(|planning| {
                let outputs = planning.draft.diff.outputs.iter();
                outputs
                    .filter(|output| output.action == Action::Delete)
                    .map(|output| (planning.stack, output.name.as_str()))
            })
            .collect();
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let names: BTreeSet<&str> = planned.iter().map(|one| one.stack.name.as_str()).collect();
        let others = assembly
            .manifest
            .stacks
            .iter()
            .filter(|stack| !names.contains(stack.name.as_str()));
        let deployed = try_join_all(others.map(|stack| async move {
            let read = self
                .read_deployed(&stack.name, &stack.stack_name, change_sets.denied())
                .await?;
            Ok::<_, Error>((stack, read.template))
        }))
        .await?;
        let mut readers = Vec::new();
        for (stack, template) in deployed {
            let Some((template, _)) = template else {
                continue;
            };
            let reads = Reads::of(&template);
            for (producer, output) in &gone {
                let is_read = reads
                    .outputs()
                    .any(|read| read.stack_name == producer.stack_name && read.output == *output);
                if is_read {
                    readers.push(LeftReader {
                        producer: producer.name.clone(),
                        output: (*output).to_owned(),
                        reader: stack.name.clone(),
                    });
                }
            }
        }
        Ok(readers)
    }
}

/// The stacks of an assembly as they are wanted.
pub(crate) fn wanted(assembly: &Assembly) -> Vec<WantedStack<'_>> {
    let stacks = assembly.manifest.stacks.iter();
    stacks
        .map(|stack| WantedStack {
            name: &stack.name,
            stack_name: &stack.stack_name,
            template: assembly.template(stack).body(),
            origins: &stack.resources,
        })
        .collect()
}
