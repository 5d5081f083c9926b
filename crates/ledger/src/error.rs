//! What can go wrong between a program and its ledger.

use std::time::Duration;

/// How long one call may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// Why the ledger could not do what it was asked. None says anything about what the ledger holds: unknown is never absent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no way to the database, or it closed the connection.
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It gave no answer in time.
    #[error("the database gave no answer in {} seconds", LIMIT.as_secs())]
    NoAnswer,
    /// Others were writing for all the time that a call may take.
    #[error("the database was busy for {} seconds", LIMIT.as_secs())]
    Busy,
    /// The token is not accepted, or may not do this.
    #[error("the database refuses the token: it answered with {status}")]
    Refused {
        /// The HTTP status, 401 or 403.
        status: u16,
    },
    /// An answer that is none of the protocol.
    #[error("the database gave an answer that is not understood: {0}")]
    Answer(String),
    /// The database could not carry out a statement.
    #[error("the database refuses a statement: {message} ({code})")]
    Statement {
        /// SQLite's name or number for it.
        code: String,
        /// The database's own words, which name tables and columns, no values.
        message: String,
        /// Whether there is another row already that must be the only one.
        is_conflict: bool,
    },
    /// The file cannot be opened.
    #[error("cannot open `{path}`")]
    Open {
        /// The file or its folder.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The ledger holds something that this program never wrote.
    #[error("the ledger holds {0} that cannot be read")]
    Unreadable(&'static str),
    /// A migration is not what it was when it was applied.
    #[error(
        "migration {number} was edited after it was applied: restore it, and make a new one for the change"
    )]
    Edited {
        /// Its number.
        number: u32,
    },
    /// The database is ahead of this program.
    #[error("migration {number} was applied by a newer program: migrate with that one")]
    Unknown {
        /// Its number.
        number: u32,
    },
    /// The system gave no random bytes.
    #[error("the system has no random bytes to give")]
    Randomness(#[source] getrandom::Error),
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Error {
    /// A row must be the only one, and is not.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Statement {
                is_conflict: true,
                ..
            }
        )
    }
}
