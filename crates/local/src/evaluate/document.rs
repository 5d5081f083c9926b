//! A template whose structure is sound: what every operation checks before it begins.

use indexmap::IndexMap;
use serde_json::{Map, Value};
use template::{Format, Template};

use super::{
    Failure,
    graph::{cycle, dependencies, depends_on, references},
};

/// The sections a template may have.
const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Rules",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
];
/// Section, limit, and what AWS calls its members.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const LIMITS: [(&str, usize, &str); 4] = [
    ("Parameters", 200, "parameters"),
    ("Mappings", 200, "mappings"),
    ("Resources", 500, "resources"),
    ("Outputs", 200, "outputs"),
];
const LONGEST_DESCRIPTION: usize = 1024;
const LONGEST_NAME: usize = 255;
/// The one transform the endpoint knows: its functions are evaluated like all others.
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

/// A template whose structure is sound.
#[derive(Debug)]
pub(crate) struct Document {
    template: Template,
    /// What each resource depends on.
    dependencies: IndexMap<String, Vec<String>>,
}

impl Document {
    /// Reads and checks a template.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let template = Template::parse(text).map_err(|errors| {
            let reasons: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failure::new(format!(
                "Template format error: {} not well-formed. {}",
                if text.trim_start().starts_with('{') {
                    "JSON"
                } else {
                    "YAML"
                },
                reasons.join("; ")
            ))
        })?;
        let mut document = Self {
            template,
            dependencies: IndexMap::new(),
        };
        document.check_sections()?;
        document.check_resources()?;
        document.dependencies = document
            .resources()
            .map(|(name, resource)| (name.to_owned(), dependencies(&document, resource)))
            .collect();
        document.check_references()?;
        Ok(document)
    }

    pub(crate) fn text(&self) -> &str {
        self.template.text()
    }

    pub(crate) fn is_json(&self) -> bool {
        self.template.format() == Format::Json
    }

    pub(crate) fn body(&self) -> &Value {
        self.template.body()
    }

    /// The members of a section, when it is there.
    pub(crate) fn section(&self, name: &str) -> Option<&Map<String, Value>> {
        self.body().get(name)?.as_object()
    }

    /// The resources in the order of the template.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.section("Resources")
            .into_iter()
            .flatten()
            .map(|(name, node)| (name.as_str(), node))
    }

    pub(crate) fn resource(&self, name: &str) -> Option<&Value> {
        self.section("Resources")?.get(name)
    }

    /// The resources a resource depends on.
    pub(crate) fn dependencies(&self, name: &str) -> &[String] {
        self.dependencies
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    pub(crate) fn description(&self) -> Option<&str> {
        self.body().get("Description")?.as_str()
    }

    /// The names in the `Transform` section.
    pub(crate) fn transforms(&self) -> Vec<&str> {
        match self.body().get("Transform") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The transforms that are macros, not part of the language.
    pub(crate) fn macros(&self) -> Vec<&str> {
        let mut names = self.transforms();
        names.retain(|name| *name != LANGUAGE_EXTENSIONS);
        names
    }

    fn has_macros(&self) -> bool {
        !self.macros().is_empty()
    }

    fn check_sections(&self) -> Result<(), Failure> {
        let body = self
            .body()
            .as_object()
            .ok_or_else(|| Failure::new("Template format error: unsupported structure."))?;
        let unknown: Vec<&str> = body
            .keys()
            .map(String::as_str)
            // A macro may ask for sections of its own, as SAM does for `Globals`.
            .filter(|name| !SECTIONS.contains(name) && !self.has_macros())
            .collect();
        if !unknown.is_empty() {
            return Err(Failure::new(format!(
                "Invalid template property or properties [{}]",
                unknown.join(", ")
            )));
        }
        if let Some(version) = body.get("AWSTemplateFormatVersion")
            && version.as_str() != Some("2010-09-09")
        {
            return Err(Failure::new(
                "Template format error: unsupported value for AWSTemplateFormatVersion.",
            ));
        }
        if let Some(description) = body.get("Description") {
            let length = description.as_str().map(str::len);
            if length.is_none_or(|length| length > LONGEST_DESCRIPTION) {
                return Err(Failure::new(format!(
                    "Template format error: 'Description' length is greater than {LONGEST_DESCRIPTION}."
                )));
            }
        }
        for name in [
            "Parameters",
            "Mappings",
            "Conditions",
            "Rules",
            "Resources",
            "Outputs",
        ] {
            if body.get(name).is_some_and(|section| !section.is_object()) {
                return Err(Failure::new(format!(
                    "Template format error: Every {name} member must be an object."
                )));
            }
        }
        for (name, limit, what) in LIMITS {
            let count = self.section(name).map_or(0, Map::len);
            if count > limit {
                return Err(Failure::new(format!(
                    "Template format error: Number of {what}, {count}, is greater than maximum allowed, {limit}"
                )));
            }
        }
        for (name, parameter) in self.section("Parameters").into_iter().flatten() {
            if !parameter.get("Type").is_some_and(Value::is_string) {
                return Err(Failure::new(format!(
                    "Template format error: Every Parameters object must contain a Type: {name}"
                )));
            }
        }
        for (name, output) in self.section("Outputs").into_iter().flatten() {
            if output.get("Value").is_none() {
                return Err(Failure::new(format!(
                    "Template format error: Every Outputs member must contain a Value object: {name}"
                )));
            }
        }
        Ok(())
    }

    fn check_resources(&self) -> Result<(), Failure> {
        if self.section("Resources").is_none_or(Map::is_empty) {
            return Err(Failure::new(
                "Template format error: At least one Resources member must be defined.",
            ));
        }
        let mut unknown = Vec::new();
        for (name, resource) in self.resources() {
            if name.starts_with("Fn::ForEach") {
                return Err(Failure::new(format!(
                    "Template format error: {name} cannot be expanded: the local endpoint has no Fn::ForEach."
                )));
            }
            if name.len() > LONGEST_NAME || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(Failure::new(format!(
                    "Template format error: Resource name {name} is non alphanumeric."
                )));
            }
            match resource.get("Type").and_then(Value::as_str) {
                Some(kind) if crate::facts::is_known(kind) => {}
                Some(kind) => unknown.push(kind),
                None => {
                    return Err(Failure::new(format!(
                        "Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
                    )));
                }
            }
        }
        // A macro may turn types of its own into others.
        if unknown.is_empty() || self.has_macros() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        Err(Failure::new(format!(
            "Template format error: Unrecognized resource types: [{}]",
            unknown.join(", ")
        )))
    }

    fn check_references(&self) -> Result<(), Failure> {
        self.check_section_references("Resources")?;
        self.check_section_references("Outputs")?;
        let circle = cycle(&self.dependencies);
        if circle.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "Circular dependency between resources: [{}]",
            circle.join(", ")
        )))
    }

    fn check_section_references(&self, section: &str) -> Result<(), Failure> {
        let parameters = self.section("Parameters");
        let conditions = self.section("Conditions");
        let mut unresolved = Vec::new();
        for (_, member) in self.section(section).into_iter().flatten() {
            if let Some(condition) = member.get("Condition").and_then(Value::as_str)
                && conditions.is_none_or(|known| !known.contains_key(condition))
            {
                return Err(Failure::new(format!(
                    "Template format error: Unresolved condition dependency {condition} in the {section} block of the template"
                )));
            }
            let values = ["Properties", "Value", "Export"]
                .iter()
                .filter_map(|name| member.get(name));
            for reference in values.flat_map(references) {
                let name = &reference.name;
                let is_resource = self.resource(name).is_some();
                if reference.attribute.is_some() {
                    if !is_resource {
                        return Err(Failure::new(format!(
                            "Template error: instance of Fn::GetAtt references undefined resource {name}"
                        )));
                    }
                } else if !is_resource
                    && !name.starts_with("AWS::")
                    && parameters.is_none_or(|known| !known.contains_key(name))
                {
                    unresolved.push(name.clone());
                }
            }
            unresolved.extend(
                depends_on(member)
                    .into_iter()
                    .filter(|name| self.resource(name).is_none())
                    .map(str::to_owned),
            );
        }
        if unresolved.is_empty() {
            return Ok(());
        }
        unresolved.sort();
        unresolved.dedup();
        Err(Failure::new(format!(
            "Template format error: Unresolved resource dependencies [{}] in the {section} block of the template",
            unresolved.join(", ")
        )))
    }
}
