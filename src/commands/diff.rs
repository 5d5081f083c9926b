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
    if args.json {
        let text = serde_json::to_string_pretty(&diff).map_err(CommandError::failed)?;
        printer.answer(&text);
    } else if diff.is_empty() {
        printer.answer("No changes.");
    } else {
        let look = Look {
            style: printer.answer_style(),
            verbose: printer.is_verbose(),
            root: None,
        };
        printer.answer(&views::plan::draw_diff(&diff, look));
    }
    if args.detailed_exitcode && diff.needs_deployment() {
        Ok(Ending::ChangesFound)
    } else {
        Ok(Ending::Done)
    }
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
