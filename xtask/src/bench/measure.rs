//! Wall time and peak memory of one run of a program.
//!
//! The system tells the peak of all children of a process together, so each run has a process of its own for a parent:
//! this very program, started again as `xtask measure`.

use std::{
    ffi::OsString,
    io::Write,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, bail};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) seconds: f64,
    /// The peak of the largest process, ours or a child of it.
    pub(super) peak_bytes: u64,
    success: bool,
}

/// A program to run, on the command line of `xtask measure`.
#[derive(Debug, clap::Args)]
pub(crate) struct Program {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    words: Vec<OsString>,
}

/// Runs a program and answers with the sample as JSON.
pub(crate) fn measure(program: &Program) -> anyhow::Result<()> {
    let (name, arguments) = program.words.split_first().context("there is no program")?;
    let mut command = Command::new(name);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot run `{}`", name.display()))?;
    let seconds = start.elapsed().as_secs_f64();
    let kibibytes = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    let sample = Sample {
        seconds,
        peak_bytes: u64::try_from(kibibytes)? * 1024,
        success: status.success(),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&sample)?)?;
    Ok(())
}

/// Measures one run of a command, which must succeed.
pub(super) fn sample(command: Command) -> anyhow::Result<Sample> {
    let mut parent = Command::new(std::env::current_exe()?);
    parent
        .arg("measure")
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        parent.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => parent.env(name, value),
            None => parent.env_remove(name),
        };
    }
    let output = parent.stdin(Stdio::null()).output()?;
    let sample: Sample = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    if !sample.success {
        bail!(
            "{command:?} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(sample)
}
