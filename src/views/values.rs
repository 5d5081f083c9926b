//! A value before and after: on its line when short, as a line diff when long.

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use super::text::{Line, Look, Text, columns};
use crate::printer::Tone;

/// The longest value that stays on its property's line, in columns.
const INLINE: usize = 64;
/// How many lines of a long text are shown around a change.
const CONTEXT: usize = 1;
/// The most lines of one text that a terminal shows unless all is wanted.
const LINES: usize = 40;
/// The longest line of a text that a terminal shows whole unless all is wanted, in characters.
const LINE: usize = 600;
/// How much of what two long lines share is shown around what differs.
const SHARED: usize = 24;

/// One line of a text that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DiffLine {
    /// Lines that stay as they are were left out.
    Gap,
    /// It stays.
    Same(String),
    /// It goes.
    Old(String),
    /// It comes.
    New(String),
}

/// A value in both states, and what that means.
pub(crate) struct Values<'v> {
    pub(crate) name: &'v str,
    pub(crate) before: Option<&'v Value>,
    pub(crate) after: Option<&'v Value>,
    pub(crate) note: &'v str,
}

impl Values<'_> {
    /// Draws it with its name filled up to `column`.
    pub(crate) fn draw(&self, indent: usize, column: usize, look: Look<'_>) -> Text {
        let mut head = Line::at(indent).plain(self.name);
        if let Some((old, new)) = self.short() {
            if !self.name.is_empty() {
                head = head.up_to(column).plain("  ");
            }
            head = match (old, new) {
                (Some(old), Some(new)) if old == new => head.plain(&new),
                (Some(old), Some(new)) => head
                    .then(Tone::Old, &old)
                    .plain(" → ")
                    .then(Tone::Create, &new),
                (None, Some(new)) => head.then(Tone::Create, &format!("+ {new}")),
                (Some(old), None) => head.then(Tone::Old, &format!("- {old}")),
                (None, None) => head,
            };
            return noted(head, self.note).into();
        }
        let mut text = Text::default();
        if !(self.name.is_empty() && self.note.is_empty()) {
            text.push(noted(head, self.note));
        }
        text.append(draw_lines(&self.lines(), indent + 2, look));
        text
    }

    /// Both states on one line, when they fit there.
    pub(crate) fn short(&self) -> Option<(Option<String>, Option<String>)> {
        let old = self.before.map(plan::render);
        let new = self.after.map(plan::render);
        let fits = |value: &Option<String>| {
            value
                .as_ref()
                .is_none_or(|value| columns(value) <= INLINE && !value.contains('\n'))
        };
        (fits(&old) && fits(&new)).then_some((old, new))
    }

    /// What differs, line by line.
    pub(crate) fn lines(&self) -> Vec<DiffLine> {
        let text = |value: Option<&Value>| value.map(long_text).unwrap_or_default();
        line_diff(&text(self.before), &text(self.after))
    }
}

fn noted(head: Line, note: &str) -> Line {
    if note.is_empty() {
        head
    } else {
        head.plain("  ").then(Tone::Danger, note)
    }
}

/// A value as lines: a text as it is, anything else as an outline in which expressions read as in [`plan::render`].
fn long_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut lines = Vec::new();
            outline(other, 0, "", &mut lines);
            lines.join("\n")
        }
    }
}

