//! The state file: an append-only journal of records, one transaction a line, each line with its checksum.
//!
//! A journal, not a snapshot, because a deployment makes thousands of small changes and each must survive a kill: an
//! append costs as much as the change, a snapshot as much as everything that ever was. A line is written by one
//! call and counts only when it is whole: what a kill leaves behind is a last line without its line feed, which is
//! cut off at the next opening. Any other damage is reported and the file left as it is. Once the journal is much
//! larger than the state it describes, a fresh one takes its place by rename.
//!
//! ```text
//! chitinfra-local 1
//! <crc32 in hexadecimal> <JSON list of records>
//! ```

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Record, State};
use crate::Error;

/// The state file's name within its folder.
pub(crate) const FILE_NAME: &str = "state.journal";
const HEADER_NAME: &str = "chitinfra-local";
const HEADER_VERSION: &str = "1";
/// A journal smaller than this is never rewritten.
const SMALL: u64 = 4 * 1024 * 1024;
/// A journal is rewritten when it is this many times as large as when it was last fresh.
const GROWTH: u64 = 4;

/// The open state file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// Where the whole lines end; what stands behind is torn.
    length: u64,
    /// The length when it was last rewritten.
    fresh_length: u64,
    /// Whether something was written that the disk may not have yet.
    unsynced: bool,
}

impl Journal {
    /// Opens the journal of a folder, or begins one, and rebuilds the state from it.
    pub(crate) fn open(directory: &Path, now: Timestamp) -> Result<(Self, State), Error> {
        let path = directory.join(FILE_NAME);
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(mut file) => {
                file.read_to_end(&mut text)
                    .map_err(io_error("read", &path))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let state = State::default();
                let journal = Self::begin(path, &state, now)?;
                return Ok((journal, state));
            }
            Err(source) => return Err(io_error("read", &path)(source)),
        }
        let Replayed {
            state,
            whole,
            records,
        } = replay(&path, &text)?;
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(io_error("write", &path))?;
        let mut journal = Self {
            path,
            file,
            length: whole,
            fresh_length: whole,
            unsynced: false,
        };
        if journal.length > SMALL && records > state.size().saturating_mul(GROWTH as usize) {
            journal.rewrite(&state, now)?;
        }
        Ok((journal, state))
    }

    /// Writes a transaction: all of the records or, after an error, none.
    pub(crate) fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let line = line_of(records)?;
        self.cut_torn_tail()?;
        self.file.seek(SeekFrom::Start(self.length))?;
        if let Err(error) = self.file.write_all(&line) {
            // Best effort: a tail that stays is cut off before the next append, or at the next opening.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += line.len() as u64;
        self.unsynced = true;
        Ok(())
    }

    /// Waits until the disk has everything that was written.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Rewrites the journal when it is much larger than the state it describes.
    pub(crate) fn tidy(&mut self, state: &State, now: Timestamp) -> Result<(), Error> {
        if self.length > self.fresh_length.max(SMALL).saturating_mul(GROWTH) {
            self.rewrite(state, now)?;
        }
        Ok(())
    }

    fn cut_torn_tail(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() > self.length {
            self.file.set_len(self.length)?;
        }
        Ok(())
    }

    fn rewrite(&mut self, state: &State, now: Timestamp) -> Result<(), Error> {
        *self = Self::begin(self.path.clone(), state, now)?;
        Ok(())
    }

    /// Puts a fresh journal in place, whole or not at all.
    fn begin(path: PathBuf, state: &State, now: Timestamp) -> Result<Self, Error> {
        let temporary = path.with_extension("new");
        let written = write_fresh(&temporary, state, now);
        let (file, length) = written.map_err(io_error("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(io_error("write", &path))?;
        sync_directory(&path).map_err(io_error("write", &path))?;
        Ok(Self {
            path,
            file,
            length,
            fresh_length: length,
            unsynced: false,
        })
    }
}

fn write_fresh(path: &Path, state: &State, now: Timestamp) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Parameters of type SecureString are in it: it is for its owner alone.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let mut writer = io::BufWriter::new(file);
    let header = format!("{HEADER_NAME} {HEADER_VERSION}\n");
    writer.write_all(header.as_bytes())?;
    let mut length = header.len() as u64;
    for record in state.snapshot(now) {
        let line = line_of(std::slice::from_ref(&record))?;
        writer.write_all(&line)?;
        length += line.len() as u64;
    }
    let file = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok((file, length))
}

