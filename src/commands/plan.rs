//! `plan`: what a deployment would do.

use std::{fs, path::PathBuf};

use clap::{ArgGroup, Args};
use engine::{Assembly, Busy, ChangeSets, plan_against};
use plan::Plan;

use crate::{
    app, checks,
    cli::{EnvironmentArg, Global},
    commit,
    error::{CommandError, Ending},
    graph::Graph,
    guard,
    operation::with_engine,
    printer::Printer,
    session::{Session, check_selection},
    views::{self, text::Look},
};

/// Show what a deployment would do
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("form").args(["json", "markdown"])))]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Save the plan, for `deploy --plan`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print Markdown, for a comment on a pull request
    #[arg(long)]
    markdown: bool,
    /// Also write one HTML file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// End with 3 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
    /// Compare with another assembly instead of what is deployed; needs no credentials
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    against: Option<PathBuf>,
    /// Only these stacks and what they depend on
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
}

pub(crate) fn run(
    args: &PlanArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let (assembly, checks) = session.synthesize_and_check(printer)?;
    check_selection(&args.stacks, &assembly)?;
    let checks = checks.only(&assembly.select(&args.stacks)?);
    // CloudFormation would refuse it, and not say what changes.
    let change_sets = if checks.has_error() {
        ChangeSets::Left
    } else {
        ChangeSets::Read
    };
    let mut unverified = Vec::new();
    let mut plan = match &args.against {
        Some(folder) => {
            let base = app::read(folder, &session.project, &session.environment)?;
            plan_against(&assembly, &base, &args.stacks, &plan::SchemaFacts)?
        }
        None => {
            let planned = with_engine(
                &session,
                global,
                printer,
                "chitinfra plan",
                async |engine| {
                    Ok(engine
                        .plan(&assembly, &args.stacks, change_sets, Busy::Refuse)
                        .await?)
                },
            );
            // What was found is worth telling even if what is deployed cannot be read.
            let planned =
                planned.inspect_err(|_| printer.diagnostics(&checks.diagnostics(false)))?;
            unverified = planned.unverified;
            planned.plan
        }
    };
    plan.commit = commit::of(&session.project.root);
    checks.add_to(&mut plan);
    let plan = plan.seal();
    show(&plan, &assembly, args, &session, printer)?;
    for stack in &unverified {
        printer.message(&format!(
            "warning: {stack} was compared by its template alone; these credentials may not make change sets"
        ));
    }
    let blocked = guard::check(&plan, &assembly, &[])?;
    match (blocked, checks::stop(&plan)) {
        (Some(blocked), Some(stopped)) => {
            printer.message(&blocked.render());
            return Err(stopped);
        }
        (Some(error), None) | (None, Some(error)) => return Err(error),
        (None, None) => {}
    }
    if args.detailed_exitcode && views::plan::has_changes(&plan) {
        Ok(Ending::ChangesFound)
    } else {
        Ok(Ending::Done)
    }
}

fn show(
    plan: &Plan,
    assembly: &Assembly,
    args: &PlanArgs,
    session: &Session,
    printer: &Printer,
) -> Result<(), CommandError> {
    let json = || serde_json::to_string_pretty(plan).map_err(CommandError::failed);
    if let Some(file) = &args.html {
        write(file, &views::html::draw(plan, Graph::of(assembly)))?;
    }
    if let Some(file) = &args.out {
        write(file, &json()?)?;
    }
    if args.json {
        printer.answer(&json()?);
    } else if args.markdown {
        printer.answer(&views::markdown::draw(plan));
    } else {
        let look = Look {
            style: printer.answer_style(),
            verbose: printer.is_verbose(),
            root: Some(&session.project.root),
        };
        printer.answer(&views::plan::draw(plan, look));
    }
    if let Some(file) = &args.out {
        printer.status(&format!("saved to {}", file.display()));
    }
    Ok(())
}

fn write(file: &PathBuf, text: &str) -> Result<(), CommandError> {
    fs::write(file, text).map_err(|error| CommandError::cannot_write(file, &error))
}
