//! `migrate`: the migrations of an environment's database, applied by the program that knows them.
//!
//! That program is the project's own: `ledger status` and `ledger migrate`, for example, with the database in
//! `TURSO_DATABASE_URL`. So the command line compiles no database, and any project brings its own.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use assembly::{Approval, Database};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{
    app,
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    printer::Printer,
    runtime::block_on,
    session::Session,
    views,
};

/// The variable that says where the database is, to this command and to the program.
const URL: &str = "TURSO_DATABASE_URL";

/// Apply database migrations
///
/// `database:` in the environment's file names the package whose program applies them, and where the database is. A token is taken from
/// TURSO_AUTH_TOKEN.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Say how the migrations stand and change nothing
    #[arg(long)]
    status: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Where the database is, instead of what the environment's file says
    #[arg(long, value_name = "URL", env = URL)]
    database_url: Option<String>,
}

/// How all migrations stand, as the program says it.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Migrations {
    format_version: String,
    pub(crate) migrations: Vec<Migration>,
}

/// One of them.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Migration {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) state: MigrationState,
    pub(crate) applied_at: Option<String>,
}

/// How one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MigrationState {
    /// It was applied.
    Applied,
    /// It is still to be applied.
    Pending,
    /// It was applied, and changed since.
    Edited,
    /// A newer program has applied it.
    Unknown,
}

pub(crate) fn run(
    args: &MigrateArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open_without_stacks(global, &args.environment)?;
    let program = Program::of(&session, args, printer)?;
    let before = program.run("status")?;
    if args.status {
        return show(&before, args, printer);
    }
    let pending: Vec<&Migration> = before
        .migrations
        .iter()
        .filter(|migration| migration.state == MigrationState::Pending)
        .collect();
    let is_sound = |migration: &Migration| {
        matches!(
            migration.state,
            MigrationState::Applied | MigrationState::Pending
        )
    };
    if pending.is_empty() && before.migrations.iter().all(is_sound) {
        printer.status("nothing to migrate");
        return show(&before, args, printer);
    }
    for migration in &pending {
        printer.status(&format!("pending: {}", views::migrations::name(migration)));
    }
    if !pending.is_empty() {
        approve(&session, global, printer)?;
    }
    // It refuses by itself what must not be migrated, and says why.
    let after = program.run("migrate")?;
    show(&after, args, printer)
}

fn show(
    migrations: &Migrations,
    args: &MigrateArgs,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    if args.json {
        printer.answer_json(migrations)?;
    } else {
        let style = printer.answer_style();
        printer.answer(&views::migrations::draw(&migrations.migrations, style));
    }
    Ok(Ending::Done)
}

/// Asks where everything is asked for: nobody can tell from outside what a migration does to data.
fn approve(session: &Session, global: &Global, printer: &Printer) -> Result<(), CommandError> {
    if global.yes || session.environment.approval != Approval::Always {
        return Ok(());
    }
    if !printer.can_ask() {
        return Err(
            CommandError::failed("approval is due, and there is no terminal to ask on")
                .hinted("pass `--yes`"),
        );
    }
    let question = format!(
        "Migrate the database of {}? [y/N]",
        session.environment.name
    );
    let answer = block_on(async { Ok(printer.ask(&question).await) })?;
    if !matches!(answer.as_deref(), Some("y" | "Y" | "yes")) {
        return Err(CommandError::failed("declined; nothing was migrated"));
    }
    Ok(())
}

/// The program that knows the migrations, built, and the database it is for.
struct Program<'a> {
    executable: PathBuf,
    url: String,
    session: &'a Session,
}

impl<'a> Program<'a> {
    fn of(
        session: &'a Session,
        args: &MigrateArgs,
        printer: &Printer,
    ) -> Result<Self, CommandError> {
        let environment = &session.environment;
        let file = session.project.environment_file(&environment.name);
        let Some(Database { migrations, url }) = &environment.database else {
            return Err(
                CommandError::usage(format!("`{}` names no database", file.display())).hinted(
                    "say under `database:` which package applies the `migrations:`, and its `url:`",
                ),
            );
        };
        let Some(url) = args.database_url.as_ref().or(url.as_ref()) else {
            return Err(CommandError::usage(format!(
                "it is not known where the database of `{}` is",
                environment.name
            ))
            .hinted(format!(
                "set {URL} and TURSO_AUTH_TOKEN, or `url:` under `database:` in `{}`",
                file.display()
            )));
        };
        let package = session.project.root.join(migrations);
        Ok(Self {
            executable: app::migrations_program(&session.project, &package, printer)?,
            url: url.clone(),
            session,
        })
    }

    /// Runs it with a word; what it says besides its answer goes to stderr as it is.
    fn run(&self, word: &str) -> Result<Migrations, CommandError> {
        let program = self.executable.display();
        let output = Command::new(&self.executable)
            .arg(word)
            .env(URL, &self.url)
            // `file:` is relative to the project.
            .current_dir(&self.session.project.root)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| CommandError::failed(format!("cannot run `{program}`: {error}")))?;
        if !output.status.success() {
            return Err(CommandError::failed(format!(
                "the migrations of {} failed",
                self.session.environment.name
            ))
            .hinted("the message above says why; what was applied stays, each migration whole or not at all"));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| {
            CommandError::failed(format!("`{program} {word}` gave another answer: {error}"))
        })
    }
}
