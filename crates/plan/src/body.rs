//! The body of a template, as it is compared.

use std::{collections::HashSet, fmt, ops::Deref, ptr, sync::LazyLock};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    Gist,
    same::is_same,
    uses::{Use, uses},
};

/// The body of a template: its sections and its resources, wherever they are kept.
///
/// A [`Value`] is one, `null` that of no template at all. What stands in two templates may be one that both refer to: it
/// is not compared with itself.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    sections: &'a Map<String, Value>,
    resources: Resources<'a>,
}

/// The resources of a template by their logical ids, in its order.
pub(crate) type Resources<'a> = IndexMap<&'a str, Resource<'a>>;

/// A resource of a template.
#[derive(Clone, Copy)]
pub enum Resource<'a> {
    /// One that was read.
    Read(&'a Value),
    /// One whose gist is known, and that is read when more is asked for.
    Unread(&'a Gist, &'a (dyn Deref<Target = Value> + Sync)),
}

impl<'a> Body<'a> {
    /// A body whose resources are kept apart from its other sections.
    pub fn new(
        sections: &'a Map<String, Value>,
        resources: impl IntoIterator<Item = (&'a str, Resource<'a>)>,
    ) -> Self {
        Self {
            sections,
            resources: resources.into_iter().collect(),
        }
    }

    /// All sections. Whether resources are among them depends on where they are kept.
    pub(crate) fn sections(&self) -> &'a Map<String, Value> {
        self.sections
    }

    /// The members of a section, which is not that of resources; an absent one is empty.
    pub(crate) fn section(&self, name: &str) -> &'a Map<String, Value> {
        let section = self.sections.get(name).and_then(Value::as_object);
        section.unwrap_or(&EMPTY)
    }

    pub(crate) fn resources(&self) -> &Resources<'a> {
        &self.resources
    }

    /// The logical ids of the resources that stand in another template as they do here.
    pub(crate) fn unchanged(&self, other: &Self) -> HashSet<&'a str> {
        let mut unchanged = HashSet::with_capacity(self.resources.len());
        let resources = self.resources.iter().filter(|(logical_id, resource)| {
            let other = other.resources.get(*logical_id);
            other
                .is_some_and(|other| other.is(resource) || is_same(other.value(), resource.value()))
        });
        unchanged.extend(resources.map(|(logical_id, _)| *logical_id));
        unchanged
    }
}

impl<'a> Resource<'a> {
    /// One that is read when more is asked for than its gist; that was read, where it has none.
    pub fn new(gist: Option<&'a Gist>, value: &'a (dyn Deref<Target = Value> + Sync)) -> Self {
        match gist {
            Some(gist) => Self::Unread(gist, value),
            None => Self::Read(value),
        }
    }

    pub(crate) fn value(self) -> &'a Value {
        match self {
            Self::Read(value) => value,
            Self::Unread(_, value) => value,
        }
    }

    /// Its value, if it was read: what is left unread says nothing of access, is no user pool and has no condition.
    pub(crate) fn read(self) -> Option<&'a Value> {
        match self {
            Self::Read(value) => Some(value),
            Self::Unread(..) => None,
        }
    }

    /// Whether both are one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Read(one), Self::Read(other)) => ptr::eq(*one, *other),
            (Self::Unread(one, _), Self::Unread(other, _)) => ptr::eq(*one, *other),
            (Self::Read(_), Self::Unread(..)) | (Self::Unread(..), Self::Read(_)) => false,
        }
    }

    /// Tells `visit` the uses that its properties make of something else; perhaps some that they do not, where it is
    /// unread.
    pub(crate) fn uses(self, visit: &mut impl FnMut(Use<'a>)) {
        match self {
            Self::Read(value) => {
                if let Some(properties) = value.get("Properties") {
                    uses(properties, visit);
                }
            }
            Self::Unread(gist, _) => gist.uses().for_each(visit),
        }
    }
}

impl fmt::Debug for Resource<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(formatter)
    }
}

impl<'a> From<&'a Value> for Resource<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Read(value)
    }
}

/// What has no members.
static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl<'a> From<&'a Value> for Body<'a> {
    fn from(body: &'a Value) -> Self {
        let members = |value: Option<&'a Value>| value.and_then(Value::as_object);
        let resources = members(body.get("Resources")).into_iter().flatten();
        Self::new(
            members(Some(body)).unwrap_or(&EMPTY),
            resources.map(|(logical_id, resource)| (logical_id.as_str(), resource.into())),
        )
    }
}
