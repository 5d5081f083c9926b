//! Runs a stacks program and waits for its assembly.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use assembly::{Diagnostic, FORMAT_VERSION, MANIFEST, Request, Severity};

use crate::{error::CommandError, printer::Printer, project::Project};

/// Runs the program for an environment; on success `output` holds its assembly, otherwise what it held before.
pub(super) fn run(
    program: &[String],
    project: &Project,
    environment: &str,
    output: &Path,
    printer: &Printer,
) -> Result<(), CommandError> {
    install(output, |fresh| {
        run_into(fresh, program, project, environment, printer)
    })
}

/// Has an assembly written into a new folder, and puts it in the place of the one before once it is complete.
pub(super) fn install(
    output: &Path,
    write: impl FnOnce(&Path) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    refuse_foreign(output)?;
    let fresh = sibling(output, "new");
    prepare(&fresh)?;
    let result = write(&fresh).and_then(|()| replace(output, &fresh));
    if result.is_err() {
        // The failure itself is what matters; a left-over folder is cleared by the next run.
        let _ = fs::remove_dir_all(&fresh);
    }
    result
}

fn run_into(
    folder: &Path,
    program: &[String],
    project: &Project,
    environment: &str,
    printer: &Printer,
) -> Result<(), CommandError> {
    let request = Request {
        format_version: FORMAT_VERSION.to_owned(),
        project_directory: project.root.clone(),
        environment_file: project.environment_file(environment),
        output: folder.to_owned(),
    };
    let request_file = sibling(folder, "request");
    let text = serde_json::to_string(&request).map_err(CommandError::failed)?;
    fs::write(&request_file, text)
        .map_err(|error| CommandError::cannot_write(&request_file, &error))?;
    let status = start(program, &request_file);
    let _ = fs::remove_file(&request_file);
    let status = status?;

    if !folder.join(MANIFEST).is_file() {
        return Err(if status.success() {
            CommandError::failed(format!(
                "`{}` ended without writing an assembly",
                program.join(" ")
            ))
            .hinted("its `main` must call `run`, as the scaffold of `chitinfra init` does")
        } else {
            // Rust's own exit code of a panic.
            let what = match status.code() {
                Some(101) => "panicked".to_owned(),
                _ => format!("stopped with {status}"),
            };
            CommandError::failed(format!(
                "the stacks program {what} before it wrote an assembly"
            ))
            .hinted("its own messages above say why")
        });
    }
    let manifest = assembly::read_manifest(folder)?;
    let failed = manifest
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count();
    if failed > 0 || !status.success() {
        let are = if failed == 1 { "error" } else { "errors" };
        let file = project.environment_file(environment);
        let in_settings = |diagnostic: &Diagnostic| {
            diagnostic
                .source
                .as_ref()
                .is_some_and(|source| source.starts_with(&*file.to_string_lossy()))
        };
        let mut errors = manifest
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error);
        let error = if failed > 0 && errors.all(in_settings) {
            CommandError::usage(format!("`{}` has {failed} {are}", file.display()))
        } else {
            CommandError::failed(format!("the stacks have {failed} {are}"))
        };
        return Err(error.with_diagnostics(manifest.diagnostics));
    }
    printer.diagnostics(&manifest.diagnostics);
    Ok(())
}

/// Starts the program; what it prints goes to our stderr, since our stdout is for the answer.
fn start(
    program: &[String],
    request_file: &Path,
) -> Result<std::process::ExitStatus, CommandError> {
    let (name, arguments) = program
        .split_first()
        .ok_or_else(|| CommandError::usage("`--app` is empty"))?;
    let cannot_run = |error: io::Error| {
        CommandError::usage(format!("cannot run `{name}`: {error}"))
            .hinted("`--app` names a stacks package, a program or an assembly folder")
    };
    let printed = {
        use std::os::fd::AsFd as _;
        io::stderr()
            .as_fd()
            .try_clone_to_owned()
            .map_err(cannot_run)?
    };
    Command::new(name)
        .args(arguments)
        .arg("--request")
        .arg(request_file)
        .stdin(Stdio::null())
        .stdout(printed)
        .status()
        .map_err(cannot_run)
}

/// Refuses a folder that holds something other than an assembly: it would be replaced as a whole.
fn refuse_foreign(output: &Path) -> Result<(), CommandError> {
    let occupied = fs::read_dir(output).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !output.join(MANIFEST).is_file() {
        return Err(CommandError::usage(format!(
            "`{}` holds other things than an assembly, and would be replaced",
            output.display()
        ))
        .hinted("name a new or empty folder"));
    }
    Ok(())
}

/// Makes an empty folder.
fn prepare(folder: &Path) -> Result<(), CommandError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(CommandError::cannot_write(folder, &error));
        }
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(folder).map_err(|error| CommandError::cannot_write(folder, &error))
}

/// Puts a finished assembly in the place of the one before.
fn replace(output: &Path, fresh: &Path) -> Result<(), CommandError> {
    let old = sibling(output, "old");
    let moved = match fs::rename(output, &old) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(CommandError::cannot_write(output, &error)),
    };
    fs::rename(fresh, output).map_err(|error| CommandError::cannot_write(output, &error))?;
    if moved {
        let _ = fs::remove_dir_all(&old);
    }
    Ok(())
}

/// A name beside `path` that no other process uses.
fn sibling(path: &Path, purpose: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{purpose}-{}", std::process::id()));
    path.with_file_name(name)
}
