//! The checkout the commands work on, and running programs in it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The checkout: its root folder, and where cargo builds.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

/// The part of `cargo metadata` that is read here.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo where the checkout and its target folder are.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .arg("--manifest-path")
            .arg(&manifest)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot run cargo")?;
        let metadata: Metadata =
            serde_json::from_slice(&output.stdout).context("`cargo metadata` failed")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
        })
    }

    /// A cargo command that runs in the checkout's root.
    pub(crate) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Where test tools and sample templates are kept between runs.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }
}

/// The cargo that runs this command, without what it tells this program about its package: some build scripts (`ring`'s) run
/// again when that changes, and with them everything that stands on them.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end; its output goes where ours goes.
pub(crate) fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", words(command)))?;
    if status.success() {
        Ok(())
    } else {
        bail!("{} ended with {status}", words(command))
    }
}

/// Runs a command to its end and gives what it wrote to standard output.
pub(crate) fn answer(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", words(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        bail!("{} ended with {}", words(command), output.status)
    }
}

/// Writes one line for the person who waits; the answer of a command goes to standard output instead.
pub(crate) fn say(line: &str) {
    // With nobody left to read it, there is nothing to do about it.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A command as one would type it.
fn words(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    format!("`{}`", words.join(" "))
}
