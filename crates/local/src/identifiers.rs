//! Identifiers that look like AWS's and are the same for the same seed and history.

use sha2::{Digest, Sha256};

/// Bytes that depend on all the parts and nothing else.
fn digest(seed: u64, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// A UUID of version 4 in form.
pub(crate) fn uuid(seed: u64, parts: &[&str]) -> String {
    let mut bytes = digest(seed, parts);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hexadecimal(&bytes[..16]);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A word of `length` characters out of an alphabet; at most 64.
pub(crate) fn word(seed: u64, parts: &[&str], alphabet: &str, length: usize) -> String {
    let alphabet = alphabet.as_bytes();
    let first = digest(seed, parts);
    let second = digest(seed.wrapping_add(1), parts);
    first
        .iter()
        .chain(&second)
        .take(length)
        .map(|&byte| char::from(alphabet[usize::from(byte) % alphabet.len()]))
        .collect()
}

/// The digest of a text, in hexadecimal: the name under which a template is kept.
pub(crate) fn content_digest(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Lower-case letters and digits.
pub(crate) const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
/// Capital letters and digits.
pub(crate) const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Letters of both cases and digits.
pub(crate) const MIXED: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// Hexadecimal digits.
pub(crate) const HEXADECIMAL: &str = "0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_form_and_depend_on_every_part() {
        let one = uuid(0, &["ab", "c"]);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert_eq!(one, uuid(0, &["ab", "c"]));
        assert_ne!(one, uuid(0, &["a", "bc"]));
        assert_ne!(one, uuid(1, &["ab", "c"]));
        assert_eq!(word(0, &["x"], LOWER, 9).len(), 9);
    }
}
