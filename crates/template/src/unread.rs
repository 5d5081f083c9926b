//! Texts of JSON that are gone over and left unread.

use std::borrow::Cow;

use serde_json::Value;

use crate::{cursor::Cursor, template::MAXIMUM_DEPTH};

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
    let mut cursor = Cursor::new(text);
    let mut walk = Walk {
        note,
        keys: Vec::new(),
    };
    walk.value(&mut cursor, depth).is_some() && cursor.index == text.len()
}

/// Each step is `None` where an error is met, or what is read as easily.
struct Walk<'n, 't> {
    note: &'n mut dyn FnMut(Token<'_>) -> bool,
    /// The keys of all objects that are not at their end.
    keys: Vec<&'t str>,
}

impl<'t> Walk<'_, 't> {
    fn value(&mut self, cursor: &mut Cursor<'t>, depth: usize) -> Option<()> {
        match cursor.byte()? {
            b'"' => {
                let text = text(cursor)?;
                self.tell(Token::Text(&text))
            }
            b'{' => self.object(cursor, deeper(depth)?),
            b'[' => {
                let depth = deeper(depth)?;
                self.tell(Token::List)?;
                cursor.each(b']', |cursor, _| self.value(cursor, depth))
            }
            _ => {
                read(cursor.word()?)?;
                self.tell(Token::Scalar)
            }
        }
    }

    fn object(&mut self, cursor: &mut Cursor<'t>, depth: usize) -> Option<()> {
        let start = self.keys.len();
        cursor.each(b'}', |cursor, _| {
            let key = cursor.key()?;
            let before = &self.keys[start..];
            if before.len() == MOST_MEMBERS || before.contains(&key) {
                return None;
            }
            self.keys.push(key);
            self.tell(Token::Key(key))?;
            self.value(cursor, depth)
        })?;
        self.keys.truncate(start);
        Some(())
    }

    fn tell(&mut self, token: Token<'_>) -> Option<()> {
        (self.note)(token).then_some(())
    }
}

fn deeper(depth: usize) -> Option<usize> {
    (depth < MAXIMUM_DEPTH).then_some(depth + 1)
}

/// Passes a string and gives what it stands for.
fn text<'t>(cursor: &mut Cursor<'t>) -> Option<Cow<'t, str>> {
    if let Some(text) = cursor.plain_string() {
        return Some(text.into());
    }
    match read(cursor.string()?)? {
        Value::String(text) => Some(text.into()),
        _ => None,
    }
}

/// What the reader makes of a text without members and elements.
fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}
