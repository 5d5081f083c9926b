//! Secrets, a line each: names, versions and dates, never values.

use engine::SecretFact;

use crate::{
    printer::{Style, Tone},
    views::text::printable,
};

/// Draws the secrets below a path.
pub(crate) fn draw(facts: &[SecretFact], path: &str, style: Style) -> String {
    let names: Vec<String> = facts
        .iter()
        .map(|fact| printable(name(fact, path)))
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default();
    let lines = facts.iter().zip(&names).map(|(fact, name)| {
        let when = fact.modified_at.as_deref().unwrap_or_default();
        let who = fact.modified_by.as_deref().unwrap_or_default();
        let line = format!(
            "{}  version {}  {when}  {}",
            style.paint(Tone::Strong, &format!("{name:width$}")),
            fact.version,
            style.paint(Tone::Faint, &printable(who)),
        );
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A secret's name within its path.
pub(crate) fn name<'a>(fact: &'a SecretFact, path: &str) -> &'a str {
    let below = fact.name.strip_prefix(path);
    let below = below.and_then(|rest| rest.strip_prefix('/'));
    below.unwrap_or(&fact.name)
}
