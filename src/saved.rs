//! Saved plans: the file between the run that plans and the run that deploys.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use engine::{Assembly, Engine, Verified, assembly_digest};
use plan::{Moved, MovedPart, Plan, Present, SEAL_VERSION, Seal, StackAction};
use serde_json::Value;

use crate::{commit, error::CommandError, printer::Printer, session::Session};

/// The version of this program: another one may plan otherwise.
const TOOL: &str = env!("CARGO_PKG_VERSION");

/// Makes the key for digests of secret parameters. It is kept with the change sets in AWS, never in the file.
pub(crate) fn key() -> Result<String, CommandError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        CommandError::failed(format!("the system gives no random numbers: {error}"))
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What a plan is bound to as a whole.
pub(crate) fn seal(session: &Session, assembly: &Assembly, plan: &Plan) -> Seal {
    Seal {
        format_version: SEAL_VERSION.to_owned(),
        tool: TOOL.to_owned(),
        assembly: assembly_digest(assembly, plan),
        dirty: commit::is_dirty(&session.project.root),
    }
}

/// Writes a plan so that the file is there whole or not at all, and only its owner reads it.
pub(crate) fn write(file: &Path, plan: &Plan) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(plan).map_err(CommandError::failed)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = file.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = create_private(&beside)
        .and_then(|mut open| {
            open.write_all(text.as_bytes())?;
            open.sync_all()
        })
        .and_then(|()| fs::rename(&beside, file));
    written.map_err(|error| {
        // Nothing may be left of it; that it cannot be removed either changes nothing.
        let _ = fs::remove_file(&beside);
        CommandError::cannot_write(file, &error)
    })
}

#[cfg(unix)]
fn create_private(file: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn create_private(file: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
}

/// Reads a saved plan, and makes sure that nobody changed it.
pub(crate) fn read(file: &Path) -> Result<Plan, CommandError> {
    let text = fs::read_to_string(file).map_err(|error| CommandError::cannot_read(file, &error))?;
    let place = file.display();
    let broken = |error: serde_json::Error| {
        CommandError::usage(format!("`{place}` is not a plan: {error}"))
            .hinted("`chitinfra plan --out FILE` saves one")
    };
    let value: Value = serde_json::from_str(&text).map_err(broken)?;
    if let Some(version) = value["format_version"].as_str()
        && version.split('.').next() != plan::FORMAT_VERSION.split('.').next()
    {
        return Err(CommandError::failed(format!(
            "`{place}` is a plan of format `{version}`, this program reads `{}`",
            plan::FORMAT_VERSION
        ))
        .hinted(AGAIN));
    }
    let plan: Plan = serde_json::from_value(value).map_err(broken)?;
    if !plan.is_intact() {
        return Err(
            CommandError::failed(format!("`{place}` was changed after it was saved")).hinted(AGAIN),
        );
    }
    if plan.seal.is_none() {
        return Err(CommandError::usage(format!(
            "`{place}` is a plan that was printed, not one that was saved"
        ))
        .hinted("`chitinfra plan --out FILE` saves one"));
    }
    Ok(plan)
}

const AGAIN: &str = "plan again, and have that approved";

/// What has moved of where the plan was made.
pub(crate) fn moved(plan: &Plan, session: &Session) -> Vec<Moved> {
    let environment = &session.environment;
    plan.moved(&Present {
        environment: &environment.name,
        account: &environment.account,
        region: &environment.region,
        commit: commit::of(&session.project.root).as_deref(),
        tool: TOOL,
    })
}

/// Refuses a plan that is for somewhere else or made by other rules, before anything is asked of anyone.
pub(crate) fn refuse_foreign(moved: &[Moved]) -> Result<(), CommandError> {
    let is_foreign = |one: &Moved| one.part != MovedPart::Commit;
    if moved.iter().any(is_foreign) {
        return Err(refusal(moved).hinted(AGAIN));
    }
    Ok(())
}

/// Refuses a plan of which something has moved. Change sets that can never be executed again are deleted.
pub(crate) async fn refuse_moved(
    engine: &Engine<'_>,
    verified: &Verified,
    moved: &[Moved],
    printer: &Printer,
) -> Result<(), CommandError> {
    if moved.is_empty() {
        return Ok(());
    }
    let sets = &verified.planned.change_sets;
    let names: Vec<String> = sets
        .iter()
        .map(|(stack, set)| format!("`{}` of {stack}", set.name))
        .collect();
    let mut error = refusal(moved);
    if moved.iter().any(Moved::is_final) {
        match engine.discard(&verified.planned).await {
            Ok(()) if names.is_empty() => {}
            Ok(()) => {
                error = error.hinted(
                    "its other change sets were deleted, as nothing can execute this plan any more",
                );
            }
            Err(left) => printer.message(&format!(
                "warning: not all change sets of this plan could be deleted ({}): {left}",
                names.join(", ")
            )),
        }
    } else if !names.is_empty() {
        error = error.hinted(format!(
            "its change sets are kept, for when what moved is put back: {}",
            names.join(", ")
        ));
    }
    Err(error.hinted(AGAIN))
}

fn refusal(moved: &[Moved]) -> CommandError {
    let lines: Vec<String> = moved.iter().map(ToString::to_string).collect();
    CommandError::failed(format!(
        "this is no longer what was planned\n  {}",
        lines.join("\n  ")
    ))
}

/// Whether everything the plan does was done by an earlier run of it.
pub(crate) fn is_done(verified: &Verified) -> bool {
    let mut stacks = verified.planned.plan.stacks.iter();
    !verified.planned.done.is_empty()
        && stacks.all(|stack| {
            let has_work = stack.action != StackAction::None || stack.provisional;
            !has_work || verified.planned.done.contains(&stack.name)
        })
}
