//! One operation of the engine on an environment: connection, progress, and what happens when a person interrupts.

use std::{
    cell::{Cell, OnceCell},
    convert::Infallible,
    future::pending,
    time::Duration,
};

use engine::{Assembly, Aws, Engine, Hint as _, Home, Outcome, Pace, Report};
use plan::{DepartedStack, SchemaFacts};
use tokio::time::timeout;

use crate::{
    cli::Global,
    clock, endpoint,
    error::CommandError,
    printer::Printer,
    progress::Progress,
    records::{self, Records},
    runtime::{block_on, stopped},
    session::Session,
};

/// How long letting an environment go may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What an operation works with.
pub(crate) struct Connection<'a> {
    pub(crate) engine: &'a Engine<'a>,
    pub(crate) cloud: &'a Aws,
    /// Whether that is the embedded endpoint, on this machine.
    pub(crate) embedded: bool,
    /// Whether a person asked it to stop.
    pub(crate) stopped: &'a Cell<bool>,
}

/// In which manner the engine works.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner<'a> {
    /// The project, for CloudFormation to act in the role that `bootstrap` made for it. What holds the environment knows it.
    pub(crate) project: Option<&'a str>,
    /// CloudFormation acts with the rights of whoever runs the command, not in the role of the environment.
    pub(crate) own_rights: bool,
    /// Differences of form count.
    pub(crate) exact: bool,
    /// What exists outside every stack under a name that a template gives is taken in.
    pub(crate) import_existing: bool,
    /// Operations end when configuration is applied, before resources are stable.
    pub(crate) express: bool,
    /// Stacks are compared with what there is, not with what was deployed.
    pub(crate) revert_drift: bool,
}

impl From<bool> for Manner<'_> {
    fn from(exact: bool) -> Self {
        Self {
            exact,
            ..Self::default()
        }
    }
}

/// Runs an operation with an engine that is connected to the environment; `purpose` names it to other processes, `manner`
/// is how the engine works; a plain `bool` says whether differences of form count.
///
/// Ctrl-C asks the engine to end in order; what CloudFormation has begun goes on.
pub(crate) fn with_engine<'a, T>(
    session: &Session,
    global: &Global,
    printer: &Printer,
    purpose: &str,
    manner: impl Into<Manner<'a>>,
    operation: impl AsyncFnOnce(&Engine<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let operation = async |connection: &Connection<'_>| operation(connection.engine).await;
    with_connection(session, global, printer, purpose, manner, operation)
}

/// The same for an operation that asks AWS for more than the engine does.
pub(crate) fn with_connection<'a, T>(
    session: &Session,
    global: &Global,
    printer: &Printer,
    purpose: &str,
    manner: impl Into<Manner<'a>>,
    operation: impl AsyncFnOnce(&Connection<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    run(
        session,
        global,
        printer,
        purpose,
        manner.into(),
        async |_| Ok(None),
        async |connection, _| operation(connection).await,
    )
}

/// The same for an operation that changes the environment, which is held meanwhile: a second one is refused. `home` says
/// where the environment's records are.
pub(crate) fn at_work<'a, T>(
    session: &Session,
    global: &Global,
    printer: &Printer,
    purpose: &str,
    manner: impl Into<Manner<'a>>,
    home: impl AsyncFnOnce(&Aws) -> Result<Home, CommandError>,
    operation: impl AsyncFnOnce(&Connection<'_>, &Records<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    run(
        session,
        global,
        printer,
        purpose,
        manner.into(),
        async |cloud| home(cloud).await.map(Some),
        async |connection, records| {
            let records = records.expect("records are kept of every environment that has a home");
            operation(connection, records).await
        },
    )
}

