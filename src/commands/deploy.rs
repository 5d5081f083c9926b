//! `deploy`: plan, ask if asking is due, deploy exactly that.

use std::path::PathBuf;

use assembly::{Approval, Environment};
use clap::Args;
use engine::{Assembly, Busy, ChangeSets, Engine, EnvironmentOutputs, Planned, Report};
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
    saved,
    session::{Session, check_selection},
    views::{self, text::Look},
};

/// Plan, ask if asking is due, and deploy exactly that
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Deploy this saved plan, which counts as approved, or refuse when anything has moved since
    ///
    /// Exactly the change sets are executed that `plan --out FILE` made, wave by wave. A provisional stack is planned again
    /// in its wave, and deployed when it does nothing that the plan does not say. Nobody is asked: whoever passes the file
    /// answers for its approval.
    #[arg(long, value_name = "FILE", conflicts_with = "stacks")]
    plan: Option<PathBuf>,
    /// Deploy stacks too whose templates differ in form alone, so that what is deployed is the new text
    #[arg(long, conflicts_with = "plan")]
    exact: bool,
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
    let saved = args.plan.as_deref().map(saved::read).transpose()?;
    if let Some(saved) = &saved {
        saved::refuse_foreign(&saved::moved(saved, &session))?;
    }
    let (assembly, checks) = session.synthesize_and_check(printer)?;
    check_selection(&args.stacks, &assembly)?;
    let checks = checks.only(&assembly.select(&names(args, saved.as_ref(), &assembly))?);
    if let Some(error) = checks.error(INVALID) {
        return Err(error);
    }
    let purpose = format!("chitinfra deploy -e {}", session.environment.name);
    with_engine(
        &session,
        global,
        printer,
        &purpose,
        args.exact,
        async |engine| match saved {
            Some(saved) => deploy_saved(engine, args, &session, &assembly, saved, printer).await,
            None => {
                let assembly = (&assembly, &checks);
                deploy(engine, args, global, &session, assembly, printer).await
            }
        },
    )
}

/// The stacks to deploy: those of the saved plan that there still are, or those that were named.
fn names(args: &DeployArgs, saved: Option<&Plan>, assembly: &Assembly) -> Vec<String> {
    let Some(plan) = saved else {
        return args.stacks.clone();
    };
    let names = plan.stacks.iter().map(|stack| &stack.name);
    names
        .filter(|name| assembly.stack(name).is_ok())
        .cloned()
        .collect()
}

/// Deploys a saved plan, if nothing has moved since.
async fn deploy_saved(
    engine: &Engine<'_>,
    args: &DeployArgs,
    session: &Session,
    assembly: &Assembly,
    saved: Plan,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let mut moved = saved::moved(&saved, session);
    let verified = engine.verify(assembly, saved).await?;
    moved.extend(verified.moved.iter().cloned());
    saved::refuse_moved(engine, &verified, &moved, printer).await?;
    let planned = &verified.planned;
    if saved::is_done(&verified) {
        printer.status("Nothing to do: this plan was deployed already.");
        return finish_unchanged(engine, assembly, printer).await;
    }
    guard::check_permissions(&planned.plan, assembly, &args.allow_destroy)?;
    if !views::plan::has_changes(&planned.plan) {
        printer.status(UNCHANGED);
        return finish_unchanged(engine, assembly, printer).await;
    }
    let look = Look {
        style: printer.message_style(),
        verbose: printer.is_verbose(),
        root: Some(&session.project.root),
    };
    printer.status(&views::plan::draw(&planned.plan, look));
    let lost = guard::check(&planned.plan, assembly, &args.allow_destroy)?;
    if let Some(error) = checks::stop(&planned.plan).or(lost) {
        return Err(error);
    }
    carry_out(engine, assembly, planned, printer).await
}

async fn deploy(
    engine: &Engine<'_>,
    args: &DeployArgs,
    global: &Global,
    session: &Session,
    (assembly, checks): (&Assembly, &Checks),
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let mut planned = engine
        .plan(assembly, &args.stacks, ChangeSets::Kept, Busy::Follow)
        .await?;
    planned.plan.commit = commit::of(&session.project.root);
    checks.add_to(&mut planned.plan);
    guard::tell_permissions(&mut planned.plan, assembly);
    if let Err(error) = guard::check_permissions(&planned.plan, assembly, &args.allow_destroy) {
        engine.discard(&planned).await?;
        return Err(error);
    }
    planned.plan = planned.plan.seal();
    let plan = &planned.plan;
    if !views::plan::has_changes(plan) {
        printer.status(UNCHANGED);
        return finish_unchanged(engine, assembly, printer).await;
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
        None => approve(engine, plan, &shown, &session.environment, global, printer).await,
    };
    if let Err(error) = decided {
        engine.discard(&planned).await?;
        return Err(error);
    }
    carry_out(engine, assembly, &planned, printer).await
}

const UNCHANGED: &str = "Nothing to do: what is deployed is what the stacks say.";

/// Ends where there was nothing to do: with what is there.
async fn finish_unchanged(
    engine: &Engine<'_>,
    assembly: &Assembly,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let outputs = engine.outputs(assembly).await?;
    printer.answer(&outputs::human(&outputs));
    Ok(Ending::Done)
}

/// Executes a plan and tells how it ended.
async fn carry_out(
    engine: &Engine<'_>,
    assembly: &Assembly,
    planned: &Planned,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let report = engine.deploy(assembly, planned).await;
    let outputs = outputs_of(&report, assembly);
    let concluded = conclude(&report, printer);
    printer.answer(&outputs::human(&outputs));
    concluded.map(|()| Ending::Done)
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
