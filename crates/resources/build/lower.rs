//! Lowers the facts about a type to the Rust types that are written for it.
//!
//! Names are derived by rule alone, so that they stay when AWS adds to a type: a definition keeps its name; a shape
//! written in place is named after the property that holds it, within a definition after both.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use schema::{AdditionalProperties, Kind as Json, ResourceType, Shape};

use crate::names;

/// A Rust type, as the parameter of `Value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Arn,
    Integer,
    Number,
    Boolean,
    Json,
    List(Box<Self>),
    Map(Box<Self>),
    /// A type of the resource's own module.
    Own(String),
}

/// A field of a structure.
pub(crate) struct Field {
    /// The name in Rust.
    pub(crate) name: String,
    /// The name in a template.
    pub(crate) key: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// An attribute of the handle.
pub(crate) struct Attribute {
    /// The method's name.
    pub(crate) name: String,
    /// The name in `Fn::GetAtt`.
    pub(crate) key: String,
    pub(crate) kind: Kind,
    /// Whether the method takes the last part of the name.
    pub(crate) open: bool,
}

/// A type of the resource's own module.
pub(crate) enum Own {
    Structure(Vec<Field>),
    /// Variants with their values.
    Enumeration(Vec<(String, String)>),
}

/// How a type writes its tags.
#[derive(Clone, Copy)]
pub(crate) enum TagStyle {
    List,
    Map,
    ListWithPropagation,
}

/// Everything that is written for a resource type.
pub(crate) struct Resource<'a> {
    pub(crate) facts: &'a ResourceType,
    pub(crate) fields: Vec<Field>,
    pub(crate) owns: BTreeMap<String, Own>,
    pub(crate) identifier: Kind,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) tags: Option<(&'a str, TagStyle)>,
}

/// Properties that take ARNs, which neither their names nor their shapes say.
const ARNS: &[(&str, &str)] = &[
    ("AWS::CloudWatch::Alarm", "AlarmActions"),
    ("AWS::CloudWatch::Alarm", "InsufficientDataActions"),
    ("AWS::CloudWatch::Alarm", "OKActions"),
    ("AWS::CloudWatch::CompositeAlarm", "AlarmActions"),
    ("AWS::CloudWatch::CompositeAlarm", "InsufficientDataActions"),
    ("AWS::CloudWatch::CompositeAlarm", "OKActions"),
    ("AWS::SNS::TopicPolicy", "Topics"),
];

/// Types whose `Ref` is an ARN, which the shape of their identifier does not say.
const ARN_IDENTIFIERS: &[&str] = &[
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFormation::Stack",
];

/// Maps of texts: the facts allow any value in them because CloudFormation makes texts of numbers and truth values.
const TEXT_MAPS: &[(&str, &str)] = &[
    ("AWS::CloudFormation::Stack", "Parameters"),
    ("AWS::Lambda::Function", "Variables"),
];

/// Methods that every handle has.
const HANDLE_METHODS: &[&str] = &[
    "allow_loss",
    "change",
    "clone",
    "condition",
    "creation_policy",
    "deletion_policy",
    "depends_on",
    "from_reference",
    "id",
    "metadata",
    "override_attribute",
    "override_property",
    "reference",
    "retain",
    "strong",
    "suppress",
    "tag",
    "update_policy",
    "update_replace_policy",
];

/// Functions that every structure has.
const STRUCTURE_METHODS: &[&str] = &["new", "into_properties"];

/// Lowers a resource type.
pub(crate) fn resource(facts: &ResourceType) -> Resource<'_> {
    let mut lowering = Lowering {
        facts,
        definitions: definition_names(facts),
        hidden: hidden(facts),
        owns: BTreeMap::new(),
        entered: Vec::new(),
    };
    let fields = lowering.fields(&facts.shape, "");
    Resource {
        fields,
        identifier: identifier(&lowering),
        attributes: attributes(&lowering),
        tags: tags(facts),
        owns: lowering.owns,
        facts,
    }
}

struct Lowering<'a> {
    facts: &'a ResourceType,
    /// Rust names of the definitions.
    definitions: BTreeMap<&'a str, String>,
    /// Members that only AWS sets, by the shape that has them.
    hidden: BTreeSet<(*const Shape, &'a str)>,
    owns: BTreeMap<String, Own>,
    /// Definitions of lists and maps that are being lowered; one that holds itself is a JSON document.
    entered: Vec<&'a str>,
}

