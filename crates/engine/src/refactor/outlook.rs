//! Which moves are to be made, found out from what is deployed.

use std::collections::BTreeSet;

use assembly::StackManifest;
use futures_util::future::try_join_all;
use plan::{Facts, Finding, Moving, MovingStack, RefactorPlan, RefactoredStack, refactor};
use serde_json::Value;

use super::run::PreparedRefactor;
use crate::{
    desired::{Assembly, sha256},
    engine::Engine,
    error::Error,
    survey::{Denied, Survey},
};

/// The moves that come first, and what is deployed once they are made.
#[derive(Default)]
pub(crate) struct Outlook {
    pub(crate) refactors: Vec<PreparedRefactor>,
    /// What is wrong with the moves, each with the short name of the stack it is told of.
    pub(crate) findings: Vec<(String, Finding)>,
    /// Short names of stacks of which it is not known whether resources of them move, with the reason.
    pub(crate) unknown: Vec<(String, String)>,
}

/// A stack that moves may concern.
struct Concerned<'a> {
    name: String,
    stack_name: String,
    manifest: Option<&'a StackManifest>,
    deployed: Option<Value>,
}

impl Engine<'_> {
    /// Finds the moves that are still to be made. Stacks that are not among those surveyed are read where a move concerns
    /// them.
    pub(crate) async fn outlook(
        &self,
        assembly: &Assembly,
        selected: &[&StackManifest],
        survey: &Survey,
        denied: Denied,
    ) -> Result<Outlook, Error> {
        let manifest = &assembly.manifest;
        if manifest.moves.is_empty() {
            return Ok(Outlook::default());
        }
        let ends = manifest.moves.iter().flat_map(|one| [&one.from, &one.to]);
        let named: BTreeSet<&str> = ends
            .filter_map(|place| Some(place.split_once('/')?.0))
            .collect();
        let mut concerned: Vec<Concerned<'_>> = Vec::new();
        for stack in &manifest.stacks {
            if named.contains(stack.name.as_str()) {
                concerned.push(Concerned {
                    name: stack.name.clone(),
                    stack_name: stack.stack_name.clone(),
                    manifest: Some(stack),
                    deployed: None,
                });
            }
        }
        // A stack that the code no longer has is still there to move from.
        for name in named {
            if !concerned.iter().any(|one| one.name == name) {
                concerned.push(Concerned {
                    name: name.to_owned(),
                    stack_name: format!("{}-{}-{name}", manifest.project, manifest.environment),
                    manifest: None,
                    deployed: None,
                });
            }
        }
        if let Some(reason) = self.read(&mut concerned, survey, denied).await? {
            let names = concerned.iter().filter(|one| one.manifest.is_some());
            return Ok(Outlook {
                unknown: names
                    .map(|one| (one.name.clone(), reason.clone()))
                    .collect(),
                ..Outlook::default()
            });
        }
        let mut moving = made_of(assembly, &concerned, self.facts);
        if !moving.refactors.is_empty() {
            // Others may read what moves.
            let mut others: Vec<Concerned<'_>> = manifest
                .stacks
                .iter()
                .filter(|stack| !concerned.iter().any(|one| one.name == stack.name))
                .map(|stack| Concerned {
                    name: stack.name.clone(),
                    stack_name: stack.stack_name.clone(),
                    manifest: Some(stack),
                    deployed: None,
                })
                .collect();
            self.read(&mut others, survey, denied).await?;
            concerned.extend(others);
            moving = made_of(assembly, &concerned, self.facts);
        }
        let mut outlook = Outlook {
            findings: moving.findings,
            ..Outlook::default()
        };
        outlook.take(&moving.refactors, assembly, selected);
        Ok(outlook)
    }

    /// Reads the deployed templates of stacks; says why that is not allowed, if it is not.
    async fn read(
        &self,
        concerned: &mut [Concerned<'_>],
        survey: &Survey,
        denied: Denied,
    ) -> Result<Option<String>, Error> {
        let read = try_join_all(concerned.iter().map(|one| async {
            if survey.has_looked_at(&one.stack_name) {
                return Ok((survey.template(&one.stack_name).cloned(), None));
            }
            let read = self
                .read_deployed(&one.name, &one.stack_name, denied)
                .await?;
            let reason = read.unread();
            Ok::<_, Error>((read.template.map(|(body, _)| body), reason))
        }))
        .await?;
        let mut denial = None;
        for (one, (deployed, reason)) in concerned.iter_mut().zip(read) {
            one.deployed = deployed;
            denial = denial.or(reason).or_else(|| survey.unread(&one.stack_name));
        }
        Ok(denial)
    }
}

