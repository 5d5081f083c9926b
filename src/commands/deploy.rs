//! `deploy`: plan, ask if asking is due, deploy exactly that.

use std::{cell::Cell, path::PathBuf};

use assembly::{Approval, Environment};
use clap::Args;
use engine::{
    Assembly, Aws, Bounds, Busy, ChangeSets, Draft, Engine, EnvironmentOutputs, Kind, Planned,
    Report,
};
use plan::{Action, Plan};

use crate::{
    checks::{self, Checks, INVALID},
    cli::{EnvironmentArg, Global, StreamArg},
    commands::outputs,
    commit,
    error::{CommandError, Ending},
    guard,
    interrupt::offer_to_undo,
    operation::{Manner, ask, at_work, conclude, departed},
    prepared,
    printer::Printer,
    records::{self, Records},
    saved,
    session::{Session, check_selection},
    stream::Line,
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
    /// Take in what exists outside every stack under a name that the template gives, instead of failing to create it
    ///
    /// Such resources must not be deleted with the stack: `.retain()` them.
    #[arg(long, conflicts_with = "plan")]
    import_existing_resources: bool,
    /// Do not wait until resources are stable: in environments that are marked `development: true`
    ///
    /// CloudFormation's express mode ends an operation when configuration is applied; what is deployed may need a while longer
    /// until it can be used.
    #[arg(long, conflicts_with = "plan")]
    express: bool,
    /// Bring back what something else has changed or deleted: what there is is compared, not what was deployed
    #[arg(long, conflicts_with_all = ["plan", "exact"])]
    revert_drift: bool,
    /// Let this stateful resource be replaced or removed: `Users` or `identity/Users`
    #[arg(long, value_name = "ID", num_args = 1..)]
    allow_destroy: Vec<String>,
    #[command(flatten)]
    pub(crate) stream: StreamArg,
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
    if args.express && !session.environment.development {
        let name = &session.environment.name;
        return Err(CommandError::usage(format!(
            "express mode is for development, and environment `{name}` is not"
        ))
        .hinted(format!(
            "leave `--express` out; `development: true` in `environments/{name}.yaml` marks an environment that may be half ready for a while"
        )));
    }
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
    let revert_drift = args.revert_drift || saved.as_ref().is_some_and(|plan| plan.revert_drift);
    let purpose = format!("chitinfra deploy -e {}", session.environment.name);
    let wish = Wish {
        kind: Kind::Deploy,
        commit: commit::of(&session.project.root),
        rollback_to: None,
        allow_destroy: &args.allow_destroy,
        stacks: &args.stacks,
        unchanged: if revert_drift {
            "Nothing to do: what there is is what the stacks say, as far as CloudFormation can see."
        } else {
            "Nothing to do: what is deployed is what the stacks say."
        },
    };
    at_work(
        &session,
        global,
        printer,
        &purpose,
        Manner {
            exact: args.exact,
            import_existing: args.import_existing_resources,
            express: args.express,
            revert_drift,
            ..Manner::default()
        },
        async |_| Ok(records::home_of(&assembly.manifest)),
        async |connection, records| {
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
            match saved {
                Some(saved) => run.deploy_saved(saved).await,
                None => run.deploy(&checks, global).await,
            }
        },
    )
}

/// What is to be deployed, and how far that may go.
pub(crate) struct Wish<'a> {
    pub(crate) kind: Kind,
    /// The commit that the stacks are of.
    pub(crate) commit: Option<String>,
    pub(crate) rollback_to: Option<&'a str>,
    /// Stateful resources that may be replaced or removed.
    pub(crate) allow_destroy: &'a [String],
    /// Only these stacks and what they depend on; all when none is named.
    pub(crate) stacks: &'a [String],
    /// What to say when there is nothing to do.
    pub(crate) unchanged: &'static str,
}

/// One deployment: with what, of what, from where.
pub(crate) struct Run<'a> {
    pub(crate) engine: &'a Engine<'a>,
    pub(crate) cloud: &'a Aws,
    pub(crate) session: &'a Session,
    pub(crate) assembly: &'a Assembly,
    pub(crate) wish: &'a Wish<'a>,
    /// Whether a person asked it to stop.
    pub(crate) stopped: &'a Cell<bool>,
    pub(crate) records: &'a Records<'a>,
    pub(crate) printer: &'a Printer,
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

