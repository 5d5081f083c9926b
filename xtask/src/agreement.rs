//! `cargo xtask agreement`: the long run of the law that a deployment does what the plan said.
//!
//! The tests try a few hundred pairs of templates each time; before a change of what is planned or deployed goes in,
//! some thousands are worth their minutes.

use crate::workspace::{Workspace, succeed};

/// What `cargo xtask agreement` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many pairs are tried
    #[arg(long, default_value_t = 5000)]
    pairs: u64,
    /// The first of them: a pair that broke the law is tried alone with `--first N --pairs 1`
    #[arg(long, default_value_t = 0)]
    first: u64,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<()> {
    let mut command = workspace.cargo([
        "test",
        "--locked",
        "--package",
        "engine",
        "--test",
        "it",
        "agreement",
        "--",
        "--nocapture",
    ]);
    command
        .env("CHITINFRA_FIRST_PAIR", arguments.first.to_string())
        .env("CHITINFRA_PAIRS", arguments.pairs.to_string());
    succeed(&mut command)
}