impl<'a> Lowering<'a> {
    /// The type of a property's value. `name` is for the type written for it, should it need one.
    fn kind(&mut self, shape: &'a Shape, property: &str, name: &str) -> Kind {
        let Some(reference) = &shape.reference else {
            return self.own(shape, property, name);
        };
        let target = self.facts.resolve(shape);
        if let Some(definition) = self.definitions.get(reference.as_str()).cloned() {
            if self.owns.contains_key(&definition) {
                return Kind::Own(definition);
            }
            if self.entered.contains(&reference.as_str()) {
                return Kind::Json;
            }
            self.entered.push(reference);
            // A definition that is but another name for a definition is that definition.
            let next = &self.facts.definitions[reference];
            let kind = self.kind(next, property, &definition);
            self.entered.pop();
            return kind;
        }
        self.own(target, property, name)
    }

    fn own(&mut self, shape: &'a Shape, property: &str, name: &str) -> Kind {
        if let Some(values) = enumeration(shape) {
            let name = self.free(
                name,
                |own| matches!(own, Own::Enumeration(own) if same_values(own, &values)),
            );
            self.owns
                .entry(name.clone())
                .or_insert_with(|| Own::Enumeration(variants(&values)));
            return Kind::Own(name);
        }
        let has = |kind| shape.kinds.contains(kind);
        if has(Json::Object) && (has(Json::String) || has(Json::Array)) {
            let text = TEXT_MAPS.contains(&(&self.facts.name, property));
            return if text { Kind::Text } else { Kind::Json };
        }
        if has(Json::Integer) {
            return Kind::Integer;
        }
        if has(Json::Number) {
            return Kind::Number;
        }
        if has(Json::Boolean) {
            return Kind::Boolean;
        }
        if has(Json::String) {
            return if self.is_arn(shape, property) {
                Kind::Arn
            } else {
                Kind::Text
            };
        }
        if has(Json::Array) || shape.items.is_some() {
            let item = shape
                .items
                .as_deref()
                .map(|items| self.kind(items, property, &format!("{name}Item")));
            return Kind::List(Box::new(item.unwrap_or(Kind::Json)));
        }
        if !self.members(shape).is_empty() {
            let name = self.free(name, |_| false);
            // The place is taken first, for a structure may hold itself.
            self.owns.insert(name.clone(), Own::Structure(Vec::new()));
            // Within a structure a list may hold the definitions around it again.
            let entered = std::mem::take(&mut self.entered);
            let fields = self.fields(shape, &name);
            self.entered = entered;
            self.owns.insert(name.clone(), Own::Structure(fields));
            return Kind::Own(name);
        }
        self.map(shape, property, name)
            .unwrap_or_else(|| self.branch(shape, property, name))
    }

    fn map(&mut self, shape: &'a Shape, property: &str, name: &str) -> Option<Kind> {
        let values = shape.pattern_properties.values().map(Deref::deref);
        let mut values: Vec<&'a Shape> = values.collect();
        if let AdditionalProperties::Shaped(value) = shape.additional_properties() {
            values.push(value);
        }
        let name = format!("{name}Value");
        let mut kinds = values
            .into_iter()
            .map(|value| self.kind(value, property, &name))
            .collect::<Vec<_>>();
        kinds.dedup();
        match kinds.as_slice() {
            [] => None,
            [kind] => Some(Kind::Map(Box::new(kind.clone()))),
            _ => Some(Kind::Json),
        }
    }

    /// The one type that all branches which have one agree on, else a JSON document.
    fn branch(&mut self, shape: &'a Shape, property: &str, name: &str) -> Kind {
        let mut kinds: Vec<Kind> = shape
            .branches()
            .map(|branch| self.kind(branch, property, name))
            .collect();
        kinds.retain(|kind| *kind != Kind::Json);
        kinds.dedup();
        match kinds.as_slice() {
            [kind] => kind.clone(),
            [] if shape.pattern.is_some() => Kind::Text,
            _ => Kind::Json,
        }
    }

