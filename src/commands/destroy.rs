//! `destroy`: delete the stacks.

use clap::Args;
use engine::{Assembly, Draft, Engine, Kind, Outcome, Remaining, RemainingKind, Report, Skipped};
use plan::Summary;

use crate::{
    cli::{EnvironmentArg, Global, StreamArg},
    error::{CommandError, Ending},
    operation::{Connection, ask, at_work, departed, judge},
    printer::Printer,
    records::{self, Records},
    session::{Session, check_selection},
    stream::Line,
    views,
};

/// Delete the stacks, the last deployed first; asks for the environment's name
#[derive(Debug, Args)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    #[command(flatten)]
    pub(crate) stream: StreamArg,
    /// Only these stacks; one that the app no longer declares can be named too
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
}

pub(crate) fn run(
    args: &DestroyArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    at_work(
        &session,
        global,
        printer,
        &format!("chitinfra destroy -e {}", session.environment.name),
        false,
        async |_| Ok(records::home_of(&assembly.manifest)),
        async |connection, records| {
            let engine = connection.engine;
            let assembly = with_departed(engine, &session, assembly.clone(), &args.stacks).await?;
            check_selection(&args.stacks, &assembly)?;
            let status = engine.status(&assembly).await?;
            let selected = |name: &String| args.stacks.is_empty() || args.stacks.contains(name);
            let there: Vec<_> = status
                .stacks
                .iter()
                .filter(|stack| stack.status.is_some() && selected(&stack.name))
                .collect();
            if there.is_empty() {
                printer.status("nothing to destroy");
                return Ok(Ending::Done);
            }
            let name = &session.environment.name;
            printer.message(&format!("This deletes from {name}:"));
            for stack in there.iter().rev() {
                printer.message(&format!(
                    "  - {}  {}  {}",
                    stack.name,
                    stack.stack_name,
                    crate::views::words::resources(stack.resources)
                ));
            }
            confirm(name, engine, global, printer).await?;
            let draft = Draft {
                kind: Kind::Destroy,
                commit: None,
                manifest: &assembly.manifest,
                summary: Summary {
                    delete: there.iter().map(|stack| stack.resources).sum(),
                    ..Summary::default()
                },
                stacks: there.iter().map(|stack| stack.name.as_str()).collect(),
                content: None,
                rollback_to: None,
            };
            let work = async || engine.destroy(&assembly, &args.stacks).await;
            let report = records.keep(&draft, work).await?;
            let mut remaining = remaining(&report, connection, records).await;
            let departed = departed(engine, &session, &assembly, printer).await;
            remaining.extend(departed.into_iter().map(|stack| Remaining {
                kind: RemainingKind::Stack,
                logical_id: None,
                resource_type: None,
                why: format!(
                    "the app does not declare it; to delete it: chitinfra destroy -e {name} {}",
                    stack.name
                ),
                name: stack.stack_name,
                stack: Some(stack.name),
                certain: true,
            }));
            let drawn = views::remaining::draw(&remaining, name, printer.message_style());
            printer.status(&drawn.unwrap_or_else(|| format!("nothing remains of {name}")));
            printer.emit(&Line::Remaining {
                remaining: &remaining,
            });
            judge(&report, printer)?;
            Ok(Ending::Done)
        },
    )
}

/// The assembly with those of the named stacks that it no longer declares and that are still deployed.
async fn with_departed(
    engine: &Engine<'_>,
    session: &Session,
    assembly: Assembly,
    names: &[String],
) -> Result<Assembly, CommandError> {
    let is_declared = |name: &String| assembly.stack(name).is_ok();
    if names.iter().all(is_declared) {
        return Ok(assembly);
    }
    let environments = session.project.environment_names()?;
    let departed = engine.departed(&assembly, &environments).await?;
    let named: Vec<_> = departed
        .iter()
        .filter(|stack| names.contains(&stack.name))
        .collect();
    Ok(engine.with_departed(&assembly, &named).await?)
}

/// What remains of the stacks and beside them, and why.
async fn remaining(
    report: &Report,
    connection: &Connection<'_>,
    records: &Records<'_>,
) -> Vec<Remaining> {
    let beside = |kind, name: String, why: String| Remaining {
        kind,
        stack: None,
        logical_id: None,
        resource_type: None,
        name,
        why,
        certain: true,
    };
    let mut remaining = Vec::new();
    for stack in &report.stacks {
        remaining.extend(stack.left.iter().cloned());
        let why = match &stack.outcome {
            Outcome::Failed(_) => "it could not be deleted".to_owned(),
            Outcome::Skipped(Skipped::After(other)) => {
                format!("`{other}`, which needs it, was not deleted")
            }
            Outcome::Skipped(Skipped::Interrupted) => "its deletion was not begun".to_owned(),
            Outcome::Detached(_) => "its deletion goes on without being followed".to_owned(),
            Outcome::Unchanged
            | Outcome::Created
            | Outcome::Updated
            | Outcome::Deleted
            | Outcome::RolledBack
            | Outcome::Cancelled => continue,
        };
        remaining.push(Remaining {
            stack: Some(stack.name.clone()),
            ..beside(RemainingKind::Stack, stack.stack_name.clone(), why)
        });
    }
    // Where the records cannot be read there may be none: that is no reason to fail.
    let Ok(history) = records::history(connection, records.home).await else {
        return remaining;
    };
    if !history.releases.is_empty() {
        let bucket = connection.cloud.asset_bucket();
        let home = records.home;
        let count = history.releases.len();
        let releases = if count == 1 {
            "release is"
        } else {
            "releases are"
        };
        remaining.push(beside(
            RemainingKind::Records,
            format!("{bucket}/{}/{}/", home.project, home.environment),
            format!("{count} {releases} recorded there; nothing deletes records"),
        ));
        remaining.push(beside(
            RemainingKind::Bootstrap,
            bucket.to_owned(),
            "it serves every project of the account and region".to_owned(),
        ));
    }
    remaining
}

/// Goes on only when the environment's name is typed, or `--yes` was given.
async fn confirm(
    name: &str,
    engine: &Engine<'_>,
    global: &Global,
    printer: &Printer,
) -> Result<(), CommandError> {
    if global.yes {
        return Ok(());
    }
    if !printer.can_ask() {
        return Err(
            CommandError::failed("not destroying anything without being told so")
                .hinted("pass `--yes`"),
        );
    }
    let answer = ask(engine, printer, &format!("Type `{name}` to go on:")).await?;
    if answer.as_deref() == Some(name) {
        Ok(())
    } else {
        Err(CommandError::failed("declined; nothing was deleted"))
    }
}
