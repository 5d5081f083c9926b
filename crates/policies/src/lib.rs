//! Evaluates a project's own rules, CloudFormation Guard files, on templates.
//!
//! [`Policies::parse`] reads the rules once, [`Policies::evaluate`] says what a template breaks. The language is that of
//! [CloudFormation Guard](https://docs.aws.amazon.com/cfn-guard/latest/ug/writing-rules.html), whose own crate reads and
//! evaluates it; what that crate prints, and its panics, stay in here.

mod guard;
mod report;

use serde_json::Value;

pub use guard::PolicyError;

/// The rules of a project.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    files: Vec<File>,
}

/// One file of rules.
#[derive(Clone, Debug)]
struct File {
    name: String,
    text: String,
    rules: Vec<String>,
}

/// What a template breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name.
    pub rule: String,
    /// The rule's own words, or else what was expected.
    pub message: String,
    /// Where in the template, from its root; empty when the rule is about no particular place.
    pub path: Vec<String>,
}

impl Violation {
    /// Whether it only warns: the rule's name begins with `warn_`. The language itself knows no grades.
    pub fn is_warning(&self) -> bool {
        self.rule.starts_with("warn_")
    }
}

impl Policies {
    /// Reads files of rules: names, as errors are to tell them, and texts.
    ///
    /// # Errors
    /// A text is not of the language, is too large or too deep for it, or has a rule that another has; all such files are told.
    pub fn parse(
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<PolicyError>> {
        let mut policies = Self::default();
        let mut errors = Vec::new();
        for (name, text) in files {
            match guard::rules(&name, &text) {
                Ok(rules) => {
                    let twice = rules
                        .iter()
                        .find_map(|rule| Some((rule, policies.file_of(rule)?)));
                    if let Some((rule, other)) = twice {
                        errors.push(PolicyError::twice(&name, &text, rule, other));
                    }
                    policies.files.push(File { name, text, rules });
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(policies)
        } else {
            Err(errors)
        }
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules().next().is_none()
    }

    /// The names of all rules.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .flat_map(|file| file.rules.iter().map(String::as_str))
    }

    /// What a template breaks, file by file. The template is one body as JSON, expressions in their long form.
    ///
    /// # Errors
    /// A rule cannot be evaluated on this template.
    pub fn evaluate(&self, template: &Value) -> Result<Vec<Violation>, PolicyError> {
        let template = template.to_string();
        let mut violations = Vec::new();
        for file in self.files.iter().filter(|file| !file.rules.is_empty()) {
            let report = guard::evaluate(&file.name, &file.text, &template)?;
            violations.extend(report::violations(&report));
        }
        Ok(violations)
    }

    /// The file that has a rule of this name.
    fn file_of(&self, rule: &str) -> Option<&str> {
        let has = |file: &&File| file.rules.iter().any(|name| name == rule);
        self.files.iter().find(has).map(|file| file.name.as_str())
    }
}
