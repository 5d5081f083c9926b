//! `recover`: lead a stuck stack back to health.

use clap::{Args, builder::PossibleValuesParser};
use engine::{Diagnosis, Draft, Engine, Kind, Way};
use plan::Summary;

use crate::{
    cli::{EnvironmentArg, Global, StreamArg},
    error::{CommandError, Ending},
    operation::{ask, at_work, conclude},
    printer::Printer,
    records,
    session::{Session, check_selection},
    stream::Line,
    views,
};

/// Say what is wrong with stuck stacks and which ways lead out of it, and go the chosen one
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Go this way with every stack that has it, instead of asking [with --yes alone: the safest]
    #[arg(long, value_name = "WAY", value_parser = PossibleValuesParser::new(Way::ALL.map(Way::as_str)))]
    with: Option<String>,
    #[command(flatten)]
    pub(crate) stream: StreamArg,
    /// Only these stacks
    #[arg(value_name = "STACK")]
    stacks: Vec<String>,
}

pub(crate) fn run(
    args: &RecoverArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    check_selection(&args.stacks, &assembly)?;
    let purpose = format!("chitinfra recover -e {}", session.environment.name);
    let home = async |_: &_| Ok(records::home_of(&assembly.manifest));
    at_work(
        &session,
        global,
        printer,
        &purpose,
        false,
        home,
        async |connection, records| {
            let engine = connection.engine;
            let diagnoses = engine.diagnose(&assembly, &args.stacks).await?;
            if diagnoses.is_empty() {
                printer.status("nothing to recover: no stack is stuck, and nothing is under way");
                return Ok(Ending::Done);
            }
            let style = printer.message_style();
            printer.message(&views::recovery::draw(&diagnoses, style));
            for diagnosis in &diagnoses {
                printer.emit(&Line::diagnosis(diagnosis));
            }
            let mut chosen = Vec::new();
            let mut left = Vec::new();
            for diagnosis in diagnoses {
                match choose(&diagnosis, args, engine, global, printer).await? {
                    Some(way) => chosen.push((diagnosis, way)),
                    None => left.push(diagnosis.stack),
                }
            }
            if !chosen.is_empty() {
                let draft = Draft {
                    kind: Kind::Recover,
                    commit: None,
                    manifest: &assembly.manifest,
                    summary: Summary::default(),
                    stacks: chosen.iter().map(|(one, _)| one.stack.as_str()).collect(),
                    content: None,
                    rollback_to: None,
                };
                let work = async || Ok(engine.recover(&assembly, &chosen).await);
                let report = records.keep(&draft, work).await?;
                conclude(&report, printer)?;
            }
            if left.is_empty() {
                printer.status("no stack is stuck any more");
                Ok(Ending::Done)
            } else {
                let environment = &session.environment.name;
                Err(CommandError::failed(format!("left as it is: {}", left.join(", ")))
                .hinted(format!(
                    "`chitinfra recover -e {environment} --with WAY STACK` goes a way without asking, `--yes` the safest"
                )))
            }
        },
    )
}

/// The way to go with a stack; nothing when it is to be left as it is.
async fn choose(
    diagnosis: &Diagnosis,
    args: &RecoverArgs,
    engine: &Engine<'_>,
    global: &Global,
    printer: &Printer,
) -> Result<Option<Way>, CommandError> {
    if let Some(name) = &args.with {
        let way = diagnosis.ways.iter().find(|way| way.as_str() == name);
        return Ok(way.copied());
    }
    if global.yes {
        return Ok(diagnosis.safest());
    }
    if !printer.can_ask() || diagnosis.ways.is_empty() {
        return Ok(None);
    }
    let names: Vec<&str> = diagnosis.ways.iter().map(|way| way.as_str()).collect();
    let question = format!("{}: {}, or nothing?", diagnosis.stack, names.join(", "));
    loop {
        let answer = ask(engine, printer, &question).await?;
        let Some(answer) = answer.filter(|answer| !answer.is_empty() && answer != "nothing") else {
            return Ok(None);
        };
        if let Some(way) = diagnosis.ways.iter().find(|way| way.as_str() == answer) {
            return Ok(Some(*way));
        }
        printer.message(&format!("`{answer}` is none of these"));
    }
}
