//! The main function of a stacks program. The one place of this crate that touches arguments, files and the exit code.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    mem,
    panic::Location,
    path::{Path, PathBuf},
    process::ExitCode,
};

use assembly::{Diagnostic, Environment, EnvironmentError, FORMAT_VERSION, Manifest, Request};
use serde::de::DeserializeOwned;

use crate::{App, Assembly, model::Sources, synthesize};

/// Runs a stacks program: reads the request and the environment, describes the app, and writes the assembly.
///
/// ```no_run
/// use dsl::{App, Environment, RawResource};
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     domain: String,
/// }
///
/// fn main() -> std::process::ExitCode {
///     dsl::run("chitchatter", |app: &mut App, environment: &Environment<Settings>| {
///         let stack = app.stack("mail");
///         let topic = RawResource::new("AWS::SNS::Topic").property("DisplayName", &environment.settings.domain);
///         stack.add("Bounces", topic);
///     })
/// }
/// ```
///
/// The command line starts the program with `--request FILE` and reads the assembly from the folder the request names. What is
/// wrong with the environment file or the app goes into its manifest, with exit code 1; a request that cannot be read or an
/// assembly that cannot be written is said on stderr, with exit code 2.
#[track_caller]
pub fn run<S: DeserializeOwned>(
    project: &str,
    describe: impl FnOnce(&mut App, &Environment<S>),
) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match answer(project, &arguments, Location::caller().file(), describe) {
        Ok(assembly) if assembly.has_errors() => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nowhere is left to say that stderr is closed.
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::from(2)
        }
    }
}

/// Does what the request asks and gives what was written.
fn answer<S: DeserializeOwned>(
    project: &str,
    arguments: &[OsString],
    main_file: &str,
    describe: impl FnOnce(&mut App, &Environment<S>),
) -> Result<Assembly, String> {
    // Other arguments are the program's own.
    let mut arguments = arguments
        .iter()
        .skip_while(|argument| *argument != "--request");
    let file = Path::new(arguments.nth(1).ok_or_else(usage)?);
    let text = fs::read_to_string(file)
        .map_err(|error| format!("error: cannot read `{}`: {error}", file.display()))?;
    let request = Request::parse(&text)
        .map_err(|error| format!("error: `{}`: {}", file.display(), chain(&error)))?;

    let assembly = match environment(&request) {
        Ok(environment) => {
            let mut app = App::new(project, &environment);
            app.model().borrow_mut().sources = sources(&request.project_directory, main_file);
            describe(&mut app, &environment);
            let assembly = synthesize(&app);
            // The process is about to end; taking a large app apart piece by piece would only delay it.
            mem::forget(app);
            assembly
        }
        Err(error) => refused(project, &request, &error),
    };
    assembly::write(&request.output, &assembly.manifest, &assembly.templates)
        .map_err(|error| format!("error: {}", chain(&error)))?;
    Ok(assembly)
}

fn usage() -> String {
    "This program describes stacks; chitinfra runs it. To see what it describes:\n\n    \
     chitinfra synth -e ENVIRONMENT\n\n\
     It is started with `--request FILE` and writes an assembly to the folder that the request names."
        .to_owned()
}

fn environment<S: DeserializeOwned>(request: &Request) -> Result<Environment<S>, EnvironmentError> {
    let name = request
        .environment_file
        .to_string_lossy()
        .replace('\\', "/");
    let file = request.project_directory.join(&request.environment_file);
    match fs::read_to_string(&file) {
        Ok(text) => Environment::parse(&name, &text),
        Err(error) => Err(EnvironmentError {
            file: name,
            position: None,
            message: format!("cannot be read: {error}"),
            suggestion: None,
        }),
    }
}

/// The assembly of an environment file that is wrong: that one finding.
fn refused(project: &str, request: &Request, error: &EnvironmentError) -> Assembly {
    let mut diagnostic = Diagnostic::error(&error.message).at_source(error.place());
    diagnostic.hint = error.hint();
    let name = request.environment_file.file_stem();
    Assembly {
        manifest: Manifest {
            format_version: FORMAT_VERSION.to_owned(),
            project: project.to_owned(),
            environment: name
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            account: String::new(),
            region: String::new(),
            stacks: Vec::new(),
            external: Vec::new(),
            moves: Vec::new(),
            diagnostics: vec![diagnostic],
        },
        templates: Vec::new(),
    }
}

/// Finds out what the compiler's file names begin with before the project's folder: it names files from the root of the workspace,
/// which may be a folder above the project.
fn sources(project_directory: &Path, main_file: &str) -> Sources {
    let mut prefix = PathBuf::new();
    let mut rest = Path::new(main_file);
    while !project_directory.join(rest).exists() {
        let mut parts = rest.components();
        match parts.next() {
            Some(part) if !parts.as_path().as_os_str().is_empty() => prefix.push(part),
            _ => {
                prefix.clear();
                break;
            }
        }
        rest = parts.as_path();
    }
    Sources {
        project_directory: project_directory.to_owned(),
        prefix,
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This very place, as the compiler names it: from the root of the workspace.
    #[track_caller]
    fn named(sources: &Sources) -> String {
        let name = sources.name(Location::caller());
        name.rsplit_once(':').expect("it has a line").0.to_owned()
    }

    #[test]
    fn places_are_named_from_the_project_s_folder() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = package.ancestors().nth(2).expect("it is two folders above");
        let main_file = "crates/dsl/src/program.rs";
        assert_eq!(named(&sources(workspace, main_file)), main_file);
        assert_eq!(named(&sources(package, main_file)), "src/program.rs");
        assert_eq!(named(&sources(Path::new("/nowhere"), main_file)), main_file);
    }
}
