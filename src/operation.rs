//! One operation of the engine on an environment: connection, progress, and what happens when a person interrupts.

use engine::{Engine, Pace, Report};
use plan::SchemaFacts;

use crate::{
    cli::Global,
    clock, endpoint,
    error::CommandError,
    printer::Printer,
    progress::Progress,
    runtime::{block_on, stopped},
    session::Session,
};

/// Runs an operation with an engine that is connected to the environment; `purpose` names it to other processes, `exact`
/// is whether differences of form count.
///
/// Ctrl-C asks the engine to end in order; what CloudFormation has begun goes on.
pub(crate) fn with_engine<T>(
    session: &Session,
    global: &Global,
    printer: &Printer,
    purpose: &str,
    exact: bool,
    operation: impl AsyncFnOnce(&Engine<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    block_on(async {
        let cloud = endpoint::connect(session, global, purpose).await?;
        let seed = clock::seed();
        let pace = if endpoint::is_embedded(session, global) {
            Pace::embedded(seed)
        } else {
            Pace::aws(seed)
        };
        let progress = Progress::new(printer);
        let tell = |event| progress.tell(&event);
        let engine =
            Engine::new(&cloud, &SchemaFacts, pace, format!("{seed:016x}"), &tell).exact(exact);
        let stop = engine.stop();
        let interrupted = async {
            stopped().await;
            printer.message("stopping; press Ctrl-C again to stop at once");
            stop.cancel();
            stopped().await;
        };
        let outcome = tokio::select! {
            outcome = operation(&engine) => outcome,
            () = interrupted => Err(CommandError::interrupted("interrupted")),
        };
        progress.finish();
        outcome
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

/// What a report means for the command: success, or the first failure with what to do.
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
    if report.is_interrupted() {
        let names: Vec<&str> = report.detached().map(|stack| stack.name.as_str()).collect();
        return Err(if names.is_empty() {
            CommandError::interrupted("interrupted; nothing is under way")
        } else {
            CommandError::interrupted(format!(
                "no longer following: {} goes on in CloudFormation",
                names.join(", ")
            ))
            .hinted("the same command again follows it to its end")
        });
    }
    let mut failures = report.failures();
    if let Some((_, first)) = failures.next() {
        for (_, other) in failures {
            printer.message(&format!("error: {other}"));
        }
        return Err(CommandError::from_engine(first));
    }
    if let Some(stack) = report.detached().next() {
        return Err(CommandError::failed(format!(
            "no answers come any more: how `{}` ends is not known",
            stack.name
        ))
        .hinted("the same command again follows it to its end"));
    }
    if report.is_success() {
        Ok(())
    } else {
        Err(CommandError::failed("not all stacks were worked on"))
    }
}
