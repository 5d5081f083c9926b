//! What remains after a destruction, and why.

use engine::{Remaining, RemainingKind};

use crate::{
    printer::{Style, Tone},
    views::text::printable,
};

/// Draws the closing list of a destruction; nothing when nothing remains.
pub(crate) fn draw(remaining: &[Remaining], environment: &str, style: Style) -> Option<String> {
    if remaining.is_empty() {
        return None;
    }
    let mut text = format!("What remains of {environment}:");
    for one in remaining {
        let what = match (&one.resource_type, one.kind) {
            (Some(resource_type), RemainingKind::Retained | RemainingKind::Undeleted) => {
                resource_type.clone()
            }
            (_, kind) => word(kind).to_owned(),
        };
        let place = match (&one.stack, &one.logical_id) {
            (Some(stack), Some(logical_id)) => format!("  {stack}/{logical_id}"),
            (Some(stack), None) => format!("  {stack}"),
            (None, _) => String::new(),
        };
        let sign = if one.certain { "-" } else { "?" };
        text.push_str(&format!(
            "\n  {sign} {what} {}{}\n      {}",
            style.paint(Tone::Strong, &printable(&one.name)),
            style.paint(Tone::Faint, &place),
            printable(&one.why)
        ));
    }
    if remaining.iter().any(|one| !one.certain) {
        text.push_str("\n  (? may never have been made)");
    }
    Some(text)
}

fn word(kind: RemainingKind) -> &'static str {
    match kind {
        RemainingKind::Retained | RemainingKind::Undeleted => "resource",
        RemainingKind::Snapshot => "snapshot of",
        RemainingKind::LogGroup => "log group",
        RemainingKind::Bucket => "bucket",
        RemainingKind::Stack => "stack",
        RemainingKind::ChangeSet => "change set",
        RemainingKind::Records => "records in",
        RemainingKind::Bootstrap => "asset bucket",
    }
}
