//! The changes of one stack as text: the gravest first, one block per resource.

use plan::{Action, Change, EntryChange, Impact, PropertyChange, StackDiff};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::words;
use crate::printer::{Style, Tone};

/// The longest value that stays on its property's line, in characters.
const INLINE: usize = 64;
/// How many properties that follow one cause are named.
const FOLLOWERS: usize = 3;
/// How many lines of a long text are shown around a change.
const CONTEXT: usize = 1;

/// Draws a stack that is new: what it is made of, and the names of what it tells.
pub(crate) fn draw_new(diff: &StackDiff, style: Style, verbose: bool) -> String {
    if verbose {
        return draw(diff, style, verbose);
    }
    let changes: Vec<&Change> = diff.changes.iter().collect();
    let widths = Widths::of(&changes);
    let mut text: String = changes
        .iter()
        .map(|change| resource(change, &widths, style, verbose))
        .collect();
    let outputs: Vec<&str> = diff
        .outputs
        .iter()
        .map(|output| output.name.as_str())
        .collect();
    if !outputs.is_empty() {
        let line = format!("  outputs {}", outputs.join(", "));
        text.push_str(&style.paint(Tone::Faint, &line));
        text.push('\n');
    }
    text
}

/// Draws all that changes within a stack, each line indented by two spaces.
pub(crate) fn draw(diff: &StackDiff, style: Style, verbose: bool) -> String {
    let mut text = String::new();
    let changes = words::by_danger(diff);
    let widths = Widths::of(&changes);
    for change in changes {
        text.push_str(&resource(change, &widths, style, verbose));
    }
    for (what, entries) in [
        ("parameter", &diff.parameters),
        ("mapping", &diff.mappings),
        ("condition", &diff.conditions),
        ("output", &diff.outputs),
        ("", &diff.other),
    ] {
        for change in entries {
            text.push_str(&entry(what, change, style, verbose));
        }
    }
    if !diff.equivalent.is_empty() {
        let line = format!(
            "  differs in form only, not deployed: {}\n",
            diff.equivalent.join(", ")
        );
        text.push_str(&style.paint(Tone::Faint, &line));
    }
    text
}

/// How wide the columns of a list of resources are.
struct Widths {
    id: usize,
    type_name: usize,
}

impl Widths {
    fn of(changes: &[&Change]) -> Self {
        let widest = |length: fn(&Change) -> usize| {
            changes
                .iter()
                .map(|change| length(change))
                .max()
                .unwrap_or(0)
        };
        Self {
            id: widest(|change| change.logical_id.chars().count()).min(40),
            type_name: widest(|change| change.type_name.chars().count()).min(48),
        }
    }
}

fn resource(change: &Change, widths: &Widths, style: Style, verbose: bool) -> String {
    let sign = words::sign(change.action);
    let head = format!(
        "  {} {:id$}  {:type_name$}",
        sign,
        change.logical_id,
        change.type_name,
        id = widths.id,
        type_name = widths.type_name,
    );
    let head = match change.source {
        Some(_) => head.as_str(),
        None => head.trim_end(),
    };
    let mut text = style.paint(words::tone(change.action), head);
    if let Some(source) = &change.source {
        text.push_str("  ");
        text.push_str(&style.paint(Tone::Faint, source));
    }
    text.push('\n');
    if let Some(line) = fate(change) {
        text.push_str(&format!("      {}\n", style.paint(Tone::Danger, &line)));
    }
    if let Some(from) = &change.likely_moved_from {
        text.push_str(&format!(
            "      looks like `{from}` under another name: `app.moved` keeps the resource\n"
        ));
    }
    // What is made anew is in the code; only a change needs its old and new value side by side.
    if change.action == Action::Create && !verbose {
        return text;
    }
    let (following, changed): (Vec<_>, Vec<_>) = change
        .properties
        .iter()
        .partition(|property| is_follower(property));
    for property in changed {
        text.push_str(&property_lines(property, style));
    }
    text.push_str(&follower_lines(&following, style));
    for attribute in &change.attributes {
        text.push_str(&value_lines(
            &attribute.name,
            attribute.before.as_ref(),
            attribute.after.as_ref(),
            "",
            style,
        ));
    }
    text
}

/// What becomes of the resource, when that is more than a change in place.
fn fate(change: &Change) -> Option<String> {
    let what = match change.action {
        Action::Create | Action::Import | Action::Update => return None,
        Action::Move => format!("moves from {}", change.moved_from.as_deref().unwrap_or("?")),
        Action::Replace | Action::MayReplace => {
            let old = change
                .old_copy
                .map(|copy| format!("; {copy}"))
                .unwrap_or_default();
            format!("{}, as {}{old}", verb(change.action), change.reason)
        }
        Action::Delete => "is deleted".to_owned(),
        Action::Orphan => "stays in the account, no longer managed".to_owned(),
    };
    Some(if words::is_loss(change) {
        format!("{what}: it holds data")
    } else {
        what
    })
}

fn verb(action: Action) -> &'static str {
    if action == Action::MayReplace {
        "may be replaced"
    } else {
        "is replaced"
    }
}

