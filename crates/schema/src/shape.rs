//! What a value may look like: the part of JSON Schema that resource schemas use.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Shapes by name.
pub type Shapes = BTreeMap<String, LazyShape>;

/// A shape that is parsed when it is first looked at: of what a type may have, a template mostly has little.
#[derive(Clone, Deserialize)]
#[serde(from = "Box<RawValue>")]
pub struct LazyShape {
    text: Box<RawValue>,
    shape: OnceLock<Box<Shape>>,
}

impl From<Box<RawValue>> for LazyShape {
    fn from(text: Box<RawValue>) -> Self {
        Self {
            text,
            shape: OnceLock::new(),
        }
    }
}

impl Deref for LazyShape {
    type Target = Shape;

    fn deref(&self) -> &Shape {
        self.shape.get_or_init(|| {
            let shape = serde_json::from_str(self.text.get());
            shape.expect("a test parses every shape of the committed facts")
        })
    }
}

impl PartialEq for LazyShape {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Debug for LazyShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

/// What a value may look like. Keywords that stand together must all hold.
///
/// The words are those of JSON Schema, and of cfn-lint where it adds its own
/// (<https://github.com/aws-cloudformation/cfn-lint/tree/main/src/cfnlint/schema>).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Shape {
    /// The name of the definition that describes the value, or `#/properties/Name`; see
    /// [`ResourceType::resolve`](crate::ResourceType::resolve). Keywords beside it narrow the definition.
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    /// The kinds of JSON value that are allowed; none named means any.
    #[serde(rename = "type")]
    pub kinds: Kinds,

    /// Members of an object, by name.
    pub properties: Shapes,
    /// Members of an object whose name matches a regular expression.
    pub pattern_properties: Shapes,
    #[serde(rename = "additionalProperties")]
    additional: Option<Additional>,
    /// Names of members that must be there.
    pub required: Vec<String>,
    /// Names of which exactly one must be there.
    pub required_xor: Vec<String>,
    /// Names of which at least one must be there.
    pub required_or: Vec<String>,
    /// Names that must be there when the key is.
    pub dependent_required: BTreeMap<String, Vec<String>>,
    /// Names that must not be there when the key is.
    pub dependent_excluded: BTreeMap<String, Vec<String>>,
    /// What must hold of the object when the key is there.
    pub dependent_schemas: Shapes,
    /// The fewest members of an object.
    pub min_properties: Option<u64>,
    /// The most members of an object.
    pub max_properties: Option<u64>,

    /// Every member of a list.
    pub items: Option<Box<Self>>,
    /// The first members of a list, one by one.
    pub prefix_items: Vec<Self>,
    /// The fewest members of a list.
    pub min_items: Option<u64>,
    /// The most members of a list.
    pub max_items: Option<u64>,
    /// The most different members of a list.
    pub max_unique_items: Option<u64>,
    /// Whether two members of a list may not be equal.
    pub unique_items: bool,
    /// Names of members by whose values the objects of a list must differ.
    pub unique_keys: Vec<String>,
    /// Whether the order of a list means something; when not said, it does.
    pub insertion_order: Option<bool>,
    /// `AttributeList`: a list of names and values that is compared as a set.
    pub array_type: Option<String>,

    /// The values that are allowed; none named means any.
    #[serde(rename = "enum")]
    pub allowed: Vec<Value>,
    /// The values that are allowed in any mixture of capitals; none named means any.
    #[serde(rename = "enumCaseInsensitive")]
    pub allowed_in_any_case: Vec<String>,
    /// The one value that is allowed.
    #[serde(rename = "const")]
    pub constant: Option<Value>,
    /// What AWS takes when the property is not given.
    pub default: Option<Value>,
    /// What a string stands for: `date-time`, or a property of a type as in `AWS::KMS::Key.Arn`.
    pub format: Option<String>,
    /// A regular expression, found anywhere in the string unless it has anchors.
    pub pattern: Option<String>,
    /// The fewest characters of a string.
    pub min_length: Option<u64>,
    /// The most characters of a string.
    pub max_length: Option<u64>,
    /// The least number.
    pub minimum: Option<f64>,
    /// The greatest number.
    pub maximum: Option<f64>,
    /// A number that the value must be greater than.
    pub exclusive_minimum: Option<f64>,
    /// A number that the value must be less than.
    pub exclusive_maximum: Option<f64>,
    /// A number that the value must be a multiple of.
    pub multiple_of: Option<f64>,

    /// Shapes that must all hold.
    pub all_of: Vec<Self>,
    /// Shapes of which at least one must hold.
    pub any_of: Vec<Self>,
    /// Shapes of which exactly one must hold.
    pub one_of: Vec<Self>,
    /// A shape that must not hold.
    pub not: Option<Box<Self>>,
    /// A shape that decides between [`then`](Self::then) and [`otherwise`](Self::otherwise).
    #[serde(rename = "if")]
    pub condition: Option<Box<Self>>,
    /// What must hold when the condition does.
    pub then: Option<Box<Self>>,
    /// What must hold when the condition does not.
    #[serde(rename = "else")]
    pub otherwise: Option<Box<Self>>,
}