    fn fields(&mut self, shape: &'a Shape, owner: &str) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        for (key, member, required) in self.members(shape) {
            if self.hidden.contains(&(std::ptr::from_ref(shape), key)) {
                continue;
            }
            let name = names::unique(names::snake(key), |name| {
                STRUCTURE_METHODS.contains(&name) || fields.iter().any(|field| field.name == name)
            });
            let kind = self.kind(member, key, &format!("{owner}{}", names::pascal(key)));
            fields.push(Field {
                name,
                key: key.to_owned(),
                kind,
                required,
            });
        }
        fields
    }

    /// The members of an object, those of its branches included: which of them go together is for validation.
    fn members(&self, shape: &'a Shape) -> Vec<(&'a str, &'a Shape, bool)> {
        let mut members: Vec<(&str, &Shape, bool)> = Vec::new();
        for (name, member) in &shape.properties {
            members.push((name, member, shape.required.contains(name)));
        }
        for branch in shape.branches() {
            let branch = self.facts.resolve(branch);
            if !branch.kinds.is_empty() && !branch.kinds.contains(Json::Object) {
                continue;
            }
            for (name, member, _) in self.members(branch) {
                if !members.iter().any(|(known, ..)| *known == name) {
                    members.push((
                        name,
                        member,
                        shape.required.iter().any(|required| required == name),
                    ));
                }
            }
        }
        members
    }

    /// The name for a type of our own: as wished, unless another one has it that is not the same. Then the resource's
    /// own name goes before it.
    fn free(&self, name: &str, same: impl Fn(&Own) -> bool) -> String {
        let taken = |name: &str| {
            let entered = self
                .entered
                .iter()
                .any(|entered| self.definitions[entered] == *name);
            let defined = !entered
                && self
                    .definitions
                    .values()
                    .any(|definition| definition == name);
            defined || self.owns.get(name).is_some_and(|own| !same(own))
        };
        if !taken(name) {
            return name.to_owned();
        }
        let (_, resource) = self.facts.name.rsplit_once("::").unwrap_or_default();
        names::unique(format!("{resource}{name}"), taken)
    }

    fn is_arn(&self, shape: &Shape, property: &str) -> bool {
        if ARNS.contains(&(&self.facts.name, property)) {
            return true;
        }
        let name = property.strip_suffix('s').unwrap_or(property);
        if name.ends_with("Arn") || name.ends_with("ARN") {
            return true;
        }
        let is_arn = |format: &Option<String>| {
            format
                .as_deref()
                .is_some_and(|format| format.ends_with("Arn"))
        };
        let mut branches = shape.branches().peekable();
        let formats = is_arn(&shape.format)
            || (branches.peek().is_some() && branches.all(|branch| is_arn(&branch.format)));
        formats
            || shape
                .pattern
                .as_deref()
                .is_some_and(|pattern| pattern.starts_with("^arn:") && !has_alternatives(pattern))
    }
}

/// Whether a regular expression has alternatives that are not within a group.
fn has_alternatives(pattern: &str) -> bool {
    let mut depth = 0;
    pattern.chars().any(|sign| {
        match sign {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        sign == '|' && depth <= 0
    })
}

/// The values of a shape that lists texts.
fn enumeration(shape: &Shape) -> Option<Vec<String>> {
    if !shape.kinds.is_empty() && !shape.kinds.is_only(Json::String) {
        return None;
    }
    if !shape.allowed_in_any_case.is_empty() {
        return Some(shape.allowed_in_any_case.clone());
    }
    if shape.allowed.is_empty() {
        return None;
    }
    shape
        .allowed
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect()
}

fn variants(values: &[String]) -> Vec<(String, String)> {
    let mut variants: Vec<(String, String)> = Vec::new();
    for value in values {
        if variants.iter().any(|(_, known)| known == value) {
            continue;
        }
        let name = names::unique(names::variant(value), |name| {
            variants.iter().any(|(known, _)| known == name)
        });
        variants.push((name, value.clone()));
    }
    variants
}

fn same_values(variants: &[(String, String)], values: &[String]) -> bool {
    variants.iter().map(|(_, value)| value).eq(values)
}

/// Rust names of the definitions, each its own.
fn definition_names(facts: &ResourceType) -> BTreeMap<&str, String> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for definition in facts.definitions.keys() {
        let name = names::unique(names::pascal(definition), |name| {
            names.values().any(|known| known == name)
        });
        names.insert(definition, name);
    }
    names
}

/// Members that only AWS sets. One of a definition that is used in several places may be settable in another.
fn hidden(facts: &ResourceType) -> BTreeSet<(*const Shape, &str)> {
    let mut hidden = BTreeSet::new();
    for path in &facts.read_only {
        let segments: Vec<&str> = path.segments().iter().map(String::as_str).collect();
        let Some((member, parents)) = segments.split_last() else {
            continue;
        };
        let Some(parent) = facts.shape_at(parents) else {
            continue;
        };
        let definition = facts
            .definitions
            .iter()
            .find(|(_, shape)| std::ptr::eq(&raw const ***shape, parent));
        if definition.is_none_or(|(name, _)| uses(facts, name) == 1) {
            hidden.insert((std::ptr::from_ref(parent), *member));
        }
    }
    hidden
}

