//! Repository commands: facts, checks, tests, benchmarks.

mod dependencies;
mod schema;
mod steps;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Repository commands of chitinfra
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole test suite, with its own set-up
    Test(steps::Arguments),
    /// Check that no crate depends on one it must not know
    Dependencies,
    /// Refresh, or with `--check` compare, the committed facts about resource types
    #[command(disable_help_flag = true)]
    Schema {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            workspace::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Test(arguments) => steps::run(&workspace, &arguments),
        Command::Dependencies => dependencies::run(&workspace),
        Command::Schema { arguments } => schema::run(arguments),
    }
}
