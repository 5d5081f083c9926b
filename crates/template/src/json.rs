//! JSON: values by `serde_json`, places by a scan of the text it accepted.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fmt,
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{
    position::{Places, Position},
    template::{GET_ATT, MAXIMUM_DEPTH, MOST_ERRORS, ParseError, split_get_att, too_deep},
};

/// What the reader says of too deep nesting.
const TOO_DEEP: &str = "nested too deep";

/// Reads a JSON document; every key that stands twice in one object is an error.
pub(crate) fn parse(text: &str) -> Result<Value, Vec<ParseError>> {
    let document = Document::default();
    let value = document
        .read(text, 0)
        .map_err(|error| vec![describe(text, &error)])?;
    if document.has_repeated_keys.get() {
        return Err(Scan::new(text).repeated_keys());
    }
    Ok(value)
}

/// Where everything stands in a text that [`parse`] accepted.
pub(crate) fn places(text: &str) -> Places {
    Scan::new(text).document()
}

/// The error of `serde_json` with its position apart, counted in characters.
fn describe(text: &str, error: &serde_json::Error) -> ParseError {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    let line = text.split('\n').nth(error.line().saturating_sub(1));
    let column = line.map_or(1, |line| {
        line.char_indices()
            .take_while(|(index, _)| *index < error.column())
            .count()
    });
    let place = Position::new(error.line().max(1), column.max(1));
    if message == TOO_DEEP {
        return too_deep(place);
    }
    ParseError::new(
        place,
        format!("the text is not JSON: {}", in_words(message)),
    )
}

/// What the reader says, in words of someone who writes the text, with what to do.
fn in_words(message: &str) -> &str {
    match message {
        "EOF while parsing a list" => "it ends before a list is closed by `]`",
        "EOF while parsing an object" => "it ends before an object is closed by `}`",
        "EOF while parsing a string" => "it ends before a string is closed by `\"`",
        "EOF while parsing a value" => "it ends where a value must stand",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a control character stands in a string; write it as an escape, `\\n` or `\\u0009`"
        }
        "expected ident" => "this is no value; a text must be in double quotes",
        "expected value" => "a value must stand here; a text must be in double quotes",
        "invalid escape" => "there is no such escape; write a backslash twice",
        "key must be a string" => "a key must be in double quotes",
        "trailing characters" => "nothing may follow the end of the template",
        "trailing comma" => "nothing follows this comma; remove it",
        other => other,
    }
}

/// What is kept while a document is read.
///
/// Members and elements wait here until their object or list ends, which then takes the memory that they need and no
/// more: how many there are is not known before, and objects that grow take several times as much.
#[derive(Default)]
pub(crate) struct Document {
    has_repeated_keys: Cell<bool>,
    members: RefCell<Vec<(String, Value)>>,
    elements: RefCell<Vec<Value>>,
}

impl Document {
    /// Reads a value of the document that stands that deep in it, as [`parse`] does; `None` where that would tell an error.
    pub(crate) fn part(&self, text: &str, depth: usize) -> Option<Value> {
        let value = self.read(text, depth).ok()?;
        (!self.has_repeated_keys.get()).then_some(value)
    }

    fn read(&self, text: &str, depth: usize) -> serde_json::Result<Value> {
        let reader = Reader {
            document: self,
            depth,
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let value = reader.deserialize(&mut deserializer)?;
        deserializer.end().map(|()| value)
    }
}

/// Builds a value as `serde_json` does, noticing keys that stand twice and too deep nesting.
#[derive(Clone, Copy)]
struct Reader<'a> {
    document: &'a Document,
    depth: usize,
}

impl Reader<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAXIMUM_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let reader = self.deeper()?;
        let waiting = &self.document.elements;
        let start = waiting.borrow().len();
        while let Some(element) = elements.next_element_seed(reader)? {
            waiting.borrow_mut().push(element);
        }
        let list = waiting.borrow_mut().drain(start..).collect();
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let reader = self.deeper()?;
        let waiting = &self.document.members;
        let start = waiting.borrow().len();
        while let Some(key) = members.next_key::<String>()? {
            let mut value = members.next_value_seed(reader)?;
            if key == GET_ATT {
                split_get_att(&mut value);
            }
            waiting.borrow_mut().push((key, value));
        }
        let mut waiting = waiting.borrow_mut();
        let count = waiting.len() - start;
        let object: Map<String, Value> = waiting.drain(start..).collect();
        if object.len() < count {
            self.document.has_repeated_keys.set(true);
        }
        Ok(Value::Object(object))
    }
}

