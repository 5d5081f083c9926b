//! `deploy`: plan, ask if asking is due, deploy exactly that.

use std::{fs, path::Path, path::PathBuf};

use assembly::{Approval, Environment};
use clap::Args;
use engine::{Assembly, Busy, ChangeSets, Engine, EnvironmentOutputs, Report};
use plan::{Action, Plan};

use crate::{
    checks::{self, Checks, INVALID},
    cli::{EnvironmentArg, Global},
    commands::outputs,
    commit,
    error::{CommandError, Ending},
    guard,
    operation::{ask, conclude, with_engine},
    printer::Printer,
    session::{Session, check_selection},
    views::{self, text::Look},
};

/// Plan, ask if asking is due, and deploy exactly that
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Deploy this saved plan, or refuse when anything has moved since
    #[arg(long, value_name = "FILE", conflicts_with = "stacks")]
    plan: Option<PathBuf>,
    /// Let this stateful resource be replaced or removed: `Users` or `identity/Users`
    #[arg(long, value_name = "ID", num_args = 1..)]
    allow_destroy: Vec<String>,
    /// Only these stacks and what they depend on
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
}

pub(crate) fn run(
    args: &DeployArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let saved = args.plan.as_deref().map(read_plan).transpose()?;
    let (assembly, checks) = session.synthesize_and_check(printer)?;
    check_selection(&args.stacks, &assembly)?;
    let names = names(args, saved.as_ref());
    let checks = checks.only(&assembly.select(&names)?);
    if let Some(error) = checks.error(INVALID) {
        return Err(error);
    }
    let purpose = format!("chitinfra deploy -e {}", session.environment.name);
    with_engine(&session, global, printer, &purpose, async |engine| {
        deploy(
            engine,
            args,
            global,
            &session,
            (&assembly, checks),
            saved.as_ref(),
            printer,
        )
        .await
    })
}

/// The stacks to deploy: those of the saved plan, or those that were named.
fn names(args: &DeployArgs, saved: Option<&Plan>) -> Vec<String> {
    saved.map_or_else(
        || args.stacks.clone(),
        |plan| plan.stacks.iter().map(|stack| stack.name.clone()).collect(),
    )
}

async fn deploy(
    engine: &Engine<'_>,
    args: &DeployArgs,
    global: &Global,
    session: &Session,
    (assembly, checks): (&Assembly, Checks),
    saved: Option<&Plan>,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let mut planned = engine
        .plan(
            assembly,
            &names(args, saved),
            ChangeSets::Kept,
            Busy::Follow,
        )
        .await?;
    planned.plan.commit = commit::of(&session.project.root);
    checks.add_to(&mut planned.plan);
    planned.plan = planned.plan.seal();
    let plan = &planned.plan;
    if let Some(saved) = saved
        && let Err(error) = unmoved(saved, plan)
    {
        engine.discard(&planned).await?;
        return Err(error);
    }
    if !views::plan::has_changes(plan) {
        printer.status("Nothing to do: what is deployed is what the stacks say.");
        let outputs = engine.outputs(assembly).await?;
        printer.answer(&outputs::human(&outputs));
        return Ok(Ending::Done);
    }
    let look = Look {
        style: printer.message_style(),
        verbose: printer.is_verbose(),
        root: Some(&session.project.root),
    };
    let shown = views::plan::draw(plan, look);
    printer.status(&shown);
    let lost = guard::check(plan, assembly, &args.allow_destroy)?;
    let decided = match checks::stop(plan).or(lost) {
        Some(error) => Err(error),
        // Whoever saved the plan had it approved.
        None if saved.is_some() => Ok(()),
        None => approve(engine, plan, &shown, &session.environment, global, printer).await,
    };
    if let Err(error) = decided {
        engine.discard(&planned).await?;
        return Err(error);
    }
    let report = engine.deploy(assembly, &planned).await;
    let outputs = outputs_of(&report, assembly);
    let concluded = conclude(&report, printer);
    printer.answer(&outputs::human(&outputs));
    concluded.map(|()| Ending::Done)
}

