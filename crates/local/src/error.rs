//! Why the endpoint cannot be opened or served.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why the endpoint cannot be opened or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process has the state open.
    #[error("the local state in `{}` is in use by {}", .directory.display(), holder(*.pid, .purpose))]
    InUse {
        /// The folder of the state.
        directory: PathBuf,
        /// The other process, when it said so.
        pid: Option<u32>,
        /// What the other process does with it.
        purpose: Option<String>,
        /// Where the other process serves it.
        url: Option<String>,
    },
    /// The state file does not hold what was written to it; it is left as it is.
    #[error("the local state file `{}` is corrupted at line {line}: {reason}", .file.display())]
    Corrupted {
        /// The file.
        file: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The state file is of a version this program does not know; it is left as it is.
    #[error("the local state file `{}` has version `{version}`, which this program cannot read", .file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: String,
    },
    /// The state cannot be read or written.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was tried: `read`, `write`, `lock`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Serving ended by an error of the network.
    #[error("the local endpoint stopped")]
    Serve(#[source] io::Error),
}

impl Error {
    /// What to do about it, when something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InUse { url: Some(url), .. } => Some(format!(
                "talk to the endpoint that has it open: `--endpoint-url {url}`"
            )),
            Self::InUse { .. } => Some("wait until it ends, or stop it".to_owned()),
            Self::Corrupted { file, .. } | Self::Version { file, .. } => Some(format!(
                "move `{}` away to keep it, or give up the local environment by `chitinfra local reset`",
                file.display()
            )),
            Self::Bind { .. } => Some("choose another port, or 0 for any free one".to_owned()),
            Self::Io { .. } | Self::Serve(_) => None,
        }
    }
}

fn holder(pid: Option<u32>, purpose: &Option<String>) -> String {
    match (purpose, pid) {
        (Some(purpose), Some(pid)) => format!("`{purpose}` (process {pid})"),
        (None, Some(pid)) => format!("process {pid}"),
        (Some(purpose), None) => format!("`{purpose}`"),
        (None, None) => "another process".to_owned(),
    }
}
