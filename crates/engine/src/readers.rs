//! Who still reads what a deployment takes away.
//!
//! Stacks of the plan are deployed with what they then read, and what they read until then goes last. Those that are left
//! out of it go on as they are, and would fail at their next deployment, or CloudFormation would refuse to let an export go.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use plan::{Action, MovingStack, RemovalPlan, Removals, WantedStack, removals, with_kept};
use serde_json::Value;

use crate::{
    desired::{Assembly, Template, sha256},
    engine::Engine,
    error::Error,
    planning::{ChangeSets, Planning},
    survey::Survey,
};

impl Engine<'_> {
    /// What planned stacks take away that stacks of the assembly read as they are deployed. Nothing more is read when nothing
    /// goes.
    pub(crate) async fn removals(
        &self,
        assembly: &Assembly,
        planned: &[Planning<'_>],
        survey: &Survey,
        change_sets: ChangeSets<'_>,
    ) -> Result<Removals, Error> {
        let may_go = |planning: &Planning<'_>| {
            let mut outputs = planning.draft.diff.outputs.iter();
            outputs.any(|output| output.action != Action::Create)
        };
        if !planned.iter().any(may_go) {
            return Ok(Removals::default());
        }
        let names: BTreeSet<&str> = planned.iter().map(|one| one.stack.name.as_str()).collect();
        let stacks = assembly.manifest.stacks.iter();
        let deployed = try_join_all(stacks.map(|stack| async {
            if names.contains(stack.name.as_str()) {
                return Ok((stack, survey.template(&stack.stack_name).cloned()));
            }
            let read = self
                .read_deployed(&stack.name, &stack.stack_name, change_sets.denied())
                .await?;
            Ok::<_, Error>((stack, read.template.map(|(body, _)| body)))
        }))
        .await?;
        let stacks: Vec<MovingStack<'_>> = deployed
            .iter()
            .map(|(stack, deployed)| MovingStack {
                name: &stack.name,
                stack_name: &stack.stack_name,
                deployed: deployed.as_ref(),
                wanted: Some(&assembly.template(stack).body),
                origins: Some(&stack.resources),
            })
            .collect();
        Ok(removals(&stacks, &names))
    }
}

/// The template of a stack that keeps for now what others still read.
pub(crate) fn keeping(wanted: &Template, deployed: &Value, removal: &RemovalPlan) -> Template {
    let body = with_kept(deployed, &wanted.body, &removal.outputs);
    let text = serde_json::to_string_pretty(&body).expect("a JSON value can always be written");
    Template {
        digest: sha256(text.as_bytes()),
        text,
        body,
    }
}

/// The stacks of an assembly as they are wanted.
pub(crate) fn wanted(assembly: &Assembly) -> Vec<WantedStack<'_>> {
    let stacks = assembly.manifest.stacks.iter();
    stacks
        .map(|stack| WantedStack {
            name: &stack.name,
            stack_name: &stack.stack_name,
            template: &assembly.template(stack).body,
            origins: &stack.resources,
        })
        .collect()
}
