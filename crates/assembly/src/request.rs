//! The request: what the command line asks of a stacks program.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the command line asks of a stacks program, given as `--request FILE`, a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The version of this form, [`crate::FORMAT_VERSION`].
    pub format_version: String,
    /// The project's folder; source places in the manifest are relative to it.
    pub project_directory: PathBuf,
    /// The environment file, relative to the project's folder.
    pub environment_file: PathBuf,
    /// The folder to write the assembly to; it exists and is empty.
    pub output: PathBuf,
}

/// Why a request cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// It is not a request at all.
    #[error("the request is not valid")]
    Invalid(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the request has format version `{0}`, this program speaks `{version}`", version = crate::FORMAT_VERSION)]
    Version(String),
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// The text is not a request, or one of another major version.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let request: Self = serde_json::from_str(text)?;
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&request.format_version) == major(crate::FORMAT_VERSION) {
            Ok(request)
        } else {
            Err(RequestError::Version(request.format_version))
        }
    }
}
