//! The commit that a project is at.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The commit of the project's folder; `None` outside of git, or without git.
pub(crate) fn of(project: &Path) -> Option<String> {
    // Without a repository there is nothing to start a process for.
    project
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let output = Command::new("git")
        .args(["rev-parse", "--verify", "--quiet", "HEAD"])
        .current_dir(project)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}
