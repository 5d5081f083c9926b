//! The verbs: each parses its own options, calls one operation and hands the result to a view.

pub(crate) mod bootstrap;
pub(crate) mod completions;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod local;
pub(crate) mod migrate;
pub(crate) mod outputs;
pub(crate) mod plan;
pub(crate) mod recover;
pub(crate) mod rollback;
pub(crate) mod secret;
pub(crate) mod status;
pub(crate) mod synth;
pub(crate) mod validate;

use crate::{
    cli::{Command, Global},
    error::{CommandError, Ending},
    printer::Printer,
};

/// Runs a verb.
pub(crate) fn run(
    command: Command,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    match command {
        Command::Init(args) => init::run(&args, printer),
        Command::Synth(args) => synth::run(&args, global, printer),
        Command::Graph(args) => graph::run(&args, global, printer),
        Command::List(args) => list::run(&args, global, printer),
        Command::Plan(args) => plan::run(&args, global, printer),
        Command::Deploy(args) => deploy::run(&args, global, printer),
        Command::Bootstrap(args) => bootstrap::run(&args, global, printer),
        Command::Diff(args) => diff::run(&args, printer),
        Command::Validate(args) => validate::run(&args, global, printer),
        Command::Status(args) => status::run(&args, global, printer),
        Command::Outputs(args) => outputs::run(&args, global, printer),
        Command::Drift(args) => drift::run(&args, global, printer),
        Command::Destroy(args) => destroy::run(&args, global, printer),
        Command::Recover(args) => recover::run(&args, global, printer),
        Command::History(args) => history::run(&args, global, printer),
        Command::Rollback(args) => rollback::run(&args, global, printer),
        Command::Secret(command) => secret::run(&command, global, printer),
        Command::Migrate(args) => migrate::run(&args, global, printer),
        Command::Local(command) => local::run(&command, global, printer),
        Command::Doctor(args) => doctor::run(&args, global, printer),
        Command::Completions(args) => completions::run(&args, printer),
    }
}
