//! `status`: how the stacks are.

use clap::Args;
use engine::{EnvironmentStatus, Health};

use crate::{
    cli::{EnvironmentArg, Global},
    error::{CommandError, Ending},
    operation::with_engine,
    printer::{Printer, Style, Tone},
    session::Session,
};

/// Say how the stacks are
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(
    args: &StatusArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let assembly = session.synthesize(printer)?;
    let status = with_engine(
        &session,
        global,
        printer,
        "chitinfra status",
        false,
        async |engine| Ok(engine.status(&assembly).await?),
    )?;
    if args.json {
        printer.answer_json(&status)?;
    } else {
        printer.answer(&human(&status, printer.answer_style()));
    }
    Ok(Ending::Done)
}

fn human(status: &EnvironmentStatus, style: Style) -> String {
    let width = status
        .stacks
        .iter()
        .map(|stack| stack.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for stack in &status.stacks {
        let (word, tone) = match stack.health {
            Health::Healthy => ("healthy", Tone::Create),
            Health::Absent => ("absent", Tone::Faint),
            Health::InProgress => ("in progress", Tone::Update),
            Health::Failed => ("failed", Tone::Danger),
            Health::Stuck => ("stuck", Tone::Danger),
        };
        let details = match &stack.status {
            Some(code) => format!(
                "{}  {}  {}",
                code.as_str(),
                crate::views::words::resources(stack.resources),
                stack.updated_at.as_deref().unwrap_or_default()
            ),
            None => String::new(),
        };
        let line = format!(
            "{:width$}  {}  {}",
            stack.name,
            style.paint(tone, &format!("{word:11}")),
            style.paint(Tone::Faint, &details)
        );
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(reason) = &stack.reason {
            text.push_str(&format!("  {reason}\n"));
        }
    }
    text
}
