//! Names of people, instances, rooms and files, each checked where it is made.

use std::{fmt, sync::Arc};

use crate::Error;

/// A text that is no such name. It does not hold the text, which may come from anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {expected}")]
pub struct InvalidIdentifier {
    what: &'static str,
    expected: &'static str,
}

/// RFC 4648 base32, in lowercase as in host names.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// The most bytes of a [`Sub`] or a [`RoomId`].
const LONGEST: usize = 128;
const INSTANCE_LENGTH: usize = 10;
/// 128 random bits.
const FILE_NAME_LENGTH: usize = 26;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text that is one.
            ///
            /// # Errors
            /// It is none.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidIdentifier> {
                let text = text.as_ref();
                if $is_valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidIdentifier { what: $what, expected: $expected })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// A user, by the `sub` claim of their
    /// [Cognito tokens](https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).
    Sub,
    "a user",
    "1 to 128 letters, digits, `-` and `_`",
    is_word
);

identifier!(
    /// A customer's space, and the label of their subdomain.
    InstanceId,
    "an instance",
    "10 characters of lowercase base32",
    |text: &str| is_base32(text, INSTANCE_LENGTH)
);

identifier!(
    /// A room within an instance.
    RoomId,
    "a room",
    "1 to 128 letters, digits, `-` and `_`",
    is_word
);

identifier!(
    /// A file within an instance. Whoever knows it may fetch the file.
    FileName,
    "a file name",
    "26 characters of lowercase base32",
    |text: &str| is_base32(text, FILE_NAME_LENGTH)
);

impl InstanceId {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random() -> Result<Self, Error> {
        random_base32::<INSTANCE_LENGTH>().map(Self)
    }
}

impl FileName {
    /// A new one, of 128 random bits.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn random() -> Result<Self, Error> {
        random_base32::<FILE_NAME_LENGTH>().map(Self)
    }
}

/// The key of a file's object: `instances/<instance>/<file>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey {
    instance: InstanceId,
    name: FileName,
}

impl FileKey {
    /// The key of a file of an instance.
    pub fn of(instance: &InstanceId, name: &FileName) -> Self {
        Self {
            instance: instance.clone(),
            name: name.clone(),
        }
    }

    /// Reads a key.
    ///
    /// # Errors
    /// It is none.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidIdentifier> {
        let invalid = InvalidIdentifier {
            what: "a file key",
            expected: "`instances/<instance>/<file>`",
        };
        let (instance, name) = text
            .as_ref()
            .strip_prefix("instances/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(invalid)?;
        Ok(Self {
            instance: InstanceId::new(instance).map_err(|_| invalid)?,
            name: FileName::new(name).map_err(|_| invalid)?,
        })
    }

    /// The instance it is of.
    pub fn instance(&self) -> &InstanceId {
        &self.instance
    }

    /// The file within the instance.
    pub fn name(&self) -> &FileName {
        &self.name
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instances/{}/{}", self.instance, self.name)
    }
}

fn is_word(text: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_of_word)
}

fn is_base32(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| BASE32.contains(&byte))
}

/// Each character from the low five bits of a random byte.
fn random_base32<const LENGTH: usize>() -> Result<Arc<str>, Error> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(Error::Randomness)?;
    let character = |byte: u8| char::from(BASE32[usize::from(byte & 31)]);
    Ok(bytes.into_iter().map(character).collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(Sub::new("1b2c3d4e-0000-4000-8000-123456789abc").is_ok());
        for text in ["", "a b", "a/b", "é", &"a".repeat(129)] {
            assert!(Sub::new(text).is_err(), "{text}");
            assert!(RoomId::new(text).is_err(), "{text}");
        }
        assert!(InstanceId::new("abcdefg234").is_ok());
        for text in ["abcdefg23", "abcdefg2345", "ABCDEFG234", "abcdefg231"] {
            assert!(InstanceId::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = FileKey::of(&InstanceId::random().unwrap(), &FileName::random().unwrap());
        assert_eq!(FileKey::new(key.to_string()), Ok(key.clone()));
        let text = key.to_string();
        for wrong in [
            format!("/{text}"),
            format!("{text}/x"),
            format!("{text}x"),
            text.replace("instances", "instance"),
            text.replace('/', "//"),
            text.to_uppercase(),
        ] {
            assert!(FileKey::new(&wrong).is_err(), "{wrong}");
        }
    }
}