/// Adds a value to an outline; `lead` is what stands before it on its first line: a key, or the dash of a list.
fn outline(value: &Value, depth: usize, lead: &str, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let separator = if lead.is_empty() { "" } else { " " };
    let inline = match value {
        Value::Array(items) if !items.is_empty() => {
            let is_short = items
                .iter()
                .all(|item| !item.is_array() && !item.is_object())
                && columns(&plan::render(value)) <= INLINE;
            is_short.then(|| plan::render(value))
        }
        Value::Object(entries) if !entries.is_empty() && !is_expression(entries) => None,
        Value::String(text) if !reads_as_text(text) => Some(value.to_string()),
        other => Some(plan::render(other)),
    };
    if let Some(inline) = inline {
        lines.push(format!("{indent}{lead}{separator}{inline}"));
        return;
    }
    let depth = if lead.is_empty() {
        depth
    } else {
        lines.push(format!("{indent}{lead}"));
        depth + 1
    };
    match value {
        Value::Array(items) => {
            for item in items {
                outline(item, depth, "-", lines);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                outline(value, depth, &format!("{key}:"), lines);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether an object is an intrinsic function.
fn is_expression(entries: &Map<String, Value>) -> bool {
    let mut keys = entries.keys();
    matches!((keys.next(), keys.next()), (Some(key), None) if key == "Ref" || key.starts_with("Fn::"))
}

/// Whether a text cannot be taken for anything else in an outline.
fn reads_as_text(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '/')
        && !text.contains(['\n', '\r'])
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !matches!(text, "true" | "false" | "null")
}

fn line_diff(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(old, new);
    let ends_differ =
        old.ends_with('\n') != new.ends_with('\n') && !old.is_empty() && !new.is_empty();
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            lines.push(DiffLine::Gap);
        }
        for change in group
            .iter()
            .flat_map(|operation| diff.iter_changes(operation))
        {
            let content = change.value();
            let line = content.strip_suffix('\n').unwrap_or(content);
            // Without these words, a text that only loses its last line feed would look the same.
            let line =
                if change.missing_newline() && change.tag() != ChangeTag::Equal && ends_differ {
                    format!("{line} (without a line feed at the end)")
                } else {
                    line.to_owned()
                };
            lines.push(match change.tag() {
                ChangeTag::Delete => DiffLine::Old(line),
                ChangeTag::Insert => DiffLine::New(line),
                ChangeTag::Equal => DiffLine::Same(line),
            });
        }
    }
    lines
}

/// Draws lines; on a terminal only as much of them as a person reads.
fn draw_lines(lines: &[DiffLine], indent: usize, look: Look<'_>) -> Text {
    let whole = look.verbose || look.width().is_none();
    let shown = if whole { lines.len() } else { LINES };
    let mut text = Text::default();
    for (index, line) in lines.iter().take(shown).enumerate() {
        let before = index.checked_sub(1).and_then(|before| lines.get(before));
        let other = match (before, line, lines.get(index + 1)) {
            (_, DiffLine::Old(_), Some(DiffLine::New(other)))
            | (Some(DiffLine::Old(other)), DiffLine::New(_), _) => other,
            _ => "",
        };
        let (tone, sign, content) = match line {
            DiffLine::Gap => (Tone::Faint, "…", ""),
            DiffLine::Same(content) => (Tone::Faint, "  ", content.as_str()),
            DiffLine::Old(content) => (Tone::Old, "- ", content.as_str()),
            DiffLine::New(content) => (Tone::Create, "+ ", content.as_str()),
        };
        let content = if whole || content.chars().count() <= LINE {
            content.to_owned()
        } else {
            shortened(content, other)
        };
        text.push(Line::at(indent).then(tone, &format!("{sign}{content}")));
    }
    if lines.len() > shown {
        let more = format!("… {} more lines; -v shows all", lines.len() - shown);
        text.push(Line::at(indent).then(Tone::Faint, &more));
    }
    text
}

/// A long line without most of what it shares with the line it takes the place of, and with an end.
fn shortened(content: &str, other: &str) -> String {
    let pairs = content.chars().zip(other.chars());
    let shared = pairs.take_while(|(one, two)| one == two).count();
    let skipped = shared.saturating_sub(SHARED);
    let start = if skipped > 0 { "…" } else { "" };
    let kept: String = content.chars().skip(skipped).take(LINE).collect();
    let left = content.chars().count() - skipped - kept.chars().count();
    if left > 0 {
        format!("{start}{kept}… {left} more characters; -v shows all")
    } else {
        format!("{start}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::printer::Style;

    fn drawn(before: Value, after: Value, look: Look<'_>) -> String {
        let values = Values {
            name: "Text",
            before: Some(&before),
            after: Some(&after),
            note: "forces replacement",
        };
        values.draw(2, 6, look).render(look)
    }

    #[test]
    fn short_values_stand_side_by_side_and_long_ones_line_by_line() {
        assert_eq!(
            drawn(json!(8), json!(12), Look::PLAIN),
            "  Text    8 → 12  forces replacement\n"
        );
        assert_eq!(
            drawn(json!("a\nb\nc\nd\ne"), json!("a\nb\nC\nd\ne"), Look::PLAIN),
            "  Text  forces replacement\n      b\n    - c\n    + C\n      d\n"
        );
    }

    #[test]
    fn a_line_feed_at_the_end_is_a_difference_that_can_be_seen() {
        let shown = drawn(
            json!(format!("{}\nend\n", "text ".repeat(20))),
            json!(format!("{}\nend", "text ".repeat(20))),
            Look::PLAIN,
        );
        assert!(
            shown.ends_with("    - end\n    + end (without a line feed at the end)\n"),
            "{shown}"
        );
    }

    #[test]
    fn an_outline_tells_texts_from_everything_else() {
        let value = json!({
            "Statement": [{
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": {"Fn::GetAtt": ["Files", "Arn"]},
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}
            }],
            "Port": "443", "Count": 1, "Cidr": "10.0.0.0/8", "None": [], "Text": "two\nlines"
        });
        assert_eq!(
            long_text(&value),
            "Statement:\n  -\n    Action: [\"s3:GetObject\", \"s3:PutObject\"]\n    Resource: Files.Arn\n    \
             Condition:\n      Bool:\n        aws:SecureTransport: \"false\"\nPort: \"443\"\nCount: 1\n\
             Cidr: \"10.0.0.0/8\"\nNone: []\nText: \"two\\nlines\""
        );
    }

    #[test]
    fn a_terminal_shows_what_differs_of_a_very_long_line_and_says_what_is_left_out() {
        let text = |end: &str| json!(format!("{}{end}{}", "same ".repeat(400), "x".repeat(2_000)));
        let look = Look {
            style: Style::PLAIN.wide(100),
            ..Look::PLAIN
        };
        let shown = drawn(text("before"), text("after"), look);
        assert!(shown.contains("same before"), "{shown}");
        assert!(shown.contains("same after"), "{shown}");
        assert!(shown.contains("more characters; -v shows all"), "{shown}");
        let whole = drawn(text("before"), text("after"), Look::PLAIN);
        assert!(whole.contains(&"x".repeat(2_000)), "piped, nothing is cut");
        let all = Look {
            verbose: true,
            ..look
        };
        assert!(!drawn(text("before"), text("after"), all).contains("more characters"));
    }

    #[test]
    fn a_terminal_shows_a_page_of_a_very_long_text() {
        let text = |sign: &str| json!((0..90).map(|_| format!("{sign}\n")).collect::<String>());
        let look = Look {
            style: Style::PLAIN.wide(100),
            ..Look::PLAIN
        };
        assert!(
            drawn(text("a"), text("b"), look).ends_with("    … 140 more lines; -v shows all\n")
        );
        assert_eq!(
            drawn(text("a"), text("b"), Look::PLAIN).lines().count(),
            181
        );
    }
}
