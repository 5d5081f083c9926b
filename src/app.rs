//! The program that describes the stacks: finds it, builds it when its sources changed, runs it, reads its assembly.
//!
//! The program is a child process and answers only through its output folder, so whatever it prints is harmless.

mod build;
mod run;

use std::path::{Path, PathBuf};

use engine::Assembly;

use crate::{error::CommandError, printer::Printer, project::Project};

/// Where the stacks come from.
#[derive(Debug)]
pub(crate) enum App {
    /// A cargo package, built when needed.
    Package(PathBuf),
    /// A program and its first arguments.
    Program(Vec<String>),
    /// A finished assembly.
    Assembly(PathBuf),
}

impl App {
    /// Decides what `--app` names; by default the package `stacks` of the project.
    pub(crate) fn resolve(app: Option<&str>, project: &Project) -> Result<Self, CommandError> {
        let Some(app) = app else {
            let package = project.root.join("stacks");
            return if package.join("Cargo.toml").is_file() {
                Ok(Self::Package(package))
            } else {
                Err(CommandError::usage(format!(
                    "no stacks package: `{}` is missing",
                    package.join("Cargo.toml").display()
                ))
                .hinted("`--app` names another package, a program or an assembly folder"))
            };
        };
        let path = Path::new(app);
        if path.join("Cargo.toml").is_file() {
            Ok(Self::Package(path.to_owned()))
        } else if path.join(assembly::MANIFEST).is_file() {
            Ok(Self::Assembly(path.to_owned()))
        } else if path.is_dir() {
            Err(CommandError::usage(format!(
                "`{app}` holds neither a `Cargo.toml` nor a `{}`",
                assembly::MANIFEST
            )))
        } else {
            let words: Vec<String> = app.split_whitespace().map(str::to_owned).collect();
            if words.is_empty() {
                return Err(CommandError::usage("`--app` is empty"));
            }
            Ok(Self::Program(words))
        }
    }

    /// Yields the assembly of an environment in `output`, building and running the program as far as needed.
    pub(crate) fn synthesize(
        &self,
        project: &Project,
        environment: &str,
        output: &Path,
        printer: &Printer,
    ) -> Result<Assembly, CommandError> {
        let program = match self {
            Self::Assembly(folder) => return load(folder, environment),
            Self::Program(words) => words.clone(),
            Self::Package(package) => {
                let executable = build::executable(project, package, printer)?;
                vec![executable.to_string_lossy().into_owned()]
            }
        };
        run::run(&program, project, environment, output, printer)?;
        load(output, environment)
    }
}

/// Reads an assembly, and makes sure that it is for this environment.
fn load(folder: &Path, environment: &str) -> Result<Assembly, CommandError> {
    let assembly = Assembly::load(folder)?;
    let found = &assembly.manifest.environment;
    if found == environment {
        Ok(assembly)
    } else {
        Err(CommandError::usage(format!(
            "the assembly in `{}` is for environment `{found}`, not `{environment}`",
            folder.display()
        )))
    }
}
