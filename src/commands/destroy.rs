//! `destroy`: delete the stacks.

use clap::Args;
use engine::{Draft, Engine, Kind};
use plan::Summary;

use crate::{
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    operation::{ask, at_work, conclude},
    printer::Printer,
    records,
    session::{Session, check_selection},
};

/// Delete the stacks, the last deployed first; asks for the environment's name
#[derive(Debug, Args)]
pub(crate) struct DestroyArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Only these stacks
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
    check_selection(&args.stacks, &assembly)?;
    at_work(
        &session,
        global,
        printer,
        &format!("chitinfra destroy -e {}", session.environment.name),
        false,
        async |_| Ok(records::home_of(&assembly.manifest)),
        async |connection, records| {
            let engine = connection.engine;
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
            conclude(&report, printer)?;
            Ok(Ending::Done)
        },
    )
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
