//! The stop before data are lost.

use engine::Assembly;
use plan::{AllowedLosses, Plan};

use crate::{clock, error::CommandError};

/// The error that a plan is to be stopped with, when it loses what a stateful resource holds without permission in the
/// code or on the command line (`allowed`: logical ids, `Users` or `identity/Users`).
pub(crate) fn check(
    plan: &Plan,
    assembly: &Assembly,
    allowed: &[String],
) -> Result<Option<CommandError>, CommandError> {
    let today = clock::today()?;
    let stacks = assembly.manifest.stacks.iter();
    let losses = AllowedLosses {
        in_code: stacks
            .map(|stack| (stack.name.clone(), stack.allowed_losses.clone()))
            .collect(),
        by_command: allowed.to_vec(),
    };
    let blocked = plan::guard(plan, &losses, &today);
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
