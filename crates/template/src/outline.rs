//! Where the sections and the resources of a JSON template stand, found without reading what is in them.
//!
//! An outline leaves unread the values it names, and has checked all the rest of the text: where each of them is one value
//! of JSON and no more, the text is JSON, and they are what stands in it. So where a value ends may be guessed.

use std::collections::{HashMap, HashSet};

use memchr::{memchr2, memchr3, memmem};

use crate::{model::Section, template::GET_ATT};

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
    /// Which of all values it is that are read.
    pub(crate) index: usize,
}

/// Told what is to be read, and how deep it stands; gives it an index.
pub(crate) type Found<'f, 't> = &'f mut dyn FnMut(&'t str, usize) -> Option<usize>;

impl<'t> Outline<'t> {
    /// The outline of a text; `None` where it is none of a template with resources, has a name twice, or a key that is
    /// not taken as it stands.
    ///
    /// `known` are resources of another template: those that stand here too are the same, and not looked through.
    pub(crate) fn of(
        text: &'t str,
        known: &HashMap<&str, Member<'_>>,
        found: Found<'_, 't>,
    ) -> Option<Self> {
        let mut scan = Scan { text, index: 0 };
        let (mut sections, mut resources) = (Vec::new(), None);
        let mut names = HashSet::new();
        scan.blank();
        scan.object(&mut |scan, key| {
            let name = key.name;
            if !names.insert(name) {
                return None;
            }
            if name == Section::Resources.key() {
                resources = Some(scan.resources(known, found)?);
            } else {
                let value = scan.value(key)?;
                let index = found(value, 1)?;
                sections.push(Member { name, value, index });
            }
            Some(())
        })?;
        scan.blank();
        (scan.index == text.len()).then_some(Self {
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

/// A walk over a text that may be anything.
struct Scan<'t> {
    text: &'t str,
    index: usize,
}

impl<'t> Scan<'t> {
    fn resources(
        &mut self,
        known: &HashMap<&str, Member<'_>>,
        found: Found<'_, 't>,
    ) -> Option<Vec<Member<'t>>> {
        let mut resources = Vec::new();
        let mut names = HashSet::new();
        self.object(&mut |scan, key| {
            let name = key.name;
            let known = known.get(name);
            let (value, index) = match known.filter(|known| scan.begins_with(known.value)) {
                Some(known) => (scan.take(known.value.len())?, known.index),
                None => {
                    let value = scan.value(key)?;
                    (value, found(value, 2)?)
                }
            };
            resources.push(Member { name, value, index });
            names.insert(name).then_some(())
        })?;
        Some(resources)
    }

    /// Whether a known value stands here too. Only an object ends where it ended there, whatever follows.
    fn begins_with(&self, known: &str) -> bool {
        known.starts_with('{')
            && self
                .rest()
                .is_some_and(|rest| rest.starts_with(known.as_bytes()))
    }

    /// Goes over an object; `member` is told each key and passes the value.
    fn object(&mut self, member: &mut dyn FnMut(&mut Self, Key<'t>) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        let mut indentation = self.blank();
        if self.byte() == Some(b'}') {
            self.index += 1;
            return Some(());
        }
        loop {
            let name = self.name()?;
            self.blank();
            self.expect(b':')?;
            self.blank();
            member(self, Key { name, indentation })?;
            self.blank();
            match self.byte()? {
                b',' => self.index += 1,
                b'}' => {
                    self.index += 1;
                    return Some(());
                }
                _ => return None,
            }
            indentation = self.blank();
        }
    }

    /// A key that stands for itself and that the reader does nothing about.
    fn name(&mut self) -> Option<&'t str> {
        let quoted = self.string()?;
        let name = quoted.get(1..quoted.len() - 1)?;
        let is_plain = name.bytes().all(|byte| byte >= b' ' && byte != b'\\');
        (is_plain && name != GET_ATT).then_some(name)
    }

    /// The value of a key, which is whole if it is JSON.
    fn value(&mut self, key: Key<'t>) -> Option<&'t str> {
        match (self.byte()?, key.indentation) {
            (b'"', _) => self.string(),
            (b'{', Some(indentation)) if self.is_end_of_line() => self.lines(indentation, '}'),
            (b'[', Some(indentation)) if self.is_end_of_line() => self.lines(indentation, ']'),
            (b'{', _) => self.bracketed(b'{', b'}'),
            (b'[', _) => self.bracketed(b'[', b']'),
            _ => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || is_blank(*byte);
                let length = self.rest()?.iter().position(ends)?;
                self.take(length)
            }
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

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'t str> {
        let start = self.index;
        self.expect(b'"')?;
        loop {
            self.index += memchr2(b'"', b'\\', self.rest()?)?;
            if self.byte() == Some(b'"') {
                self.index += 1;
                return self.text.get(start..self.index);
            }
            self.index += 2;
        }
    }

    fn take(&mut self, length: usize) -> Option<&'t str> {
        let start = self.index;
        self.index += length;
        self.text.get(start..self.index)
    }

    fn rest(&self) -> Option<&'t [u8]> {
        self.text.as_bytes().get(self.index..)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then(|| self.index += 1)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.index).copied()
    }

    /// Passes what is blank; gives what of it stands on the last line, if there are several.
    fn blank(&mut self) -> Option<&'t str> {
        let mut line = None;
        while let Some(byte) = self.byte().filter(|byte| is_blank(*byte)) {
            self.index += 1;
            if byte == b'\n' {
                line = Some(self.index);
            }
        }
        self.text.get(line?..self.index)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}
