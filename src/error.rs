//! How a command fails: what kind of failure, why, and what to do next.

use std::{error::Error, fmt::Write as _, io, path::Path, process::ExitCode};

use assembly::Diagnostic;
use engine::Hint as _;

use crate::views::text::printable_lines;

/// How a command ended when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Done, or nothing to do.
    Done,
    /// Changes or drift were found, and `--detailed-exitcode` was asked for.
    ChangesFound,
}

impl Ending {
    /// How a command ended that looked for changes.
    pub(crate) fn of(has_changes: bool) -> Self {
        if has_changes {
            Self::ChangesFound
        } else {
            Self::Done
        }
    }
}

impl Ending {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::ChangesFound => 3,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ending.code().into()
    }
}

/// Whose turn it is to act; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The operation failed or was declined.
    Failed,
    /// The command line, the project or an environment file is wrong.
    Usage,
    /// A person stopped it.
    Interrupted,
}

impl ErrorKind {
    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
        }
    }
}

impl From<ErrorKind> for ExitCode {
    fn from(kind: ErrorKind) -> Self {
        kind.code().into()
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    /// Whose turn it is to act.
    pub(crate) kind: ErrorKind,
    /// What went wrong; its sources say why.
    error: Box<dyn Error + Send + Sync>,
    /// What to do next.
    hints: Vec<String>,
    /// Whether there are no credentials, or none that are accepted.
    pub(crate) lacks_credentials: bool,
    /// Everything that was found wrong in what the person wrote.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl CommandError {
    /// The operation failed.
    pub(crate) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Failed, error)
    }

    /// The command line, the project or an environment file is wrong.
    pub(crate) fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Usage, error)
    }

    /// A file or folder that a person named or wrote cannot be read.
    pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Self {
        Self::usage(format!("cannot read `{}`: {error}", path.display()))
    }

    /// A file or folder cannot be written.
    pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Self {
        let full = error.kind() == io::ErrorKind::StorageFull;
        Self::failed(format!("cannot write `{}`: {error}", path.display()))
            .maybe_hinted(full.then_some("the disk is full"))
    }

    /// A person stopped it.
    pub(crate) fn interrupted(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Interrupted, error)
    }

    /// An error that a report of the engine keeps.
    pub(crate) fn from_engine(error: &engine::Error) -> Self {
        let failed = Self::failed(chain(error));
        error.hints().into_iter().fold(failed, Self::hinted)
    }

    fn new(kind: ErrorKind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            error: error.into(),
            hints: Vec::new(),
            lacks_credentials: false,
            diagnostics: Vec::new(),
        }
    }

    /// Adds what to do next; the same hint twice is one.
    #[must_use]
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        self
    }

    /// Adds what to do next, if there is something to say.
    #[must_use]
    pub(crate) fn maybe_hinted(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hinted(hint),
            None => self,
        }
    }

    /// Adds the findings that are the reason.
    #[must_use]
    pub(crate) fn with_diagnostics(mut self, diagnostics: Vec<Diagnostic>) -> Self {
        self.diagnostics = diagnostics;
        self
    }

    /// The error with its causes.
    pub(crate) fn message(&self) -> String {
        chain(self.error.as_ref())
    }

    /// What to do next.
    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The error, its causes and the hints as lines of text.
    pub(crate) fn render(&self) -> String {
        let mut text = format!("error: {}", self.message());
        if !self.hints.is_empty() {
            text.push('\n');
        }
        for hint in &self.hints {
            let _ = write!(text, "\nhint: {hint}");
        }
        printable_lines(&text)
    }
}

impl From<assembly::EnvironmentError> for CommandError {
    fn from(error: assembly::EnvironmentError) -> Self {
        let hint = error.hint();
        Self::usage(error).maybe_hinted(hint)
    }
}

impl From<assembly::FolderError> for CommandError {
    fn from(error: assembly::FolderError) -> Self {
        Self::failed(error)
    }
}

impl From<local::Error> for CommandError {
    fn from(error: local::Error) -> Self {
        let hint = error.hint();
        Self::failed(error).maybe_hinted(hint)
    }
}

impl From<engine::Error> for CommandError {
    fn from(error: engine::Error) -> Self {
        let hints = error.hints();
        let kind = match &error {
            engine::Error::UnknownStack { .. }
            | engine::Error::WrongAccount { .. }
            | engine::Error::CloudAssembly { .. }
            | engine::Error::MissingContext { .. }
            | engine::Error::NoStackForTarget { .. }
            | engine::Error::NoValue { .. }
            | engine::Error::Record(
                engine::RecordError::UnknownRelease { .. }
                | engine::RecordError::AmbiguousRelease { .. }
                | engine::RecordError::NothingToDeploy { .. },
            ) => ErrorKind::Usage,
            engine::Error::Interrupted | engine::Error::Unfollowed { .. } => ErrorKind::Interrupted,
            _ => ErrorKind::Failed,
        };
        let lacks_credentials =
            matches!(&error, engine::Error::Aws(error) if error.is_about_credentials());
        let error = Self {
            lacks_credentials,
            ..Self::new(kind, error)
        };
        hints.into_iter().fold(error, Self::hinted)
    }
}

/// An error with its causes on lines of their own.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, "\n  caused by: {error}");
        cause = error.source();
    }
    text
}
