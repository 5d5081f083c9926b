//! Lines of marked-up text, from what they say to what a terminal of some width shows.
//!
//! A view builds [`Text`]; only rendering knows whether there is colour, how wide the terminal is and whether it opens
//! links. Escapes are written around pieces that already fit, so none is ever cut.

use std::{fmt::Write as _, path::Path};

use unicode_width::UnicodeWidthChar as _;

use crate::printer::{Style, Tone};

/// How far the rest of a line that is too long is indented, beyond the line itself.
const HANGING: usize = 4;
/// No terminal is taken to be narrower.
const NARROWEST: usize = 24;

/// How a text is to be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    pub(crate) style: Style,
    /// Whether nothing is folded.
    pub(crate) verbose: bool,
    /// The folder that source lines are relative to.
    pub(crate) root: Option<&'a Path>,
}

impl Look<'_> {
    /// Without colour, links and width, folded.
    pub(crate) const PLAIN: Self = Self {
        style: Style::PLAIN,
        verbose: false,
        root: None,
    };

    /// How many columns there are; `None` where lines may have any length.
    pub(crate) fn width(self) -> Option<usize> {
        self.style.width().map(|width| width.max(NARROWEST))
    }
}

/// Some lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Text {
    lines: Vec<Line>,
}

/// A line: where it begins and what it consists of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    indent: usize,
    spans: Vec<Span>,
}

/// A piece of a line that means one thing.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    tone: Tone,
    text: String,
    /// Whether it is a source line, `stacks/src/identity.rs:41`.
    source: bool,
}

impl Text {
    /// Adds a line.
    pub(crate) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds the lines of another text.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.lines.append(&mut other.lines);
    }

    /// Whether it has no line.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The text as it is shown; each line ends with a line feed.
    pub(crate) fn render(&self, look: Look<'_>) -> String {
        let mut shown = String::new();
        for line in &self.lines {
            for row in line.rows(look.width()) {
                let text: usize = row.pieces.iter().map(|(_, text)| text.len()).sum();
                if text > 0 {
                    shown.push_str(&" ".repeat(row.indent));
                }
                for (span, text) in row.pieces {
                    shown.push_str(&span.show(&text, look));
                }
                shown.push('\n');
            }
        }
        shown
    }
}

impl Text {
    /// The text as lines of a diff, which are coloured by their first letter: what comes and goes by its sign, what is
    /// dangerous by an exclamation mark.
    pub(crate) fn as_diff(&self) -> String {
        let mut shown = String::new();
        for line in &self.lines {
            let content: String = line.spans.iter().map(|span| span.text.as_str()).collect();
            let (mark, rest) = match line.spans.first().map(|span| span.tone) {
                _ if content.starts_with("+ ") => ('+', &content[2..]),
                _ if content.starts_with("- ") => ('-', &content[2..]),
                Some(Tone::Danger | Tone::Loss) => ('!', content.as_str()),
                Some(
                    Tone::Plain
                    | Tone::Create
                    | Tone::Update
                    | Tone::Old
                    | Tone::Strong
                    | Tone::Faint,
                )
                | None => (' ', content.as_str()),
            };
            let indent = " ".repeat(line.indent.saturating_sub(1));
            let row = format!("{mark}{indent}{rest}");
            shown.push_str(row.trim_end());
            shown.push('\n');
        }
        shown
    }
}

impl From<Line> for Text {
    fn from(line: Line) -> Self {
        Self { lines: vec![line] }
    }
}

/// What of a line stands on one row of the terminal.
struct Row<'l> {
    indent: usize,
    width: usize,
    pieces: Vec<(&'l Span, String)>,
}

impl<'l> Row<'l> {
    fn new(indent: usize) -> Self {
        Self {
            indent,
            width: indent,
            pieces: Vec::new(),
        }
    }

    fn push(&mut self, span: &'l Span, text: &str) {
        self.width += columns(text);
        match self.pieces.last_mut() {
            Some((last, shown)) if std::ptr::eq(*last, span) => shown.push_str(text),
            Some(_) | None => self.pieces.push((span, text.to_owned())),
        }
    }

    /// Takes spaces away from its end.
    fn trim(&mut self) {
        while let Some((_, text)) = self.pieces.last_mut() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
            self.pieces.pop();
        }
    }
}

impl Line {
    /// An empty line that begins at a column.
    pub(crate) fn at(indent: usize) -> Self {
        Self {
            indent,
            spans: Vec::new(),
        }
    }

    /// Adds a piece.
    pub(crate) fn then(mut self, tone: Tone, text: &str) -> Self {
        self.spans.push(Span {
            tone,
            text: printable(text),
            source: false,
        });
        self
    }

    /// Adds a piece that has no meaning beyond its words.
    pub(crate) fn plain(self, text: &str) -> Self {
        self.then(Tone::Plain, text)
    }

    /// Adds a source line, which becomes a link where the terminal opens one.
    pub(crate) fn source(mut self, source: &str) -> Self {
        self.spans.push(Span {
            tone: Tone::Faint,
            text: printable(source),
            source: true,
        });
        self
    }

    /// Fills the line with spaces up to a column, counted from its beginning.
    pub(crate) fn up_to(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        if missing == 0 {
            self
        } else {
            self.plain(&" ".repeat(missing))
        }
    }

    /// How many columns it takes, without where it begins.
    pub(crate) fn width(&self) -> usize {
        self.spans.iter().map(|span| columns(&span.text)).sum()
    }

