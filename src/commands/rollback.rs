//! `rollback`: deploy an earlier release again.

use clap::Args;
use engine::{Assembly, Kind, Recorded, Release, ReleaseOutcome};

use crate::{
    app,
    checks::{Checks, INVALID},
    cli::{EnvironmentArg, Global, StreamArg},
    clock,
    commands::deploy::{Run, Wish},
    error::{CommandError, Ending},
    operation::{Connection, at_work},
    policies,
    printer::Printer,
    records::{self, Records},
    session::Session,
};

/// Deploy an earlier release again, as it was recorded; nothing is built
///
/// It is planned against what is deployed now and goes through everything that a deployment does: checks, approval, the stop
/// before data are lost. Stacks that the release does not have are named and stay. This brings back templates and
/// parameters, not data.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// The release to go back to, as `history` names it, or so much of its beginning that it can be no other
    #[arg(long, value_name = "RELEASE")]
    to: String,
    #[command(flatten)]
    pub(crate) stream: StreamArg,
    /// Let this stateful resource be replaced or removed: `Users` or `identity/Users`
    #[arg(long, value_name = "ID", num_args = 1..)]
    allow_destroy: Vec<String>,
}

pub(crate) fn run(
    args: &RollbackArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open_without_stacks(global, &args.environment)?;
    let purpose = format!("chitinfra rollback -e {}", session.environment.name);
    at_work(
        &session,
        global,
        printer,
        &purpose,
        false,
        async |cloud| records::home(&session, cloud).await,
        async |connection, records| {
            let history = records::history(connection, records.home).await?;
            let release =
                engine::find(&history, records.home, &args.to).map_err(engine::Error::from)?;
            let assembly = fetch(&session, connection, records, release).await?;
            tell(release, printer);
            tell_of_others(&history.releases, release, &assembly, connection, printer).await?;
            let checks = Checks::of(
                &assembly,
                &policies::read(&session.project)?,
                &clock::today()?,
            )?;
            if let Some(error) = checks.error(INVALID) {
                return Err(error);
            }
            let wish = Wish {
                kind: Kind::Rollback,
                commit: release.commit.clone(),
                rollback_to: Some(&release.id),
                allow_destroy: &args.allow_destroy,
                stacks: &[],
                unchanged: "Nothing to do: what is deployed is what that release says.",
            };
            let run = Run {
                engine: connection.engine,
                cloud: connection.cloud,
                session: &session,
                assembly: &assembly,
                wish: &wish,
                stopped: connection.stopped,
                records,
                printer,
            };
            run.deploy(&checks, global).await
        },
    )
}

/// Brings what the release deployed into a folder of the project, and reads it there.
async fn fetch(
    session: &Session,
    connection: &Connection<'_>,
    records: &Records<'_>,
    release: &Release,
) -> Result<Assembly, CommandError> {
    let recorded = Recorded::fetch(connection.cloud, records.home, release).await?;
    let assembly = recorded.assembly()?;
    let folder = session
        .project
        .work_folder()
        .join("releases")
        .join(&session.environment.name);
    std::fs::create_dir_all(&folder)
        .map_err(|error| CommandError::cannot_write(&folder, &error))?;
    let folder = folder.join(&release.id);
    app::write(&assembly, &folder)?;
    let assembly = app::read(&folder, &session.project, &session.environment)?;
    session.check_target(&assembly)?;
    Ok(assembly)
}

fn tell(release: &Release, printer: &Printer) {
    let commit = release.commit.as_deref();
    let commit = commit.map_or_else(String::new, |commit| format!(", commit {commit}"));
    printer.status(&format!("back to {}{commit}", release.id));
    if release.outcome != ReleaseOutcome::Succeeded {
        printer.message(&format!(
            "warning: {} did not succeed: it is {}",
            release.id,
            release.outcome.as_str()
        ));
    }
}

/// Names the stacks that are deployed, and that the release knows nothing of.
async fn tell_of_others(
    releases: &[Release],
    release: &Release,
    assembly: &Assembly,
    connection: &Connection<'_>,
    printer: &Printer,
) -> Result<(), CommandError> {
    let mut others: Vec<(&str, &str)> = releases
        .iter()
        .flat_map(|release| &release.stacks)
        .map(|stack| (stack.name.as_str(), stack.stack_name.as_str()))
        .filter(|(_, stack_name)| {
            let mut stacks = assembly.manifest.stacks.iter();
            !stacks.any(|stack| stack.stack_name == *stack_name)
        })
        .collect();
    others.sort_unstable();
    others.dedup();
    for (name, stack_name) in others {
        if connection.engine.exists(stack_name).await? {
            printer.message(&format!(
                "note: {name} ({stack_name}) is not in {} and stays as it is",
                release.id
            ));
        }
    }
    Ok(())
}