/// Makes the rename itself durable.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// A folder cannot be synced here; the rename is durable once the system writes it.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn line_of(records: &[Record]) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(records).map_err(io::Error::other)?;
    let mut line = format!("{:08x} ", crc32fast::hash(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// What a journal tells.
struct Replayed {
    state: State,
    /// Where the last whole line ends.
    whole: u64,
    /// How many records led to the state.
    records: usize,
}

fn replay(path: &Path, text: &[u8]) -> Result<Replayed, Error> {
    let corrupted = |line: usize, reason: &str| Error::Corrupted {
        file: path.to_owned(),
        line,
        reason: reason.to_owned(),
    };
    let mut state = State::default();
    let mut whole = 0;
    let mut count = 0;
    for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let number = index + 1;
        let Some(content) = line.strip_suffix(b"\n") else {
            if index == 0 {
                return Err(corrupted(number, "it does not begin like a state file"));
            }
            break;
        };
        if index == 0 {
            check_header(path, content)?;
        } else {
            let records = read_line(content).map_err(|reason| corrupted(number, reason))?;
            count += records.len();
            for record in records {
                state.apply(record);
            }
        }
        whole += line.len() as u64;
    }
    if whole == 0 {
        return Err(corrupted(1, "it is empty"));
    }
    Ok(Replayed {
        state,
        whole,
        records: count,
    })
}

fn check_header(path: &Path, content: &[u8]) -> Result<(), Error> {
    let header = String::from_utf8_lossy(content);
    match header.split_once(' ') {
        Some((HEADER_NAME, HEADER_VERSION)) => Ok(()),
        Some((HEADER_NAME, version)) => Err(Error::Version {
            file: path.to_owned(),
            version: version.to_owned(),
        }),
        _ => Err(Error::Corrupted {
            file: path.to_owned(),
            line: 1,
            reason: "it does not begin like a state file".to_owned(),
        }),
    }
}

fn read_line(content: &[u8]) -> Result<Vec<Record>, &'static str> {
    let (checksum, json) = content.split_at_checked(9).ok_or("the line is too short")?;
    let checksum = std::str::from_utf8(checksum)
        .ok()
        .and_then(|text| u32::from_str_radix(text.trim_end(), 16).ok())
        .ok_or("the line has no checksum")?;
    if crc32fast::hash(json) != checksum {
        return Err("the checksum does not match");
    }
    serde_json::from_slice(json).map_err(|_| "the line is not a list of records")
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str) -> Record {
        Record::Bucket(name.to_owned(), Timestamp::UNIX_EPOCH)
    }

    fn open(directory: &Path) -> Result<(Journal, State), Error> {
        Journal::open(directory, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_was_appended_is_there_again() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(directory.path()).unwrap();
        journal.append(&[bucket("a"), bucket("b")]).unwrap();
        journal.append(&[bucket("c")]).unwrap();
        drop(journal);
        let (_, state) = open(directory.path()).unwrap();
        assert_eq!(state.buckets.len(), 3);
    }

    #[test]
    fn a_torn_tail_is_cut_off_at_every_length() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE_NAME);
        let (mut journal, _) = open(directory.path()).unwrap();
        journal.append(&[bucket("a")]).unwrap();
        let before = journal.length;
        journal.append(&[bucket("b"), bucket("c")]).unwrap();
        drop(journal);
        let whole = fs::read(&file).unwrap();
        for cut in before as usize..whole.len() {
            fs::write(&file, &whole[..cut]).unwrap();
            let (mut journal, state) = open(directory.path()).unwrap();
            assert_eq!(state.buckets.len(), 1, "cut at {cut}");
            journal.append(&[bucket("d")]).unwrap();
            drop(journal);
            let (_, state) = open(directory.path()).unwrap();
            assert_eq!(state.buckets.len(), 2, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_reported_and_the_file_kept() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(FILE_NAME);
        let (mut journal, _) = open(directory.path()).unwrap();
        journal.append(&[bucket("a")]).unwrap();
        journal.append(&[bucket("b")]).unwrap();
        drop(journal);
        let whole = fs::read(&file).unwrap();
        // The last byte is the line feed: without it the last line is torn, not corrupted.
        for place in 0..whole.len() - 1 {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&file, &damaged).unwrap();
            let error = open(directory.path()).expect_err("it is damaged");
            assert!(
                matches!(error, Error::Corrupted { .. } | Error::Version { .. }),
                "{place}: {error}"
            );
            assert_eq!(fs::read(&file).unwrap(), damaged);
        }
    }

    #[test]
    fn an_empty_or_foreign_file_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        for text in ["", "{}", "hello\n", "chitinfra-local 2\n"] {
            fs::write(directory.path().join(FILE_NAME), text).unwrap();
            open(directory.path()).expect_err(text);
        }
    }

    #[test]
    fn a_rewritten_journal_holds_the_same_state() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, mut state) = open(directory.path()).unwrap();
        for _ in 0..10 {
            journal.append(&[bucket("a")]).unwrap();
        }
        state.apply(bucket("a"));
        let long = journal.length;
        journal.rewrite(&state, Timestamp::UNIX_EPOCH).unwrap();
        assert!(journal.length < long);
        journal.append(&[bucket("b")]).unwrap();
        drop(journal);
        let (_, state) = open(directory.path()).unwrap();
        assert_eq!(state.buckets.len(), 2);
    }
}
