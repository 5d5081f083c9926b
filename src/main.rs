//! Plans and deploys typed Rust infrastructure through CloudFormation.

mod app;
mod checks;
mod cli;
mod clock;
mod commands;
mod commit;
mod endpoint;
mod error;
mod guard;
mod operation;
mod printer;
mod progress;
mod project;
mod runtime;
mod session;
mod views;

use std::{env, panic, process::ExitCode};

use clap::Parser as _;

use crate::{cli::Cli, printer::Printer};

/// The exit code of a bug of ours, `EX_SOFTWARE` of sysexits.h.
const BUG: u8 = 70;

fn main() -> ExitCode {
    let cli = Cli::parse();
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary is where the process environment is read"
    )]
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let printer = Printer::new(
        cli.global.color,
        no_color,
        cli.global.quiet,
        cli.global.verbose,
    );
    match panic::catch_unwind(panic::AssertUnwindSafe(|| {
        commands::run(cli.command, &cli.global, &printer)
    })) {
        Ok(Ok(ending)) => ending.into(),
        Ok(Err(error)) => {
            printer.diagnostics(&error.diagnostics);
            printer.message(&error.render());
            error.kind.into()
        }
        Err(_) => {
            printer.message(
                "\nhint: this is a bug in chitinfra; please report it with the message above and the command you ran",
            );
            BUG.into()
        }
    }
}
