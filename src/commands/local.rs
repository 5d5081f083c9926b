//! `local`: the embedded endpoint on its own.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use local::Server;

use crate::{
    cli::Global,
    endpoint,
    error::{CommandError, Ending},
    printer::Printer,
    runtime::{block_on, stopped},
    session::find_project,
};

/// Run, reset or look at the embedded CloudFormation endpoint
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    Serve(ServeArgs),
    Reset(ResetArgs),
    Status(StatusArgs),
}

/// Serve the embedded endpoint, for the AWS CLI, the CDK or another terminal
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 4599)]
    port: u16,
    /// The folder that holds the state [default: .chitinfra/local]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A scenario of things that go wrong
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// Delete everything that is deployed to the embedded endpoint
#[derive(Debug, Args)]
pub(crate) struct ResetArgs {
    /// The folder that holds the state [default: .chitinfra/local]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

/// Say where the embedded endpoint's state is and who uses it
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The folder that holds the state [default: .chitinfra/local]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

pub(crate) fn run(
    command: &LocalCommand,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    match command {
        LocalCommand::Serve(args) => serve(args, global, printer),
        LocalCommand::Reset(args) => reset(args, global, printer),
        LocalCommand::Status(args) => status(args, global, printer),
    }
}

fn serve(args: &ServeArgs, global: &Global, printer: &Printer) -> Result<Ending, CommandError> {
    let mut options = endpoint::options(directory(args.state.as_ref(), global)?, endpoint::SERVE);
    options.port = args.port;
    if let Some(region) = &global.region {
        options.region.clone_from(region);
    }
    if let Some(file) = &args.faults {
        options.faults = faults(file)?;
    }
    block_on(async {
        let server = Server::bind(options)?;
        printer.answer(&format!("listening on {}", server.url()));
        printer.status("for development and tests; stop it with Ctrl-C");
        server.run(stopped()).await?;
        Ok(Ending::Done)
    })
}

fn reset(args: &ResetArgs, global: &Global, printer: &Printer) -> Result<Ending, CommandError> {
    let directory = directory(args.state.as_ref(), global)?;
    let place = directory.display();
    if !directory.exists() {
        printer.status(&format!("nothing to delete: `{place}` does not exist"));
        return Ok(Ending::Done);
    }
    if !global.yes {
        if !printer.can_ask() {
            return Err(CommandError::failed(format!(
                "not deleting `{place}` without being told so"
            ))
            .hinted("pass `--yes`"));
        }
        let question =
            format!("Delete everything deployed to the embedded endpoint ({place})? [y/N]");
        let answer = block_on(async { Ok(printer.ask(&question).await) })?;
        if !matches!(answer.as_deref(), Some("y" | "Y" | "yes")) {
            return Err(CommandError::failed("declined; nothing was deleted"));
        }
    }
    local::reset(&directory)?;
    printer.status(&format!("deleted `{place}`"));
    Ok(Ending::Done)
}

fn status(args: &StatusArgs, global: &Global, printer: &Printer) -> Result<Ending, CommandError> {
    let directory = directory(args.state.as_ref(), global)?;
    printer.answer(&format!("state   {}", directory.display()));
    let line = match local::holder(&directory)? {
        Some(holder) => {
            let at = holder
                .url
                .map(|url| format!(" at {url}"))
                .unwrap_or_default();
            let pid = holder
                .pid
                .map(|pid| format!(" (process {pid})"))
                .unwrap_or_default();
            let purpose = holder
                .purpose
                .unwrap_or_else(|| "another process".to_owned());
            format!("used by {purpose}{pid}{at}")
        }
        None => "not in use".to_owned(),
    };
    printer.answer(&line);
    Ok(Ending::Done)
}

/// The folder of the state: the one named, or the project's.
fn directory(named: Option<&PathBuf>, global: &Global) -> Result<PathBuf, CommandError> {
    match named {
        Some(directory) => Ok(directory.clone()),
        None => Ok(endpoint::state_directory(&find_project(global)?)),
    }
}

/// Reads a scenario.
fn faults(file: &std::path::Path) -> Result<local::Faults, CommandError> {
    let text =
        std::fs::read_to_string(file).map_err(|error| CommandError::cannot_read(file, &error))?;
    local::Faults::parse(&text)
        .map_err(|error| CommandError::usage(format!("`{}`: {error}", file.display())))
}