    /// The rows that show the line: one where it fits, else broken between words, and within those that do not fit.
    fn rows(&self, width: Option<usize>) -> Vec<Row<'_>> {
        let mut row = Row::new(self.indent);
        let Some(width) = width.filter(|width| self.indent + self.width() > *width) else {
            for span in &self.spans {
                row.push(span, &span.text);
            }
            row.trim();
            return vec![row];
        };
        let hanging = (self.indent + HANGING).min(width / 2);
        let mut rows = Vec::new();
        for span in &self.spans {
            for word in words(&span.text) {
                let wide = columns(word);
                if row.width + wide <= width {
                    row.push(span, word);
                    continue;
                }
                let blank = word.starts_with(' ');
                if blank || (wide <= width - hanging && row.width > row.indent) {
                    row.trim();
                    rows.push(std::mem::replace(&mut row, Row::new(hanging)));
                }
                if blank {
                    continue;
                }
                for character in word.chars() {
                    if row.width + character.width().unwrap_or(0) > width {
                        rows.push(std::mem::replace(&mut row, Row::new(hanging)));
                    }
                    row.push(span, character.encode_utf8(&mut [0; 4]));
                }
            }
        }
        row.trim();
        if !row.pieces.is_empty() || rows.is_empty() {
            rows.push(row);
        }
        rows
    }
}

impl Span {
    /// A part of it as the terminal gets it.
    fn show(&self, text: &str, look: Look<'_>) -> String {
        let painted = look.style.paint(self.tone, text);
        match look.root.filter(|_| self.source && look.style.links()) {
            Some(root) => {
                let address = address(root, &self.text);
                format!("\u{1b}]8;;{address}\u{1b}\\{painted}\u{1b}]8;;\u{1b}\\")
            }
            None => painted,
        }
    }
}

/// How many columns of a terminal a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars()
        .map(|character| character.width().unwrap_or(0))
        .sum()
}

/// A text with everything escaped that a reader would not see, or that would move the cursor or turn the text around:
/// what stands in a template must not draw the plan.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\t' {
            shown.push_str("    ");
        } else if is_hidden(character) {
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The same for a text of several lines.
pub(crate) fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

/// Control characters, and [those of Unicode](https://www.unicode.org/reports/tr9/) that turn or hide text.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Runs of spaces and runs of anything else, in turn.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest
            .find(|character| (character == ' ') != (first == ' '))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// The address of a source line: a file's, with the line as fragment, which those that cannot use it leave alone.
fn address(root: &Path, source: &str) -> String {
    let (file, line) = match source.rsplit_once(':') {
        Some((file, line)) if line.bytes().all(|byte| byte.is_ascii_digit()) => (file, line),
        Some(_) | None => (source, ""),
    };
    let path = root.join(file);
    let mut address = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    if !line.is_empty() {
        let _ = write!(address, "#L{line}");
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: Line, style: Style) -> String {
        let look = Look {
            style,
            verbose: false,
            root: Some(Path::new("/a project")),
        };
        Text::from(line).render(look)
    }

    fn wide(width: usize) -> Style {
        Style::PLAIN.wide(width)
    }

    #[test]
    fn a_line_that_fits_stays_as_it_is_and_a_longer_one_breaks_between_words() {
        let line = || Line::at(2).plain("one two ").plain("three four five six");
        assert_eq!(
            shown(line(), Style::PLAIN),
            "  one two three four five six\n"
        );
        assert_eq!(
            shown(line(), wide(24)),
            "  one two three four\n      five six\n"
        );
    }

    #[test]
    fn no_row_is_wider_than_the_terminal_whatever_it_holds() {
        let texts = [
            "nothing-to-break-at-all-in-this-very-long-word-which-goes-on-and-on",
            "日本語のとても長い文章がここにありますので端末の幅を超えます",
            "mixed 日本語 and words, e\u{301}e\u{301}e\u{301} combined, and 👩‍👩‍👧 families of signs",
        ];
        for text in texts {
            for width in 24..90 {
                let line = Line::at(6).then(Tone::Danger, text).plain(" end");
                let rows = shown(line, wide(width));
                assert!(
                    rows.lines().all(|row| columns(row) <= width),
                    "{width} columns:\n{rows}"
                );
                let squeezed = |text: &str| text.split_whitespace().collect::<String>();
                assert_eq!(squeezed(&rows), squeezed(&printable(text)) + "end");
            }
        }
    }

    #[test]
    fn every_row_closes_what_it_opens() {
        let line = Line::at(0).then(Tone::Danger, "a text in red that is too long for one row");
        let rows = shown(line, Style::COLOR.wide(24));
        assert!(rows.lines().count() > 1, "{rows}");
        for row in rows.lines() {
            assert!(row.trim_start().starts_with("\u{1b}[1;31m"), "{row:?}");
            assert!(row.ends_with("\u{1b}[0m"), "{row:?}");
        }
    }

    #[test]
    fn a_source_line_is_a_link_only_where_links_work() {
        let line = || Line::at(0).source("stacks/src/a b.rs:41");
        assert_eq!(shown(line(), Style::PLAIN), "stacks/src/a b.rs:41\n");
        assert_eq!(
            shown(line(), Style::PLAIN.linked()),
            "\u{1b}]8;;file:///a%20project/stacks/src/a%20b.rs#L41\u{1b}\\stacks/src/a b.rs:41\u{1b}]8;;\u{1b}\\\n"
        );
    }

    #[test]
    fn nothing_in_a_value_reaches_the_terminal_as_an_order() {
        assert_eq!(
            printable("\u{1b}[2Jgone\r\u{202e}txt.exe\u{200b}\t."),
            "\\u{1b}[2Jgone\\r\\u{202e}txt.exe\\u{200b}    ."
        );
        assert_eq!(printable("Grüße, 日本 👋"), "Grüße, 日本 👋");
    }
}
