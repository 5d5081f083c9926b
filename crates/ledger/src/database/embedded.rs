//! A database in a file of this machine.
//!
//! Calls of libSQL for a file are done when they return: their futures never wait. What does take time is another process that
//! writes, and that is waited for here, so that no thread of the runtime stands still meanwhile.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use libsql::{Builder, params::Params};

use super::{Row, Statement};
use crate::{Error, error::LIMIT};

/// Primary [result codes](https://www.sqlite.org/rescode.html).
const BUSY: i32 = 5;
const CONSTRAINT: i32 = 19;

/// Writers of other processes go on while this one reads; counts survive the death of the process, and a power loss may take the
/// last moments. What was written is moved from the log to the file itself each 16 MiB, as that waits for the disk.
const SETTINGS: [&str; 4] = [
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 4096",
];
const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";

/// A file, and the one connection to it that is used in turn.
pub(crate) struct Embedded {
    connection: Mutex<Connection>,
}

/// A connection and the statements it has prepared, by where their texts are: preparing one takes longer than running it.
///
/// The connection stands first, to be dropped first: libSQL closes it with the last statement that refers to it, but twice when
/// there is none.
struct Connection {
    connection: libsql::Connection,
    statements: HashMap<(usize, usize), libsql::Statement>,
}

impl Embedded {
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let open = |path: &Path, source| Error::Open {
            path: path.display().to_string(),
            source,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| open(folder, error.into()))?;
        }
        let connection = Builder::new_local(path)
            .build()
            .await
            .and_then(|database| database.connect())
            .map_err(|error| open(path, error.into()))?;
        let database = Self {
            connection: Mutex::new(Connection {
                connection,
                statements: HashMap::new(),
            }),
        };
        let settings = SETTINGS.map(|text| Statement {
            text,
            parameters: Vec::new(),
        });
        for setting in settings {
            match database.run(&setting).await {
                Err(Error::Statement { message, .. }) => return Err(open(path, message.into())),
                other => other?,
            };
        }
        Ok(database)
    }

    pub(crate) async fn run(&self, statement: &Statement) -> Result<Vec<Row>, Error> {
        self.when_free(|connection| connection.run(statement)).await
    }

    pub(crate) async fn transaction(
        &self,
        statements: &[Statement],
    ) -> Result<Vec<Vec<Row>>, Error> {
        self.when_free(|connection| {
            connection.transaction(|connection| {
                statements
                    .iter()
                    .map(|statement| connection.run(statement))
                    .collect()
            })
        })
        .await
    }

    pub(crate) async fn script(&self, guard: &Statement, text: &'static str) -> Result<(), Error> {
        self.when_free(|connection| {
            connection.transaction(|connection| {
                connection.run(guard)?;
                at_once(connection.connection.execute_batch(text)).map(drop)
            })
        })
        .await
    }

    /// The steps in which a statement would be carried out.
    #[cfg(test)]
    pub(crate) async fn explain(&self, text: &str) -> Result<Vec<String>, Error> {
        let text = format!("EXPLAIN QUERY PLAN {text}");
        self.when_free(|connection| {
            let statement = at_once(connection.connection.prepare(&text))?;
            let rows = rows(&statement, Params::None)?;
            let step = |row: &Row| row.text(3, "a step").map(str::to_owned);
            rows.iter()
                .map(|row| step(row).map_err(Failure::Other))
                .collect()
        })
        .await
    }

    /// Does something with the connection, again and again while the file is written by others. Nothing has happened then: they
    /// are only ever in the way of what begins.
    async fn when_free<T>(
        &self,
        mut work: impl FnMut(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(1);
        loop {
            // What a panic left behind is rolled back before the next transaction.
            let result = work(
                &mut self
                    .connection
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
            match result {
                Ok(done) => return Ok(done),
                Err(Failure::Busy) if waited >= LIMIT => return Err(Error::Busy),
                Err(Failure::Busy) => {
                    tokio::time::sleep(pause).await;
                    waited += pause;
                    pause = (pause * 2).min(Duration::from_millis(16));
                }
                Err(Failure::Other(error)) => return Err(error),
            }
        }
    }
}

impl Connection {
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if !self.connection.is_autocommit() {
            self.run_text(ROLLBACK)?;
        }
        self.run_text(BEGIN)?;
        let result = work(self).and_then(|done| self.run_text(COMMIT).map(|()| done));
        if result.is_err() && !self.connection.is_autocommit() {
            self.run_text(ROLLBACK)?;
        }
        result
    }

    fn run_text(&mut self, text: &'static str) -> Result<(), Failure> {
        let statement = Statement {
            text,
            parameters: Vec::new(),
        };
        self.run(&statement).map(drop)
    }

    fn run(&mut self, statement: &Statement) -> Result<Vec<Row>, Failure> {
        let key = (statement.text.as_ptr().addr(), statement.text.len());
        if !self.statements.contains_key(&key) {
            let prepared = at_once(self.connection.prepare(statement.text))?;
            self.statements.insert(key, prepared);
        }
        let Some(prepared) = self.statements.get(&key) else {
            return Ok(Vec::new());
        };
        let rows = rows(prepared, Params::Positional(statement.parameters.clone()));
        // Until then its values cannot be bound again, and it holds on to what it reads.
        prepared.reset();
        rows
    }
}

/// Runs a statement to its end: what writes is only done then.
fn rows(statement: &libsql::Statement, parameters: Params) -> Result<Vec<Row>, Failure> {
    let mut answer = at_once(statement.query(parameters))?;
    let mut rows = Vec::new();
    while let Some(row) = at_once(answer.next())? {
        let values = (0..row.column_count()).map(|column| row.get_value(column));
        rows.push(Row(values.collect::<Result<_, _>>()?));
    }
    Ok(rows)
}

/// The outcome of a call that never waits.
fn at_once<T>(call: impl Future<Output = libsql::Result<T>>) -> Result<T, Failure> {
    match call.now_or_never() {
        Some(outcome) => Ok(outcome?),
        None => Err(Failure::Other(Error::NoAnswer)),
    }
}

enum Failure {
    /// Somebody else is writing.
    Busy,
    Other(Error),
}

impl From<libsql::Error> for Failure {
    fn from(error: libsql::Error) -> Self {
        let (code, message) = match error {
            libsql::Error::SqliteFailure(code, _) if code & 0xff == BUSY => return Self::Busy,
            libsql::Error::SqliteFailure(code, message) => (code, message),
            other => return Self::Other(Error::Unreachable(other.into())),
        };
        Self::Other(Error::Statement {
            code: format!("SQLite {code}"),
            message,
            is_conflict: code & 0xff == CONSTRAINT,
        })
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}
