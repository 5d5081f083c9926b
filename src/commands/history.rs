//! `history`: what was done to an environment.

use clap::Args;

use crate::{
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    operation::with_connection,
    printer::Printer,
    records,
    session::Session,
    views,
};

/// List what was done to the environment, the newest first
///
/// Each deployment, rollback, destruction and recovery that changed something is a release. Every one is kept, in the
/// asset bucket of the environment's account; needs no stacks.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(
    args: &HistoryArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open_without_stacks(global, &args.environment)?;
    let purpose = "chitinfra history";
    let history = with_connection(
        &session,
        global,
        printer,
        purpose,
        false,
        async |connection| {
            let home = records::home(&session, connection.cloud).await?;
            records::history(connection, &home).await
        },
    )?;
    for key in &history.damaged {
        printer.message(&format!("warning: the record `{key}` cannot be read"));
    }
    if args.json {
        printer.answer_json(&history)?;
    } else if history.releases.is_empty() {
        printer.status(&format!(
            "nothing was deployed to {} yet",
            session.environment.name
        ));
    } else {
        printer.answer(&views::history::draw(
            &history.releases,
            printer.answer_style(),
        ));
    }
    Ok(Ending::Done)
}
