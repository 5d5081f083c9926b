//! The changes of one stack as text: the gravest first, what is alike told together.

use plan::{
    Action, Change, EntryChange, ExternalChange, Impact, PropertyChange, StackAction, StackDiff,
};

use super::{
    fold::{Row, fold},
    text::{Line, Look, Text, columns},
    values::Values,
    words,
};
use crate::printer::Tone;

/// How many properties that follow one cause are named.
const FOLLOWERS: usize = 3;
/// How many names of a group are told.
const NAMES: usize = 8;
/// Where the properties of a resource begin.
const BODY: usize = 6;
/// The longest name that others are lined up with.
const LINED_UP: usize = 40;

/// What is told of one thing that changes.
pub(crate) struct Block {
    pub(crate) danger: Danger,
    /// What happens.
    pub(crate) head: Text,
    /// Through what.
    pub(crate) body: Text,
}

/// How dangerous a change is, the most dangerous first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Danger {
    /// Data may be lost.
    Data,
    /// Something is gone or made anew, or lets in more than before.
    Grave,
    /// Something changes in place.
    Change,
    /// Something is new, or changes nothing that matters.
    Harmless,
}

/// Draws all that changes within a stack, each line indented by two spaces.
pub(crate) fn draw(action: StackAction, diff: &StackDiff, look: Look<'_>) -> Text {
    let mut text = Text::default();
    for block in blocks(action, diff, look) {
        text.append(block.head);
        text.append(block.body);
    }
    text
}

/// All that changes within a stack, piece by piece.
pub(crate) fn blocks(action: StackAction, diff: &StackDiff, look: Look<'_>) -> Vec<Block> {
    let rows = if look.verbose {
        words::by_danger(diff).into_iter().map(Row::One).collect()
    } else {
        fold(words::by_danger(diff))
    };
    let widths = Widths::of(&rows, look);
    let mut blocks: Vec<Block> = rows.iter().map(|row| block(row, &widths, look)).collect();
    let mut tell = |head: Text, body: Text| {
        blocks.push(Block {
            danger: Danger::Change,
            head,
            body,
        });
    };
    if action == StackAction::Create && !look.verbose {
        // What a new stack consists of is in the code; what it tells is worth a line.
        let outputs: Vec<&str> = diff
            .outputs
            .iter()
            .map(|output| output.name.as_str())
            .collect();
        if !outputs.is_empty() {
            let line = format!("outputs {}", outputs.join(", "));
            tell(Line::at(2).then(Tone::Faint, &line).into(), Text::default());
        }
        return blocks;
    }
    for (what, entries) in [
        ("parameter ", &diff.parameters),
        ("mapping ", &diff.mappings),
        ("condition ", &diff.conditions),
        ("output ", &diff.outputs),
        ("", &diff.other),
    ] {
        for change in entries {
            let (head, body) = entry(what, change, look);
            tell(head, body);
        }
    }
    if !diff.equivalent.is_empty() {
        // Where a stack is deployed, its whole text is.
        let fate = match action {
            StackAction::None => ", not deployed",
            StackAction::Create | StackAction::Update | StackAction::Delete => "",
        };
        let line = format!("differs in form only{fate}: {}", diff.equivalent.join(", "));
        tell(Line::at(2).then(Tone::Faint, &line).into(), Text::default());
    }
    blocks
}

/// Draws what becomes of a resource outside AWS.
pub(crate) fn draw_external(change: &ExternalChange, look: Look<'_>) -> Text {
    let head = format!(
        "{} {}/{}/{}",
        words::sign(change.action),
        change.provider,
        change.kind,
        change.key
    );
    let mut head = Line::at(0).then(words::tone(change.action), &head);
    if let Some(source) = &change.source {
        head = head.plain("  ").source(source);
    }
    let mut text = Text::from(head);
    if change.action != Action::Create || look.verbose {
        text.append(properties(&change.properties, look));
    }
    text
}

/// How wide the columns of a list of resources are.
struct Widths {
    id: usize,
    type_name: usize,
}

