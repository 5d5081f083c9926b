//! What a stack can hold: typed resources, raw resources, and constructs made of them.

use std::borrow::Cow;

use crate::{Expression, Handle, Object, Reference, Stack, Value};

/// A CloudFormation resource type; the crate `resources` has one for each type there is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a resource nor a construct",
    note = "a stack holds typed resources, `RawResource`, and what implements `Construct`"
)]
pub trait Resource {
    /// The type's name, `AWS::S3::Bucket`.
    const TYPE: &'static str;
    /// The property that holds its tags, when it has one.
    const TAGS: Option<TagProperty>;
    /// What declaring it gives back.
    type Handle: Handle;

    /// Its properties in CloudFormation's words.
    fn into_properties(self) -> Object;
}

/// The property of a type that holds its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagProperty {
    /// The property's name, `Tags` or `UserPoolTags`.
    pub name: &'static str,
    /// How tags are written in it.
    pub style: TagStyle,
}

/// How a type writes its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagStyle {
    /// A list of `Key` and `Value`.
    List,
    /// A map.
    Map,
    /// A list of `Key`, `Value` and `PropagateAtLaunch`, as Auto Scaling has it.
    ListWithPropagation,
}

/// Anything a stack can hold. Every [`Resource`] is one; implement it for what you build of several.
///
/// ```
/// use dsl::{Construct, RawRef, RawResource, Stack};
///
/// /// A queue with another one for the messages nobody could handle.
/// struct Queue;
///
/// impl Construct for Queue {
///     type Output = RawRef;
///
///     fn build(self, stack: &Stack, id: &str) -> RawRef {
///         let scope = stack.scope(id);
///         scope.add("Dead", RawResource::new("AWS::SQS::Queue"));
///         scope.add("Live", RawResource::new("AWS::SQS::Queue"))
///     }
/// }
/// ```
pub trait Construct {
    /// What adding it gives back.
    type Output;

    /// Declares its resources in a stack or a scope of one, under the id it was given.
    fn build(self, stack: &Stack, id: &str) -> Self::Output;
}

impl<R: Resource> Construct for R {
    type Output = R::Handle;

    fn build(self, stack: &Stack, id: &str) -> R::Handle {
        let properties = self.into_properties();
        R::Handle::from_reference(stack.declare(id, R::TYPE.into(), R::TAGS, properties))
    }
}

/// A resource of any type by its name, typed or not: for types newer than our facts, and for custom resources.
///
/// ```
/// # use dsl::RawResource;
/// # let stack = dsl::testing::app().stack("lab");
/// let thing = stack.add("Thing", RawResource::new("AWS::New::Thing").property("Size", 3));
/// stack.output("ThingArn", thing.attribute::<String>("Arn"));
/// ```
#[derive(Clone, Debug)]
pub struct RawResource {
    type_name: Cow<'static, str>,
    tags: Option<TagProperty>,
    properties: Object,
}

impl RawResource {
    /// Starts a resource of a type.
    pub fn new(type_name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            type_name: type_name.into(),
            tags: None,
            properties: Object::new(),
        }
    }

    /// Sets a property.
    #[must_use]
    pub fn property(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Expression>,
    ) -> Self {
        self.properties.insert(name, value);
        self
    }

    /// Says how the type holds its tags, so that it takes part in them.
    #[must_use]
    pub fn tag_property(mut self, name: &'static str, style: TagStyle) -> Self {
        self.tags = Some(TagProperty { name, style });
        self
    }
}

impl Construct for RawResource {
    type Output = RawRef;

    fn build(self, stack: &Stack, id: &str) -> RawRef {
        RawRef(stack.declare(id, self.type_name, self.tags, self.properties))
    }
}

/// The handle of a [`RawResource`].
#[derive(Clone, Debug, PartialEq)]
pub struct RawRef(Reference);

impl RawRef {
    /// What `Ref` gives for it.
    pub fn id(&self) -> Value<String> {
        self.0.identifier()
    }

    /// One of its attributes (`Fn::GetAtt`).
    pub fn attribute<T>(&self, name: impl Into<Cow<'static, str>>) -> Value<T> {
        self.0.attribute(name)
    }
}

impl Handle for RawRef {
    fn from_reference(reference: Reference) -> Self {
        Self(reference)
    }

    fn reference(&self) -> &Reference {
        &self.0
    }
}
