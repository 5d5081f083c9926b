//! What is wrong with a template file, by its lines.

use ::policies::{Policies, PolicyError};
use assembly::Severity;
use serde::Serialize;
use template::{Circumstances, Finding, ParseError, Template};

use super::text::printable;
use crate::{
    policies as own,
    printer::{Style, Tone},
};

/// A finding of `validate --json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileFinding {
    pub(crate) severity: Severity,
    /// The rule's stable id, or the name of one of the project's own rules.
    pub(crate) rule: String,
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

/// Checks the content of a file against the rules, and a project's own. `today` is a day, `2026-11-23`.
pub(crate) fn of_file(
    content: &[u8],
    policies: &Policies,
    today: &str,
) -> Result<Vec<FileFinding>, PolicyError> {
    let template = match Template::parse_bytes(content) {
        Ok(template) => template,
        Err(errors) => return Ok(unreadable(errors)),
    };
    let built_in = template::check(&template, &Circumstances::on(today))
        .into_iter()
        .map(|finding| FileFinding {
            severity: severity(&finding),
            rule: finding.rule.to_owned(),
            message: finding.message,
            path: finding.path,
            line: finding.position.line,
            column: finding.position.column,
            suppressed: finding.suppressed,
        });
    let mut findings: Vec<FileFinding> = built_in.collect();
    let accepted = template::suppressions(&template);
    let own = own::evaluate(policies, &template, &accepted)?;
    findings.extend(own.into_iter().map(|finding| {
        let position = template.nearest_position(&finding.path);
        FileFinding {
            severity: if finding.is_warning {
                Severity::Warning
            } else {
                Severity::Error
            },
            rule: finding.rule,
            message: finding.message,
            path: finding.path,
            line: position.line,
            column: position.column,
            suppressed: finding.suppressed,
        }
    }));
    findings.sort_by_key(|finding| (finding.line, finding.column));
    Ok(findings)
}

/// What is not a template at all.
fn unreadable(errors: Vec<ParseError>) -> Vec<FileFinding> {
    let findings = errors.into_iter().map(|error| FileFinding {
        severity: Severity::Error,
        rule: UNREADABLE.to_owned(),
        message: error.message,
        path: Vec::new(),
        line: error.position.line,
        column: error.position.column,
        suppressed: None,
    });
    findings.collect()
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
        .map(|reason| format!(" (accepted: {})", printable(reason)))
        .unwrap_or_default();
    let place = if finding.path.is_empty() {
        String::new()
    } else {
        let path = printable(&finding.path.join("."));
        style.paint(Tone::Faint, &format!("  ({path})"))
    };
    format!(
        "{}:{}:{}: {} {}: {}{reason}{place}",
        printable(file),
        finding.line,
        finding.column,
        style.paint(tone, word),
        printable(&finding.rule),
        printable(&finding.message)
    )
}

fn severity(finding: &Finding) -> Severity {
    match finding.severity {
        template::Severity::Info => Severity::Info,
        template::Severity::Warning => Severity::Warning,
        template::Severity::Error => Severity::Error,
    }
}
