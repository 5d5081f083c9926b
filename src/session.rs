//! What most verbs begin with: the project, one environment of it, and where its stacks come from.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use assembly::{Environment, nearest};
use engine::Assembly;

use crate::{
    app::App,
    checks::Checks,
    cli::{EnvironmentArg, Global},
    clock,
    error::CommandError,
    policies, prepared,
    printer::Printer,
    project::Project,
};

/// A project, one environment, and where the stacks come from.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) project: Project,
    pub(crate) environment: Environment,
    pub(crate) app: App,
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
        Self::open_with(global, argument, |project| {
            App::resolve(global.app.as_deref(), project)
        })
    }

    /// Opens the environment for a command that needs no stacks.
    pub(crate) fn open_without_stacks(
        global: &Global,
        argument: &EnvironmentArg,
    ) -> Result<Self, CommandError> {
        Self::open_with(global, argument, |project| match &global.app {
            Some(app) => App::resolve(Some(app), project),
            None => Ok(App::Package(project.root.join("stacks"))),
        })
    }

    fn open_with(
        global: &Global,
        argument: &EnvironmentArg,
        app: impl FnOnce(&Project) -> Result<App, CommandError>,
    ) -> Result<Self, CommandError> {
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
        let app = app(&project)?;
        Ok(Self {
            project,
            environment,
            app,
        })
    }

    /// The role CloudFormation acts in, when `bootstrap` prepares the environment.
    pub(crate) fn execution_role(&self, project: &str) -> Option<String> {
        let scope = prepared::scope(&self.environment, project, Vec::new());
        self.environment
            .bootstrap
            .as_ref()
            .map(|_| scope.execution_role_arn())
    }

    /// Where the environment's assembly is kept.
    pub(crate) fn output(&self) -> PathBuf {
        self.project
            .work_folder()
            .join("out")
            .join(&self.environment.name)
    }

    /// Synthesizes into the usual folder, without looking at what the templates say.
    pub(crate) fn synthesize(&self, printer: &Printer) -> Result<Assembly, CommandError> {
        self.synthesize_into(&self.output(), printer)
    }

    /// Synthesizes into the usual folder and checks what came out.
    pub(crate) fn synthesize_and_check(
        &self,
        printer: &Printer,
    ) -> Result<(Assembly, Checks), CommandError> {
        let assembly = self.synthesize(printer)?;
        let checks = Checks::of(&assembly, &policies::read(&self.project)?, &clock::today()?)?;
        Ok((assembly, checks))
    }

    /// Synthesizes into a folder.
    pub(crate) fn synthesize_into(
        &self,
        output: &Path,
        printer: &Printer,
    ) -> Result<Assembly, CommandError> {
        if let Some(parent) = output.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| CommandError::cannot_write(parent, &error))?;
        }
        let assembly = self
            .app
            .synthesize(&self.project, &self.environment, output, printer)?;
        self.check_target(&assembly)?;
        Ok(assembly)
    }

    /// An assembly made for another account or region must not be deployed into this one.
    pub(crate) fn check_target(&self, assembly: &Assembly) -> Result<(), CommandError> {
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
