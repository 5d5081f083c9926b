//! `cargo xtask simulate`: whole deployments on a virtual clock, with everything that can go wrong drawn from a seed.

use crate::workspace::{Workspace, succeed};

/// What `cargo xtask simulate` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Play this simulation alone, and tell it call by call
    #[arg(long, conflicts_with_all = ["first", "runs"])]
    seed: Option<u64>,
    /// The first seed
    #[arg(long)]
    first: Option<u64>,
    /// How many simulations are played
    #[arg(long)]
    runs: Option<u64>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    // With all packages, as all tests are built: another selection would compile the SDKs anew.
    let mut command = workspace.cargo([
        "test",
        "--locked",
        "--workspace",
        "--test",
        "play",
        "--",
        "--nocapture",
    ]);
    let numbers = [
        ("CHITINFRA_SEED", arguments.seed),
        ("CHITINFRA_FIRST", arguments.first),
        ("CHITINFRA_RUNS", arguments.runs),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            command.env(name, number.to_string());
        }
    }
    succeed(&mut command)
}
