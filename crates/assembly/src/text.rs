//! Texts of a form of their own, read so that a mistake is told with its place.

use std::{
    fmt::{self, Display},
    marker::PhantomData,
};

use serde::{Deserializer, de};

/// Reads a text that must be of some form. What is wrong with it is told with the text's own line and column; serde's
/// `try_from` knows those of the surroundings only.
///
/// # Errors
/// It is not a text, or `read` refuses it.
pub fn deserialize_text<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Reader {
        read,
        of: PhantomData,
    })
}

struct Reader<F, T, E> {
    read: F,
    of: PhantomData<fn() -> (T, E)>,
}

impl<T, E: Display, F: FnOnce(&str) -> Result<T, E>> de::Visitor<'_> for Reader<F, T, E> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<R: de::Error>(self, text: &str) -> Result<T, R> {
        (self.read)(text).map_err(R::custom)
    }
}