impl Run<'_> {
    /// Deploys a saved plan, if nothing has moved since.
    async fn deploy_saved(&self, saved: Plan) -> Result<Ending, CommandError> {
        let mut moved = saved::moved(&saved, self.session);
        let verified = self.engine.verify(self.assembly, saved).await?;
        moved.extend(verified.moved.iter().cloned());
        saved::refuse_moved(self.engine, &verified, &moved, self.printer).await?;
        let planned = &verified.planned;
        if saved::is_done(&verified) {
            let done = "Nothing to do: this plan was deployed already.";
            return self.finish_unchanged(done, &planned.plan).await;
        }
        let allowed = self.wish.allow_destroy;
        guard::check_permissions(&planned.plan, self.assembly, allowed)?;
        if !views::plan::has_changes(&planned.plan) {
            return self
                .finish_unchanged(self.wish.unchanged, &planned.plan)
                .await;
        }
        self.printer.status(&self.drawn(&planned.plan));
        self.printer.emit(&Line::Plan {
            plan: &planned.plan,
        });
        let lost = guard::check(&planned.plan, self.assembly, allowed)?;
        if let Some(error) = checks::stop(&planned.plan).or(lost) {
            return Err(error);
        }
        self.carry_out(planned).await
    }

    /// Plans, asks if asking is due, and deploys exactly that.
    pub(crate) async fn deploy(
        &self,
        checks: &Checks,
        global: &Global,
    ) -> Result<Ending, CommandError> {
        let engine = self.engine;
        let (assembly, allowed) = (self.assembly, self.wish.allow_destroy);
        // An earlier release tells by itself which stacks it leaves alone.
        let is_whole = self.wish.stacks.is_empty() && self.wish.rollback_to.is_none();
        let others = async {
            match is_whole {
                true => departed(engine, self.session, assembly, self.printer).await,
                false => Vec::new(),
            }
        };
        let (planned, preparation, departed) = tokio::join!(
            engine.plan(assembly, self.wish.stacks, ChangeSets::Kept, Busy::Follow),
            prepared::check(self.cloud, self.session, assembly),
            others,
        );
        let (mut planned, preparation) = prepared::both(engine, planned, preparation).await?;
        preparation.add_to(&mut planned.plan);
        planned.plan.departed = departed;
        planned.plan.commit.clone_from(&self.wish.commit);
        checks.add_to(&mut planned.plan);
        guard::tell_permissions(&mut planned.plan, assembly);
        if let Err(error) = guard::check_permissions(&planned.plan, assembly, allowed) {
            engine.discard(&planned).await?;
            return Err(error);
        }
        planned.plan = planned.plan.seal();
        let plan = &planned.plan;
        if !views::plan::has_changes(plan) {
            return self.finish_unchanged(self.wish.unchanged, plan).await;
        }
        let shown = self.drawn(plan);
        self.printer.status(&shown);
        self.printer.emit(&Line::Plan { plan });
        let lost = guard::check(plan, assembly, allowed)?;
        let decided = match checks::stop(plan).or(lost) {
            Some(error) => Err(error),
            None => {
                let environment = &self.session.environment;
                approve(engine, plan, &shown, environment, global, self.printer).await
            }
        };
        if let Err(error) = decided {
            engine.discard(&planned).await?;
            return Err(error);
        }
        self.carry_out(&planned).await
    }

    fn drawn(&self, plan: &Plan) -> String {
        views::plan::draw(plan, self.look())
    }

    fn look(&self) -> Look<'_> {
        Look {
            style: self.printer.message_style(),
            verbose: self.printer.is_verbose(),
            root: Some(&self.session.project.root),
        }
    }

    /// Ends where there was nothing to do: with what is there.
    async fn finish_unchanged(&self, why: &str, plan: &Plan) -> Result<Ending, CommandError> {
        self.printer.status(why);
        if let Some(departed) = views::plan::draw_departed(plan, self.look()) {
            self.printer.status(&departed);
        }
        let is_whole = self.wish.stacks.is_empty();
        self.records.nothing_to_do(is_whole).await?;
        let outputs = self.engine.outputs(self.assembly).await?;
        self.answer(&outputs);
        Ok(Ending::Done)
    }

    /// Executes a plan, records that, and tells how it ended.
    async fn carry_out(&self, planned: &Planned) -> Result<Ending, CommandError> {
        let plan = &planned.plan;
        let draft = Draft {
            kind: self.wish.kind,
            commit: self.wish.commit.as_deref(),
            manifest: &self.assembly.manifest,
            summary: plan.summary,
            stacks: plan
                .stacks
                .iter()
                .map(|stack| stack.name.as_str())
                .collect(),
            content: Some((plan, self.assembly)),
            rollback_to: self.wish.rollback_to,
        };
        let work = async || {
            let report = self.engine.deploy(self.assembly, planned).await;
            Ok(if self.stopped.get() {
                offer_to_undo(self.engine, self.assembly, report, self.printer).await
            } else {
                report
            })
        };
        let report = match self.records.keep(&draft, work).await {
            Ok(report) => report,
            Err(error) => {
                // Nothing was begun. The change sets of a saved plan wait for the next try.
                if planned.bounds == Bounds::Losses {
                    // What stays behind is told; the error is what came first.
                    let _ = self.engine.discard(planned).await;
                }
                return Err(error);
            }
        };
        let outputs = outputs_of(&report, self.assembly);
        let concluded = conclude(&report, self.printer);
        self.answer(&outputs);
        concluded.map(|()| Ending::Done)
    }

    fn answer(&self, outputs: &EnvironmentOutputs) {
        if self.printer.streams() {
            let stacks = &outputs.stacks;
            self.printer.emit(&Line::Outputs { stacks });
        } else {
            self.printer.answer(&outputs::human(outputs));
        }
    }
}

/// Asks a person when the environment says so.
pub(crate) async fn approve(
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
pub(crate) fn outputs_of(report: &Report, assembly: &Assembly) -> EnvironmentOutputs {
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
