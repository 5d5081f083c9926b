//! `plan`: what a deployment would do.

use std::{
    fs,
    path::{Path, PathBuf},
};

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
    operation::{Manner, departed, with_connection},
    prepared,
    printer::Printer,
    records, saved,
    session::{Session, check_selection},
    views::{self, text::Look},
};

/// Show what a deployment would do
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("form").args(["json", "markdown"])))]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Save the plan, for `deploy --plan`; its change sets are kept until they are executed
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
    /// Show stacks too whose templates differ in form alone, as `deploy --exact` rewrites them
    #[arg(long, conflicts_with = "against")]
    exact: bool,
    /// Show what `deploy --import-existing-resources` would take in
    #[arg(long, conflicts_with = "against")]
    import_existing_resources: bool,
    /// Compare with what there is, not with what was deployed, as `deploy --revert-drift` does
    #[arg(long, conflicts_with_all = ["against", "exact"])]
    revert_drift: bool,
    /// Show what changes in access and nothing else; neither what is lost nor what the checks find decides the exit code
    #[arg(long, conflicts_with = "out")]
    security_only: bool,
    /// End with 3 when there are changes, or may be some that could not be verified
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
    // What cannot be deployed is not saved either.
    let out = args.out.as_deref().filter(|_| !checks.has_error());
    let complete = |mut plan: Plan| {
        plan.commit = commit::of(&session.project.root);
        checks.add_to(&mut plan);
        guard::tell_permissions(&mut plan, &assembly);
        plan
    };
    let plan = match &args.against {
        Some(folder) => {
            let base = app::read(folder, &session.project, &session.environment)?;
            let mut plan = plan_against(&assembly, &base, &args.stacks, &plan::SchemaFacts)?;
            plan.against = Some(folder.display().to_string());
            complete(plan).seal()
        }
        None => {
            let key = saved::key()?;
            let change_sets = match out {
                // CloudFormation would refuse it, and not say what changes.
                _ if checks.has_error() => ChangeSets::Left,
                Some(_) => ChangeSets::Saved { key: &key },
                None => ChangeSets::Read,
            };
            let home = records::home_of(&assembly.manifest);
            let planned = with_connection(
                &session,
                global,
                printer,
                "chitinfra plan",
                Manner {
                    project: Some(&home.project),
                    exact: args.exact,
                    import_existing: args.import_existing_resources,
                    revert_drift: args.revert_drift,
                    ..Manner::default()
                },
                async |connection| {
                    let engine = connection.engine;
                    // At the same time: what is asked besides is to cost nothing.
                    let others = async {
                        match args.stacks.is_empty() {
                            true => departed(engine, &session, &assembly, printer).await,
                            false => Vec::new(),
                        }
                    };
                    let (planned, preparation, (), departed) = tokio::join!(
                        engine.plan(&assembly, &args.stacks, change_sets, Busy::Refuse),
                        prepared::check(connection.cloud, &session, &assembly),
                        records::mention_holder(connection, &home, printer),
                        others,
                    );
                    let (mut planned, preparation) =
                        prepared::both(engine, planned, preparation).await?;
                    preparation.add_to(&mut planned.plan);
                    planned.plan.departed = departed;
                    planned.plan.revert_drift = args.revert_drift;
                    planned.plan = complete(planned.plan);
                    if out.is_some() {
                        planned.plan.seal = Some(saved::seal(&session, &assembly, &planned.plan));
                    }
                    planned.plan = planned.plan.seal();
                    if let Some(file) = out
                        && let Err(error) = saved::write(file, &planned.plan)
                    {
                        engine.discard(&planned).await?;
                        return Err(error);
                    }
                    Ok(planned.plan)
                },
            );
            // What was found is worth telling even if what is deployed cannot be read.
            planned
                .inspect_err(|_| printer.diagnostics(&checks.diagnostics(false)))
                .map_err(|error| without_credentials(error, args))?
        }
    };
    show(&plan, &assembly, args, &session, printer)?;
    if args.security_only {
        return Ok(Ending::of(
            args.detailed_exitcode && plan.access().may_change(),
        ));
    }
    tell_of_the_file(&plan, args, out, printer);
    let blocked = guard::check(&plan, &assembly, &[])?;
    match (blocked, checks::stop(&plan)) {
        (Some(blocked), Some(stopped)) => {
            printer.message(&blocked.render());
            return Err(stopped);
        }
        (Some(error), None) | (None, Some(error)) => return Err(error),
        (None, None) => {}
    }
    let has_changes = views::plan::has_changes(&plan);
    Ok(Ending::of(args.detailed_exitcode && has_changes))
}

fn show(
    plan: &Plan,
    assembly: &Assembly,
    args: &PlanArgs,
    session: &Session,
    printer: &Printer,
) -> Result<(), CommandError> {
    if let Some(file) = &args.html {
        let page = if args.security_only {
            views::html::draw_access(plan)
        } else {
            views::html::draw(plan, Graph::of(assembly))
        };
        write(file, &page)?;
    }
    let look = Look {
        style: printer.answer_style(),
        verbose: printer.is_verbose(),
        root: Some(&session.project.root),
    };
    match (args.json, args.markdown, args.security_only) {
        (true, _, false) => printer.answer_json(plan)?,
        (true, _, true) => printer.answer_json(&plan.access())?,
        (false, true, false) => printer.answer(&views::markdown::draw(plan)),
        (false, true, true) => printer.answer(&views::markdown::draw_access(plan)),
        (false, false, false) => printer.answer(&views::plan::draw(plan, look)),
        (false, false, true) => printer.answer(&views::security::draw(plan, look)),
    }
    Ok(())
}

/// What became of the file that was asked for.
fn tell_of_the_file(plan: &Plan, args: &PlanArgs, out: Option<&Path>, printer: &Printer) {
    match (&args.out, out) {
        (Some(_), Some(file)) => {
            let unverified = views::words::unverified(plan);
            if unverified.is_empty() {
                printer.status(&format!("saved to {}", file.display()));
            } else {
                printer.message(&format!(
                    "warning: {} was saved, but cannot be deployed: {} could not be verified",
                    file.display(),
                    unverified.join(", ")
                ));
            }
        }
        (Some(file), None) => {
            printer.message(&format!("warning: {} was not saved", file.display()));
        }
        (None, _) => {}
    }
}

/// Says what can be done without credentials, when that is what is missing.
fn without_credentials(error: CommandError, args: &PlanArgs) -> CommandError {
    if !error.lacks_credentials {
        return error;
    }
    let environment = &args.environment.environment;
    error.hinted(format!(
        "without credentials, compare with another assembly, such as that of the base branch (`chitinfra synth -e {environment} -o DIR` there):\n\n    chitinfra plan -e {environment} --against DIR\n"
    ))
}

fn write(file: &PathBuf, text: &str) -> Result<(), CommandError> {
    fs::write(file, text).map_err(|error| CommandError::cannot_write(file, &error))
}