/// What an object may hold beside its named members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AdditionalProperties<'a> {
    /// Nothing.
    Refused,
    /// Anything.
    Any,
    /// Members of this shape.
    Shaped(&'a Shape),
}

impl Shape {
    /// What an object may hold beside its named members.
    pub fn additional_properties(&self) -> AdditionalProperties<'_> {
        match &self.additional {
            Some(Additional::Flag(true)) => AdditionalProperties::Any,
            Some(Additional::Flag(false)) => AdditionalProperties::Refused,
            Some(Additional::Shape(shape)) => AdditionalProperties::Shaped(shape),
            // The facts leave the usual value out.
            None if self.properties.is_empty() => AdditionalProperties::Any,
            None => AdditionalProperties::Refused,
        }
    }

    /// Whether a list is compared without regard to order.
    pub fn is_unordered(&self) -> bool {
        self.insertion_order == Some(false) || self.array_type.as_deref() == Some("AttributeList")
    }

    /// The shapes of the branches: those of [`all_of`](Self::all_of), [`any_of`](Self::any_of) and
    /// [`one_of`](Self::one_of).
    pub fn branches(&self) -> impl Iterator<Item = &Self> {
        self.all_of.iter().chain(&self.any_of).chain(&self.one_of)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Additional {
    Flag(bool),
    Shape(Box<Shape>),
}

/// A flag or a shape. `serde(untagged)` would read it into a buffer first, where the texts of the shapes within are lost.
impl<'de> Deserialize<'de> for Additional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Additional;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a boolean or a shape")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Additional, E> {
                Ok(Additional::Flag(flag))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Additional, A::Error> {
                let shape = Shape::deserialize(MapAccessDeserializer::new(members))?;
                Ok(Additional::Shape(Box::new(shape)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A kind of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Members by name.
    Object,
    /// Members by position.
    Array,
    /// Nothing.
    Null,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::Object,
        Self::Array,
        Self::Null,
    ];

    /// The word of JSON Schema: `integer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
            Self::Null => "null",
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// Whether no kind is named, which allows all.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this kind is named.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// Whether this kind, and no other, is named.
    pub fn is_only(self, kind: Kind) -> bool {
        self.0 == 1 << kind as u8
    }

    /// The kinds that are named, in the order of [`Kind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }

    fn insert(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u8;
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// One kind or a list of kinds.
impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;

        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Kinds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a kind, or a list of them")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Kinds, E> {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
                Ok(Kinds::from_iter(Some(kind.ok_or_else(|| {
                    E::custom(format!("unknown kind `{name}`"))
                })?)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Kinds, A::Error> {
                let mut kinds = Kinds::default();
                while let Some(kind) = names.next_element()? {
                    kinds.insert(kind);
                }
                Ok(kinds)
            }
        }

        deserializer.deserialize_any(OneOrMore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_one_or_more() {
        let one: Shape = serde_json::from_str(r#"{"type": "string"}"#).expect("a shape");
        assert!(one.kinds.is_only(Kind::String));
        let two: Shape =
            serde_json::from_str(r#"{"type": ["object", "string"]}"#).expect("a shape");
        assert_eq!(
            two.kinds.iter().collect::<Vec<_>>(),
            [Kind::String, Kind::Object]
        );
        assert!(!two.kinds.is_only(Kind::String) && !two.kinds.contains(Kind::Null));
        assert!(serde_json::from_str::<Shape>(r#"{"type": "text"}"#).is_err());
    }

    #[test]
    fn members_that_are_not_named() {
        for (shape, expected) in [
            (
                r#"{"properties": {"A": {}}}"#,
                AdditionalProperties::Refused,
            ),
            (
                r#"{"properties": {"A": {}}, "additionalProperties": true}"#,
                AdditionalProperties::Any,
            ),
            (
                r#"{"patternProperties": {"a": {}}, "additionalProperties": false}"#,
                AdditionalProperties::Refused,
            ),
            (r#"{"type": "object"}"#, AdditionalProperties::Any),
        ] {
            let shape: Shape = serde_json::from_str(shape).expect("a shape");
            assert_eq!(shape.additional_properties(), expected);
        }
        let shape: Shape = serde_json::from_str(r#"{"additionalProperties": {"type": "string"}}"#)
            .expect("a shape");
        let AdditionalProperties::Shaped(inner) = shape.additional_properties() else {
            panic!("a shape is expected")
        };
        assert!(inner.kinds.is_only(Kind::String));
    }

    #[test]
    fn an_unknown_keyword_is_an_error() {
        assert!(serde_json::from_str::<Shape>(r#"{"description": "text"}"#).is_err());
    }
}
