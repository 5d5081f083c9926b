//! The assembly on disk: one `<stack>.template.json` per stack and, written last, `manifest.json`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{FORMAT_VERSION, Manifest};

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// Why an assembly cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file cannot be read.
    #[error("cannot read `{}`", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// A file cannot be written.
    #[error("cannot write `{}`", .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// The manifest is not one.
    #[error("`{}` is not a manifest", .0.display())]
    Invalid(PathBuf, #[source] serde_json::Error),
    /// The manifest is of another version.
    #[error("`{}` has format version `{version}`, this program reads `{ours}`", .0.display(), version = .1, ours = FORMAT_VERSION)]
    Version(PathBuf, String),
}

/// The file name of a stack's template within its assembly.
pub fn template_file(stack: &str) -> String {
    format!("{stack}.template.json")
}

/// Writes an assembly: first each `(file name, text)` template, last the manifest, which makes it complete.
///
/// # Errors
/// A file cannot be written; the folder then holds no manifest of this assembly.
pub fn write(
    folder: &Path,
    manifest: &Manifest,
    templates: &[(String, String)],
) -> Result<(), FolderError> {
    for (name, text) in templates {
        let file = folder.join(name);
        fs::write(&file, text).map_err(|error| FolderError::Write(file, error))?;
    }
    let file = folder.join(MANIFEST);
    let mut text = serde_json::to_string_pretty(manifest)
        .map_err(|error| FolderError::Invalid(file.clone(), error))?;
    text.push('\n');
    fs::write(&file, text).map_err(|error| FolderError::Write(file, error))
}

/// Reads the manifest of an assembly.
///
/// # Errors
/// There is none, it cannot be read, or it is of another major version.
pub fn read_manifest(folder: &Path) -> Result<Manifest, FolderError> {
    let file = folder.join(MANIFEST);
    let text = fs::read_to_string(&file).map_err(|error| FolderError::Read(file.clone(), error))?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| FolderError::Invalid(file.clone(), error))?;
    if manifest.format_version.split('.').next() == FORMAT_VERSION.split('.').next() {
        Ok(manifest)
    } else {
        Err(FolderError::Version(file, manifest.format_version))
    }
}

/// Reads one template of an assembly.
///
/// # Errors
/// The file cannot be read.
pub fn read_template(folder: &Path, name: &str) -> Result<String, FolderError> {
    let file = folder.join(name);
    fs::read_to_string(&file).map_err(|error| FolderError::Read(file, error))
}
