//! A resource type: its properties, and what may be done with each.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::shape::AdditionalProperties;
use crate::{PropertyPath, Shape, Shapes};

/// References to references end here; the facts have none deeper than three.
const DEEPEST_REFERENCE: usize = 16;

/// A resource type.
///
/// Meaning of the lists: <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceType {
    /// The name: `AWS::S3::Bucket`.
    #[serde(rename = "typeName")]
    pub name: String,
    /// The properties, read-only ones included, and what ties them together (required ones, `oneOf`, …).
    pub shape: Shape,
    /// Shapes that others refer to by name.
    #[serde(default)]
    pub definitions: Shapes,

    /// Properties whose change replaces the resource.
    #[serde(rename = "createOnlyProperties", default)]
    pub create_only: Vec<PropertyPath>,
    /// Properties whose change replaces the resource under conditions that the facts do not know.
    #[serde(rename = "conditionalCreateOnlyProperties", default)]
    pub conditional_create_only: Vec<PropertyPath>,
    /// Properties that only AWS sets; a template reads them by `Fn::GetAtt`.
    #[serde(rename = "readOnlyProperties", default)]
    pub read_only: Vec<PropertyPath>,
    /// Properties that AWS never gives back.
    #[serde(rename = "writeOnlyProperties", default)]
    pub write_only: Vec<PropertyPath>,
    /// Properties that are better not used any more.
    #[serde(rename = "deprecatedProperties", default)]
    pub deprecated: Vec<PropertyPath>,
    /// Properties that can be set and are attributes for `Fn::GetAtt` as well. A `*` stands for names that only the
    /// template or the service decides.
    #[serde(default)]
    pub further_attributes: Vec<PropertyPath>,
    /// The properties that identify a resource. With one of them, `Ref` usually gives its value.
    pub primary_identifier: Vec<PropertyPath>,
    /// Other sets of properties that identify a resource.
    #[serde(default)]
    pub additional_identifiers: Vec<Vec<PropertyPath>>,
    /// How AWS writes what it was given, as a JSONata expression by property: such a difference is no drift.
    #[serde(rename = "propertyTransform", default)]
    pub transforms: BTreeMap<String, String>,

    /// Whether deletion or replacement loses data that a template does not bring back.
    #[serde(default)]
    pub stateful: bool,
    /// Whether deletion fails while the resource holds anything.
    #[serde(default)]
    pub delete_requires_empty: bool,
    /// How resources of the type are tagged.
    #[serde(default)]
    pub tagging: Tagging,
    /// IAM permissions each operation needs; none for types that AWS has not published a handler of.
    #[serde(default)]
    pub handlers: Handlers,
    /// In which order a replacement goes.
    #[serde(default)]
    pub replacement_strategy: ReplacementStrategy,
    /// That the service is going away, when it is.
    #[serde(default)]
    pub lifecycle: Option<Lifecycle>,
}

/// How resources of a type are tagged.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Tagging {
    /// Whether they can be tagged at all.
    pub taggable: bool,
    /// Whether tags are set at creation.
    pub tag_on_create: bool,
    /// Whether tags can change later without replacement.
    pub tag_updatable: bool,
    /// Whether CloudFormation's own `aws:` tags are set.
    pub cloud_formation_system_tags: bool,
    /// The property that holds the tags.
    pub tag_property: PropertyPath,
    /// IAM permissions that tagging needs.
    pub permissions: Vec<String>,
}

impl Default for Tagging {
    fn default() -> Self {
        Self {
            taggable: true,
            tag_on_create: true,
            tag_updatable: true,
            cloud_formation_system_tags: true,
            tag_property: PropertyPath::new("Tags"),
            permissions: Vec::new(),
        }
    }
}

/// IAM permissions that CloudFormation needs for each operation, in `service:Action` form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Handlers {
    /// To create.
    pub create: Vec<String>,
    /// To read one.
    pub read: Vec<String>,
    /// To change; none when any change replaces.
    pub update: Vec<String>,
    /// To delete.
    pub delete: Vec<String>,
    /// To list all.
    pub list: Vec<String>,
}

/// In which order a replacement goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplacementStrategy {
    /// The new resource first: both exist for a while, so a fixed name conflicts.
    #[default]
    CreateThenDelete,
    /// The old resource first: there is none for a while.
    DeleteThenCreate,
}

/// That a service is going away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// How far it has gone.
    pub status: LifecycleStatus,
    /// The day of the last step, `2026-09-30`.
    #[serde(default)]
    pub date: Option<String>,
}

