//! Writes JSON as text, with two spaces of indentation or none.

use std::fmt::Write as _;

use crate::Json;

/// A JSON text in the making.
pub(super) struct Writer {
    text: String,
    /// How deep the indentation is; none when the text is compact.
    depth: Option<usize>,
    /// Whether the next element or key is the first of its list or object.
    first: bool,
}

impl Writer {
    pub(super) fn new(pretty: bool) -> Self {
        Self {
            text: String::with_capacity(1024),
            depth: pretty.then_some(0),
            first: true,
        }
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push('\n');
        // All templates of an app are kept until the last is known to be right.
        self.text.shrink_to_fit();
        self.text
    }

    /// Starts an object or a list.
    pub(super) fn open(&mut self, bracket: char) {
        self.text.push(bracket);
        self.first = true;
        if let Some(depth) = &mut self.depth {
            *depth += 1;
        }
    }

    /// Ends an object or a list.
    pub(super) fn close(&mut self, bracket: char) {
        if let Some(depth) = &mut self.depth {
            *depth -= 1;
        }
        if !std::mem::replace(&mut self.first, false) {
            self.line();
        }
        self.text.push(bracket);
    }

    /// Starts an element of a list.
    pub(super) fn element(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.text.push(',');
        }
        self.line();
    }

    /// Starts an entry of an object.
    pub(super) fn key(&mut self, key: &str) {
        self.element();
        self.string(key);
        self.text
            .push_str(if self.depth.is_some() { ": " } else { ":" });
    }

    pub(super) fn string(&mut self, text: &str) {
        self.text.push('"');
        let mut plain = 0;
        for (position, byte) in text.bytes().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.text.push_str(&text[plain..position]);
            plain = position + 1;
            match byte {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                b'\n' => self.text.push_str("\\n"),
                b'\r' => self.text.push_str("\\r"),
                b'\t' => self.text.push_str("\\t"),
                control => self.display(format_args!("\\u{control:04x}")),
            }
        }
        self.text.push_str(&text[plain..]);
        self.text.push('"');
    }

    /// Writes a number or a truth value.
    pub(super) fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.text, "{value}").expect("writing to a string cannot fail");
    }

    /// Writes JSON as it stands.
    pub(super) fn json(&mut self, json: &Json) {
        match json {
            Json::Null => self.text.push_str("null"),
            Json::Bool(value) => self.display(value),
            Json::Number(number) => self.display(number),
            Json::String(text) => self.string(text),
            Json::Array(elements) => {
                self.open('[');
                for element in elements {
                    self.element();
                    self.json(element);
                }
                self.close(']');
            }
            Json::Object(entries) => {
                self.open('{');
                for (key, value) in entries {
                    self.key(key);
                    self.json(value);
                }
                self.close('}');
            }
        }
    }

    fn line(&mut self) {
        const SPACES: &str = "                                                                ";
        if let Some(depth) = self.depth {
            self.text.push('\n');
            let mut spaces = depth * 2;
            while spaces > 0 {
                let some = spaces.min(SPACES.len());
                self.text.push_str(&SPACES[..some]);
                spaces -= some;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_the_reference_implementation_does() {
        let json = serde_json::json!({
            "text": "quote \" backslash \\ line \n tab \t bell \u{7} snow \u{2603}",
            "empty": {}, "none": [], "deep": [[{"a": [1, -2, 0.5, null, true]}]],
        });
        let mut writer = Writer::new(true);
        writer.json(&json);
        let expected = serde_json::to_string_pretty(&json).expect("it is JSON");
        assert_eq!(writer.finish(), expected + "\n");
        let mut writer = Writer::new(false);
        writer.json(&json);
        assert_eq!(writer.finish(), format!("{json}\n"));
    }
}
