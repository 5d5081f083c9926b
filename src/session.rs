//! What most verbs begin with: the project, one environment of it, and where its stacks come from.

use std::{
    env,
    num::NonZero,
    panic,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use assembly::{Diagnostic, Environment, Severity, nearest};
use engine::Assembly;

use crate::{
    app::App,
    cli::{EnvironmentArg, Global},
    error::CommandError,
    printer::Printer,
    project::Project,
    views::findings,
};

/// A project, one environment, and where the stacks come from.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) environment: Environment,
    app: App,
}

/// Finds the project that `--project`, or else the current folder, belongs to.
pub(crate) fn find_project(global: &Global) -> Result<Project, CommandError> {
    match &global.project {
        Some(folder) => Project::find(folder),
        None => Project::find(&current_folder()?),
    }
}

/// The folder the command was started in.
pub(crate) fn current_folder() -> Result<PathBuf, CommandError> {
    env::current_dir()
        .map_err(|error| CommandError::usage(format!("cannot read the current folder: {error}")))
}

impl Session {
    /// Opens the environment that was asked for.
    pub(crate) fn open(global: &Global, argument: &EnvironmentArg) -> Result<Self, CommandError> {
        let project = find_project(global)?;
        let environment = project.environment(&argument.environment)?;
        if let Some(region) = &global.region
            && *region != environment.region
        {
            return Err(CommandError::usage(format!(
                "`--region {region}` is not the region of `{}`: `{}`",
                environment.name, environment.region
            ))
            .hinted(format!(
                "an environment lives in one region; it is named in `{}`",
                project.environment_file(&environment.name).display()
            )));
        }
        let app = App::resolve(global.app.as_deref(), &project)?;
        Ok(Self {
            project,
            environment,
            app,
        })
    }

    /// Where the environment's assembly is kept.
    pub(crate) fn output(&self) -> PathBuf {
        self.project
            .work_folder()
            .join("out")
            .join(&self.environment.name)
    }

    /// Synthesizes into the usual folder and checks what came out.
    pub(crate) fn synthesize(&self, printer: &Printer) -> Result<Assembly, CommandError> {
        self.synthesize_into(&self.output(), printer)
    }

    /// Synthesizes into a folder and checks what came out against the facts and limits.
    pub(crate) fn synthesize_into(
        &self,
        output: &std::path::Path,
        printer: &Printer,
    ) -> Result<Assembly, CommandError> {
        if let Some(parent) = output.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| CommandError::cannot_write(parent, &error))?;
        }
        let assembly =
            self.app
                .synthesize(&self.project, &self.environment.name, output, printer)?;
        self.check_target(&assembly)?;
        let diagnostics = check(&assembly);
        if diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
        {
            return Err(
                CommandError::failed("the templates are not valid").with_diagnostics(diagnostics)
            );
        }
        printer.diagnostics(&diagnostics);
        Ok(assembly)
    }

    /// An assembly made for another account or region must not be deployed into this one.
    fn check_target(&self, assembly: &Assembly) -> Result<(), CommandError> {
        let manifest = &assembly.manifest;
        let environment = &self.environment;
        if manifest.account == environment.account && manifest.region == environment.region {
            return Ok(());
        }
        Err(CommandError::usage(format!(
            "the assembly is for account `{}` in `{}`, environment `{}` is account `{}` in `{}`",
            manifest.account,
            manifest.region,
            environment.name,
            environment.account,
            environment.region
        ))
        .hinted("synthesize it again"))
    }
}

/// Checks every template of an assembly, on all processors; findings name the line that declared the resource.
fn check(assembly: &Assembly) -> Vec<Diagnostic> {
    let stacks = &assembly.manifest.stacks;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut checked = Vec::new();
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some(stack) = stacks.get(index)
        {
            if let Some(template) = assembly.templates.get(&stack.name) {
                checked.push((index, findings::of_stack(stack, &template.text)));
            }
        }
        checked
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let mut checked = thread::scope(|scope| {
        let workers: Vec<_> = (1..processors.min(stacks.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut checked = work();
        for worker in workers {
            match worker.join() {
                Ok(more) => checked.extend(more),
                Err(panic) => panic::resume_unwind(panic),
            }
        }
        checked
    });
    checked.sort_by_key(|(index, _)| *index);
    checked.into_iter().flat_map(|(_, found)| found).collect()
}

/// Makes sure that every stack named on the command line exists.
pub(crate) fn check_selection(names: &[String], assembly: &Assembly) -> Result<(), CommandError> {
    let known: Vec<&str> = assembly
        .manifest
        .stacks
        .iter()
        .map(|stack| stack.name.as_str())
        .collect();
    for name in names {
        if !known.contains(&name.as_str()) {
            let error = CommandError::usage(format!("no stack `{name}`"));
            return Err(match nearest(name, known.iter().copied()) {
                Some(near) => error.hinted(format!("did you mean `{near}`?")),
                None => error.hinted(format!("there are: {}", known.join(", "))),
            });
        }
    }
    Ok(())
}
