//! `synth`: write the assembly.

use std::{mem, path::PathBuf};

use clap::Args;

use crate::{
    checks::{Checks, INVALID},
    cli::{EnvironmentArg, Global},
    clock,
    error::{CommandError, Ending},
    policies,
    printer::Printer,
    session::{Session, check_selection, current_folder},
};

/// Write the assembly: templates and manifest
#[derive(Debug, Args)]
pub(crate) struct SynthArgs {
    #[command(flatten)]
    environment: EnvironmentArg,
    /// The folder to write to [default: .chitinfra/out/ENV]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Print one stack's template instead of the folder's name
    #[arg(long, value_name = "STACK")]
    stdout: Option<String>,
}

pub(crate) fn run(
    args: &SynthArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let session = Session::open(global, &args.environment)?;
    let output = match &args.output {
        Some(folder) => current_folder()?.join(folder),
        None => session.output(),
    };
    let assembly = session.synthesize_into(&output, printer)?;
    let checks = Checks::of(
        &assembly,
        &policies::read(&session.project)?,
        &clock::today()?,
    )?;
    if let Some(error) = checks.error(INVALID) {
        return Err(error);
    }
    printer.diagnostics(&checks.diagnostics(printer.is_verbose()));
    match &args.stdout {
        Some(name) => {
            check_selection(std::slice::from_ref(name), &assembly)?;
            if let Some(template) = assembly.templates.get(name) {
                printer.answer(template.text());
            }
        }
        None => {
            session.app.write(&assembly, &output)?;
            let stacks = assembly.manifest.stacks.len();
            let resources: usize = assembly
                .manifest
                .stacks
                .iter()
                .map(|stack| stack.resources.len())
                .sum();
            printer.status(&format!("{stacks} stacks, {resources} resources"));
            printer.answer(&output.display().to_string());
        }
    }
    // The process ends here: to free a hundred templates part by part would only keep a person waiting.
    mem::forget((assembly, checks));
    Ok(Ending::Done)
}
