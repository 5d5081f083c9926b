//! Where the sections and the resources of a JSON template stand, found without reading what is in them.
//!
//! An outline leaves unread the values it names, and has checked all the rest of the text: where each of them is one value
//! of JSON and no more, the text is JSON, and they are what stands in it. So where a value ends may be guessed.

use std::collections::{HashMap, HashSet};

use memchr::{memchr3, memmem};

use crate::{cursor::Cursor, model::Section, template::GET_ATT};

/// Where the parts of a template stand.
pub(crate) struct Outline<'t> {
    /// The sections, but for the resources.
    pub(crate) sections: Vec<Member<'t>>,
    pub(crate) resources: Vec<Member<'t>>,
}

/// A member of an object.
#[derive(Clone, Copy)]
pub(crate) struct Member<'t> {
    pub(crate) name: &'t str,
    /// Its value as it is written.
    pub(crate) value: &'t str,
    /// The place among the resources of the other template of the one of this name that is written so too.
    pub(crate) same: Option<usize>,
}

impl<'t> Outline<'t> {
    /// The outline of a text; `None` where it is none of a template with resources, has a name twice, or a key that is
    /// not taken as it stands.
    ///
    /// `others` are the resources of another template: those that stand here too are the same, and not looked through.
    pub(crate) fn of(text: &'t str, others: &[Member<'_>]) -> Option<Self> {
        let places = others.iter().enumerate();
        let others: HashMap<&str, (usize, &str)> = places
            .map(|(place, other)| (other.name, (place, other.value)))
            .collect();
        let mut cursor = Cursor::new(text);
        let (mut sections, mut resources) = (Vec::new(), None);
        let mut names = HashSet::new();
        cursor.blank();
        cursor.members(&mut |cursor, key| {
            let name = key.name;
            if !names.insert(name) {
                return None;
            }
            if name == Section::Resources.key() {
                resources = Some(cursor.resources(&others)?);
            } else {
                let value = cursor.value(key)?;
                sections.push(Member {
                    name,
                    value,
                    same: None,
                });
            }
            Some(())
        })?;
        cursor.blank();
        (cursor.index == text.len()).then_some(Self {
            sections,
            resources: resources?,
        })
    }
}

/// A key that stands for itself.
#[derive(Clone, Copy)]
struct Key<'t> {
    name: &'t str,
    /// What stands before it on its line, where it is the first there.
    indentation: Option<&'t str>,
}

impl<'t> Cursor<'t> {
    fn resources(&mut self, others: &HashMap<&str, (usize, &str)>) -> Option<Vec<Member<'t>>> {
        let mut resources = Vec::new();
        let mut names = HashSet::new();
        self.members(&mut |cursor, key| {
            let name = key.name;
            let other = others.get(name);
            let (value, same) = match other.filter(|(_, value)| cursor.is_before(value)) {
                Some((place, value)) => (cursor.take(value.len())?, Some(*place)),
                None => (cursor.value(key)?, None),
            };
            resources.push(Member { name, value, same });
            names.insert(name).then_some(())
        })?;
        Some(resources)
    }

    /// Whether a known value stands here too. Only an object ends where it ended there, whatever follows.
    fn is_before(&self, known: &str) -> bool {
        let is_it = |rest: &[u8]| rest.starts_with(known.as_bytes());
        known.starts_with('{') && self.rest().is_some_and(is_it)
    }

    /// Goes over an object of whose keys the reader does nothing about any; `member` is told each and passes the value.
    fn members(&mut self, member: &mut dyn FnMut(&mut Self, Key<'t>) -> Option<()>) -> Option<()> {
        if self.byte()? != b'{' {
            return None;
        }
        self.each(b'}', |cursor, indentation| {
            let name = cursor.key().filter(|name| *name != GET_ATT)?;
            member(cursor, Key { name, indentation })
        })
    }

    /// The value of a key, which is whole if it is JSON.
    fn value(&mut self, key: Key<'t>) -> Option<&'t str> {
        match (self.byte()?, key.indentation) {
            (b'"', _) => self.string(),
            (b'{', Some(indentation)) if self.is_end_of_line() => self.lines(indentation, '}'),
            (b'[', Some(indentation)) if self.is_end_of_line() => self.lines(indentation, ']'),
            (b'{', _) => self.bracketed(b'{', b'}'),
            (b'[', _) => self.bracketed(b'[', b']'),
            _ => self.word(),
        }
    }

    /// Whether a line ends behind the next byte.
    fn is_end_of_line(&self) -> bool {
        let behind = self.rest().and_then(|rest| rest.get(1));
        matches!(behind, Some(b'\n' | b'\r'))
    }

    /// What is laid out over several lines: it ends with the line that begins as far to the right as the key.
    fn lines(&mut self, indentation: &str, close: char) -> Option<&'t str> {
        let end = format!("\n{indentation}{close}");
        let length = memmem::find(self.rest()?, end.as_bytes())?;
        self.take(length + end.len())
    }

    /// What stands between two brackets that belong together, and those. Brackets of the other kind close within.
    fn bracketed(&mut self, open: u8, close: u8) -> Option<&'t str> {
        let start = self.index;
        let mut depth = 0_usize;
        loop {
            self.index += memchr3(b'"', open, close, self.rest()?)?;
            let byte = self.byte()?;
            if byte == b'"' {
                self.string()?;
                continue;
            }
            self.index += 1;
            if byte == open {
                depth += 1;
            } else {
                depth -= 1;
            }
            if depth == 0 {
                return self.text.get(start..self.index);
            }
        }
    }
}