/// A walk over text that is known to be JSON and not too deep, so it may trust every byte it meets.
struct Scan<'a> {
    text: &'a str,
    index: usize,
    line: usize,
    line_start: usize,
    /// How many bytes before `index` on this line do not begin a character.
    continuations: usize,
    errors: Option<Vec<ParseError>>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            index: 0,
            line: 1,
            line_start: 0,
            continuations: 0,
            errors: None,
        }
    }

    fn document(mut self) -> Places {
        self.blank();
        let place = self.here();
        self.value(place)
    }

    /// One error for each key that its object already has.
    fn repeated_keys(mut self) -> Vec<ParseError> {
        self.errors = Some(Vec::new());
        self.blank();
        let place = self.here();
        self.value(place);
        self.errors.unwrap_or_default()
    }

    fn byte(&self) -> u8 {
        self.text
            .as_bytes()
            .get(self.index)
            .copied()
            .unwrap_or(b'\0')
    }

    fn here(&self) -> Position {
        let column = self.index - self.line_start - self.continuations + 1;
        Position::new(self.line, column)
    }

    fn blank(&mut self) {
        loop {
            match self.byte() {
                b'\n' => {
                    self.index += 1;
                    self.line += 1;
                    self.line_start = self.index;
                    self.continuations = 0;
                }
                b' ' | b'\t' | b'\r' => self.index += 1,
                _ => return,
            }
        }
    }

    /// Passes a string and gives what stands between its quotes, escapes as written.
    fn string(&mut self) -> &'a str {
        let start = self.index + 1;
        self.index = start;
        loop {
            match self.byte() {
                b'"' | b'\0' => break,
                b'\\' => self.index += 2,
                byte => {
                    self.continuations += usize::from(byte & 0b1100_0000 == 0b1000_0000);
                    self.index += 1;
                }
            }
        }
        let inner = self.text.get(start..self.index).unwrap_or_default();
        self.index += 1;
        inner
    }

    fn value(&mut self, place: Position) -> Places {
        let mut places = Places::leaf(place);
        match self.byte() {
            b'{' => {
                let mut keys = HashMap::new();
                self.index += 1;
                self.blank();
                while self.byte() == b'"' {
                    let place = self.here();
                    let key = self.string();
                    if let Some(errors) = &mut self.errors
                        && errors.len() < MOST_ERRORS
                        && let Some(first) = keys.insert(unescape(key), place)
                    {
                        errors.push(repeated_key(&unescape(key), first, place));
                    }
                    self.blank();
                    self.index += 1; // the colon
                    self.blank();
                    places.children.push(self.value(place));
                    self.comma();
                }
                self.index += 1;
            }
            b'[' => {
                self.index += 1;
                self.blank();
                while !matches!(self.byte(), b']' | b'\0') {
                    let place = self.here();
                    places.children.push(self.value(place));
                    self.comma();
                }
                self.index += 1;
            }
            b'"' => {
                self.string();
            }
            _ => {
                while !matches!(
                    self.byte(),
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' | b'\0'
                ) {
                    self.index += 1;
                }
            }
        }
        places
    }

    fn comma(&mut self) {
        self.blank();
        if self.byte() == b',' {
            self.index += 1;
            self.blank();
        }
    }
}

/// The key that a quoted text stands for.
fn unescape(key: &str) -> String {
    serde_json::from_str(&format!("\"{key}\"")).unwrap_or_else(|_| key.to_owned())
}

/// Says that `key` stands twice in one object.
pub(crate) fn repeated_key(key: &str, first: Position, second: Position) -> ParseError {
    ParseError::new(
        second,
        format!("key `{key}` stands here a second time; the first is at {first}"),
    )
}