fn run<T>(
    session: &Session,
    global: &Global,
    printer: &Printer,
    purpose: &str,
    manner: Manner<'_>,
    home: impl AsyncFnOnce(&Aws) -> Result<Option<Home>, CommandError>,
    operation: impl AsyncFnOnce(&Connection<'_>, Option<&Records<'_>>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    block_on(async {
        let (cloud, caller) = endpoint::connect(session, global, purpose).await?;
        let seed = clock::seed();
        let embedded = endpoint::is_embedded(session, global);
        let pace = if embedded {
            Pace::embedded(seed)
        } else {
            Pace::aws(seed)
        };
        let progress = Progress::new(printer);
        let tell = |event| progress.tell(&event);
        let name = format!("{seed:016x}");
        let home = home(&cloud).await?;
        let mut engine = Engine::new(&cloud, &SchemaFacts, pace, &name, &tell)
            .exact(manner.exact)
            .import_existing(manner.import_existing)
            .express(manner.express)
            .revert_drift(manner.revert_drift);
        let project = home.as_ref().map(|home| home.project.as_str());
        let project = project.or(manner.project);
        let role = project.and_then(|project| session.execution_role(project));
        if let Some(role) = role.filter(|_| !manner.own_rights) {
            engine = engine.role(role);
        }
        let by_hand = Cell::new(false);
        let connection = Connection {
            engine: &engine,
            cloud: &cloud,
            embedded,
            stopped: &by_hand,
        };
        let stop = engine.stop();
        let interrupted = async {
            stopped().await;
            by_hand.set(true);
            printer.message("stopping; press Ctrl-C again to stop at once");
            stop.cancel();
            stopped().await;
        };
        let held = OnceCell::new();
        let lost = OnceCell::new();
        let work = async {
            let Some(home) = &home else {
                return operation(&connection, None).await;
            };
            let me = records::claimant(purpose, &caller.arn, &name);
            let judgement = records::judgement(embedded);
            let claimed = engine::claim(&cloud, home, me, judgement).await?;
            if let Some(claimed) = claimed {
                records::tell(&claimed, printer);
                // It is the first: there is one claim in a run.
                let _ = held.set(claimed);
            }
            let records = Records::new(&cloud, home, held.get(), printer);
            let watched = async {
                if let Some(claimed) = held.get() {
                    let _ = lost.set(records::keep_claim(claimed, &engine).await);
                }
                pending::<Infallible>().await
            };
            tokio::select! {
                outcome = operation(&connection, Some(&records)) => outcome,
                never = watched => match never {},
            }
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = interrupted => Err(CommandError::interrupted("interrupted")),
        };
        progress.finish();
        if let Some(claimed) = held.get() {
            let freed = timeout(FAREWELL, claimed.claim.free()).await;
            if let Ok(Err(error)) = freed {
                printer.message(&format!(
                    "warning: the environment could not be let go: {error}"
                ));
            }
        }
        match (lost.into_inner(), outcome) {
            (Some(lost), Err(_)) => Err(lost),
            (_, outcome) => outcome,
        }
    })
}

/// The stacks that were deployed for the environment and that its app no longer declares. That this cannot be found out
/// hinders nothing, and is told.
pub(crate) async fn departed(
    engine: &Engine<'_>,
    session: &Session,
    assembly: &Assembly,
    printer: &Printer,
) -> Vec<DepartedStack> {
    let found = async {
        let environments = session.project.environment_names()?;
        Ok::<_, CommandError>(engine.departed(assembly, &environments).await?)
    };
    found.await.unwrap_or_else(|error| {
        printer.message(&format!(
            "warning: whether stacks are deployed that the app no longer declares is not known: {}",
            error.message()
        ));
        Vec::new()
    })
}

/// Asks a question, unless the operation is asked to stop meanwhile.
pub(crate) async fn ask(
    engine: &Engine<'_>,
    printer: &Printer,
    question: &str,
) -> Result<Option<String>, CommandError> {
    let stop = engine.stop();
    tokio::select! {
        answer = printer.ask(question) => Ok(answer),
        () = stop.cancelled() => Err(CommandError::interrupted("interrupted; nothing was begun")),
    }
}

/// What a report means for the command: success, or the first failure with what to do. What stacks left in place is named.
pub(crate) fn conclude(report: &Report, printer: &Printer) -> Result<(), CommandError> {
    for stack in &report.stacks {
        for resource in &stack.remains {
            printer.status(&format!(
                "{} remains: {} {} ({})",
                stack.name,
                resource.resource_type,
                resource.physical_id.as_deref().unwrap_or("?"),
                resource.logical_id
            ));
        }
    }
    judge(report, printer)
}

/// What a report means for the command: success, or the first failure with what to do.
pub(crate) fn judge(report: &Report, printer: &Printer) -> Result<(), CommandError> {
    if report.is_interrupted() {
        return Err(interrupted(report));
    }
    let mut failures = report.failures();
    if let Some((_, first)) = failures.next() {
        for (_, other) in failures {
            printer.message(&format!("error: {other}"));
        }
        return Err(CommandError::from_engine(first));
    }
    if let Some(stack) = report.detached().next() {
        let name = &stack.name;
        let mut error = format!("how `{name}` ends is not known");
        let mut hints = Vec::new();
        if let Outcome::Detached(Some(cause)) = &stack.outcome {
            error.push_str(&format!(", it goes on without being followed: {cause}"));
            hints = cause.hints();
            if cause.is_about_credentials() {
                hints.push(format!("{name} is not stopped by this"));
            }
        }
        hints.push("the same command again follows it to its end".to_owned());
        let error = CommandError::failed(error);
        return Err(hints.into_iter().fold(error, CommandError::hinted));
    }
    if report.is_success() {
        Ok(())
    } else {
        Err(CommandError::failed("not all stacks were worked on"))
    }
}

/// What became of the stacks under way when a person stopped the run.
fn interrupted(report: &Report) -> CommandError {
    let named = |is: fn(&Outcome) -> bool| {
        let stacks = report.stacks.iter().filter(|stack| is(&stack.outcome));
        let names: Vec<&str> = stacks.map(|stack| stack.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let undone = named(|outcome| matches!(outcome, Outcome::Cancelled));
    let goes_on = named(|outcome| matches!(outcome, Outcome::Detached(_)));
    let hint = "the same command again follows it to its end";
    match (undone, goes_on) {
        (None, None) => CommandError::interrupted("interrupted; nothing is under way"),
        (Some(undone), None) => {
            CommandError::interrupted(format!("interrupted; cancelled and undone: {undone}"))
        }
        (None, Some(goes_on)) => CommandError::interrupted(format!(
            "no longer following: {goes_on} goes on in CloudFormation"
        ))
        .hinted(hint),
        (Some(undone), Some(goes_on)) => CommandError::interrupted(format!(
            "interrupted; cancelled and undone: {undone}; {goes_on} goes on in CloudFormation"
        ))
        .hinted(hint),
    }
}
