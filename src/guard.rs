//! The stop before data are lost.

use engine::Assembly;
use indexmap::IndexMap;
use plan::{AllowedLosses, Plan};

use crate::{clock, error::CommandError};

/// Makes sure that each permission of the command line (`allowed`: logical ids, `Users` or `identity/Users`) is about a
/// resource there is.
pub(crate) fn check_permissions(
    plan: &Plan,
    assembly: &Assembly,
    allowed: &[String],
) -> Result<(), CommandError> {
    let unfounded = plan::unfounded_by_command(plan, &losses(assembly, allowed), &wanted(assembly));
    match unfounded.first() {
        None => Ok(()),
        Some(unfounded) => {
            let hint = unfounded
                .near
                .as_ref()
                .map(|near| format!("did you mean `{near}`?"));
            Err(CommandError::usage(format!(
                "`--allow-destroy {}` names no resource of this plan",
                unfounded.id
            ))
            .maybe_hinted(hint))
        }
    }
}

/// Tells in the plan of permissions in code that are about no resource.
pub(crate) fn tell_permissions(plan: &mut Plan, assembly: &Assembly) {
    let unfounded = plan::unfounded_in_code(plan, &losses(assembly, &[]), &wanted(assembly));
    for (stack, finding) in unfounded {
        plan.add_findings(&stack, [finding]);
    }
}

/// The logical ids that each stack wants.
fn wanted(assembly: &Assembly) -> IndexMap<String, Vec<String>> {
    let stacks = assembly.templates.iter();
    stacks
        .filter_map(|(stack, template)| {
            let resources = template.body().get("Resources")?.as_object()?;
            Some((stack.clone(), resources.keys().cloned().collect()))
        })
        .collect()
}

/// The error that a plan is to be stopped with, when it loses what a stateful resource holds without permission in the
/// code or on the command line (`allowed`).
pub(crate) fn check(
    plan: &Plan,
    assembly: &Assembly,
    allowed: &[String],
) -> Result<Option<CommandError>, CommandError> {
    let today = clock::today()?;
    let blocked = plan::guard(plan, &losses(assembly, allowed), &today);
    if blocked.is_empty() {
        return Ok(None);
    }
    let lines: Vec<String> = blocked.iter().map(ToString::to_string).collect();
    let first = &blocked[0];
    Ok(Some(
        CommandError::failed(format!("data would be lost\n  {}", lines.join("\n  ")))
            .hinted(format!(
                "if that is meant, deploy with `--allow-destroy {}/{}`, or write `.allow_loss(\"<last day>\", \"<why>\")` on the resource",
                first.stack, first.logical_id
            )),
    ))
}

/// What may be lost: as the code says, and the command line.
fn losses(assembly: &Assembly, allowed: &[String]) -> AllowedLosses {
    let stacks = assembly.manifest.stacks.iter();
    AllowedLosses {
        in_code: stacks
            .map(|stack| (stack.name.clone(), stack.allowed_losses.clone()))
            .collect(),
        by_command: allowed.to_vec(),
    }
}
