//! A deployment as it happens: a line for each resource that is done, and on a terminal one line for what is under way.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use engine::{Event, Operation, OutcomeKind};
use indicatif::{ProgressBar, ProgressStyle};

use crate::printer::{Printer, Style, Tone};

/// How often the line for what is under way is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// Draws events.
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    style: Style,
    /// The line at the bottom, on a terminal.
    bar: Option<ProgressBar>,
    /// Resources under way, `stack/LogicalId`, with what is done to them.
    under_way: Mutex<BTreeMap<String, String>>,
}

impl<'a> Progress<'a> {
    /// Begins; without a terminal only finished things are told.
    pub(crate) fn new(printer: &'a Printer) -> Self {
        let bar = printer.is_interactive().then(|| {
            let bar = ProgressBar::new_spinner().with_style(
                ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.enable_steady_tick(TICK);
            bar
        });
        Self {
            printer,
            style: printer.message_style(),
            bar,
            under_way: Mutex::default(),
        }
    }

    /// Tells an event.
    pub(crate) fn tell(&self, event: &Event) {
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
                ..
            } => {
                let key = format!("{stack}/{logical_id}");
                if status.is_in_progress() {
                    self.begin(key, format!("{logical_id} {}", status.0));
                    return;
                }
                self.end(&key);
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
            } => self.line(&self.finished(stack, *outcome, *elapsed_ms)),
            Event::Note { stack, message } => self.line(&format!("  {stack}: {message}")),
        }
    }

    /// Takes the line at the bottom away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn finished(&self, stack: &str, outcome: OutcomeKind, elapsed_ms: u64) -> String {
        let (word, tone) = match outcome {
            OutcomeKind::Unchanged => ("unchanged", Tone::Faint),
            OutcomeKind::Created => ("created", Tone::Create),
            OutcomeKind::Updated => ("updated", Tone::Create),
            OutcomeKind::Deleted => ("deleted", Tone::Create),
            OutcomeKind::RolledBack => ("rolled back", Tone::Create),
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
        match &self.bar {
            Some(bar) => bar.suspend(|| self.printer.status(text)),
            None => self.printer.status(text),
        }
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

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut under_way);
        if let Some(bar) = &self.bar {
            let names: Vec<&str> = under_way.values().map(String::as_str).collect();
            bar.set_message(names.join(", "));
        }
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
