//! What the checks found, one line for each finding.

use plan::{Finding, Plan, Severity};

use crate::printer::{Style, Tone};

/// Draws the findings of a plan; empty when there is nothing to tell. Notes and what was accepted with a reason are only
/// counted, unless `verbose`.
pub(crate) fn draw(plan: &Plan, style: Style, verbose: bool) -> String {
    let mut text = String::new();
    let (mut notes, mut accepted) = (0, 0);
    for stack in &plan.stacks {
        for finding in &stack.diff.findings {
            if !verbose && finding.suppressed.is_some() {
                accepted += 1;
            } else if !verbose && finding.severity == Severity::Info {
                notes += 1;
            } else {
                text.push_str(&line(&stack.name, finding, style));
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
        let line = format!("  {}, shown with `-v`", folded.join(" and "));
        text.push_str(&style.paint(Tone::Faint, &line));
        text.push('\n');
    }
    text
}

fn line(stack: &str, finding: &Finding, style: Style) -> String {
    let (word, tone) = match (&finding.suppressed, finding.severity) {
        (Some(_), _) => ("accepted", Tone::Faint),
        (None, Severity::Error) => ("error", Tone::Danger),
        (None, Severity::Warning) => ("warning", Tone::Update),
        (None, Severity::Info) => ("info", Tone::Faint),
    };
    let mut place = match (&finding.path, &finding.logical_id) {
        (Some(path), _) => path.clone(),
        (None, Some(id)) => format!("{stack}/{id}"),
        (None, None) => stack.to_owned(),
    };
    if !finding.property.is_empty() {
        place.push(' ');
        place.push_str(&finding.property.join("."));
    }
    let mut line = format!(
        "  {} {}  {place}: {}",
        style.paint(tone, word),
        finding.rule,
        finding.message
    );
    if let Some(reason) = &finding.suppressed {
        line.push_str(&format!(" (accepted: {reason})"));
    }
    if let Some(source) = &finding.source {
        line.push_str("  ");
        line.push_str(&style.paint(Tone::Faint, source));
    }
    line.push('\n');
    line
}
