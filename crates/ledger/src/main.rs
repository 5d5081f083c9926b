//! Applies the ledger's migrations, for `chitinfra migrate`: `ledger status` or `ledger migrate`.
//!
//! The database is that of `TURSO_DATABASE_URL` and `TURSO_AUTH_TOKEN`. The answer is JSON on stdout, in both cases how all
//! migrations stand afterwards.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use jiff::Timestamp;
use ledger::{Error, Ledger, Location, Migration, MigrationState};
use serde::Serialize;

/// The exit code of words or variables that cannot be used.
const USAGE: u8 = 2;

/// How all migrations stand.
#[derive(Serialize)]
struct Answer<'a> {
    format_version: &'static str,
    migrations: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    number: u32,
    name: &'a str,
    state: &'static str,
    applied_at: Option<Timestamp>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let is_migration = match words.as_slice() {
        [word] if word == "status" => false,
        [word] if word == "migrate" => true,
        _ => return fail(USAGE, "usage: ledger status | ledger migrate"),
    };
    let location = match location() {
        Ok(location) => location,
        Err(message) => return fail(USAGE, &message),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &error.to_string()),
    };
    match runtime.block_on(run(&location, is_migration)) {
        Ok(migrations) => answer(&migrations),
        Err(error) => fail(1, &ledger::chain(&error)),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary reads the environment"
)]
fn location() -> Result<Location, String> {
    let name = "TURSO_DATABASE_URL";
    let text = std::env::var(name).map_err(|_| format!("{name} is not set"))?;
    let location: Location = text.parse().map_err(|error| format!("{name}: {error}"))?;
    match std::env::var("TURSO_AUTH_TOKEN") {
        // A file takes no token, and the variable may be there for another environment.
        Ok(token) if location.is_remote() && !token.is_empty() => location
            .with_token(token)
            .map_err(|error| format!("TURSO_AUTH_TOKEN: {error}")),
        _ => Ok(location),
    }
}

async fn run(location: &Location, is_migration: bool) -> Result<Vec<Migration>, Error> {
    let ledger = Ledger::open(location).await?;
    if is_migration {
        #[expect(clippy::disallowed_methods, reason = "the binary reads the clock")]
        let now = Timestamp::now();
        ledger.migrate(now).await?;
    }
    ledger.migrations().await
}

fn answer(migrations: &[Migration]) -> ExitCode {
    let lines = migrations.iter().map(|migration| {
        let (state, applied_at) = match migration.state {
            MigrationState::Applied { at } => ("applied", Some(at)),
            MigrationState::Pending => ("pending", None),
            MigrationState::Edited { at } => ("edited", Some(at)),
            MigrationState::Unknown { at } => ("unknown", Some(at)),
        };
        Line {
            number: migration.number,
            name: &migration.name,
            state,
            applied_at,
        }
    });
    let answer = Answer {
        format_version: "1.0",
        migrations: lines.collect(),
    };
    let mut stdout = io::stdout().lock();
    let written = serde_json::to_writer(&mut stdout, &answer)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(stdout));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &error.to_string()),
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    // If even that cannot be written, the code has to say it.
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}
