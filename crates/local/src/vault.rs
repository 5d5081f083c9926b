//! Where secrets are kept: encrypted in the state, the key in a file of its own that only its owner may read.
//!
//! Whoever has both files can read the secrets, as with any key beside its lock. What this keeps them from is a copy of the
//! state: one that is sent with a report, kept as a backup or looked through. A state without its key still opens; what was
//! encrypted with the lost key is then lost.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

/// The key's file within the folder of the state.
pub(crate) const FILE_NAME: &str = "secrets.key";

const KEY_LENGTH: usize = 32;

/// Encrypts and decrypts with the key of one state.
pub(crate) struct Vault {
    /// None where the state lives in memory alone.
    file: Option<PathBuf>,
    key: OnceLock<[u8; KEY_LENGTH]>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// A vault whose key is in a folder, or made there when it is first needed.
    pub(crate) fn of(directory: &Path) -> Self {
        Self {
            file: Some(directory.join(FILE_NAME)),
            key: OnceLock::new(),
        }
    }

    /// A vault whose key is kept nowhere.
    pub(crate) fn in_memory() -> Self {
        Self {
            file: None,
            key: OnceLock::new(),
        }
    }

    /// Encrypts a value of this name.
    pub(crate) fn seal(&self, name: &str, value: &str) -> io::Result<String> {
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let mut bytes = value.as_bytes().to_vec();
        let sealed = self.cipher()?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name.as_bytes()),
            &mut bytes,
        );
        sealed.map_err(|_| io::Error::other("the value cannot be encrypted"))?;
        Ok(STANDARD.encode([nonce.as_slice(), &bytes].concat()))
    }

    /// Decrypts what was encrypted under this name.
    pub(crate) fn open(&self, name: &str, sealed: &str) -> io::Result<String> {
        let damaged = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "a secret cannot be decrypted with the key that is there",
            )
        };
        let mut bytes = STANDARD.decode(sealed).map_err(|_| damaged())?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged())?;
        let cipher = self.cipher()?;
        let opened = cipher.open_in_place(nonce, Aad::from(name.as_bytes()), text);
        let opened = opened.map_err(|_| damaged())?;
        String::from_utf8(opened.to_vec()).map_err(|_| damaged())
    }

    fn cipher(&self) -> io::Result<LessSafeKey> {
        let key = match self.key.get() {
            Some(key) => *key,
            None => *self.key.get_or_init({
                let key = self.read_or_make()?;
                move || key
            }),
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key);
        let key = key.map_err(|_| io::Error::other("the key has not the length of one"))?;
        Ok(LessSafeKey::new(key))
    }

    fn read_or_make(&self) -> io::Result<[u8; KEY_LENGTH]> {
        let Some(file) = &self.file else {
            return made();
        };
        match fs::read(file) {
            Ok(bytes) => bytes.try_into().map_err(|_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("`{}` is not a key", file.display()),
                )
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = made()?;
                write_for_owner(file, &key)?;
                Ok(key)
            }
            Err(error) => Err(error),
        }
    }
}

fn made() -> io::Result<[u8; KEY_LENGTH]> {
    let mut key = [0; KEY_LENGTH];
    fill(&mut key)?;
    Ok(key)
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let filled = SystemRandom::new().fill(bytes);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))
}

/// Writes a new file that only its owner may read, whole or not at all.
fn write_for_owner(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(&temporary)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    fs::rename(&temporary, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_own_name_with_its_own_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::of(folder.path());
        let sealed = vault.seal("/a", "hunter2").expect("it is sealed");
        assert!(!sealed.contains("hunter2"));
        assert_ne!(sealed, vault.seal("/a", "hunter2").expect("it is sealed"));
        // The key outlives the process.
        let vault = Vault::of(folder.path());
        assert_eq!(vault.open("/a", &sealed).expect("it opens"), "hunter2");
        for (name, sealed) in [
            ("/b", sealed.as_str()),
            ("/a", "AAAA"),
            ("/a", "-"),
            ("/a", ""),
        ] {
            assert!(vault.open(name, sealed).is_err(), "{name} {sealed}");
        }
        assert!(Vault::in_memory().open("/a", &sealed).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        Vault::of(folder.path())
            .seal("/a", "b")
            .expect("it is sealed");
        let file = fs::metadata(folder.path().join(FILE_NAME)).expect("it is there");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
