//! A plan without a connection: against another assembly, as if that were deployed.

use plan::{Facts, Options, Plan, StackAction};
use serde_json::Value;

use super::{stack_plan, whole};
use crate::{
    desired::Assembly,
    error::Error,
    refactor::outlook_against,
    survey::{Draft, pseudo_parameters},
};

/// Compares an assembly with another one, as if that were deployed: no connection, no credentials. Stacks are matched
/// by their short names.
///
/// # Errors
/// A name is not that of a stack.
pub fn plan_against(
    assembly: &Assembly,
    base: &Assembly,
    names: &[String],
    facts: &dyn Facts,
) -> Result<Plan, Error> {
    let find = |name: &str| {
        let mut stacks = base.manifest.stacks.iter();
        stacks.find(|stack| stack.name == name)
    };
    let selected = assembly.select(names)?;
    let outlook = outlook_against(assembly, base, &selected, facts);
    let refactored = |name: &str| {
        let mut refactors = outlook.refactors.iter().rev();
        refactors.find_map(|refactor| refactor.body(name))
    };
    let mut stacks = Vec::new();
    for stack in selected {
        let before = find(&stack.name);
        let options = Options {
            before_parameters: before
                .map_or_else(Default::default, |before| before.parameters.clone()),
            after_parameters: stack.parameters.clone(),
            pseudo_parameters: pseudo_parameters(assembly, stack),
            ..Options::default()
        };
        let body = before.map_or(&Value::Null, |before| base.template(before).body());
        let body = refactored(&stack.name).unwrap_or(body);
        let diff = plan::diff(
            body,
            assembly.template(stack).body(),
            facts,
            &stack.resources,
            &options,
        );
        let action = match before {
            None => StackAction::Create,
            Some(_) if diff.needs_deployment() => StackAction::Update,
            Some(_) => StackAction::None,
        };
        let draft = Draft {
            action,
            diff,
            text: String::new(),
            needs_change_set: false,
            rewrites: false,
            unverified: None,
        };
        let Draft { action, diff, .. } = outlook.added_to(stack, draft);
        stacks.push(stack_plan(stack, action, diff));
    }
    let removed = base.manifest.stacks.iter().filter(|before| {
        names.is_empty()
            && assembly
                .manifest
                .stacks
                .iter()
                .all(|stack| stack.name != before.name)
    });
    for stack in removed {
        let body = refactored(&stack.name).unwrap_or(base.template(stack).body());
        let options = Options::default();
        let diff = plan::diff(body, &Value::Null, facts, &stack.resources, &options);
        let moves = outlook.refactors.iter().flat_map(|one| &one.plan.moves);
        let diff = diff.with_moves(&stack.name, moves);
        stacks.push(stack_plan(stack, StackAction::Delete, diff));
    }
    let mut plan = whole(assembly, stacks, &outlook.refactors);
    for (stack, finding) in outlook.findings {
        plan.add_findings(&stack, [finding]);
    }
    Ok(plan.seal())
}
