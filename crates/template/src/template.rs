//! A template read from text: its body as plain JSON, and where everything in it stands.

use std::{borrow::Cow, fmt, sync::OnceLock};

use serde_json::{Map, Value};

use crate::{
    finding::one_line,
    json,
    position::{Indexes, Places, Position},
    yaml,
};

/// How deep a template may nest. CloudFormation's own limit is not published; no template that means something comes near.
pub const MAXIMUM_DEPTH: usize = 120;

/// How many bytes the aliases of a YAML template may stand for: several times what a whole template may have.
pub const MAXIMUM_EXPANSION: usize = 4_000_000;

/// How long a text may be, in bytes: several times what CloudFormation takes, 1,000,000.
pub const MAXIMUM_LENGTH: usize = 4_000_000;

/// How many errors of one text are told; who makes more of them has made one a hundred times.
pub(crate) const MOST_ERRORS: usize = 100;

/// The one function whose string form, `Resource.Attribute`, means a list.
pub(crate) const GET_ATT: &str = "Fn::GetAtt";

/// The form a template is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON: the text begins with `{`, as CloudFormation decides it.
    Json,
    /// YAML: anything else.
    Yaml,
}

/// Why a text is not a template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// Where it was noticed.
    pub position: Position,
    /// What is wrong: lowercase, no full stop.
    pub message: String,
}

impl ParseError {
    pub(crate) fn new(position: Position, message: impl Into<String>) -> Self {
        Self {
            position,
            message: one_line(message.into()),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.position, self.message)
    }
}

/// A template: its body with YAML's short forms written out, and where everything stands.
#[derive(Debug)]
pub struct Template {
    format: Format,
    text: String,
    body: Value,
    places: OnceLock<Places>,
    remarks: Vec<Remark>,
}

/// Something in the text that its meaning, the body, no longer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    pub(crate) position: Position,
    pub(crate) kind: RemarkKind,
}

/// What a [`Remark`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RemarkKind {
    /// A YAML alias, `*name`.
    Alias,
    /// A YAML merge key, `<<`.
    Merge,
    /// An unquoted scalar that YAML 1.1 reads as another number than it looks: leading zero (octal), colons (base 60).
    Number {
        /// As it is written.
        written: String,
        /// As it is read.
        read: String,
    },
}

impl Template {
    /// Reads a template from its bytes, which must be UTF-8.
    ///
    /// # Errors
    /// As [`Template::parse`], or the bytes are not UTF-8.
    pub fn parse_bytes<'t>(bytes: impl Into<Cow<'t, [u8]>>) -> Result<Self, Vec<ParseError>> {
        let bytes = bytes.into();
        check_length(&bytes)?;
        match String::from_utf8(bytes.into_owned()) {
            Ok(text) => Self::read(text),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let valid = String::from_utf8_lossy(&error.as_bytes()[..valid]);
                let message = match error.as_bytes() {
                    [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => {
                        "the text is UTF-16; save it as UTF-8, the only encoding that is read"
                    }
                    _ => "the text is not UTF-8; save it in that encoding",
                };
                Err(vec![ParseError::new(end_of(&valid), message)])
            }
        }
    }

    /// Reads a template from its text, JSON when it begins with `{` and YAML otherwise.
    ///
    /// # Errors
    /// The text is longer than [`MAXIMUM_LENGTH`], malformed, has a key twice in one mapping, a tag that CloudFormation does not know, is nested deeper
    /// than [`MAXIMUM_DEPTH`], has aliases that stand for more than [`MAXIMUM_EXPANSION`] bytes, or is not a mapping. The
    /// keys found twice are told at once, a hundred at most; of malformed text only the first place is known.
    pub fn parse(text: &str) -> Result<Self, Vec<ParseError>> {
        check_length(text.as_bytes())?;
        Self::read(text.to_owned())
    }

    /// Reads a text that is not too long.
    fn read(mut text: String) -> Result<Self, Vec<ParseError>> {
        if text.starts_with('\u{feff}') {
            text.remove(0);
        }
        let format = if text.trim_start().starts_with('{') {
            Format::Json
        } else {
            Format::Yaml
        };
        let (body, places, remarks) = match format {
            Format::Json => (json::parse(&text)?, OnceLock::new(), Vec::new()),
            Format::Yaml => {
                let document = yaml::parse(&text)?;
                (document.body, document.places.into(), document.remarks)
            }
        };
        if !body.is_object() {
            let message = "a template is a mapping of sections such as `Resources`";
            return Err(vec![ParseError::new(Position::START, message)]);
        }
        Ok(Self {
            format,
            text,
            body,
            places,
            remarks,
        })
    }

    /// The form it was written in.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The body, an object, with short forms such as `!Ref` written out; members stand in the order of the text.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// Gives the body away.
    pub fn into_body(self) -> Value {
        self.body
    }

    /// Gives the body's members away.
    pub(crate) fn into_members(self) -> Map<String, Value> {
        match self.body {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// Where `path` stands: the key of a member, the beginning of an element, which is named by its index.
    ///
    /// `None` when the template has no such path.
    pub fn position<S: AsRef<str>>(&self, path: &[S]) -> Option<Position> {
        let (place, found) = self.follow(path, &mut Indexes::default());
        (found == path.len()).then_some(place)
    }

    /// Where `path` stands or, when the template has no such path, the nearest part around it.
    pub fn nearest_position<S: AsRef<str>>(&self, path: &[S]) -> Position {
        self.follow(path, &mut Indexes::default()).0
    }

    /// The nearest part of the template around `path`, and how many steps of it were found.
    pub(crate) fn follow<'t, S: AsRef<str>>(
        &'t self,
        path: &[S],
        indexes: &mut Indexes<'t>,
    ) -> (Position, usize) {
        self.places().follow(&self.body, path, indexes)
    }

    /// What the body no longer shows, in the order of the text.
    pub(crate) fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// The body's members.
    pub(crate) fn members(&self) -> &Map<String, Value> {
        self.body
            .as_object()
            .expect("parsing refuses every other body")
    }

    /// JSON is scanned for places only when the first is asked for: plans without a finding never pay for it.
    fn places(&self) -> &Places {
        self.places.get_or_init(|| json::places(&self.text))
    }
}

/// Writes `Resource.Attribute` as the list it means; the attribute may hold further dots.
pub(crate) fn split_get_att(argument: &mut Value) {
    if let Value::String(text) = argument
        && let Some((resource, attribute)) = text.split_once('.')
    {
        *argument = Value::from(vec![resource, attribute]);
    }
}

/// Refuses a text that is too long, where it becomes so.
fn check_length(bytes: &[u8]) -> Result<(), Vec<ParseError>> {
    if bytes.len() <= MAXIMUM_LENGTH {
        return Ok(());
    }
    let message = format!(
        "the text is longer than {MAXIMUM_LENGTH} bytes; CloudFormation takes 1000000 and nothing beyond is read"
    );
    let place = end_of(&String::from_utf8_lossy(&bytes[..MAXIMUM_LENGTH]));
    Err(vec![ParseError::new(place, message)])
}

/// What is said wherever a text nests too deep.
pub(crate) fn too_deep(place: Position) -> ParseError {
    let message =
        format!("nested deeper than {MAXIMUM_DEPTH} levels, more than any template needs");
    ParseError::new(place, message)
}

/// The position behind the last character of `text`.
pub(crate) fn end_of(text: &str) -> Position {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    Position::new(
        text.matches('\n').count() + 1,
        last_line.chars().count() + 1,
    )
}
