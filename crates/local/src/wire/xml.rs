//! Writes the XML of answers.

/// An XML text under construction.
#[derive(Debug, Default)]
pub(crate) struct Xml {
    text: String,
}

impl Xml {
    /// A document with one root element in a namespace.
    pub(crate) fn document(root: &str, namespace: &str, content: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self::default();
        xml.text
            .push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
        xml.text.push_str(root);
        if !namespace.is_empty() {
            xml.text.push_str(" xmlns=\"");
            xml.escape(namespace);
            xml.text.push('"');
        }
        xml.text.push('>');
        content(&mut xml);
        xml.close(root);
        xml.text.push('\n');
        xml.text
    }

    /// Adds what was written elsewhere.
    pub(crate) fn append(&mut self, other: Self) {
        self.text.push_str(&other.text);
    }

    /// An element with elements inside.
    pub(crate) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.open(name);
        content(self);
        self.close(name);
    }

    /// An element with a text inside.
    pub(crate) fn text(&mut self, name: &str, value: impl AsRef<str>) {
        self.open(name);
        self.escape(value.as_ref());
        self.close(name);
    }

    /// An element with a text inside, when there is one.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// An element with `true` or `false` inside.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.text(name, if value { "true" } else { "false" });
    }

    /// A list: one `member` for each item.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.open(name);
        for item in items {
            self.element("member", |xml| each(xml, item));
        }
        self.close(name);
    }

    /// A list of texts.
    pub(crate) fn texts<T: AsRef<str>>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        self.open(name);
        for item in items {
            self.text("member", item);
        }
        self.close(name);
    }

    fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    /// Writes text so that a reader gets the same characters back. A carriage return must be escaped, since readers
    /// turn a bare one into a line feed; characters that XML 1.0 cannot hold at all become the replacement character.
    fn escape(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\r' => self.text.push_str("&#xD;"),
                '\t' | '\n' => self.text.push(character),
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                _ => self.text.push(character),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let text = Xml::document("R", "urn:x", |xml| xml.text("T", "a<b>&\"c\"\r\n\u{1}é"));
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"urn:x\"><T>a&lt;b&gt;&amp;&quot;c&quot;&#xD;\n\u{fffd}é</T></R>\n"
        );
    }
}
