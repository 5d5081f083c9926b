//! Repository commands: facts, checks, tests, benchmarks.

mod agreement;
mod bench;
mod dependencies;
mod schema;
mod simulate;
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
    /// Hold plan and deployment against each other over many generated pairs of templates
    Agreement(agreement::Arguments),
    /// Play whole deployments with everything that can go wrong, and check what must never break
    Simulate(simulate::Arguments),
    /// Check that no crate depends on one it must not know
    Dependencies,
    /// Measure time and memory, beside the CDK on the same stacks
    Bench(bench::Arguments),
    /// Measure one run of a program
    #[command(hide = true)]
    Measure(bench::Program),
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
    match command {
        Command::Test(arguments) => steps::run(&Workspace::locate()?, &arguments),
        Command::Agreement(arguments) => agreement::run(&Workspace::locate()?, &arguments),
        Command::Simulate(arguments) => simulate::run(&Workspace::locate()?, &arguments),
        Command::Dependencies => dependencies::run(&Workspace::locate()?),
        Command::Bench(arguments) => bench::run(&Workspace::locate()?, &arguments),
        // It starts no program but the one it measures: the system adds all up.
        Command::Measure(program) => bench::measure(&program),
        Command::Schema { arguments } => schema::run(arguments),
    }
}
