//! The project on disk: where it begins, which environments it has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use assembly::{Environment, nearest};

use crate::error::CommandError;

/// The folder of environment files, which makes a folder a project.
const ENVIRONMENTS: &str = "environments";

/// A project folder.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its root, absolute.
    pub(crate) root: PathBuf,
}

impl Project {
    /// Finds the project that a folder belongs to: the nearest one upwards that has `environments`.
    pub(crate) fn find(from: &Path) -> Result<Self, CommandError> {
        let from = from.canonicalize().map_err(|error| {
            CommandError::usage(format!(
                "cannot open the project folder `{}`: {error}",
                from.display()
            ))
        })?;
        from.ancestors()
            .find(|folder| folder.join(ENVIRONMENTS).is_dir())
            .map(|root| Self {
                root: root.to_owned(),
            })
            .ok_or_else(|| {
                CommandError::usage(format!(
                    "no project in `{}` or above: no folder `{ENVIRONMENTS}`",
                    from.display()
                ))
                .hinted("`chitinfra init` starts a project here; `--project DIR` names another")
            })
    }

    /// The folder for what can be made again, and for the embedded endpoint's state.
    pub(crate) fn work_folder(&self) -> PathBuf {
        self.root.join(".chitinfra")
    }

    /// An environment's file, relative to the root.
    pub(crate) fn environment_file(&self, name: &str) -> PathBuf {
        Path::new(ENVIRONMENTS).join(format!("{name}.yaml"))
    }

    /// Reads an environment.
    pub(crate) fn environment(&self, name: &str) -> Result<Environment, CommandError> {
        let relative = self.environment_file(name);
        let names = self.environment_names()?;
        if !names.iter().any(|known| known == name) {
            return Err(unknown_environment(name, &names));
        }
        let text = fs::read_to_string(self.root.join(&relative))
            .map_err(|error| CommandError::cannot_read(&relative, &error))?;
        Ok(Environment::parse(&relative.to_string_lossy(), &text)?)
    }

    /// The names of all environments, sorted.
    pub(crate) fn environment_names(&self) -> Result<Vec<String>, CommandError> {
        let folder = self.root.join(ENVIRONMENTS);
        let cannot = |error: std::io::Error| CommandError::cannot_read(&folder, &error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
                && let Some(stem) = path.file_stem()
            {
                names.push(stem.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

fn unknown_environment(name: &str, names: &[String]) -> CommandError {
    let error = CommandError::usage(format!("no environment `{name}`"));
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.hinted(format!("did you mean `{near}`?")),
        None if names.is_empty() => {
            error.hinted(format!("write `{ENVIRONMENTS}/{name}.yaml` first"))
        }
        None => error.hinted(format!("there are: {}", names.join(", "))),
    }
}
