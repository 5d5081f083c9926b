//! Plans and deploys typed Rust infrastructure through CloudFormation.

mod accept;
mod app;
mod checks;
mod cli;
mod clock;
mod commands;
mod commit;
mod endpoint;
mod error;
mod graph;
mod guard;
mod interrupt;
mod machine;
mod operation;
mod policies;
mod prepared;
mod printer;
mod progress;
mod project;
mod records;
mod runtime;
mod saved;
mod session;
mod stream;
mod template_file;
mod views;

use std::{env, panic, process::ExitCode};

use clap::Parser as _;

use crate::{
    cli::Cli,
    printer::{Printer, Wishes},
};

/// Templates are read into many small values, by several threads: the allocator of the C library asks the kernel for
/// each page of a thread on its own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a bug of ours, `EX_SOFTWARE` of sysexits.h.
const BUG: u8 = 70;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(Wishes {
        color: cli.global.color,
        no_color: variable("NO_COLOR").is_some_and(|value| !value.is_empty()),
        columns: variable("COLUMNS").and_then(|value| value.parse().ok()),
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
        stream: cli.command.streams(),
    });
    match panic::catch_unwind(panic::AssertUnwindSafe(|| {
        commands::run(cli.command, &cli.global, &printer)
    })) {
        Ok(Ok(ending)) => {
            printer.end(ending.code(), None);
            ending.into()
        }
        Ok(Err(error)) => {
            printer.diagnostics(&error.diagnostics);
            printer.message(&error.render());
            printer.end(error.kind.code(), Some(&error));
            error.kind.into()
        }
        Err(_) => {
            printer.message(
                "\nhint: this is a bug in chitinfra; please report it with the message above and the command you ran",
            );
            printer.end(BUG, None);
            BUG.into()
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary is where the process environment is read"
)]
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