/// How far a service has gone. <https://docs.aws.amazon.com/general/latest/gr/service-lifecycle.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifecycleStatus {
    /// Closed to new customers.
    Maintenance,
    /// An end date is set.
    Sunset,
    /// It no longer works.
    Shutdown,
}

impl ResourceType {
    /// The documentation page in the template reference.
    pub fn documentation(&self) -> String {
        let page = self
            .name
            .to_ascii_lowercase()
            .replace("aws::", "")
            .replace("::", "-");
        format!(
            "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-{page}.html"
        )
    }

    /// The properties by name, read-only ones included.
    pub fn properties(&self) -> &Shapes {
        &self.shape.properties
    }

    /// The names of the properties that must be given.
    pub fn required(&self) -> &[String] {
        &self.shape.required
    }

    /// Whether a change at `path` replaces the resource.
    pub fn is_create_only(&self, path: &[&str]) -> bool {
        covers(&self.create_only, path)
    }

    /// Whether a change at `path` replaces the resource under conditions that the facts do not know.
    pub fn is_conditional_create_only(&self, path: &[&str]) -> bool {
        covers(&self.conditional_create_only, path)
    }

    /// Whether only AWS sets what is at `path`.
    pub fn is_read_only(&self, path: &[&str]) -> bool {
        covers(&self.read_only, path)
    }

    /// Whether AWS never gives back what is at `path`.
    pub fn is_write_only(&self, path: &[&str]) -> bool {
        covers(&self.write_only, path)
    }

    /// Whether what is at `path` is better not used any more.
    pub fn is_deprecated(&self, path: &[&str]) -> bool {
        covers(&self.deprecated, path)
    }

    /// The paths `Fn::GetAtt` can read. A `*` stands for names that only the template or the service decides.
    pub fn attributes(&self) -> impl Iterator<Item = &PropertyPath> {
        self.read_only.iter().chain(&self.further_attributes)
    }

    /// Whether `Fn::GetAtt` knows the attribute: `Arn`, `Endpoint.Address`, `Outputs.Anything`.
    pub fn has_attribute(&self, name: &str) -> bool {
        let path: Vec<&str> = name.split('.').collect();
        let any = self
            .further_attributes
            .iter()
            .any(|path| path.segments() == ["*"]);
        any || self.attributes().any(|attribute| attribute.matches(&path))
    }

    /// The shape behind a reference; a shape that refers to nothing is itself.
    ///
    /// Keywords that stand beside the reference hold too, so a validator looks at both.
    pub fn resolve<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        let mut shape = shape;
        for _ in 0..DEEPEST_REFERENCE {
            let Some(target) = self.referenced(shape) else {
                return shape;
            };
            shape = target;
        }
        shape
    }

    /// The shape that a shape refers to, if it does.
    pub fn referenced(&self, shape: &Shape) -> Option<&Shape> {
        let reference = shape.reference.as_deref()?;
        let target = match reference.strip_prefix("#/properties/") {
            Some(property) => self.shape.properties.get(property),
            None => self.definitions.get(reference),
        };
        target.map(|target| &**target)
    }

    /// The shape of what is at `path`, references followed; none when nothing can be there.
    ///
    /// Members of lists and maps are given by index, key or `*`. When several branches describe the place, the first
    /// one counts.
    pub fn shape_at(&self, path: &[&str]) -> Option<&Shape> {
        self.descend(&self.shape, path)
    }

    fn descend<'a>(&'a self, shape: &'a Shape, path: &[&str]) -> Option<&'a Shape> {
        let shape = self.resolve(shape);
        let [segment, rest @ ..] = path else {
            return Some(shape);
        };
        if let Some(property) = shape.properties.get(*segment) {
            return self.descend(property, rest);
        }
        if let Some(items) = &shape.items
            && (*segment == "*" || segment.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return self.descend(items, rest);
        }
        if let Some(found) = shape
            .branches()
            .find_map(|branch| self.descend(branch, path))
        {
            return Some(found);
        }
        // Any of the patterns, as telling which one matches would need a regular expression engine.
        if let Some(value) = shape.pattern_properties.values().next() {
            return self.descend(value, rest);
        }
        match shape.additional_properties() {
            AdditionalProperties::Shaped(value) => self.descend(value, rest),
            AdditionalProperties::Any | AdditionalProperties::Refused => None,
        }
    }
}

fn covers(list: &[PropertyPath], path: &[&str]) -> bool {
    list.iter().any(|property| property.covers(path))
}