/// Reads a saved plan, and makes sure that nobody changed it.
fn read_plan(file: &Path) -> Result<Plan, CommandError> {
    let text = fs::read_to_string(file).map_err(|error| CommandError::cannot_read(file, &error))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| {
        CommandError::usage(format!("`{}` is not a plan: {error}", file.display()))
    })?;
    if plan.is_intact() {
        Ok(plan)
    } else {
        Err(CommandError::failed(format!(
            "`{}` was changed after it was saved",
            file.display()
        ))
        .hinted("plan again, and have that approved"))
    }
}

/// Makes sure that what would happen now is what the saved plan says.
fn unmoved(saved: &Plan, now: &Plan) -> Result<(), CommandError> {
    if saved.digest == now.digest {
        return Ok(());
    }
    let mut moved = Vec::new();
    for (what, then, today) in [
        ("environment", &saved.environment, &now.environment),
        ("account", &saved.account, &now.account),
        ("region", &saved.region, &now.region),
    ] {
        if then != today {
            moved.push(format!("{what}: `{then}`, now `{today}`"));
        }
    }
    if saved.commit != now.commit {
        let shown = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "none".to_owned());
        moved.push(format!(
            "commit: {}, now {}",
            shown(&saved.commit),
            shown(&now.commit)
        ));
    }
    for stack in &now.stacks {
        if saved.stacks.iter().all(|then| then != stack) {
            moved.push(format!(
                "stack `{}`: its changes are others now",
                stack.name
            ));
        }
    }
    Err(CommandError::failed(format!(
        "this is no longer what was planned\n  {}",
        moved.join("\n  ")
    ))
    .hinted("plan again, and have that approved"))
}

/// Asks a person when the environment says so.
async fn approve(
    engine: &Engine<'_>,
    plan: &Plan,
    shown: &str,
    environment: &Environment,
    global: &Global,
    printer: &Printer,
) -> Result<(), CommandError> {
    let due = match environment.approval {
        Approval::Never => false,
        Approval::Widening => is_grave(plan),
        Approval::Always => true,
    };
    if !due || global.yes {
        return Ok(());
    }
    if !printer.can_ask() {
        return Err(CommandError::failed(format!(
            "a person must approve deployments to {}, and there is no terminal to ask at",
            environment.name
        ))
        .hinted("pass `--yes`, or approve a saved plan and pass `--plan FILE`"));
    }
    if printer.is_quiet() {
        // Nobody can approve what they have not seen.
        printer.message(shown);
    }
    let question = format!("Deploy this to {}? [y/N]", environment.name);
    let answer = ask(engine, printer, &question).await?;
    if matches!(answer.as_deref(), Some("y" | "Y" | "yes")) {
        Ok(())
    } else {
        Err(CommandError::failed("declined; nothing was deployed"))
    }
}

/// Whether access widens, or a resource may go.
fn is_grave(plan: &Plan) -> bool {
    plan.stacks.iter().any(|stack| {
        stack.diff.security.widened
            || stack.diff.changes.iter().any(|change| match change.action {
                Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => true,
                Action::Create | Action::Update | Action::Import | Action::Move => false,
            })
    })
}

/// The outputs of what was worked on, in the order of the assembly: stacks end in any order.
fn outputs_of(report: &Report, assembly: &Assembly) -> EnvironmentOutputs {
    let of = |name: &str| report.stacks.iter().find(|stack| stack.name == name);
    EnvironmentOutputs {
        format_version: "1.0".to_owned(),
        stacks: assembly
            .manifest
            .stacks
            .iter()
            .filter_map(|stack| of(&stack.name))
            .map(|stack| (stack.name.clone(), stack.outputs.clone()))
            .collect(),
        external: Default::default(),
    }
}
