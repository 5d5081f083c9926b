//! A place in a text that may be JSON, and the steps that each walk over one takes.

use memchr::memchr2;

/// A place in a text that may be anything. Each step is `None` where the text has not what it passes.
pub(crate) struct Cursor<'t> {
    pub(crate) text: &'t str,
    /// How many bytes stand before it.
    pub(crate) index: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, index: 0 }
    }

    pub(crate) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.index).copied()
    }

    pub(crate) fn rest(&self) -> Option<&'t [u8]> {
        self.text.as_bytes().get(self.index..)
    }

    /// Passes so many bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'t str> {
        let start = self.index;
        self.index += length;
        self.text.get(start..self.index)
    }

    /// Passes what is blank; gives what of it stands on the last line, if there are several.
    pub(crate) fn blank(&mut self) -> Option<&'t str> {
        let mut line = None;
        while let Some(byte) = self.byte().filter(|byte| is_blank(*byte)) {
            self.index += 1;
            if byte == b'\n' {
                line = Some(self.index);
                self.index += self.rest().map_or(0, spaces);
            }
        }
        self.text.get(line?..self.index)
    }

    /// Passes an object or a list, which this bracket closes; `one` passes each of what is in it, and is told what stands
    /// before that on its line, where it is the first there.
    pub(crate) fn each(
        &mut self,
        close: u8,
        mut one: impl FnMut(&mut Self, Option<&'t str>) -> Option<()>,
    ) -> Option<()> {
        self.index += 1;
        let mut indentation = self.blank();
        if self.byte() == Some(close) {
            self.index += 1;
            return Some(());
        }
        loop {
            one(self, indentation)?;
            self.blank();
            let byte = self.byte()?;
            self.index += 1;
            if byte == close {
                return Some(());
            }
            if byte != b',' {
                return None;
            }
            indentation = self.blank();
        }
    }

    /// Passes the key of a member, which stands for itself, and what is between it and the value.
    pub(crate) fn key(&mut self) -> Option<&'t str> {
        let key = self.plain_string()?;
        self.blank();
        if self.byte()? != b':' {
            return None;
        }
        self.index += 1;
        self.blank();
        Some(key)
    }

    /// Passes a string that stands for what is between its quotes, and gives that; does not move before any other.
    pub(crate) fn plain_string(&mut self) -> Option<&'t str> {
        let (b'"', inner) = self.rest()?.split_first()? else {
            return None;
        };
        let length = plain(inner);
        if inner.get(length) != Some(&b'"') {
            return None;
        }
        let start = self.index + 1;
        self.index = start + length + 1;
        self.text.get(start..start + length)
    }

    /// Passes a string and gives it with its quotes, whatever stands between them.
    pub(crate) fn string(&mut self) -> Option<&'t str> {
        let start = self.index;
        self.index += 1;
        loop {
            self.index += memchr2(b'"', b'\\', self.rest()?)?;
            if self.byte() == Some(b'"') {
                self.index += 1;
                return self.text.get(start..self.index);
            }
            self.index += 2;
        }
    }

    /// Passes a number or a word, whatever it is.
    pub(crate) fn word(&mut self) -> Option<&'t str> {
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || is_blank(*byte);
        let rest = self.rest()?;
        self.take(rest.iter().position(ends).unwrap_or(rest.len()))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

/// A one in each of eight bytes.
const ONES: u64 = u64::from_le_bytes([1; 8]);

/// How many spaces a text begins with, eight at a time: most that is blank in a template is indentation.
fn spaces(text: &[u8]) -> usize {
    first_of(
        text,
        |word| word ^ (ONES * u64::from(b' ')),
        |byte| byte != b' ',
    )
}

/// How many bytes there are before the first that is a quote, a backslash or one that may not stand in a string, eight
/// at a time.
fn plain(text: &[u8]) -> usize {
    // The high bit of each byte that is zero; above the first of them it may be wrong.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let is = |word: u64, byte: u8| zeros(word ^ (ONES * u64::from(byte)));
    let controls = |word: u64| word.wrapping_sub(ONES * u64::from(b' ')) & !word;
    first_of(
        text,
        |word| (is(word, b'"') | is(word, b'\\') | controls(word)) & (ONES << 7),
        |byte| matches!(byte, b'"' | b'\\') || byte < b' ',
    )
}

/// How many bytes there are before the first that is found: `found` leaves eight of them zero up to it, and `is_it` tells
/// one.
fn first_of(text: &[u8], found: impl Fn(u64) -> u64, is_it: impl Fn(u8) -> bool) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    let mut count = 0;
    for word in words {
        let found = found(u64::from_le_bytes(*word));
        if found != 0 {
            return count + found.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    count + rest.iter().take_while(|byte| !is_it(**byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn eight_at_a_time_are_as_one_after_the_other(
            text in proptest::collection::vec(
                prop_oneof![Just(b' '), Just(b'!'), Just(b'#'), Just(b'['), Just(0x1f), any::<u8>()],
                0..40,
            )
        ) {
            let first = |is_it: &dyn Fn(&u8) -> bool| {
                text.iter().position(is_it).unwrap_or(text.len())
            };
            prop_assert_eq!(spaces(&text), first(&|byte| *byte != b' '));
            let is_special = |byte: &u8| matches!(*byte, b'"' | b'\\' | 0..=0x1f);
            prop_assert_eq!(plain(&text), first(&is_special));
        }
    }
}
