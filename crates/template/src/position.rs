//! Where the parts of a template stand in its text.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// A place in a text; both numbers count from one, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character within the line.
    pub column: u32,
}

impl Position {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };

    /// Makes a position from counts of any size.
    pub(crate) fn new(line: usize, column: usize) -> Self {
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// Where a value and its parts stand; as deep as the value, with the children in the value's own order.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Where the member's key stands, or the value itself when it has none.
    pub(crate) place: Position,
    /// Members of an object or elements of a list.
    pub(crate) children: Vec<Self>,
}

impl Places {
    /// A value without parts.
    pub(crate) fn leaf(place: Position) -> Self {
        Self {
            place,
            children: Vec::new(),
        }
    }

    /// Follows `path` into `value`: the place it ends at, and how many steps of it were found.
    ///
    /// Where the value is deeper than the text (a dotted `GetAtt` read as a list), its last known place stands.
    pub(crate) fn follow<S: AsRef<str>>(&self, value: &Value, path: &[S]) -> (Position, usize) {
        let mut places = self;
        let mut value = value;
        let mut place = self.place;
        for (depth, segment) in path.iter().enumerate() {
            let Some((index, child)) = step(value, segment.as_ref()) else {
                return (place, depth);
            };
            value = child;
            if let Some(child) = places.children.get(index) {
                places = child;
                place = child.place;
            }
        }
        (place, path.len())
    }
}

/// The child of `value` called `segment`, and its index.
fn step<'a>(value: &'a Value, segment: &str) -> Option<(usize, &'a Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .enumerate()
            .find(|(_, (key, _))| *key == segment)
            .map(|(index, (_, child))| (index, child)),
        Value::Array(elements) => {
            let index = segment.parse().ok()?;
            elements.get(index).map(|child| (index, child))
        }
        _ => None,
    }
}
