//! A program that runs while a case is measured.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};

/// A program that says where it listens with its first line; it is ended with the case.
pub(super) struct Running {
    child: Child,
    /// Where it listens: `http://127.0.0.1:4566`.
    pub(super) address: String,
    // It must not be closed while the program may still write.
    _output: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// Starts a program and waits until it listens.
    pub(super) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {command:?}"))?;
        let output = child.stdout.take().context("its output is not piped")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Some(address) = line.trim().strip_prefix("listening on ") else {
            // It has ended, or is to.
            let _ = child.kill();
            let _ = child.wait();
            bail!("{command:?} does not listen: it says `{}`", line.trim());
        };
        Ok(Self {
            child,
            address: address.to_owned(),
            _output: output,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
