//! Checks a template against CloudFormation's rules and limits and the facts about resource types.

mod context;
mod cycles;
mod declarations;
mod functions;
mod limits;
mod parameters;
mod patterns;
mod properties;
pub(crate) mod scalars;
mod structure;
mod survey;
mod targets;

use std::collections::BTreeSet;

use crate::{
    finding::{Finding, Findings, Path, Severity},
    position::Indexes,
    rules,
    template::{RemarkKind, Template},
};

pub use parameters::{ParameterError, check_parameter_value};

use context::Context;

/// What validation cannot read from the template itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The rules whose findings are not wanted, by id.
    pub ignored_rules: BTreeSet<String>,
    /// The least grave findings that are wanted.
    pub least: Severity,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ignored_rules: BTreeSet::new(),
            least: Severity::Info,
        }
    }
}

/// Everything that is wrong with a template, in the order of its text.
///
/// Nothing is said that may be false: what a macro makes of the template, a value that is only known at deployment, a
/// type of a third party are left alone.
pub fn validate(template: &Template, options: &Options) -> Vec<Finding> {
    let mut findings = Findings::default();
    let context = Context::new(template);
    structure::check(&context, &mut findings);
    limits::check(&context, &mut findings);
    parameters::check(&context, &mut findings);
    if context.trust.is_readable() {
        survey::check(&context, &mut findings);
        declarations::check(&context, &mut findings);
        functions::check(&context, &mut findings);
        cycles::check(&context, &mut findings);
        properties::check(&context, &mut findings);
    }
    let mut found = place(template, findings);
    found.extend(remarks(template));
    found.retain(|finding| {
        finding.severity >= options.least && !options.ignored_rules.contains(finding.rule)
    });
    in_order(&mut found);
    found
}

/// Whether the text is what CloudFormation sees, as no macro of the account rewrites it.
pub(crate) fn is_readable(template: &Template) -> bool {
    context::Trust::new(template).is_readable()
}

/// Brings findings into the order of the text.
pub(crate) fn in_order(found: &mut Vec<Finding>) {
    found.sort_by(|left, right| {
        let key = |finding: &Finding| (finding.position, finding.rule);
        key(left)
            .cmp(&key(right))
            .then_with(|| left.message.cmp(&right.message))
    });
    found.dedup();
}

/// Gives every finding its place in the text.
pub(crate) fn place(template: &Template, findings: Findings) -> Vec<Finding> {
    let mut indexes = Indexes::default();
    findings
        .into_parts()
        .into_iter()
        .map(|(rule, severity, message, path)| Finding {
            severity,
            rule: rule.id,
            message,
            position: template.follow(&path, &mut indexes).0,
            path,
            suppressed: None,
        })
        .collect()
}

/// What only the text shows.
fn remarks(template: &Template) -> impl Iterator<Item = Finding> {
    template.remarks().iter().map(|remark| {
        let (rule, message) = match &remark.kind {
            RemarkKind::Alias => (
                &rules::ALIAS,
                "CloudFormation refuses YAML aliases; `aws cloudformation package` or writing the value out helps"
                    .to_owned(),
            ),
            RemarkKind::Merge => (
                &rules::ALIAS,
                "CloudFormation refuses the YAML merge key `<<`; write the members out".to_owned(),
            ),
            RemarkKind::Number { written, read } => (
                &rules::MISLEADING_NUMBER,
                format!("YAML reads `{written}` as the number {read}; put it in quotes to keep the digits"),
            ),
        };
        Finding {
            severity: rule.severity,
            rule: rule.id,
            message,
            path: Path::default().to_strings(),
            position: remark.position,
            suppressed: None,
        }
    })
}
