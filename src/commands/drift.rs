//! `drift`: what something else than the stacks has changed.

use clap::Args;
use engine::DriftReport;

use crate::{
    accept::accept,
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    operation::with_connection,
    printer::Printer,
    session::{Session, check_selection},
    views::{self, text::Look},
};

/// Show what differs between what was deployed and what there is
///
/// CloudFormation's own detection looks at every resource it can read, and in it at the properties that the deployed template
/// gives. What it does not look at of Cognito, IAM, S3 and Budgets is read from these services. What could not be checked
/// is listed with the reason, and never counted as clean.
#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a patch after which the stacks' source says what there is, for `git apply`; what has no single place is named
    #[arg(long, conflicts_with = "json")]
    accept: bool,
    /// End with 3 when something has drifted
    #[arg(long)]
    detailed_exitcode: bool,
    /// Only these stacks
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
}

pub(crate) fn run(
    args: &DriftArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    check_selection(&args.stacks, &assembly)?;
    let report = with_connection(
        &session,
        global,
        printer,
        "chitinfra drift",
        false,
        async |connection| {
            let (engine, cloud) = (connection.engine, connection.cloud);
            Ok(engine.drift(cloud, cloud, &assembly, &args.stacks).await?)
        },
    )?;
    if args.json {
        printer.answer_json(&report)?;
    } else if args.accept {
        let accepted = accept(&report, &session.project.root);
        printer.answer(&accepted.patch);
        for line in &accepted.by_hand {
            printer.message(&format!("by hand: {line}"));
        }
    } else {
        let look = Look {
            style: printer.answer_style(),
            verbose: printer.is_verbose(),
            root: Some(&session.project.root),
        };
        let environment = &session.environment.name;
        printer.answer(&views::drift::draw(&report, environment, look));
    }
    if report.has_drift() && args.detailed_exitcode {
        return Ok(Ending::ChangesFound);
    }
    unknown(&report).map_or(Ok(Ending::Done), Err)
}

/// The failure when nothing is known of a stack: that is no answer to the question.
fn unknown(report: &DriftReport) -> Option<CommandError> {
    let unknown = report.stacks.iter().filter(|stack| stack.is_unknown());
    let names: Vec<String> = unknown.map(|stack| format!("`{}`", stack.name)).collect();
    (!names.is_empty()).then(|| {
        CommandError::failed(format!(
            "the drift of {} could not be detected",
            names.join(", ")
        ))
    })
}
