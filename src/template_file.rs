//! Reading a template file that a person named.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use template::MAXIMUM_LENGTH;

use crate::error::CommandError;

/// The content of a file, as far as a template may reach: one byte more shows that it is too long, and a device that
/// never ends is read no further.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, CommandError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let longest = MAXIMUM_LENGTH as u64 + 1;
        File::open(file)?.take(longest).read_to_end(&mut content)?;
        Ok(content)
    };
    read().map_err(|error| CommandError::cannot_read(file, &error))
}
