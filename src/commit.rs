//! The commit that a project is at, and whether its files are those of the commit.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The commit of the project's folder; `None` outside of git, or without git.
pub(crate) fn of(project: &Path) -> Option<String> {
    let commit = git(project, &["rev-parse", "--verify", "--quiet", "HEAD"])?;
    Some(commit.trim().to_owned()).filter(|commit| !commit.is_empty())
}

/// Whether files of the project differ from the commit, or are not in it; `None` where that is not known.
pub(crate) fn is_dirty(project: &Path) -> Option<bool> {
    git(project, &["status", "--porcelain", "--", "."]).map(|changes| !changes.trim().is_empty())
}

/// What git answers in the project's folder; `None` outside of git, without git, or when it fails.
fn git(project: &Path, words: &[&str]) -> Option<String> {
    // Without a repository there is nothing to start a process for.
    project
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    let output = Command::new("git")
        .args(words)
        .current_dir(project)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).ok())
        .flatten()
}
