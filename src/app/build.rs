//! Builds the stacks package and the one of migrations, and knows when there is nothing to build.
//!
//! Asking cargo costs more than synthesis itself, so a finished build leaves a note: which program it made and when it
//! began. As long as every file in cargo's own dependency list is older than that, the program is current.

use std::{
    collections::BTreeSet,
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{error::CommandError, printer::Printer, project::Project};

/// A part of a project that is a program of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// What a person calls it.
    pub(super) name: &'static str,
    /// The file of its note.
    pub(super) note: &'static str,
}

/// What a finished build leaves behind.
#[derive(Debug, Serialize, Deserialize)]
struct BuildNote {
    package: PathBuf,
    executable: PathBuf,
}

/// The line of cargo's JSON messages that is of interest.
#[derive(Debug, Deserialize)]
struct CargoMessage {
    reason: String,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

/// The package's program, built if its sources changed since the last build.
pub(super) fn executable(
    project: &Project,
    package: &Path,
    part: Part,
    printer: &Printer,
) -> Result<PathBuf, CommandError> {
    let package = package.canonicalize().map_err(|error| {
        CommandError::usage(format!("cannot open `{}`: {error}", package.display()))
    })?;
    let cache = project.work_folder().join("cache");
    let note = cache.join(part.note);
    if let Some(executable) = current(&note, &package) {
        printer.detail(&format!("the program of the {} is up to date", part.name));
        return Ok(executable);
    }
    fs::create_dir_all(&cache).map_err(|error| CommandError::cannot_write(&cache, &error))?;
    // The note's own time of change is the beginning of the build: a file saved while cargo runs is then newer.
    let unfinished = cache.join(format!("build-{}.json", std::process::id()));
    fs::write(&unfinished, "").map_err(|error| CommandError::cannot_write(&unfinished, &error))?;
    let began = modified(&unfinished);
    let built = build(&package, part, printer);
    let outcome = built.and_then(|executable| {
        let content = BuildNote {
            package,
            executable: executable.clone(),
        };
        let text = serde_json::to_string(&content).map_err(CommandError::failed)?;
        let file = fs::File::options()
            .write(true)
            .open(&unfinished)
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, text.as_bytes())?;
                match began {
                    Some(began) => file.set_modified(began),
                    None => Ok(()),
                }
            });
        file.and_then(|()| fs::rename(&unfinished, &note))
            .map_err(|error| CommandError::cannot_write(&note, &error))?;
        Ok(executable)
    });
    if outcome.is_err() {
        // Whatever stopped the build is the error to report, not a left-over file.
        let _ = fs::remove_file(&unfinished);
    }
    outcome
}

/// The program of the last build, if no file it was made of has changed since that build began.
fn current(note: &Path, package: &Path) -> Option<PathBuf> {
    let began = modified(note)?;
    let content: BuildNote = serde_json::from_str(&fs::read_to_string(note).ok()?).ok()?;
    let sources = dependency_list(&content.executable)?;
    let unchanged = |file: &PathBuf| modified(file).is_some_and(|time| time < began);
    let absent_or_unchanged = |file: PathBuf| modified(&file).is_none_or(|time| time < began);
    (content.package == package
        && content.executable.is_file()
        && sources.iter().all(unchanged)
        && settings_files(package, &sources).all(absent_or_unchanged))
    .then_some(content.executable)
}

/// Every source file the program was compiled from, from the `.d` file that cargo puts beside it.
/// Form: `target: file file …`, a space in a name is `\ `.
fn dependency_list(executable: &Path) -> Option<Vec<PathBuf>> {
    let text = fs::read_to_string(executable.with_extension("d")).ok()?;
    let (_, files) = text.lines().next()?.split_once(": ")?;
    let mut list = Vec::new();
    let mut name = String::new();
    let mut characters = files.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => {
                characters.next();
                name.push(' ');
            }
            ' ' => list.push(PathBuf::from(std::mem::take(&mut name))),
            other => name.push(other),
        }
    }
    list.push(PathBuf::from(name));
    list.retain(|file| !file.as_os_str().is_empty());
    (!list.is_empty()).then_some(list)
}

/// Where files may be that steer the build without being compiled: manifests, lock file, cargo's settings.
fn settings_files<'a>(
    package: &'a Path,
    sources: &'a [PathBuf],
) -> impl Iterator<Item = PathBuf> + use<'a> {
    const NAMES: [&str; 4] = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "build.rs"];
    let mut folders: BTreeSet<&Path> = package.ancestors().collect();
    for source in sources {
        for folder in source.ancestors().skip(1) {
            if !folders.insert(folder) {
                break;
            }
        }
    }
    folders
        .into_iter()
        .flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)))
}

/// Runs cargo; its progress and its errors go to stderr as they are.
fn build(package: &Path, part: Part, printer: &Printer) -> Result<PathBuf, CommandError> {
    let manifest = package.join("Cargo.toml");
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells its children where it is"
    )]
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--message-format", "json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(&manifest)
        .current_dir(package)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if printer.is_quiet() {
        command.arg("--quiet");
    }
    let mut child = command.spawn().map_err(|error| {
        CommandError::failed(format!("cannot run cargo: {error}"))
            .hinted("install Rust from https://rustup.rs")
    })?;
    let mut executable = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Ok(message) = serde_json::from_str::<CargoMessage>(&line)
                && message.reason == "compiler-artifact"
                && message.manifest_path.as_deref() == Some(&manifest)
                && message.executable.is_some()
            {
                executable = message.executable;
            }
        }
    }
    let status = child
        .wait()
        .map_err(|error| CommandError::failed(format!("cannot wait for cargo: {error}")))?;
    if !status.success() {
        return Err(CommandError::failed(format!(
            "the {} in `{}` do not compile",
            part.name,
            package.display()
        ))
        .hinted("the compiler's messages above say where"));
    }
    executable.ok_or_else(|| {
        CommandError::usage(format!(
            "package `{}` has no program: a package of {} needs a `src/main.rs`",
            package.display(),
            part.name
        ))
    })
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).and_then(|data| data.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_list_may_hold_spaces_in_names() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = folder.path().join("stacks");
        fs::write(
            folder.path().join("stacks.d"),
            "/t/debug/stacks: /a/b.rs /with\\ space/c.rs\n",
        )
        .expect("writable");
        assert_eq!(
            dependency_list(&program).expect("a list"),
            [PathBuf::from("/a/b.rs"), PathBuf::from("/with space/c.rs")]
        );
    }

    #[test]
    fn a_missing_list_means_not_current() {
        assert_eq!(dependency_list(Path::new("/nowhere/stacks")), None);
    }
}
