//! `secret`: values that only AWS knows.

use std::io::{self, IsTerminal as _, Read as _};

use clap::{Args, Subcommand};
use engine::{SECRET_LIMIT, Secrecy, SecretFact, SecretValue, Secrets as _};
use serde_json::json;

use crate::{
    app,
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    operation::{Connection, with_connection},
    printer::Printer,
    session::Session,
    views,
};

/// Keep values that only AWS knows: encrypted parameters of SSM
///
/// A value is read from the standard input, on a terminal without showing it, and never printed. Stacks refer to it by name:
/// `Secret::ssm("/PROJECT/ENV/NAME")`, or `{{resolve:ssm-secure:/PROJECT/ENV/NAME}}` in a plain template.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Write a secret that is new
    Set(NamedArgs),
    /// Write another version of a secret that is there
    Rotate(NamedArgs),
    /// List the secrets: names, versions and dates
    List(ListArgs),
}

/// A secret of an environment.
#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Its name within the environment: `DATABASE_PASSWORD`, `turso/token`
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(
    command: &SecretCommand,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    match command {
        SecretCommand::Set(args) => write(args, Secrecy::New, global, printer),
        SecretCommand::Rotate(args) => write(args, Secrecy::Another, global, printer),
        SecretCommand::List(args) => list(args, global, printer),
    }
}

/// Writes a secret.
fn write(
    args: &NamedArgs,
    secrecy: Secrecy,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    check_name(&args.name)?;
    let session = Session::open(global, &args.environment)?;
    let folder = folder(&session, printer)?;
    let parameter = format!("{folder}/{}", args.name);
    let environment = &session.environment.name;
    // Before anything listens for Ctrl-C, which is to end the program while a person types.
    let value = read_value(printer)?;
    let version = connected(&session, global, printer, async |connection| {
        let cloud = connection.cloud;
        let names = [parameter.clone()];
        let found = cloud.existing(&names).await.map_err(engine::Error::from)?;
        match (secrecy, found.first()) {
            (Secrecy::New, Some(found)) => return Err(exists(found, args, environment)),
            (Secrecy::Another, None) => {
                return Err(
                    CommandError::failed(format!("there is no secret `{parameter}`")).hinted(
                        format!(
                            "make it with `chitinfra secret set -e {environment} {}`",
                            args.name
                        ),
                    ),
                );
            }
            (Secrecy::New, None) => printer.status(&format!("new: {parameter}")),
            (Secrecy::Another, Some(found)) => {
                printer.status(&format!("{parameter}, version {} so far", found.version));
            }
        }
        let written = cloud.put_secret(&parameter, &value, secrecy).await;
        match written.map_err(engine::Error::from)? {
            Some(version) => Ok(version),
            // Someone else was quicker, or this was written by a call whose answer was lost.
            None => Err(CommandError::failed(format!("`{parameter}` exists by now")).hinted(
                format!(
                    "if nobody else set it just now, an answer of SSM was lost and the value is in place; `chitinfra secret rotate -e {environment} {}` writes it in any case",
                    args.name
                ),
            )),
        }
    })?;
    printer.answer(&format!("{parameter} is version {version}"));
    Ok(Ending::Done)
}

fn exists(found: &SecretFact, args: &NamedArgs, environment: &str) -> CommandError {
    CommandError::failed(format!(
        "`{}` exists, in version {}",
        found.name, found.version
    ))
    .hinted(format!(
        "to give it another value, `chitinfra secret rotate -e {environment} {}`",
        args.name
    ))
}

/// Lists the secrets of an environment.
fn list(args: &ListArgs, global: &Global, printer: &Printer) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let folder = folder(&session, printer)?;
    let found = connected(&session, global, printer, async |connection| {
        let found = connection.cloud.secrets(&folder).await;
        Ok(found.map_err(engine::Error::from)?)
    })?;
    if args.json {
        let secrets = found.iter().map(|fact| {
            json!({
                "name": views::secrets::name(fact, &folder),
                "parameter": fact.name,
                "version": fact.version,
                "modified_at": fact.modified_at,
                "modified_by": fact.modified_by,
            })
        });
        let answer = json!({
            "format_version": "1.0",
            "environment": session.environment.name,
            "secrets": secrets.collect::<Vec<_>>(),
        });
        printer.answer_json(&answer)?;
    } else if found.is_empty() {
        printer.status(&format!("no secrets in {folder}"));
    } else {
        let style = printer.answer_style();
        printer.answer(&views::secrets::draw(&found, &folder, style));
    }
    Ok(Ending::Done)
}

fn connected<T>(
    session: &Session,
    global: &Global,
    printer: &Printer,
    operation: impl AsyncFnOnce(&Connection<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let purpose = format!("chitinfra secret -e {}", session.environment.name);
    with_connection(session, global, printer, &purpose, false, operation)
}

/// Where an environment's secrets are: `/<project>/<environment>`. What was synthesized last knows the project's name.
fn folder(session: &Session, printer: &Printer) -> Result<String, CommandError> {
    let known = app::read(&session.output(), &session.project, &session.environment).ok();
    let assembly = match known {
        Some(assembly) => assembly,
        None => session.synthesize(printer)?,
    };
    let project = &assembly.manifest.project;
    Ok(format!("/{project}/{}", session.environment.name))
}

/// What SSM takes as a name within a path.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>
fn check_name(name: &str) -> Result<(), CommandError> {
    let is_good = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    if name.split('/').all(is_good) {
        return Ok(());
    }
    Err(
        CommandError::usage(format!("`{name}` cannot be the name of a secret")).hinted(
            "letters, digits, `_`, `.` and `-`, in parts with `/` between them; the environment's own path comes in front by itself",
        ),
    )
}

/// Reads the value: on a terminal one line that is not shown, otherwise everything but a line break at the end.
fn read_value(printer: &Printer) -> Result<SecretValue, CommandError> {
    let failed =
        |error: io::Error| CommandError::usage(format!("the value cannot be read: {error}"));
    let value = if io::stdin().is_terminal() {
        printer.message("value (it is not shown):");
        rpassword::read_password().map_err(failed)?
    } else {
        let mut bytes = Vec::new();
        // One more than is taken is enough to know.
        let most = u64::try_from(SECRET_LIMIT + 3).unwrap_or(u64::MAX);
        io::stdin()
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let mut text = String::from_utf8(bytes)
            .map_err(|_| CommandError::usage("the value is not text in UTF-8"))?;
        for end in ['\n', '\r'] {
            if text.ends_with(end) {
                text.pop();
            }
        }
        text
    };
    if value.is_empty() {
        return Err(CommandError::usage("there is no value on the standard input")
            .hinted("pass it as in `printf %s \"$VALUE\" | chitinfra secret set …`, or type it on a terminal"));
    }
    if value.len() > SECRET_LIMIT {
        return Err(CommandError::usage(format!(
            "the value is longer than the {SECRET_LIMIT} bytes that a parameter holds"
        )));
    }
    Ok(SecretValue::new(value))
}