fn property_lines(property: &PropertyChange, style: Style) -> String {
    let mut note = match property.impact {
        Impact::InPlace => String::new(),
        Impact::MayReplace | Impact::Replace => property.impact.to_string(),
    };
    if !property.causes.is_empty() {
        let causes: Vec<String> = property.causes.iter().map(ToString::to_string).collect();
        let separator = if note.is_empty() { "" } else { "; " };
        note.push_str(&format!("{separator}↳ {}", causes.join(", ")));
    }
    let (before, after) = (
        property.before_value.as_ref().or(property.before.as_ref()),
        property.after_value.as_ref().or(property.after.as_ref()),
    );
    let name = property.path.join(".");
    value_lines(&name, before, after, &note, style)
}

/// Whether only the value of an expression changes, as something else does, and what it comes to is not known yet.
fn is_follower(property: &PropertyChange) -> bool {
    let value = |known: &Option<Value>, text: &Option<Value>| known.clone().or(text.clone());
    value(&property.before_value, &property.before) == value(&property.after_value, &property.after)
}

/// Followers of one cause on one line, with those that force a replacement first.
fn follower_lines(properties: &[&PropertyChange], style: Style) -> String {
    let mut by_cause: Vec<(String, Vec<&PropertyChange>)> = Vec::new();
    for property in properties {
        let causes: Vec<String> = property.causes.iter().map(ToString::to_string).collect();
        let cause = causes.join(", ");
        match by_cause.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, list)) => list.push(property),
            None => by_cause.push((cause, vec![property])),
        }
    }
    let mut text = String::new();
    for (cause, mut list) in by_cause {
        list.sort_by_key(|property| std::cmp::Reverse(property.impact));
        let shown: Vec<String> = list
            .iter()
            .take(FOLLOWERS)
            .map(|property| {
                let name = property.path.join(".");
                match property.impact {
                    Impact::InPlace => name,
                    impact @ (Impact::MayReplace | Impact::Replace) => {
                        format!(
                            "{name} ({})",
                            style.paint(Tone::Danger, &impact.to_string())
                        )
                    }
                }
            })
            .collect();
        let more = match list.len().saturating_sub(FOLLOWERS) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let cause = if cause.is_empty() {
            "known only when deployed".to_owned()
        } else {
            cause
        };
        text.push_str(&format!("      ↳ {cause}: {}{more}\n", shown.join(", ")));
    }
    text
}

/// One property: on a line when short, as a line diff when long.
fn value_lines(
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    note: &str,
    style: Style,
) -> String {
    let old = before.map(plan::render);
    let new = after.map(plan::render);
    let fits = |value: &Option<String>| {
        value
            .as_ref()
            .is_none_or(|value| value.chars().count() <= INLINE && !value.contains('\n'))
    };
    let note = if note.is_empty() {
        String::new()
    } else {
        format!("  {}", style.paint(Tone::Danger, note))
    };
    if fits(&old) && fits(&new) {
        let change = match (old, new) {
            (Some(old), Some(new)) => format!("{old} → {new}"),
            (None, Some(new)) => format!("+ {new}"),
            (Some(old), None) => format!("- {old}"),
            (None, None) => String::new(),
        };
        return format!("      {name}  {change}{note}\n");
    }
    let old = before.map(long_text).unwrap_or_default();
    let new = after.map(long_text).unwrap_or_default();
    format!("      {name}{note}\n{}", line_diff(&old, &new, style))
}

/// A value as lines: a text as it is, anything else as indented JSON.
fn long_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

fn line_diff(old: &str, new: &str, style: Style) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            text.push_str(&style.paint(Tone::Faint, "        …\n"));
        }
        for change in group
            .iter()
            .flat_map(|operation| diff.iter_changes(operation))
        {
            let (sign, tone) = match change.tag() {
                ChangeTag::Delete => ("-", Tone::Danger),
                ChangeTag::Insert => ("+", Tone::Create),
                ChangeTag::Equal => (" ", Tone::Faint),
            };
            let line = format!("        {sign} {}", change.value().trim_end_matches('\n'));
            text.push_str(&style.paint(tone, &line));
            text.push('\n');
        }
    }
    text
}

fn entry(what: &str, change: &EntryChange, style: Style, verbose: bool) -> String {
    let sign = words::sign(change.action);
    let separator = if what.is_empty() { "" } else { " " };
    let head = format!("  {sign} {what}{separator}{}", change.name);
    let mut text = style.paint(words::tone(change.action), &head);
    if change.before == change.after && change.before_value == change.after_value {
        let causes: Vec<String> = change.causes.iter().map(ToString::to_string).collect();
        text.push_str(&format!("  ↳ {}\n", causes.join(", ")));
        return text;
    }
    text.push('\n');
    if change.action == Action::Update || verbose {
        text.push_str(&value_lines(
            "",
            change.before_value.as_ref().or(change.before.as_ref()),
            change.after_value.as_ref().or(change.after.as_ref()),
            "",
            style,
        ));
    }
    text
}
