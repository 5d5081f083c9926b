//! Who still reads what a deployment takes away.
//!
//! Stacks of the plan are deployed with what they then read, and what they read until then goes last. Those that are left
//! out of it, or belong to somebody else, go on as they are, and would fail at their next deployment; or CloudFormation would
//! refuse to let an export go.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use plan::{
    Leaving, LinkedStack, RemovalPlan, Removals, StackDiff, WantedStack, leaving, removals,
};
use serde_json::Value;

use crate::{
    desired::{Assembly, Template},
    engine::Engine,
    error::{AwsErrorKind, Error},
    inspect::deployed_template,
    planning::{ChangeSets, Planning},
    port::Stack,
    survey::{HIDDEN, Survey},
};

/// A stack with its deployed template.
struct Linked {
    name: String,
    stack_name: String,
    deployed: Option<Value>,
    is_own: bool,
}

impl Engine<'_> {
    /// What planned stacks take away that others read as they are deployed. Nothing more is read when nothing goes.
    pub(crate) async fn removals(
        &self,
        assembly: &Assembly,
        planned: &[Planning<'_>],
        survey: &Survey,
        change_sets: ChangeSets<'_>,
    ) -> Result<Removals, Error> {
        let becomes = |stack_name: &str| {
            let mut planned = planned.iter();
            let found = planned.find(|one| one.stack.stack_name == stack_name)?;
            Some(assembly.template(found.stack).body())
        };
        let own = planned.iter().map(|one| LinkedStack {
            name: &one.stack.name,
            stack_name: &one.stack.stack_name,
            deployed: survey.template(&one.stack.stack_name),
            becomes: becomes(&one.stack.stack_name),
            is_own: true,
        });
        let mut gone: Vec<Leaving<'_>> = own.flat_map(|stack| leaving(&stack)).collect();
        if gone.is_empty() {
            return Ok(Removals::default());
        }
        self.ask_who_imports(&mut gone, survey).await?;
        let mut stacks = self.all_of_the_app(assembly, survey, change_sets).await?;
        let foreign = self.foreign_readers(assembly, &gone).await?;
        stacks.extend(foreign);
        let linked: Vec<LinkedStack<'_>> = stacks
            .iter()
            .map(|one| LinkedStack {
                name: &one.name,
                stack_name: &one.stack_name,
                deployed: one.deployed.as_ref(),
                becomes: becomes(&one.stack_name),
                is_own: one.is_own,
            })
            .collect();
        Ok(removals(&linked, &gone))
    }

    /// The stacks of the app, whether they are planned or not.
    async fn all_of_the_app(
        &self,
        assembly: &Assembly,
        survey: &Survey,
        change_sets: ChangeSets<'_>,
    ) -> Result<Vec<Linked>, Error> {
        let stacks = assembly.manifest.stacks.iter();
        try_join_all(stacks.map(async |stack| {
            let deployed = if survey.has_looked_at(&stack.stack_name) {
                survey.template(&stack.stack_name).cloned()
            } else {
                let read = self
                    .read_deployed(&stack.name, &stack.stack_name, change_sets.denied())
                    .await?;
                read.template.map(|(body, _)| body)
            };
            Ok(Linked {
                name: stack.name.clone(),
                stack_name: stack.stack_name.clone(),
                deployed,
                is_own: true,
            })
        }))
        .await
    }

    /// Asks CloudFormation which stacks import what is no longer exported.
    async fn ask_who_imports(
        &self,
        gone: &mut [Leaving<'_>],
        survey: &Survey,
    ) -> Result<(), Error> {
        let exported = gone.iter_mut().filter(|one| one.is_exported());
        let asked = exported.map(async |one| {
            let Some(export) = survey.export(one.stack_name, one.output) else {
                return Ok(());
            };
            self.pace.permit().await;
            match self.cloud.importers(export).await {
                Ok(importers) => one.importers = importers.into_iter().collect(),
                // Those of the app are known by their templates, and CloudFormation knows all.
                Err(error) if error.kind == AwsErrorKind::AccessDenied => {
                    let message = format!(
                        "{}; while one imports `{export}`, CloudFormation does not take that away: the update fails and is undone",
                        not_known(one.output, &error.call())
                    );
                    self.note(one.stack_name, message);
                }
                Err(error) => return Err(Error::from(error)),
            }
            Ok(())
        });
        try_join_all(asked).await.map(drop)
    }

    /// The stacks of the account and region that are not of the app, as far as they may read what goes.
    async fn foreign_readers(
        &self,
        assembly: &Assembly,
        gone: &[Leaving<'_>],
    ) -> Result<Vec<Linked>, Error> {
        let is_own = |name: &str| {
            let mut stacks = assembly.manifest.stacks.iter();
            stacks.any(|stack| stack.stack_name == name)
        };
        let importers = gone.iter().flat_map(|one| &one.importers);
        let mut names: BTreeSet<String> = importers.cloned().collect();
        // Nothing lists who reads an output without importing it.
        if let Some(whole) = gone.iter().find(|one| one.is_whole) {
            self.pace.permit().await;
            match self.cloud.stack_names().await {
                Ok(all) => names.extend(all),
                Err(error) if error.kind == AwsErrorKind::AccessDenied => {
                    self.note(whole.stack_name, not_known(whole.output, &error.call()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        names.retain(|name| !is_own(name));
        try_join_all(names.into_iter().map(async |name| {
            self.pace.permit().await;
            let unknown = |why: &dyn std::fmt::Display| {
                let message = format!("whether it reads what goes is not known: {why}");
                self.note(&name, message);
                None
            };
            let deployed = match deployed_template(self.cloud, &name).await {
                Ok(deployed) => deployed,
                Err(Error::Aws(error)) if error.kind == AwsErrorKind::AccessDenied => {
                    unknown(&format!("{} is not allowed", error.call()))
                }
                // It belongs to somebody else, who may write what is not understood here.
                Err(error @ Error::Deployed { .. }) => unknown(&error),
                Err(error) => return Err(error),
            };
            Ok(Linked {
                deployed,
                stack_name: name.clone(),
                name,
                is_own: false,
            })
        }))
        .await
    }
}

fn not_known(output: &str, call: &str) -> String {
    format!(
        "whether stacks that are not of this app read `{output}` is not known, as {call} is not allowed: ask for that right to know it before"
    )
}

/// The template of a stack that keeps for now what others still read.
pub(crate) fn keeping(
    wanted: &Template,
    deployed: &Value,
    stack: &Stack,
    diff: &StackDiff,
    removal: &RemovalPlan,
) -> Template {
    let mut body = plan::with_kept(deployed, wanted.body(), diff, &removal.outputs);
    let wanted_too: BTreeMap<_, _> = section(wanted.body(), "Parameters").collect();
    let kept: Vec<String> = section(&body, "Parameters")
        .map(|(name, _)| name.clone())
        .filter(|name| !wanted_too.contains_key(name))
        .collect();
    // Nobody gives a value to a parameter that the code no longer has.
    for name in kept {
        if let Some(value) = stack.parameters.get(&name).filter(|value| *value != HIDDEN) {
            body["Parameters"][&name]["Default"] = value.as_str().into();
        }
    }
    let text = serde_json::to_string_pretty(&body).expect("a JSON value can always be written");
    Template::parse(text).expect("it is made of two templates that were read")
}

fn section<'t>(body: &'t Value, name: &str) -> impl Iterator<Item = (&'t String, &'t Value)> {
    body[name].as_object().into_iter().flatten()
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
