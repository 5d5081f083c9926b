//! The schema, as numbered files that are applied once each, and what a database has had of them.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    Error, Ledger,
    database::{Database, Row, statement},
};

/// A file of the schema.
struct File {
    number: u32,
    name: &'static str,
    text: &'static str,
}

/// In the order of their numbers, from 1 without a gap.
const FILES: &[File] = &[
    File {
        number: 1,
        name: "ledger",
        text: include_str!("../migrations/0001_ledger.sql"),
    },
    File {
        number: 2,
        name: "old_events",
        text: include_str!("../migrations/0002_old_events.sql"),
    },
    File {
        number: 3,
        name: "file_bounds",
        text: include_str!("../migrations/0003_file_bounds.sql"),
    },
];

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT";
const HAS_TABLE: &str =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
const APPLIED: &str = "SELECT number, name, checksum, applied_at FROM migrations ORDER BY number";
/// The lock against a second runner: its row is refused.
const RECORD: &str =
    "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)";

/// A migration, as it stands in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its place in the order.
    pub number: u32,
    /// What it is about.
    pub name: String,
    /// Whether it was applied.
    pub state: MigrationState,
}

/// How a migration stands in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationState {
    /// It was applied.
    Applied {
        /// When.
        at: Timestamp,
    },
    /// It is still to be applied.
    Pending,
    /// It was applied, and its file was changed since.
    Edited {
        /// When it was applied.
        at: Timestamp,
    },
    /// It was applied by a program that knows more of them than this one.
    Unknown {
        /// When.
        at: Timestamp,
    },
}

/// Whether a ledger can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can. It may have migrations that only a newer program knows: they leave what there is in place.
    Ready,
    /// Migrations are pending.
    NeedsMigration,
}

impl Ledger {
    /// All migrations that this program or the database knows, in order. Changes nothing.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn migrations(&self) -> Result<Vec<Migration>, Error> {
        status(&self.database, FILES).await
    }

    /// Applies what is pending, each migration in a transaction of its own, and gives what this call applied. Of two that run at the
    /// same time, each migration is applied by one.
    ///
    /// # Errors
    /// A migration was edited, or the database is ahead of this program: nothing is applied then. Or a statement is refused: its
    /// migration leaves no trace, those before it stay.
    pub async fn migrate(&self, now: Timestamp) -> Result<Vec<Migration>, Error> {
        migrate(&self.database, FILES, now).await
    }

    /// Whether the database has every migration that this program needs.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn check(&self) -> Result<Readiness, Error> {
        let migrations = self.migrations().await?;
        let is_pending = |migration: &Migration| migration.state == MigrationState::Pending;
        Ok(if migrations.iter().any(is_pending) {
            Readiness::NeedsMigration
        } else {
            Readiness::Ready
        })
    }
}

async fn status(database: &Database, files: &[File]) -> Result<Vec<Migration>, Error> {
    let rows = match database.run(statement!(APPLIED)).await {
        Err(Error::Statement { .. }) if !has_table(database).await? => Vec::new(),
        // A runner may have made it since.
        Err(Error::Statement { .. }) => database.run(statement!(APPLIED)).await?,
        other => other?,
    };
    let mut applied: Vec<Applied> = rows.iter().map(Applied::read).collect::<Result<_, _>>()?;
    let mut migrations = Vec::new();
    for file in files {
        let place = applied
            .iter()
            .position(|applied| applied.number == file.number);
        let state = match place.map(|place| applied.remove(place)) {
            None => MigrationState::Pending,
            Some(applied) if applied.checksum == checksum(file.text) => {
                MigrationState::Applied { at: applied.at }
            }
            Some(applied) => MigrationState::Edited { at: applied.at },
        };
        migrations.push(Migration {
            number: file.number,
            name: file.name.to_owned(),
            state,
        });
    }
    migrations.extend(applied.into_iter().map(|applied| Migration {
        number: applied.number,
        name: applied.name,
        state: MigrationState::Unknown { at: applied.at },
    }));
    migrations.sort_by_key(|migration| migration.number);
    Ok(migrations)
}

async fn migrate(
    database: &Database,
    files: &[File],
    now: Timestamp,
) -> Result<Vec<Migration>, Error> {
    let mut done = Vec::new();
    for migration in status(database, files).await? {
        let number = migration.number;
        match migration.state {
            MigrationState::Edited { .. } => return Err(Error::Edited { number }),
            MigrationState::Unknown { .. } => return Err(Error::Unknown { number }),
            MigrationState::Applied { .. } | MigrationState::Pending => {}
        }
    }
    database.run(statement!(CREATE_TABLE)).await?;
    for file in files {
        let state = state_of(database, files, file.number).await?;
        if state != Some(MigrationState::Pending) {
            continue;
        }
        let record = statement!(RECORD, file.number, file.name, checksum(file.text), now);
        match database.script(record, file.text).await {
            Ok(()) => done.push(Migration {
                number: file.number,
                name: file.name.to_owned(),
                state: MigrationState::Applied { at: now },
            }),
            // Another runner was quicker, if it is now applied.
            Err(error) => match state_of(database, files, file.number).await? {
                Some(MigrationState::Applied { .. }) => {}
                _ => return Err(error),
            },
        }
    }
    Ok(done)
}

/// Whether the database was ever migrated.
async fn has_table(database: &Database) -> Result<bool, Error> {
    let tables = database.run(statement!(HAS_TABLE)).await?;
    let count = tables
        .first()
        .map_or(Ok(0), |row| row.count(0, "a table"))?;
    Ok(count > 0)
}

async fn state_of(
    database: &Database,
    files: &[File],
    number: u32,
) -> Result<Option<MigrationState>, Error> {
    let migrations = status(database, files).await?;
    let mut found = migrations
        .into_iter()
        .filter(|migration| migration.number == number);
    Ok(found.next().map(|migration| migration.state))
}

/// A row of the table.
struct Applied {
    number: u32,
    name: String,
    checksum: String,
    at: Timestamp,
}

impl Applied {
    fn read(row: &Row) -> Result<Self, Error> {
        const WHAT: &str = "a migration";
        Ok(Self {
            number: u32::try_from(row.integer(0, WHAT)?).map_err(|_| Error::Unreadable(WHAT))?,
            name: row.text(1, WHAT)?.to_owned(),
            checksum: row.text(2, WHAT)?.to_owned(),
            at: row.time(3, WHAT)?,
        })
    }
}

/// SHA-256 in hexadecimal digits. Line ends are those of the repository, whatever the checkout made of them.
fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.replace("\r\n", "\n").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
