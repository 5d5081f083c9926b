//! One walk over the whole body: nulls, dynamic references, and declarations that nothing uses.

use std::collections::HashSet;

use serde_json::Value;

use super::{context::Context, limits::DYNAMIC_REFERENCES};
use crate::{
    finding::{Findings, Path, Severity},
    model::Section,
    references::substitution_variables,
    rules,
};

/// How a dynamic reference begins.
pub(crate) const DYNAMIC_REFERENCE: &str = "{{resolve:";

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    // SAM drops nulls; the templates of its own tools have them.
    let null = if context.trust.serverless {
        Severity::Warning
    } else {
        rules::NULL_VALUE.severity
    };
    let mut survey = Survey {
        null,
        findings,
        path: Path::default(),
        dynamic_references: 0,
        candidates: [Section::Parameters, Section::Mappings, Section::Conditions]
            .into_iter()
            .flat_map(|section| context.template.names(section))
            .collect(),
        used: HashSet::new(),
    };
    for (key, value) in context.template.members() {
        survey.path.push(key);
        survey.value(value);
        survey.path.pop();
    }
    let Survey {
        dynamic_references,
        used,
        ..
    } = survey;
    DYNAMIC_REFERENCES.check(dynamic_references, &Path::default(), findings);
    // With language extensions the names may be computed.
    if !context.trust.includes && !context.trust.language_extensions {
        unused(context, &used, findings);
    }
}

/// Names that stand nowhere in the template. A text that merely looks like one counts as use: better silent than wrong.
fn unused(context: &Context<'_>, used: &HashSet<&str>, findings: &mut Findings) {
    for (section, what) in [
        (Section::Parameters, "parameter"),
        (Section::Mappings, "mapping"),
        (Section::Conditions, "condition"),
    ] {
        if context.is_open(section) && section != Section::Conditions {
            continue;
        }
        let mut path = Path::new(&[section.key()]);
        for name in context.template.names(section) {
            if !used.contains(name) && !name.starts_with("Fn::") {
                let message = format!("{what} `{name}` is not used");
                findings.add_at(&rules::UNUSED, &mut path, name, message);
            }
        }
    }
}

struct Survey<'c, 'a> {
    /// How grave a null is.
    null: Severity,
    findings: &'c mut Findings,
    path: Path<'a>,
    dynamic_references: usize,
    candidates: HashSet<&'a str>,
    used: HashSet<&'a str>,
}

impl<'a> Survey<'_, 'a> {
    fn value(&mut self, value: &'a Value) {
        match value {
            Value::Null => {
                let message = "null stands for nothing CloudFormation accepts; give a value or remove the key";
                self.findings
                    .add_as(self.null, &rules::NULL_VALUE, &self.path, message);
            }
            Value::String(text) => self.text(text),
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.path.push_index(index);
                    self.value(element);
                    self.path.pop();
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    self.path.push(key);
                    self.value(member);
                    self.path.pop();
                }
            }
            Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &'a str) {
        if let Some(name) = self.candidates.get(text) {
            self.used.insert(name);
        }
        // Both begin with a brace, which most texts do not have.
        if text.contains('{') {
            for variable in substitution_variables(text) {
                if let Some(name) = self.candidates.get(variable) {
                    self.used.insert(name);
                }
            }
            self.dynamic_references += text.matches(DYNAMIC_REFERENCE).count();
        }
    }
}
