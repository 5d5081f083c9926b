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
        let longest = MAXIMUM_LENGTH as u64 + 1;
        let file = File::open(file)?;
        // With a byte to spare the end shows without more memory. A device has no length.
        let length = file.metadata()?.len().min(longest);
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        file.take(longest).read_to_end(&mut content)?;
        Ok(content)
    };
    read().map_err(|error| CommandError::cannot_read(file, &error))
}
