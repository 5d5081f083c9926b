//! The program that describes the stacks: finds it, builds it when its sources changed, runs it, reads its assembly.
//!
//! The program is a child process and answers only through its output folder, so whatever it prints is harmless.

mod build;
mod run;

use std::path::{Path, PathBuf};

use assembly::{Environment, Severity, template_file};
use engine::{Assembly, Target};

use self::build::Part;
use crate::{error::CommandError, printer::Printer, project::Project};

/// The program that describes the stacks.
const STACKS: Part = Part {
    name: "stacks",
    note: "build.json",
};

/// The program that knows a database's migrations.
const MIGRATIONS: Part = Part {
    name: "migrations",
    note: "build-migrations.json",
};

/// Where the stacks come from.
#[derive(Debug)]
pub(crate) enum App {
    /// A cargo package, built when needed.
    Package(PathBuf),
    /// A program and its first arguments.
    Program(Vec<String>),
    /// A finished assembly, ours or one of the CDK.
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
                .hinted("`--app` names another package, a program, an assembly folder or a `cdk.out` of the CDK"))
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

    /// Yields the assembly of an environment in `output`, building and running the program as far as needed. A finished
    /// assembly is read where it is.
    pub(crate) fn synthesize(
        &self,
        project: &Project,
        environment: &Environment,
        output: &Path,
        printer: &Printer,
    ) -> Result<Assembly, CommandError> {
        let program = match self {
            Self::Assembly(folder) => {
                let assembly = load(folder, project, environment)?;
                let remarks = &assembly.manifest.diagnostics;
                if remarks.iter().any(|one| one.severity == Severity::Error) {
                    return Err(CommandError::failed("the stacks have errors")
                        .with_diagnostics(remarks.clone()));
                }
                printer.diagnostics(remarks);
                return Ok(assembly);
            }
            Self::Program(words) => words.clone(),
            Self::Package(package) => {
                let executable = build::executable(project, package, STACKS, printer)?;
                vec![executable.to_string_lossy().into_owned()]
            }
        };
        run::run(&program, project, &environment.name, output, printer)?;
        load(output, project, environment)
    }

    /// Writes what [`App::synthesize`] read where it is, so that it is in `output` too.
    pub(crate) fn write(&self, assembly: &Assembly, output: &Path) -> Result<(), CommandError> {
        match self {
            Self::Assembly(folder) if !is_same(folder, output) => write(assembly, output),
            Self::Assembly(_) | Self::Program(_) | Self::Package(_) => Ok(()),
        }
    }
}

/// The program that applies the migrations of a package, built when its sources changed.
pub(crate) fn migrations_program(
    project: &Project,
    package: &Path,
    printer: &Printer,
) -> Result<PathBuf, CommandError> {
    build::executable(project, package, MIGRATIONS, printer)
}

/// Writes an assembly into a folder, in place of the one before.
pub(crate) fn write(assembly: &Assembly, output: &Path) -> Result<(), CommandError> {
    run::install(output, |fresh| {
        let mut manifest = assembly.manifest.clone();
        for stack in &mut manifest.stacks {
            // A stage of the CDK keeps its templates in a folder of its own.
            stack.template = template_file(&stack.name);
        }
        let templates = &assembly.templates;
        let texts: Vec<_> = templates
            .iter()
            .map(|(stack, template)| (template_file(stack), template.text().to_owned()))
            .collect();
        Ok(assembly::write(fresh, &manifest, &texts)?)
    })
}

fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize()
        .is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Reads an assembly that is to be deployed to an environment, and makes sure that it is for it.
fn load(
    folder: &Path,
    project: &Project,
    environment: &Environment,
) -> Result<Assembly, CommandError> {
    let assembly = read(folder, project, environment)?;
    let found = &assembly.manifest.environment;
    if *found == environment.name {
        Ok(assembly)
    } else {
        Err(CommandError::usage(format!(
            "the assembly in `{}` is for environment `{found}`, not `{}`",
            folder.display(),
            environment.name
        )))
    }
}

/// Reads an assembly as it is; of one of the CDK, the stacks for an environment.
pub(crate) fn read(
    folder: &Path,
    project: &Project,
    environment: &Environment,
) -> Result<Assembly, CommandError> {
    if Assembly::is_of_cdk(folder) {
        Ok(Assembly::of_cdk(
            folder,
            Target {
                environment: &environment.name,
                account: &environment.account,
                region: &environment.region,
                project: &project.root,
            },
        )?)
    } else {
        Ok(Assembly::load(folder)?)
    }
}
