//! What is wrong with a template file, by its lines.

use assembly::Severity;
use serde::Serialize;
use template::{Circumstances, Finding, Template};

use crate::printer::{Style, Tone};

/// A finding of `validate --json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileFinding {
    pub(crate) severity: Severity,
    /// The rule's stable id.
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    /// Keys and indexes from the template's root.
    pub(crate) path: Vec<String>,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The reason why it is accepted, when the template gives one. It then counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suppressed: Option<String>,
}

/// The rule of what is not a template at all.
const UNREADABLE: &str = "CIF000";

/// Checks the content of a file. `today` is a day, `2026-11-23`.
pub(crate) fn of_file(content: &[u8], today: &str) -> Vec<FileFinding> {
    match Template::parse_bytes(content) {
        Ok(template) => template::check(&template, &Circumstances::on(today))
            .into_iter()
            .map(|finding| FileFinding {
                severity: severity(&finding),
                rule: finding.rule,
                message: finding.message,
                path: finding.path,
                line: finding.position.line,
                column: finding.position.column,
                suppressed: finding.suppressed,
            })
            .collect(),
        Err(errors) => errors
            .into_iter()
            .map(|error| FileFinding {
                severity: Severity::Error,
                rule: UNREADABLE,
                message: error.message,
                path: Vec::new(),
                line: error.position.line,
                column: error.position.column,
                suppressed: None,
            })
            .collect(),
    }
}

/// One finding as a line that editors and terminals can open.
pub(crate) fn render(file: &str, finding: &FileFinding, style: Style) -> String {
    let (word, tone) = match (&finding.suppressed, finding.severity) {
        (Some(_), _) => ("accepted", Tone::Faint),
        (None, Severity::Error) => ("error", Tone::Danger),
        (None, Severity::Warning) => ("warning", Tone::Update),
        (None, Severity::Info) => ("info", Tone::Faint),
    };
    let reason = finding
        .suppressed
        .as_ref()
        .map(|reason| format!(" (accepted: {reason})"))
        .unwrap_or_default();
    let place = if finding.path.is_empty() {
        String::new()
    } else {
        style.paint(Tone::Faint, &format!("  ({})", finding.path.join(".")))
    };
    format!(
        "{file}:{}:{}: {} {}: {}{reason}{place}",
        finding.line,
        finding.column,
        style.paint(tone, word),
        finding.rule,
        finding.message
    )
}

fn severity(finding: &Finding) -> Severity {
    match finding.severity {
        template::Severity::Info => Severity::Info,
        template::Severity::Warning => Severity::Warning,
        template::Severity::Error => Severity::Error,
    }
}
