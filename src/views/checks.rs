//! What the checks found, one line for each finding.

use plan::{Finding, Plan, Severity};

use super::text::{Line, Look, Text};
use crate::printer::Tone;

/// Draws the findings of a plan; empty when there is nothing to tell. Notes and what was accepted with a reason are only
/// counted, unless everything is wanted.
pub(crate) fn draw(plan: &Plan, look: Look<'_>) -> Text {
    let mut text = Text::default();
    let (mut notes, mut accepted) = (0, 0);
    for stack in &plan.stacks {
        for finding in &stack.diff.findings {
            if !look.verbose && finding.suppressed.is_some() {
                accepted += 1;
            } else if !look.verbose && finding.severity == Severity::Info {
                notes += 1;
            } else {
                text.push(line(&place(&stack.name, finding), finding));
            }
        }
    }
    let folded: Vec<String> = [(notes, "note"), (accepted, "accepted finding")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
        .collect();
    // Notes alone are not worth a section.
    if !text.is_empty() && !folded.is_empty() {
        let line = format!("{}, shown with `-v`", folded.join(" and "));
        text.push(Line::at(2).then(Tone::Faint, &line));
    }
    text
}

/// Draws the findings between two templates.
pub(crate) fn draw_diff(findings: &[Finding]) -> Text {
    let mut text = Text::default();
    for finding in findings {
        let id = finding.logical_id.iter();
        let place: Vec<&str> = id.chain(&finding.property).map(String::as_str).collect();
        text.push(line(&place.join("."), finding));
    }
    text
}

/// How grave a finding is in a word; one that was accepted with a reason counts for nothing.
pub(crate) fn word(finding: &Finding) -> (&'static str, Tone) {
    match (&finding.suppressed, finding.severity) {
        (Some(_), _) => ("accepted", Tone::Faint),
        (None, Severity::Error) => ("error", Tone::Danger),
        (None, Severity::Warning) => ("warning", Tone::Update),
        (None, Severity::Info) => ("info", Tone::Faint),
    }
}

/// What a finding is about: its construct, as near as that is known, and the property.
pub(crate) fn place(stack: &str, finding: &Finding) -> String {
    let mut place = match (&finding.path, &finding.logical_id) {
        (Some(path), _) => path.clone(),
        (None, Some(id)) => format!("{stack}/{id}"),
        (None, None) => stack.to_owned(),
    };
    if !finding.property.is_empty() {
        place.push(' ');
        place.push_str(&finding.property.join("."));
    }
    place
}

fn line(place: &str, finding: &Finding) -> Line {
    let (word, tone) = word(finding);
    let mut line = Line::at(2)
        .then(tone, word)
        .plain(&format!(" {}  {place}: {}", finding.rule, finding.message));
    if let Some(reason) = &finding.suppressed {
        line = line.plain(&format!(" (accepted: {reason})"));
    }
    match &finding.source {
        Some(source) => line.plain("  ").source(source),
        None => line,
    }
}
