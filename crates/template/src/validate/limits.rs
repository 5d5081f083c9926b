//! CloudFormation's quotas on a template.

use serde_json::Value;

use super::context::Context;
use crate::{
    finding::{Findings, Path, shown},
    model::Section,
    rules,
};

/// A quota, as the finding names it.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// What is counted.
    pub what: &'static str,
    /// The most there may be.
    pub most: usize,
}

/// The template's text, in bytes. The quota page says 1 MB; the service's own message says this many bytes.
pub(crate) const BODY: Limit = Limit {
    what: "bytes in a template",
    most: 1_000_000,
};
const RESOURCES: Limit = Limit {
    what: "resources in a template",
    most: 500,
};
const OUTPUTS: Limit = Limit {
    what: "outputs in a template",
    most: 200,
};
const PARAMETERS: Limit = Limit {
    what: "parameters in a template",
    most: 200,
};
const MAPPINGS: Limit = Limit {
    what: "mappings in a template",
    most: 200,
};
const MAPPING_KEYS: Limit = Limit {
    what: "keys in a mapping",
    most: 200,
};
const MAPPING_ATTRIBUTES: Limit = Limit {
    what: "attributes of a mapping's key",
    most: 200,
};
const NAME: Limit = Limit {
    what: "characters in a name",
    most: 255,
};
const DESCRIPTION: Limit = Limit {
    what: "bytes in the template's description",
    most: 1024,
};
const OUTPUT_DESCRIPTION: Limit = Limit {
    what: "bytes in an output's description",
    most: 1024,
};
const PARAMETER_DESCRIPTION: Limit = Limit {
    what: "characters in a parameter's description",
    most: 4000,
};
/// A parameter's value, in bytes.
pub(crate) const PARAMETER_VALUE: Limit = Limit {
    what: "bytes in a parameter's value",
    most: 4096,
};
pub(crate) const DYNAMIC_REFERENCES: Limit = Limit {
    what: "dynamic references in a template",
    most: 60,
};

impl Limit {
    /// What a finding says when there are more.
    pub(crate) fn exceeded(self, count: usize) -> Option<String> {
        let Self { what, most } = self;
        (count > most)
            .then(|| format!("{count} {what} are more than CloudFormation's limit of {most}"))
    }

    pub(crate) fn check(self, count: usize, path: &Path<'_>, findings: &mut Findings) {
        if let Some(message) = self.exceeded(count) {
            findings.add(&rules::LIMIT, path, message);
        }
    }
}

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    let template = context.template;
    BODY.check(template.text().len(), &Path::default(), findings);
    if let Some(description) = template.description() {
        DESCRIPTION.check(description.len(), &Path::new(&["Description"]), findings);
    }
    for (section, limit) in [
        (Section::Resources, Some(RESOURCES)),
        (Section::Outputs, Some(OUTPUTS)),
        (Section::Parameters, Some(PARAMETERS)),
        (Section::Mappings, Some(MAPPINGS)),
        (Section::Conditions, None),
    ] {
        let Some(members) = template.section(section) else {
            continue;
        };
        let mut path = Path::new(&[section.key()]);
        if let Some(limit) = limit {
            limit.check(members.len(), &path, findings);
        }
        for (name, declaration) in members {
            path.push(name);
            name_length(name, &path, findings);
            declaration_limits(section, declaration, &mut path, findings);
            path.pop();
        }
    }
}

fn declaration_limits<'a>(
    section: Section,
    declaration: &'a Value,
    path: &mut Path<'a>,
    findings: &mut Findings,
) {
    let description = match section {
        Section::Outputs => Some(OUTPUT_DESCRIPTION),
        Section::Parameters => Some(PARAMETER_DESCRIPTION),
        _ => None,
    };
    if let Some(limit) = description
        && let Some(Value::String(text)) = declaration.get("Description")
    {
        path.push("Description");
        limit.check(text.len(), path, findings);
        path.pop();
    }
    if section == Section::Mappings
        && let Some(keys) = declaration.as_object()
    {
        MAPPING_KEYS.check(keys.len(), path, findings);
        for (key, attributes) in keys {
            if let Some(attributes) = attributes.as_object() {
                path.push(key);
                MAPPING_ATTRIBUTES.check(attributes.len(), path, findings);
                path.pop();
            }
        }
    }
}

fn name_length(name: &str, path: &Path<'_>, findings: &mut Findings) {
    if let Some(message) = NAME.exceeded(name.chars().count()) {
        let name = shown(&Value::from(name));
        findings.add(&rules::LIMIT, path, format!("name `{name}`: {message}"));
    }
}
