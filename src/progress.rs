//! A deployment as it happens: a line for each resource that is done, and on a terminal one line for what is under way.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use engine::{Event, Operation, OutcomeKind};

use crate::printer::{Printer, Style, Tone};

/// Draws events.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    style: Style,
    /// Resources under way, `stack/LogicalId`, with what is done to them.
    under_way: Mutex<BTreeMap<String, String>>,
}

impl<'a> Progress<'a> {
    /// Begins; without a terminal only finished things are told.
    pub(crate) fn new(printer: &'a Printer) -> Self {
        printer.begin_bar();
        Self {
            printer,
            style: printer.message_style(),
            under_way: Mutex::default(),
        }
    }

    /// Tells an event.
    pub(crate) fn tell(&self, event: &Event) {
        self.printer.event(event);
        match event {
            Event::StackStarted {
                stack,
                operation,
                resources,
                ..
            } => {
                let verb = match operation {
                    Operation::Create => "creating",
                    Operation::Update => "updating",
                    Operation::Delete => "deleting",
                    Operation::RollBack => "rolling back",
                    Operation::Refactor => "moving resources of",
                    Operation::Follow => "following what is under way in",
                };
                let count = resources
                    .filter(|count| *count > 0)
                    .map(|count| format!(" ({})", crate::views::words::resources(count)))
                    .unwrap_or_default();
                let name = self.style.paint(Tone::Strong, stack);
                self.line(&format!("{verb} {name}{count}"));
            }
            Event::Resource {
                stack,
                logical_id,
                resource_type,
                status,
                reason,
                source,
                elapsed_ms,
                consequence,
                configured,
                ..
            } => {
                let key = format!("{stack}/{logical_id}");
                if status.is_in_progress() {
                    let configured = if *configured { " (configured)" } else { "" };
                    self.begin(key, format!("{logical_id} {}{configured}", status.0));
                    return;
                }
                self.end(&key);
                if *consequence {
                    // What caused it is told, and how many follow it.
                    let reason = reason.as_deref().unwrap_or_default();
                    self.printer
                        .detail(&format!("  ✗ {key}  {}  {reason}", status.0));
                    return;
                }
                let failed = status.is_failed();
                let (sign, tone) = if failed {
                    ("✗", Tone::Danger)
                } else {
                    ("✓", Tone::Create)
                };
                let mut text = format!(
                    "  {} {stack}/{logical_id}  {resource_type}  {}  {}",
                    self.style.paint(tone, sign),
                    status.0,
                    seconds(*elapsed_ms)
                );
                if failed {
                    if let Some(source) = source {
                        text.push_str(&format!("\n      {source}"));
                    }
                    if let Some(reason) = reason {
                        text.push_str(&format!("\n      {reason}"));
                    }
                }
                self.line(&text);
            }
            Event::StackStatus { stack, status, .. } => {
                self.printer
                    .detail(&format!("  {stack}: {}", status.as_str()));
            }
            Event::StackFinished {
                stack,
                outcome,
                elapsed_ms,
                ..
            } => {
                // In express mode resources may be on their way still.
                self.end_all(stack);
                self.line(&self.finished(stack, *outcome, *elapsed_ms));
            }
            Event::Note { stack, message } => self.line(&format!("  {stack}: {message}")),
        }
    }

    /// Takes the line at the bottom away.
    pub(crate) fn finish(&self) {
        self.printer.end_bar();
    }

    fn finished(&self, stack: &str, outcome: OutcomeKind, elapsed_ms: u64) -> String {
        let (word, tone) = match outcome {
            OutcomeKind::Unchanged => ("unchanged", Tone::Faint),
            OutcomeKind::Created => ("created", Tone::Create),
            OutcomeKind::Updated => ("updated", Tone::Create),
            OutcomeKind::Deleted => ("deleted", Tone::Create),
            OutcomeKind::RolledBack => ("rolled back", Tone::Create),
            OutcomeKind::Cancelled => ("cancelled and undone", Tone::Update),
            OutcomeKind::Failed => ("failed", Tone::Danger),
            OutcomeKind::Detached => ("goes on without being followed", Tone::Update),
            OutcomeKind::Skipped => ("not begun", Tone::Faint),
        };
        format!(
            "{} {}  {}",
            self.style.paint(Tone::Strong, stack),
            self.style.paint(tone, word),
            seconds(elapsed_ms)
        )
    }

    fn line(&self, text: &str) {
        self.printer.status(text);
    }

    fn begin(&self, key: String, what: String) {
        self.change(|under_way| {
            under_way.insert(key, what);
        });
    }

    fn end(&self, key: &str) {
        self.change(|under_way| {
            under_way.remove(key);
        });
    }

    fn end_all(&self, stack: &str) {
        let prefix = format!("{stack}/");
        self.change(|under_way| under_way.retain(|key, _| !key.starts_with(&prefix)));
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut under_way);
        let names: Vec<&str> = under_way.values().map(String::as_str).collect();
        self.printer.set_bar(names.join(", "));
    }
}

/// A length of time as people read it.
fn seconds(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!(
            "{} min {} s",
            milliseconds / 60_000,
            milliseconds % 60_000 / 1_000
        ),
    }
}
