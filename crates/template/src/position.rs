//! Where the parts of a template stand in its text.

use std::{collections::HashMap, fmt};

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
    /// `indexes` is kept from one call to the next.
    pub(crate) fn follow<'v, S: AsRef<str>>(
        &self,
        value: &'v Value,
        path: &[S],
        indexes: &mut Indexes<'v>,
    ) -> (Position, usize) {
        let mut places = self;
        let mut value = value;
        let mut place = self.place;
        for (depth, segment) in path.iter().enumerate() {
            let Some((index, child)) = indexes.step(value, segment.as_ref()) else {
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

/// Which place among its siblings every member of the larger objects has, once one was asked for.
///
/// An object knows the value of a key, but not its index: who asks for many would search it through each time.
#[derive(Debug, Default)]
pub(crate) struct Indexes<'v>(HashMap<usize, HashMap<&'v str, usize>>);

impl<'v> Indexes<'v> {
    /// Objects with fewer members are searched.
    const FEW: usize = 16;

    /// The child of `value` called `segment`, and its index.
    fn step(&mut self, value: &'v Value, segment: &str) -> Option<(usize, &'v Value)> {
        match value {
            Value::Object(members) => {
                let child = members.get(segment)?;
                let index = if members.len() <= Self::FEW {
                    members.keys().position(|key| key == segment)
                } else {
                    let keys = || members.keys().map(String::as_str).zip(0..).collect();
                    let object = std::ptr::from_ref(value).addr();
                    let indexes = self.0.entry(object).or_insert_with(keys);
                    indexes.get(segment).copied()
                };
                Some((index?, child))
            }
            Value::Array(elements) => {
                let index = segment.parse().ok()?;
                elements.get(index).map(|child| (index, child))
            }
            _ => None,
        }
    }
}
