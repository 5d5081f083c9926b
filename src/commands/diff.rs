//! `diff`: any two templates, no AWS, no app.

use std::{
    mem, panic,
    path::{Path, PathBuf},
    thread,
};

use clap::Args;
use indexmap::IndexMap;
use template::{Body, ParseError};

use crate::{
    error::{CommandError, Ending},
    printer::Printer,
    template_file,
    views::{self, text::Look},
};

/// Compare two templates, JSON or YAML
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The template that is deployed
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The template that would be
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show what changes in access and nothing else
    #[arg(long)]
    security_only: bool,
    /// End with 3 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) fn run(args: &DiffArgs, printer: &Printer) -> Result<Ending, CommandError> {
    let (old, new) = read_both(args)?;
    let diff = plan::diff(
        body(&old),
        body(&new),
        &plan::SchemaFacts,
        &IndexMap::new(),
        &plan::Options {
            // Nobody says what the stack was deployed with.
            open_parameters: true,
            ..plan::Options::default()
        },
    );
    let look = Look {
        style: printer.answer_style(),
        verbose: printer.is_verbose(),
        root: None,
    };
    if args.json {
        let text = if args.security_only {
            serde_json::to_string_pretty(&diff.access())
        } else {
            serde_json::to_string_pretty(&diff)
        };
        printer.answer(&text.map_err(CommandError::failed)?);
    } else if args.security_only {
        printer.answer(&views::security::draw_diff(&diff.security, look));
    } else if diff.is_empty() {
        printer.answer("No changes.");
    } else {
        printer.answer(&views::plan::draw_diff(&diff, look));
    }
    let has_changes = if args.security_only {
        !diff.security.is_empty()
    } else {
        diff.needs_deployment()
    };
    // The process ends here: to free two large templates part by part would only keep a person waiting.
    mem::forget((old, new, diff));
    Ok(Ending::of(args.detailed_exitcode && has_changes))
}

/// Reads both templates, at the same time; where both are wrong, what is wrong with the old one is told.
fn read_both(args: &DiffArgs) -> Result<(Body, Body), CommandError> {
    let (old, new) = thread::scope(|scope| {
        let old = scope.spawn(|| template_file::read(&args.old));
        let new = template_file::read(&args.new);
        let old = old.join();
        (old.unwrap_or_else(|panic| panic::resume_unwind(panic)), new)
    });
    let [old, new] = template::parse_pair(old?, new?);
    Ok((read(&args.old, old)?, read(&args.new, new)?))
}

fn body(body: &Body) -> plan::Body<'_> {
    plan::Body::new(body.sections(), body.resources())
}

fn read(file: &Path, body: Result<Body, Vec<ParseError>>) -> Result<Body, CommandError> {
    body.map_err(|errors| {
        let places: Vec<String> = errors
            .iter()
            .map(|error| format!("{}:{}: {}", file.display(), error.position, error.message))
            .collect();
        CommandError::failed(places.join("\n"))
    })
}
