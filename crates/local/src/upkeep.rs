//! What can be done with the state of an endpoint that is not running.

use std::{fs, io, path::Path};

use crate::{Error, state::Lock};

/// Who has a state open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process, when it said so.
    pub pid: Option<u32>,
    /// What it does with the state.
    pub purpose: Option<String>,
    /// Where it serves it.
    pub url: Option<String>,
}

/// Who has the state of a folder open; `None` when nobody has.
///
/// # Errors
/// The folder cannot be looked into.
pub fn holder(directory: &Path) -> Result<Option<Holder>, Error> {
    if !directory.exists() {
        return Ok(None);
    }
    match Lock::take(directory, "chitinfra local status") {
        Ok(_) => Ok(None),
        Err(Error::InUse {
            pid, purpose, url, ..
        }) => Ok(Some(Holder { pid, purpose, url })),
        Err(error) => Err(error),
    }
}

/// Deletes the state of a folder, with the folder; whatever was deployed to it is gone.
///
/// # Errors
/// Another process has it open, or the folder cannot be deleted.
pub fn reset(directory: &Path) -> Result<(), Error> {
    let lock = Lock::take(directory, "chitinfra local reset")?;
    let deleted = fs::remove_dir_all(directory);
    drop(lock);
    match deleted {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Io {
            action: "delete",
            path: directory.to_owned(),
            source,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_leaves_nothing_and_respects_the_holder() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let directory = parent.path().join("local");
        let lock = Lock::take(&directory, "deploy").expect("it is free");
        assert!(matches!(reset(&directory), Err(Error::InUse { .. })));
        let held = holder(&directory).expect("it can be asked");
        assert_eq!(
            held.and_then(|holder| holder.purpose).as_deref(),
            Some("deploy")
        );
        drop(lock);
        assert_eq!(holder(&directory).expect("it can be asked"), None);
        reset(&directory).expect("it is free");
        assert!(!directory.exists());
    }
}
