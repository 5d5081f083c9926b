//! `init`: scaffold a project that plans and deploys at once with `-e local`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    error::{CommandError, Ending},
    printer::Printer,
    session::current_folder,
};

/// Start a project that plans and deploys at once with `-e local`
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The project's folder [default: the current one]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The project's name, first part of every stack name [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// A file of the scaffold: where it goes, and its text with `{{ name }}` and `{{ constructs }}` to fill in.
const FILES: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        include_str!("../../templates/init/Cargo.toml.template"),
    ),
    (
        "stacks/Cargo.toml",
        include_str!("../../templates/init/stacks/Cargo.toml.template"),
    ),
    (
        "stacks/src/main.rs",
        include_str!("../../templates/init/stacks/src/main.rs.template"),
    ),
    (
        "environments/local.yaml",
        include_str!("../../templates/init/environments/local.yaml"),
    ),
    (".gitignore", include_str!("../../templates/init/gitignore")),
    ("README.md", include_str!("../../templates/init/README.md")),
];

pub(crate) fn run(args: &InitArgs, printer: &Printer) -> Result<Ending, CommandError> {
    let folder = match &args.folder {
        // `init .` is the current folder too; putting the components together again leaves the dot out.
        Some(folder) => current_folder()?.join(folder).components().collect(),
        None => current_folder()?,
    };
    let name = match &args.name {
        Some(name) => checked_name(name)?,
        None => folder_name(&folder)?,
    };
    // All or nothing: a project that is already there is not touched.
    for (file, _) in FILES {
        if folder.join(file).exists() {
            return Err(CommandError::usage(format!(
                "`{}` exists already",
                folder.join(file).display()
            ))
            .hinted("name a new folder: `chitinfra init DIR`"));
        }
    }
    let constructs = constructs_dependency()?;
    for (file, text) in FILES {
        let path = folder.join(file);
        let text = text
            .replace("{{ name }}", &name)
            .replace("{{ constructs }}", &constructs);
        write(&path, &text)?;
        printer.status(&format!("created {}", path.display()));
    }
    let place = match &args.folder {
        Some(folder) => format!("cd {}\n    ", folder.display()),
        None => String::new(),
    };
    printer.status(&format!("\nNext:\n\n    {place}chitinfra deploy -e local"));
    Ok(Ending::Done)
}

/// Where the scaffold takes the constructs from: the sources this program was built from.
fn constructs_dependency() -> Result<String, CommandError> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/constructs");
    if crates.join("Cargo.toml").is_file() {
        return Ok(format!("{{ path = {:?} }}", crates.display().to_string()));
    }
    Err(CommandError::usage(format!(
        "the sources this program was built from are gone: `{}`",
        crates.display()
    ))
    .hinted("a project names the constructs there; build chitinfra from a clone that stays"))
}

fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| CommandError::cannot_write(path, &error))
}

/// A name that can begin every stack name: lower-case letters, digits and hyphens.
fn checked_name(name: &str) -> Result<String, CommandError> {
    let valid = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 40
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if valid {
        return Ok(name.to_owned());
    }
    Err(CommandError::usage(format!(
        "`{name}` cannot be a project's name: it begins every stack name"
    ))
    .hinted("use lower-case letters, digits and hyphens, at most 40, a letter first"))
}

/// The folder's own name, made fit.
fn folder_name(folder: &Path) -> Result<String, CommandError> {
    let name: String = folder
        .file_name()
        .map(|name| name.to_string_lossy().to_lowercase())
        .unwrap_or_default()
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .collect();
    checked_name(name.trim_matches('-')).map_err(|error| {
        error.hinted("`--name NAME` gives the project another name than its folder")
    })
}