/// How often a type refers to one of its definitions.
fn uses(facts: &ResourceType, definition: &str) -> usize {
    fn count(shape: &Shape, definition: &str) -> usize {
        let here = usize::from(shape.reference.as_deref() == Some(definition));
        let members = shape
            .properties
            .values()
            .chain(shape.pattern_properties.values());
        let inner = members
            .map(Deref::deref)
            .chain(shape.items.as_deref())
            .chain(shape.branches());
        let additional = match shape.additional_properties() {
            AdditionalProperties::Shaped(shape) => count(shape, definition),
            AdditionalProperties::Any | AdditionalProperties::Refused => 0,
        };
        here + additional + inner.map(|shape| count(shape, definition)).sum::<usize>()
    }
    let definitions = facts.definitions.values().map(Deref::deref);
    let shapes = definitions.chain([&facts.shape]);
    shapes.map(|shape| count(shape, definition)).sum()
}

fn identifier(lowering: &Lowering<'_>) -> Kind {
    let facts = lowering.facts;
    let arn = match facts.primary_identifier.as_slice() {
        [only] => attribute_kind(lowering, only.segments()) == Kind::Arn,
        _ => false,
    };
    if arn || ARN_IDENTIFIERS.contains(&facts.name.as_str()) {
        Kind::Arn
    } else {
        Kind::Text
    }
}

fn attributes(lowering: &Lowering<'_>) -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for path in lowering.facts.attributes() {
        let (segments, open) = match path.segments() {
            [named @ .., last] if last == "*" => (named, true),
            segments => (segments, false),
        };
        // A name that is wholly open, or one within a list, has no method.
        if segments.is_empty() || segments.iter().any(|segment| segment == "*") {
            continue;
        }
        let key = segments.join(".");
        if open {
            attributes.retain(|attribute| attribute.key != key);
        }
        let name = names::snake(&segments.join("_"));
        let name = if HANDLE_METHODS.contains(&name.as_str()) {
            format!("attr_{name}")
        } else {
            name
        };
        let name = names::unique(name, |name| {
            attributes.iter().any(|attribute| attribute.name == name)
        });
        let kind = if open {
            Kind::Text
        } else {
            attribute_kind(lowering, segments)
        };
        attributes.push(Attribute {
            name,
            key,
            kind,
            open,
        });
    }
    attributes
}

/// The type of an attribute: no types of its own are written for those.
fn attribute_kind(lowering: &Lowering<'_>, segments: &[String]) -> Kind {
    fn simple(lowering: &Lowering<'_>, shape: &Shape, property: &str) -> Kind {
        let shape = lowering.facts.resolve(shape);
        let has = |kind| shape.kinds.contains(kind);
        if has(Json::Object) {
            Kind::Json
        } else if has(Json::Integer) {
            Kind::Integer
        } else if has(Json::Number) {
            Kind::Number
        } else if has(Json::Boolean) {
            Kind::Boolean
        } else if has(Json::String) {
            if lowering.is_arn(shape, property) {
                Kind::Arn
            } else {
                Kind::Text
            }
        } else if let Some(items) = &shape.items {
            Kind::List(Box::new(simple(lowering, items, property)))
        } else {
            Kind::Json
        }
    }
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let property = path.last().copied().unwrap_or_default();
    lowering
        .facts
        .shape_at(&path)
        .map_or(Kind::Json, |shape| simple(lowering, shape, property))
}

/// The tag property, when tags can be set at creation and are written in a known way.
fn tags(facts: &ResourceType) -> Option<(&str, TagStyle)> {
    let [property] = facts.tagging.tag_property.segments() else {
        return None;
    };
    if !facts.tagging.taggable || facts.is_read_only(&[property]) {
        return None;
    }
    let shape = facts.shape_at(&[property])?;
    if let Some(items) = &shape.items {
        let members = &facts.resolve(items).properties;
        let has = |name: &str| members.contains_key(name);
        return match (has("Key") && has("Value"), has("PropagateAtLaunch")) {
            (true, true) => Some((property, TagStyle::ListWithPropagation)),
            (true, false) => Some((property, TagStyle::List)),
            (false, _) => None,
        };
    }
    let is_object = shape.kinds.contains(Json::Object) && shape.properties.is_empty();
    is_object.then_some((property, TagStyle::Map))
}
