//! What is wrong with a template: for a file by its lines, for a stack by the lines of Rust that declared it.

use assembly::{Diagnostic, Severity, StackManifest};
use serde::Serialize;
use template::{Finding, Options, Template};

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
}

/// The rule of what is not a template at all.
const UNREADABLE: &str = "CIF000";

/// Checks the content of a file.
pub(crate) fn of_file(content: &[u8]) -> Vec<FileFinding> {
    match Template::parse_bytes(content) {
        Ok(template) => template::validate(&template, &Options::default())
            .into_iter()
            .map(|finding| FileFinding {
                severity: severity(&finding),
                rule: finding.rule,
                message: finding.message,
                path: finding.path,
                line: finding.position.line,
                column: finding.position.column,
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
            })
            .collect(),
    }
}

/// Checks a synthesized template; each finding names the construct and the source line of its resource.
pub(crate) fn of_stack(stack: &StackManifest, text: &str) -> Vec<Diagnostic> {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(errors) => {
            return errors
                .into_iter()
                .map(|error| {
                    Diagnostic::error(error.message)
                        .at_source(format!("{}:{}", stack.template, error.position))
                })
                .collect();
        }
    };
    template::validate(&template, &Options::default())
        .into_iter()
        .map(|finding| locate(finding, stack))
        .collect()
}

/// Says where in the stacks program a finding comes from, as far as that is known.
fn locate(finding: Finding, stack: &StackManifest) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("");
    diagnostic.severity = severity(&finding);
    let origin = match finding.path.as_slice() {
        [section, logical_id, ..] if section == "Resources" => stack.resources.get(logical_id),
        _ => None,
    };
    let rest = match origin {
        Some(origin) => {
            diagnostic.path = Some(origin.path.clone());
            diagnostic.source = Some(origin.source.clone());
            finding.path.get(2..).unwrap_or_default().join(".")
        }
        None => {
            diagnostic.path = Some(stack.name.clone());
            finding.path.join(".")
        }
    };
    let rest = rest.strip_prefix("Properties.").unwrap_or(&rest);
    let separator = if rest.is_empty() { "" } else { ": " };
    diagnostic.message = format!("{rest}{separator}{} [{}]", finding.message, finding.rule);
    diagnostic
}

/// One finding as a line that editors and terminals can open.
pub(crate) fn render(file: &str, finding: &FileFinding, style: Style) -> String {
    let (word, tone) = match finding.severity {
        Severity::Error => ("error", Tone::Danger),
        Severity::Warning => ("warning", Tone::Update),
        Severity::Info => ("info", Tone::Faint),
    };
    let place = if finding.path.is_empty() {
        String::new()
    } else {
        style.paint(Tone::Faint, &format!("  ({})", finding.path.join(".")))
    };
    format!(
        "{file}:{}:{}: {} {}: {}{place}",
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
