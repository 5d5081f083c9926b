//! Signs and phrases that every view of a plan shares.

use plan::{Action, Change, StackAction, StackDiff, Summary};

use crate::printer::Tone;

/// The sign of an action, as in a diff.
pub(crate) fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace | Action::MayReplace => "±",
        Action::Delete => "-",
        Action::Orphan => "○",
        Action::Import => "<",
        Action::Move => ">",
    }
}

/// What an action means for the reader.
pub(crate) fn tone(action: Action) -> Tone {
    match action {
        Action::Create | Action::Import => Tone::Create,
        Action::Update | Action::Move => Tone::Update,
        Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => Tone::Danger,
    }
}

/// The gravest first; what is equally grave keeps its order.
pub(crate) fn by_danger(diff: &StackDiff) -> Vec<&Change> {
    let mut changes: Vec<_> = diff.changes.iter().collect();
    changes.sort_by_key(|change| {
        let grave = match change.action {
            Action::Delete => 0,
            Action::Replace => 1,
            Action::MayReplace => 2,
            Action::Orphan => 3,
            Action::Update | Action::Move | Action::Import => 4,
            Action::Create => 5,
        };
        (!is_loss(change), grave)
    });
    changes
}

/// Whether a change may cost what a stateful resource holds.
pub(crate) fn is_loss(change: &Change) -> bool {
    change.stateful
        && matches!(
            change.action,
            Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan
        )
}

/// The sign of a stack: its own fate, or the gravest of its changes.
pub(crate) fn stack_sign(action: StackAction, diff: &StackDiff) -> (&'static str, Tone) {
    match action {
        StackAction::Create => ("+", Tone::Create),
        StackAction::Delete => ("-", Tone::Danger),
        StackAction::None => (" ", Tone::Faint),
        StackAction::Update => match by_danger(diff).first() {
            Some(change) if change.action != Action::Create => {
                (sign(change.action), tone(change.action))
            }
            Some(_) | None => ("~", Tone::Update),
        },
    }
}

/// What happens to a stack in a few words.
pub(crate) fn stack_phrase(action: StackAction, diff: &StackDiff) -> String {
    let count = diff.summary.total();
    match action {
        StackAction::Create => format!("{} to create", resources(count)),
        StackAction::Delete => format!("{} to delete", resources(count)),
        StackAction::None => "no change".to_owned(),
        StackAction::Update if count > 0 => {
            format!(
                "{} {}",
                resources(count),
                if count == 1 { "changes" } else { "change" }
            )
        }
        StackAction::Update if !diff.outputs.is_empty() => "outputs change".to_owned(),
        StackAction::Update => "settings change".to_owned(),
    }
}

/// `1 resource`, `2 resources`.
pub(crate) fn resources(count: usize) -> String {
    format!("{count} resource{}", if count == 1 { "" } else { "s" })
}

/// The last line: how many of each, in the order of a life; what does not occur is left out, but for the four usual.
pub(crate) fn totals(summary: &Summary) -> String {
    let usual = [
        (summary.create, "to create"),
        (summary.update, "to update"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
    ];
    let rare = [
        (summary.may_replace, "may be replaced"),
        (summary.orphan, "to leave behind"),
        (summary.import, "to import"),
        (summary.moved, "to move"),
    ];
    let mut words: Vec<String> = usual
        .iter()
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    words.extend(
        rare.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    words.join(", ")
}

/// An account id in groups, which is easier to compare.
pub(crate) fn account(id: &str) -> String {
    match (id.get(0..4), id.get(4..8), id.get(8..12)) {
        (Some(first), Some(second), Some(third)) if id.len() == 12 => {
            format!("{first}-{second}-{third}")
        }
        _ => id.to_owned(),
    }
}
