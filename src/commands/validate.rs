//! `validate`: any template against the resource schemas and the rules.

use std::path::PathBuf;

use ::policies::Policies;
use assembly::Severity;
use clap::Args;
use serde::Serialize;

use crate::{
    cli::Global,
    clock,
    error::{CommandError, Ending},
    policies,
    printer::Printer,
    session::find_project,
    template_file,
    views::findings::{self, FileFinding},
};

/// Check templates against the resource schemas and the rules
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Templates, JSON or YAML
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The form of `validate --json`.
#[derive(Debug, Serialize)]
struct Validation {
    format_version: &'static str,
    files: Vec<ValidatedFile>,
}

#[derive(Debug, Serialize)]
struct ValidatedFile {
    file: String,
    findings: Vec<FileFinding>,
}

pub(crate) fn run(
    args: &ValidateArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let today = clock::today()?;
    let policies = policies(global)?;
    let mut files = Vec::new();
    for file in &args.files {
        let content = template_file::read(file)?;
        files.push(ValidatedFile {
            file: file.display().to_string(),
            findings: findings::of_file(&content, &policies, &today)
                .map_err(|error| policies::failed(&error))?,
        });
    }
    let validation = Validation {
        format_version: "1.0",
        files,
    };
    if args.json {
        printer.answer_json(&validation)?;
    } else {
        for file in &validation.files {
            // Notes and what is accepted are of interest to whoever asks for more.
            let shown = file.findings.iter().filter(|finding| {
                printer.is_verbose()
                    || (finding.suppressed.is_none() && finding.severity > Severity::Info)
            });
            for finding in shown {
                printer.answer(&findings::render(
                    &file.file,
                    finding,
                    printer.answer_style(),
                ));
            }
        }
    }
    conclude(&validation, printer)
}

/// The rules of the project that this is run in, if it is one: a template can also be checked without.
fn policies(global: &Global) -> Result<Policies, CommandError> {
    match find_project(global) {
        Ok(project) => policies::read(&project),
        Err(_) if global.project.is_none() => Ok(Policies::default()),
        Err(error) => Err(error),
    }
}

/// Counts, and fails when an error is among the findings.
fn conclude(validation: &Validation, printer: &Printer) -> Result<Ending, CommandError> {
    let count = |severity| {
        validation
            .files
            .iter()
            .flat_map(|file| &file.findings)
            .filter(|finding| finding.severity == severity && finding.suppressed.is_none())
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let files = validation.files.len();
    let summary = format!(
        "{} checked: {}, {}",
        counted(files, "file"),
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    if errors > 0 {
        return Err(CommandError::failed(summary));
    }
    printer.status(&summary);
    Ok(Ending::Done)
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
