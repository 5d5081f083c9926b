//! One process at a time: an advisory lock held as long as the state is open, and a note beside it that says by whom.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::Error;

const LOCK: &str = "lock";
const NOTE: &str = "holder.json";

/// Who holds the state open.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    pid: u32,
    purpose: String,
    url: Option<String>,
}

/// The held lock; released when dropped, or by the system when the process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Held for its lock alone.
    _file: File,
    note: PathBuf,
}

impl Lock {
    /// Takes the lock of a folder; the folder is made when missing.
    ///
    /// The note is a file of its own, since on some systems a locked file cannot be read by others.
    pub(crate) fn take(directory: &Path, purpose: &str) -> Result<Self, Error> {
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| Error::Io {
                action,
                path,
                source,
            }
        };
        fs::create_dir_all(directory).map_err(failed("write", directory))?;
        let path = directory.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed("write", &path))?;
        let note = directory.join(NOTE);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(directory, &note)),
            Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
        }
        let lock = Self { _file: file, note };
        lock.announce(purpose, None)?;
        Ok(lock)
    }

    /// Tells others what the state is held for and where it is served.
    pub(crate) fn announce(&self, purpose: &str, url: Option<&str>) -> Result<(), Error> {
        let text = serde_json::to_vec(&Note {
            pid: std::process::id(),
            purpose: purpose.to_owned(),
            url: url.map(str::to_owned),
        })
        .expect("a note of plain strings is JSON");
        fs::write(&self.note, text).map_err(|source| Error::Io {
            action: "write",
            path: self.note.clone(),
            source,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A note that stays is harmless: it counts only while the lock is held.
        let _ = fs::remove_file(&self.note);
    }
}

fn in_use(directory: &Path, note: &Path) -> Error {
    let note: Option<Note> = fs::read(note)
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok());
    Error::InUse {
        directory: directory.to_owned(),
        pid: note.as_ref().map(|note| note.pid),
        purpose: note.as_ref().map(|note| note.purpose.clone()),
        url: note.and_then(|note| note.url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_learns_who_is_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let first = Lock::take(directory.path(), "local serve").unwrap();
        first
            .announce("local serve", Some("http://127.0.0.1:1"))
            .unwrap();
        let error = Lock::take(directory.path(), "deploy").expect_err("it is held");
        let Error::InUse {
            pid, purpose, url, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!(pid, Some(std::process::id()));
        assert_eq!(purpose.as_deref(), Some("local serve"));
        assert_eq!(url.as_deref(), Some("http://127.0.0.1:1"));
        drop(first);
        Lock::take(directory.path(), "deploy").expect("it is free again");
    }
}
