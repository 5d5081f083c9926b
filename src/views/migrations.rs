//! Migrations, a line each.

use crate::{
    commands::migrate::{Migration, MigrationState},
    printer::{Style, Tone},
    views::text::printable,
};

/// Draws all migrations.
pub(crate) fn draw(migrations: &[Migration], style: Style) -> String {
    let width = migrations.iter().map(|one| name(one).chars().count()).max();
    let width = width.unwrap_or_default();
    let lines = migrations.iter().map(|migration| {
        let (tone, word) = match migration.state {
            MigrationState::Applied => (Tone::Faint, "applied"),
            MigrationState::Pending => (Tone::Strong, "pending"),
            MigrationState::Edited => (Tone::Danger, "edited after it was applied"),
            MigrationState::Unknown => (Tone::Danger, "applied by a newer program"),
        };
        let when = migration.applied_at.as_deref().unwrap_or_default();
        let line = format!(
            "{:width$}  {}  {}",
            name(migration),
            style.paint(tone, word),
            printable(when),
        );
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A migration's number and name, as its file has them.
pub(crate) fn name(migration: &Migration) -> String {
    format!("{:04} {}", migration.number, printable(&migration.name))
}
