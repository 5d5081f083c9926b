//! The body of a template, as it is compared.

use std::{collections::HashSet, sync::LazyLock};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::same::is_same;

/// The body of a template: its sections and its resources, wherever they are kept.
///
/// A [`Value`] is one, `null` that of no template at all. What stands in two templates may be one value that both refer
/// to: it is not compared with itself.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    sections: &'a Map<String, Value>,
    resources: Resources<'a>,
}

/// The resources of a template by their logical ids, in its order.
pub(crate) type Resources<'a> = IndexMap<&'a str, &'a Value>;

impl<'a> Body<'a> {
    /// A body whose resources are kept apart from its other sections.
    pub fn new(
        sections: &'a Map<String, Value>,
        resources: impl IntoIterator<Item = (&'a str, &'a Value)>,
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
            other.is_some_and(|other| is_same(other, resource))
        });
        unchanged.extend(resources.map(|(logical_id, _)| *logical_id));
        unchanged
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
            resources.map(|(logical_id, resource)| (logical_id.as_str(), resource)),
        )
    }
}
