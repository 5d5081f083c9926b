//! Looks at what a template asks for, beyond whether CloudFormation takes it: what the services refuse later, and what is
//! not safe. Every rule is told in `docs/rules.md`.

mod access;
mod cognito;
mod expected;
mod lambda;
mod network;
mod runtimes;
mod secrets;
mod statements;
mod subject;
mod suppression;
mod transport;

use crate::{
    finding::{Finding, Findings},
    template::Template,
    validate::{self, Options, place, validate},
};

pub use suppression::{Suppression, suppressions};

use subject::Subject;

/// What a check cannot read from the template itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Circumstances {
    /// Today, `2026-11-23`: what is out of support depends on it.
    pub today: String,
    /// Findings that are accepted by someone outside the template.
    pub suppressions: Vec<Suppression>,
}

impl Circumstances {
    /// A day, `2026-11-23`, and nothing that is accepted.
    pub fn on(today: impl Into<String>) -> Self {
        Self {
            today: today.into(),
            suppressions: Vec::new(),
        }
    }

    /// The same with findings that are accepted.
    #[must_use]
    pub fn accepting(mut self, suppressions: impl IntoIterator<Item = Suppression>) -> Self {
        self.suppressions.extend(suppressions);
        self
    }
}

/// Everything that is wrong with a template or unwise in it, in the order of its text: what [`validate`] finds, what the
/// services would refuse, what is not safe. What is accepted with a reason says so.
///
/// Nothing is said of a value that only the deployment tells.
pub fn check(template: &Template, circumstances: &Circumstances) -> Vec<Finding> {
    let mut found = validate(template, &Options::default());
    let mut findings = Findings::default();
    // A macro may rewrite all of it.
    if validate::is_readable(template) {
        review(template, &circumstances.today, &mut findings);
    }
    found.extend(place(template, findings));
    suppression::apply(template, &circumstances.suppressions, &mut found);
    validate::in_order(&mut found);
    found
}

fn review(template: &Template, today: &str, findings: &mut Findings) {
    secrets::check_parameters(template, findings);
    transport::check_buckets(template, findings);
    for resource in template.resources() {
        let Some(mut subject) = Subject::new(resource, findings) else {
            continue;
        };
        expected::check(&mut subject);
        access::check(&mut subject);
        lambda::check(&mut subject, today);
        cognito::check(&mut subject);
        network::check(&mut subject);
        transport::check(&mut subject);
        secrets::check(&mut subject);
    }
}