impl Widths {
    /// As wide as the widest, unless a line would not fit on the terminal then.
    fn of(rows: &[Row<'_>], look: Look<'_>) -> Self {
        let changes: Vec<&Change> = rows
            .iter()
            .filter_map(|row| match row {
                Row::One(change) => Some(*change),
                Row::Created(_) | Row::Metadata(_) | Row::Digest(_) | Row::Alike(_) => None,
            })
            .collect();
        let widest = |text: fn(&Change) -> &str| {
            let widths = changes.iter().map(|change| columns(text(change)));
            widths.max().unwrap_or(0)
        };
        let widths = Self {
            id: widest(|change| &change.logical_id).min(LINED_UP),
            type_name: widest(|change| &change.type_name).min(LINED_UP + 8),
        };
        let source = widest(|change| change.source.as_deref().unwrap_or(""));
        let whole = 4 + widths.id + 2 + widths.type_name + 2 + source;
        if look.width().is_none_or(|width| whole <= width) {
            widths
        } else {
            Self {
                id: 0,
                type_name: 0,
            }
        }
    }
}

fn block(row: &Row<'_>, widths: &Widths, look: Look<'_>) -> Block {
    let danger = match row {
        Row::One(change) => danger(change),
        Row::Alike(_) => Danger::Change,
        Row::Created(_) | Row::Metadata(_) | Row::Digest(_) => Danger::Harmless,
    };
    let (head, body) = match row {
        Row::One(change) => {
            // What is made anew is in the code; only a change needs its old and new value side by side.
            let is_told = change.action != Action::Create || look.verbose;
            let body = if is_told {
                body(change, look)
            } else {
                Text::default()
            };
            (resource(change, widths), body)
        }
        Row::Created(group) => {
            let type_name = group.first().map_or("", |change| &change.type_name);
            let head = format!("+ {} × {type_name}", group.len());
            (grouped(Tone::Create, &head, group).into(), Text::default())
        }
        Row::Metadata(group) => {
            let head = format!("~ metadata alone of {}", words::resources(group.len()));
            (grouped(Tone::Faint, &head, group).into(), Text::default())
        }
        Row::Digest(group) => {
            let head = format!("~ new content for {}", words::resources(group.len()));
            (grouped(Tone::Update, &head, group).into(), Text::default())
        }
        Row::Alike(group) => {
            let head = format!("~ {} change alike", words::resources(group.len()));
            let body = group.first().map(|first| body(first, look));
            (
                grouped(Tone::Update, &head, group).into(),
                body.unwrap_or_default(),
            )
        }
    };
    Block { danger, head, body }
}

fn danger(change: &Change) -> Danger {
    match change.action {
        _ if words::peril(change).is_some() => Danger::Data,
        Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => Danger::Grave,
        Action::Update | Action::Import | Action::Move => Danger::Change,
        Action::Create => Danger::Harmless,
    }
}

fn grouped(tone: Tone, head: &str, group: &[&Change]) -> Line {
    let names: Vec<&str> = group
        .iter()
        .take(NAMES)
        .map(|change| change.logical_id.as_str())
        .collect();
    let more = match group.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Line::at(2)
        .then(tone, head)
        .plain(&format!("  {}{more}", names.join(", ")))
}

/// What happens to a resource.
fn resource(change: &Change, widths: &Widths) -> Text {
    let tone = words::tone(change.action);
    let mut head = Line::at(2)
        .then(tone, words::sign(change.action))
        .plain(" ")
        .then(tone, &change.logical_id)
        .up_to(2 + widths.id)
        .plain("  ")
        .then(tone, &change.type_name);
    if let Some(source) = &change.source {
        head = head
            .up_to(4 + widths.id + widths.type_name)
            .plain("  ")
            .source(source);
    }
    let mut text = Text::from(head);
    if let Some((label, peril)) = words::peril(change) {
        text.push(Line::at(BODY).then(Tone::Loss, label).then(
            Tone::Danger,
            &format!("  {peril}, as {}", words::because(change.reason)),
        ));
    } else if let Some(fate) = fate(change) {
        text.push(Line::at(BODY).then(Tone::Danger, &fate));
    }
    if let Some(line) = moved(change) {
        text.push(Line::at(BODY).then(tone, &line));
    }
    if let Some(from) = &change.likely_moved_from {
        let line =
            format!("looks like `{from}` under another name: `app.moved` keeps the resource");
        text.push(Line::at(BODY).then(Tone::Strong, &line));
    }
    text
}

/// What changes of a resource, below its own line.
fn body(change: &Change, look: Look<'_>) -> Text {
    let mut text = properties(&change.properties, look);
    for attribute in &change.attributes {
        text.append(words::attribute(attribute).draw(BODY, 0, look));
    }
    for line in words::ignored_drift(change) {
        text.push(Line::at(BODY).then(Tone::Faint, &line));
    }
    text
}

/// Where the resource comes from or goes.
fn moved(change: &Change) -> Option<String> {
    let from = change.moved_from.as_ref();
    let from = from.map(|from| format!("moves from {from}, and stays what it is"));
    let to = change.moved_to.as_ref();
    from.or_else(|| to.map(|to| format!("moves to {to}, and stays what it is")))
}

/// What becomes of the resource, when that is more than a change in place.
fn fate(change: &Change) -> Option<String> {
    match change.action {
        Action::Create | Action::Import | Action::Update => None,
        Action::Move => None,
        Action::Replace | Action::MayReplace => {
            let old = change
                .old_copy
                .map(|copy| format!("; {copy}"))
                .unwrap_or_default();
            let verb = if change.action == Action::MayReplace {
                "may be replaced"
            } else {
                "is replaced"
            };
            Some(format!("{verb}, as {}{old}", words::because(change.reason)))
        }
        Action::Delete => Some("is deleted".to_owned()),
        Action::Orphan => Some("stays in the account, no longer managed".to_owned()),
    }
}

/// Properties with their own changes first, then what only follows something else.
fn properties(properties: &[PropertyChange], look: Look<'_>) -> Text {
    let (following, changed) = words::shown(properties);
    let column = changed
        .iter()
        .filter(|shown| shown.values().short().is_some())
        .map(|shown| columns(&shown.name))
        .filter(|width| *width <= LINED_UP)
        .max()
        .unwrap_or(0);
    let mut text = Text::default();
    for shown in &changed {
        text.append(shown.values().draw(BODY, column, look));
    }
    text.append(followers(&following));
    text
}

/// Followers of one cause on one line, with those that force a replacement first.
fn followers(properties: &[&PropertyChange]) -> Text {
    let mut by_cause: Vec<(String, Vec<&PropertyChange>)> = Vec::new();
    for property in properties {
        let cause = words::causes(&property.causes);
        match by_cause.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, list)) => list.push(property),
            None => by_cause.push((cause, vec![property])),
        }
    }
    let mut text = Text::default();
    for (cause, mut list) in by_cause {
        list.sort_by_key(|property| std::cmp::Reverse(property.impact));
        let mut line = Line::at(BODY).plain(&format!("↳ {cause}: "));
        for (index, property) in list.iter().take(FOLLOWERS).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            line = line.plain(&format!("{separator}{}", property.path.join(".")));
            if property.impact > Impact::InPlace {
                line = line
                    .plain(" (")
                    .then(Tone::Danger, &property.impact.to_string())
                    .plain(")");
            }
        }
        if list.len() > FOLLOWERS {
            line = line.plain(&format!(", and {} more", list.len() - FOLLOWERS));
        }
        text.push(line);
    }
    text
}

fn entry(what: &str, change: &EntryChange, look: Look<'_>) -> (Text, Text) {
    let head = format!("{} {what}{}", words::sign(change.action), change.name);
    let head = Line::at(2).then(words::tone(change.action), &head);
    if change.before == change.after && change.before_value == change.after_value {
        let causes = words::causes(&change.causes);
        return (head.plain(&format!("  ↳ {causes}")).into(), Text::default());
    }
    let mut body = Text::default();
    if change.action == Action::Update || look.verbose {
        let values = Values {
            name: "",
            before: change.before_value.as_ref().or(change.before.as_ref()),
            after: change.after_value.as_ref().or(change.after.as_ref()),
            note: "",
        };
        body = values.draw(BODY, 0, look);
    }
    (head.into(), body)
}
