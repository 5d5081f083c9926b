//! Help for the types of a program's own settings.

use std::fmt::Display;

use serde::Deserializer;

/// Reads a text that must be of some form. What is wrong with it is told with the text's own line and column; serde's
/// `try_from` knows those of the surroundings only.
///
/// ```
/// use constructs::settings;
/// use serde::{Deserialize, Deserializer};
///
/// struct Team(String);
///
/// impl Team {
///     fn new(text: &str) -> Result<Self, String> {
///         match text.contains(' ') {
///             false => Ok(Self(text.to_owned())),
///             true => Err(format!("team `{text}` has a space")),
///         }
///     }
/// }
///
/// impl<'de> Deserialize<'de> for Team {
///     fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
///         settings::text(deserializer, Self::new)
///     }
/// }
/// ```
///
/// # Errors
/// It is not a text, or `read` refuses it.
pub fn text<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    assembly::deserialize_text(deserializer, read)
}