impl Outlook {
    /// Takes the refactors that concern the selected stacks; one that concerns others too cannot be made without them.
    fn take(
        &mut self,
        refactors: &[plan::Refactor],
        assembly: &Assembly,
        selected: &[&StackManifest],
    ) {
        let is_selected = |name: &str| selected.iter().any(|stack| stack.name == name);
        let is_wanted = |name: &str| {
            let mut stacks = assembly.manifest.stacks.iter();
            stacks.any(|stack| stack.name == name)
        };
        for refactor in refactors {
            let names = || refactor.stacks.iter().map(|stack| stack.name.as_str());
            if !names().any(is_selected) {
                continue;
            }
            let left: Vec<&str> = names()
                .filter(|name| is_wanted(name) && !is_selected(name))
                .collect();
            if left.is_empty() {
                self.refactors.push(PreparedRefactor::new(refactor));
            } else if let Some(stack) = names().find(|name| is_selected(name)) {
                let message = format!(
                    "resources move between `{stack}` and `{}`; deploy them together",
                    left.join("`, `")
                );
                self.findings
                    .push((stack.to_owned(), plan::move_finding(message)));
            }
        }
    }
}

/// The moves between two assemblies, as if the first were deployed.
pub(crate) fn outlook_against(
    assembly: &Assembly,
    base: &Assembly,
    selected: &[&StackManifest],
    facts: &dyn Facts,
) -> Outlook {
    let of_base = |name: &str| {
        let mut stacks = base.manifest.stacks.iter();
        stacks.find(|stack| stack.name == name)
    };
    let wanted = &assembly.manifest.stacks;
    let gone = base.manifest.stacks.iter();
    let gone = gone.filter(|stack| wanted.iter().all(|one| one.name != stack.name));
    let concerned = wanted
        .iter()
        .map(|stack| (stack, Some(stack)))
        .chain(gone.map(|stack| (stack, None)))
        .map(|(stack, manifest)| Concerned {
            name: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            manifest,
            deployed: of_base(&stack.name).map(|stack| base.template(stack).body().clone()),
        });
    let concerned: Vec<Concerned<'_>> = concerned.collect();
    let moving = made_of(assembly, &concerned, facts);
    let mut outlook = Outlook {
        findings: moving.findings,
        ..Outlook::default()
    };
    outlook.take(&moving.refactors, assembly, selected);
    outlook
}

fn made_of(assembly: &Assembly, concerned: &[Concerned<'_>], facts: &dyn Facts) -> Moving {
    let stacks: Vec<MovingStack<'_>> = concerned
        .iter()
        .map(|one| MovingStack {
            name: &one.name,
            stack_name: &one.stack_name,
            deployed: one.deployed.as_ref(),
            wanted: one.manifest.map(|stack| assembly.template(stack).body()),
            origins: one.manifest.map(|stack| &stack.resources),
        })
        .collect();
    refactor(&assembly.manifest.moves, &stacks, facts)
}

impl PreparedRefactor {
    /// The template of a stack afterwards, by its short name.
    pub(crate) fn body(&self, stack: &str) -> Option<&Value> {
        let mut stacks = self.plan.stacks.iter().zip(&self.bodies);
        let found = stacks.find(|(one, _)| one.name == stack);
        found.map(|(_, body)| body)
    }

    /// A refactor with the texts of its templates.
    pub(crate) fn new(refactor: &plan::Refactor) -> Self {
        let texts: Vec<String> = refactor
            .stacks
            .iter()
            .map(|stack| {
                serde_json::to_string_pretty(&stack.template)
                    .expect("a JSON value can always be written")
            })
            .collect();
        let stacks = refactor.stacks.iter().zip(&texts);
        Self {
            plan: RefactorPlan {
                wave: refactor.wave,
                stacks: stacks
                    .map(|(stack, text)| RefactoredStack {
                        name: stack.name.clone(),
                        stack_name: stack.stack_name.clone(),
                        creates: stack.creates,
                        template: sha256(text.as_bytes()),
                        readers: stack.readers.clone(),
                    })
                    .collect(),
                moves: refactor.moves.clone(),
            },
            bodies: refactor
                .stacks
                .iter()
                .map(|stack| stack.template.clone())
                .collect(),
            texts,
        }
    }
}
