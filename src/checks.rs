//! What is wrong with the stacks of an assembly, found before anything is asked of CloudFormation.

use ::policies::{Policies, PolicyError};
use assembly::{Diagnostic, StackManifest};
use engine::Assembly;
use indexmap::IndexMap;
use plan::{Finding, Plan, Severity};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use template::{Circumstances, Suppression, Template};

use crate::{error::CommandError, policies as own};

/// What a command says that stops as something was found.
pub(crate) const INVALID: &str = "the templates are not valid";

/// What was found in each stack, by its short name.
#[derive(Debug)]
pub(crate) struct Checks(IndexMap<String, Vec<Finding>>);

impl Checks {
    /// Checks every template of an assembly, on all processors, against the rules and a project's own. `today` is a day,
    /// `2026-11-23`.
    pub(crate) fn of(
        assembly: &Assembly,
        policies: &Policies,
        today: &str,
    ) -> Result<Self, CommandError> {
        let stacks = &assembly.manifest.stacks;
        let checked = stacks.par_iter();
        let checked: Vec<Result<_, PolicyError>> = checked
            .filter_map(|stack| {
                let template = assembly.templates.get(&stack.name)?;
                let found = of_stack(stack, &template.parsed, policies, today);
                Some(found.map(|found| (stack.name.clone(), found)))
            })
            .collect();
        let named: Result<_, PolicyError> = checked.into_iter().collect();
        named.map(Self).map_err(|error| own::failed(&error))
    }

    /// Forgets all stacks but these.
    #[must_use]
    pub(crate) fn only(mut self, stacks: &[&StackManifest]) -> Self {
        self.0
            .retain(|name, _| stacks.iter().any(|stack| stack.name == *name));
        self
    }

    /// Puts what was found into the plan.
    pub(crate) fn add_to(&self, plan: &mut Plan) {
        for (name, findings) in &self.0 {
            plan.add_findings(name, findings.iter().cloned());
        }
    }

    /// Whether something stops a deployment.
    pub(crate) fn has_error(&self) -> bool {
        self.0.values().flatten().any(Finding::is_error)
    }

    /// The error that stops a command which does not show a plan, if something was found that does.
    pub(crate) fn error(&self, what: &str) -> Option<CommandError> {
        self.has_error().then(|| {
            CommandError::failed(what.to_owned()).with_diagnostics(self.diagnostics(false))
        })
    }

    /// What was found and not accepted, for commands that do not show a plan. Notes are for those who ask for them.
    pub(crate) fn diagnostics(&self, with_notes: bool) -> Vec<Diagnostic> {
        let findings = self.0.iter().flat_map(|(stack, findings)| {
            findings
                .iter()
                .filter(|finding| finding.suppressed.is_none())
                .filter(move |finding| with_notes || finding.severity > Severity::Info)
                .map(move |finding| diagnostic(stack, finding))
        });
        findings.collect()
    }
}

/// The error that a plan is stopped with, when something was found that stops it. The plan has shown what.
pub(crate) fn stop(plan: &Plan) -> Option<CommandError> {
    let findings = plan.stacks.iter().flat_map(|stack| &stack.diff.findings);
    let errors = findings.filter(|finding| finding.is_error()).count();
    let are = if errors == 1 { "error" } else { "errors" };
    (errors > 0).then(|| {
        CommandError::failed(format!(
            "the checks found {errors} {are}, so this cannot be deployed"
        ))
    })
}

/// Checks a synthesized template; each finding names the construct and the source line of its resource.
fn of_stack(
    stack: &StackManifest,
    template: &Template,
    policies: &Policies,
    today: &str,
) -> Result<Vec<Finding>, PolicyError> {
    let in_code = stack.suppressions.iter().map(|suppression| Suppression {
        logical_id: suppression.logical_id.clone(),
        rule: suppression.rule.clone(),
        reason: suppression.reason.clone(),
    });
    let in_code: Vec<Suppression> = in_code.collect();
    let mut accepted = in_code.clone();
    accepted.extend(template::suppressions(template));
    let own = own::evaluate(policies, template, &accepted)?;
    let own = own.into_iter().map(|finding| Found {
        severity: if finding.is_warning {
            Severity::Warning
        } else {
            Severity::Error
        },
        rule: finding.rule,
        message: finding.message,
        path: finding.path,
        suppressed: finding.suppressed,
    });
    let built_in = template::check(template, &Circumstances::on(today).accepting(in_code));
    let built_in = built_in.into_iter().map(|finding| Found {
        severity: match finding.severity {
            template::Severity::Info => Severity::Info,
            template::Severity::Warning => Severity::Warning,
            template::Severity::Error => Severity::Error,
        },
        rule: finding.rule.to_owned(),
        message: finding.message,
        path: finding.path,
        suppressed: finding.suppressed,
    });
    let found = built_in.chain(own);
    Ok(found.map(|found| locate(found, stack)).collect())
}

/// What was found at a place of the template.
struct Found {
    severity: Severity,
    rule: String,
    message: String,
    path: Vec<String>,
    suppressed: Option<String>,
}

/// Says where in the stacks program something comes from, as far as that is known.
fn locate(found: Found, stack: &StackManifest) -> Finding {
    let (logical_id, property) = match found.path.as_slice() {
        [section, logical_id, rest @ ..] if section == "Resources" => {
            let rest = match rest {
                [first, rest @ ..] if first == "Properties" => rest,
                rest => rest,
            };
            (Some(logical_id.clone()), rest.to_vec())
        }
        path => (None, path.to_vec()),
    };
    let origin = logical_id.as_ref().and_then(|id| stack.resources.get(id));
    Finding {
        severity: found.severity,
        rule: found.rule,
        message: found.message,
        path: origin.map(|origin| origin.path.clone()),
        source: origin.map(|origin| origin.source.clone()),
        logical_id,
        property,
        suppressed: found.suppressed,
    }
}

/// A finding as commands tell it that do not show a plan.
fn diagnostic(stack: &str, finding: &Finding) -> Diagnostic {
    let place = finding.property.join(".");
    let separator = if place.is_empty() { "" } else { ": " };
    let mut diagnostic = Diagnostic::error(format!(
        "{place}{separator}{} [{}]",
        finding.message, finding.rule
    ));
    diagnostic.severity = finding.severity;
    diagnostic.path = Some(match (&finding.path, &finding.logical_id) {
        (Some(path), _) => path.clone(),
        (None, Some(id)) => format!("{stack}/{id}"),
        (None, None) => stack.to_owned(),
    });
    diagnostic.source.clone_from(&finding.source);
    diagnostic
}
