//! The sections of a template and what they declare.

use serde_json::{Map, Value};

use crate::{
    references::{self, Reference},
    template::Template,
};

/// Members of a JSON object, in the order of the text.
pub type Members = Map<String, Value>;

/// A section of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// `Parameters`.
    Parameters,
    /// `Rules`: assertions on parameters.
    Rules,
    /// `Mappings`.
    Mappings,
    /// `Conditions`.
    Conditions,
    /// `Resources`.
    Resources,
    /// `Outputs`.
    Outputs,
}

impl Section {
    /// The section's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Parameters => "Parameters",
            Self::Rules => "Rules",
            Self::Mappings => "Mappings",
            Self::Conditions => "Conditions",
            Self::Resources => "Resources",
            Self::Outputs => "Outputs",
        }
    }
}

impl Template {
    /// The declarations of a section, by name; `None` when there is no such section or it is not a mapping.
    pub fn section(&self, section: Section) -> Option<&Members> {
        self.members().get(section.key())?.as_object()
    }

    /// The declaration of a name in a section.
    pub fn declaration(&self, section: Section, name: &str) -> Option<&Value> {
        self.section(section)?.get(name)
    }

    /// The names a section declares, in the order of the text.
    pub fn names(&self, section: Section) -> impl Iterator<Item = &str> {
        self.section(section)
            .into_iter()
            .flat_map(|members| members.keys().map(String::as_str))
    }

    /// The resources, in the order of the text. What is not a mapping, or a loop (`Fn::ForEach`), is left out.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.section(Section::Resources)
            .into_iter()
            .flatten()
            .filter_map(|(logical_id, declaration)| Resource::new(logical_id, declaration))
    }

    /// The resource with a logical id.
    pub fn resource(&self, logical_id: &str) -> Option<Resource<'_>> {
        let (logical_id, declaration) = self
            .section(Section::Resources)?
            .get_key_value(logical_id)?;
        Resource::new(logical_id, declaration)
    }

    /// The description.
    pub fn description(&self) -> Option<&str> {
        self.members().get("Description")?.as_str()
    }

    /// The names of the template's transforms, macros included, in the order they are applied.
    pub fn transforms(&self) -> Vec<&str> {
        fn name(transform: &Value) -> Option<&str> {
            transform
                .as_str()
                .or_else(|| transform.get("Name")?.as_str())
        }
        match self.members().get("Transform") {
            Some(Value::Array(list)) => list.iter().filter_map(name).collect(),
            Some(single) => name(single).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// One resource of a template.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    logical_id: &'a str,
    declaration: &'a Members,
}

impl<'a> Resource<'a> {
    /// A resource from its declaration; `None` when that is not a mapping or the name is a function's.
    pub fn new(logical_id: &'a str, declaration: &'a Value) -> Option<Self> {
        let declaration = declaration.as_object()?;
        (!logical_id.starts_with("Fn::")).then_some(Self {
            logical_id,
            declaration,
        })
    }

    /// Its name within the template.
    pub fn logical_id(self) -> &'a str {
        self.logical_id
    }

    /// All that is declared: type, properties and attributes.
    pub fn declaration(self) -> &'a Members {
        self.declaration
    }

    /// Its type, `AWS::S3::Bucket`; `None` when it is missing or not a string.
    pub fn type_name(self) -> Option<&'a str> {
        self.declaration.get("Type")?.as_str()
    }

    /// Its properties, when there are any; a mapping in a good template.
    pub fn properties(self) -> Option<&'a Value> {
        self.declaration.get("Properties")
    }

    /// An attribute beside the properties, such as `DeletionPolicy`.
    pub fn attribute(self, name: &str) -> Option<&'a Value> {
        self.declaration.get(name)
    }

    /// The condition it is created under.
    pub fn condition(self) -> Option<&'a str> {
        self.attribute("Condition")?.as_str()
    }

    /// The resources it waits for by `DependsOn`.
    pub fn depends_on(self) -> Vec<&'a str> {
        match self.attribute("DependsOn") {
            Some(Value::String(single)) => vec![single],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Every reference in its declaration, `DependsOn` and `Condition` included; paths begin at the declaration.
    pub fn references(self) -> Vec<Reference> {
        references::of_resource(self.declaration)
    }
}

/// Whether a type is of a kind CloudFormation asks somebody else about: a custom resource.
pub fn is_custom(type_name: &str) -> bool {
    type_name == "AWS::CloudFormation::CustomResource" || type_name.starts_with("Custom::")
}
