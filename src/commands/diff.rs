//! `diff`: any two templates, no AWS, no app.

use std::path::{Path, PathBuf};

use clap::Args;
use indexmap::IndexMap;
use template::Template;

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
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let diff = plan::diff(
        old.body(),
        new.body(),
        &plan::SchemaFacts,
        &IndexMap::new(),
        &plan::Options::default(),
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
    Ok(Ending::of(args.detailed_exitcode && has_changes))
}

fn read(file: &Path) -> Result<Template, CommandError> {
    let content = template_file::read(file)?;
    Template::parse_bytes(&content).map_err(|errors| {
        let places: Vec<String> = errors
            .iter()
            .map(|error| format!("{}:{}: {}", file.display(), error.position, error.message))
            .collect();
        CommandError::failed(places.join("\n"))
    })
}
