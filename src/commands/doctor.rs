//! `doctor`: what is missing on this machine or wrong in this project.

use std::{env, fs, path::Path, process::Command};

use clap::Args;

use crate::{
    cli::Global,
    error::{CommandError, Ending},
    printer::{Printer, Style, Tone},
    project::Project,
    session::find_project,
};

/// Say what is missing on this machine or wrong in this project
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    outcome: Result<String, String>,
}

pub(crate) fn run(
    _args: &DoctorArgs,
    global: &Global,
    printer: &Printer,
) -> Result<Ending, CommandError> {
    let mut checks = vec![cargo(), linker()];
    match find_project(global) {
        Ok(project) => {
            checks.push(Check {
                name: "project",
                outcome: Ok(project.root.display().to_string()),
            });
            checks.extend(environments(&project));
            checks.push(work_folder(&project.work_folder()));
        }
        Err(error) => checks.push(Check {
            name: "project",
            outcome: Err(error.render()),
        }),
    }
    let style = printer.answer_style();
    let mut wrong = 0;
    for check in &checks {
        wrong += usize::from(check.outcome.is_err());
        printer.answer(&line(check, style));
    }
    match wrong {
        0 => Ok(Ending::Done),
        1 => Err(CommandError::failed("one thing needs attention")),
        many => Err(CommandError::failed(format!(
            "{many} things need attention"
        ))),
    }
}

/// Building stacks needs cargo.
fn cargo() -> Check {
    Check {
        name: "cargo",
        outcome: version("cargo", "install Rust from https://rustup.rs"),
    }
}

/// Building stacks needs a linker, which Rust takes from the system.
fn linker() -> Check {
    Check {
        name: "linker",
        outcome: version(
            "cc",
            "install a C compiler: `apt install gcc`, or Xcode's command-line tools",
        ),
    }
}

fn version(program: &str, remedy: &str) -> Result<String, String> {
    let output = Command::new(program)
        .arg("--version")
        .current_dir(env::temp_dir())
        .output()
        .map_err(|error| format!("cannot run `{program}`: {error}; {remedy}"))?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().next().unwrap_or_default().to_owned())
    } else {
        Err(format!("`{program} --version` fails; {remedy}"))
    }
}

fn environments(project: &Project) -> Vec<Check> {
    let names = match project.environment_names() {
        Ok(names) => names,
        Err(error) => {
            return vec![Check {
                name: "environments",
                outcome: Err(error.render()),
            }];
        }
    };
    names
        .iter()
        .map(|name| Check {
            name: "environment",
            outcome: project
                .environment(name)
                .map(|environment| {
                    format!(
                        "{name}: account {}, {}",
                        environment.account, environment.region
                    )
                })
                .map_err(|error| error.render()),
        })
        .collect()
}

/// Everything chitinfra keeps in a project goes into this folder.
fn work_folder(folder: &Path) -> Check {
    let probe = folder.join(format!("doctor-{}", std::process::id()));
    let outcome = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, b"x"))
        .and_then(|()| fs::remove_file(&probe))
        .map(|()| folder.display().to_string())
        .map_err(|error| format!("cannot write to `{}`: {error}", folder.display()));
    Check {
        name: "work folder",
        outcome,
    }
}

fn line(check: &Check, style: Style) -> String {
    let (word, tone, text) = match &check.outcome {
        Ok(text) => ("ok   ", Tone::Create, text),
        Err(text) => ("wrong", Tone::Danger, text),
    };
    format!("{}  {:12} {text}", style.paint(tone, word), check.name)
}
