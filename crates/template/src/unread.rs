//! Texts of JSON that are gone over and left unread.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

use crate::template::MAXIMUM_DEPTH;

/// The most members of an object that is gone over: each key is looked for among those before it.
const MOST_MEMBERS: usize = 64;

/// What is met in a text that is gone over, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'t> {
    /// The key of a member; its value follows.
    Key(&'t str),
    /// A text that is no key.
    Text(&'t str),
    /// A number, a boolean or a null.
    Scalar,
    /// The beginning of a list.
    List,
}

/// Goes over a value that stands that deep in a document, and tells `note` what is in it, until that has enough. Whether
/// it came to the end, so that reading the value would meet no error.
pub(crate) fn go_over(text: &str, depth: usize, note: &mut dyn FnMut(Token<'_>) -> bool) -> bool {
    let mut walk = Walk {
        note,
        keys: Vec::new(),
    };
    let step = Step {
        walk: &mut walk,
        depth,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    step.deserialize(&mut deserializer).is_ok() && deserializer.end().is_ok()
}

struct Walk<'n, 't> {
    note: &'n mut dyn FnMut(Token<'_>) -> bool,
    /// The keys of all objects that are not at their end.
    keys: Vec<&'t str>,
}

impl Walk<'_, '_> {
    fn tell<E: Error>(&mut self, token: Token<'_>) -> Result<(), E> {
        // Whatever the error says, nobody is told.
        (self.note)(token)
            .then_some(())
            .ok_or_else(|| E::custom(""))
    }
}

/// A value on the way.
struct Step<'w, 'n, 't> {
    walk: &'w mut Walk<'n, 't>,
    depth: usize,
}

impl Step<'_, '_, '_> {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        let is_too_deep = self.depth == MAXIMUM_DEPTH;
        (!is_too_deep)
            .then_some(self.depth + 1)
            .ok_or_else(|| E::custom(""))
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.walk.tell(Token::Scalar)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.walk.tell(Token::Scalar)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.walk.tell(Token::Scalar)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.walk.tell(Token::Scalar)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.walk.tell(Token::Scalar)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.tell(Token::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let walk = self.walk;
        walk.tell(Token::List)?;
        let mut is_more = Some(());
        while is_more.is_some() {
            is_more = elements.next_element_seed(Step { walk, depth })?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let walk = self.walk;
        let start = walk.keys.len();
        // A key with an escape in it is none that can be borrowed, and an error.
        while let Some(key) = members.next_key::<&str>()? {
            let before = &walk.keys[start..];
            if before.len() == MOST_MEMBERS || before.contains(&key) {
                return Err(A::Error::custom(""));
            }
            walk.keys.push(key);
            walk.tell(Token::Key(key))?;
            members.next_value_seed(Step { walk, depth })?;
        }
        walk.keys.truncate(start);
        Ok(())
    }
}
