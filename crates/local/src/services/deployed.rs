//! What stacks have deployed, as services find it: by type and name, with the properties that it has now.

use jiff::Timestamp;
use schema::Kind;
use serde_json::{Map, Value, json};

use crate::{
    evaluate::text_of,
    facts,
    state::{Deployed, Entry, State},
};

/// A resource that exists, whoever changed it last.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) deployed: &'a Deployed,
    /// The properties that it has now.
    pub(crate) properties: &'a Value,
    pub(crate) region: &'a str,
    /// Its stack and its name there; none where a stack has retained it and let it go.
    home: Option<(&'a Entry, &'a str)>,
}

/// All that exists of a type, of every region.
pub(crate) fn all<'a>(state: &'a State, type_name: &str) -> impl Iterator<Item = Found<'a>> {
    let homes = state.stacks.values().flat_map(|entry| {
        let region = entry.stack.region.as_str();
        let resources = entry.resources.values();
        resources.flat_map(move |resource| {
            let there = resource.live.iter().chain(&resource.superseded);
            let home = Some((entry, resource.logical_id.as_str()));
            there.map(move |deployed| (deployed, region, home))
        })
    });
    let orphans = state.orphans.values();
    let orphans = orphans.map(|one| (&one.deployed, one.region.as_str(), None));
    homes
        .chain(orphans)
        .filter(move |(deployed, ..)| deployed.resource_type == type_name)
        .filter_map(|(deployed, region, home)| {
            Some(Found {
                deployed,
                properties: deployed.actual_properties()?,
                region,
                home,
            })
        })
}

/// The one of a type and a physical id.
pub(crate) fn find<'a>(state: &'a State, type_name: &str, id: &str) -> Option<Found<'a>> {
    all(state, type_name).find(|found| found.id() == id)
}

/// The text of a document, which a template may give as a text or as what it says.
pub(super) fn document_text(document: &Value) -> String {
    match document {
        Value::String(text) => text.clone(),
        document => document.to_string(),
    }
}

impl<'a> Found<'a> {
    pub(crate) fn id(self) -> &'a str {
        &self.deployed.physical_id
    }

    /// The text of a property.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        text_of(self.properties.get(name)?)
    }

    /// The texts of a property that is a list.
    pub(crate) fn texts(self, name: &str) -> impl Iterator<Item = &'a str> {
        let list = self.properties.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// What `Fn::GetAtt` gives.
    pub(crate) fn attribute(self, name: &str) -> Option<&'a str> {
        self.deployed.attributes.get(name)?.as_str()
    }

    /// Its own tags, then those of its stack, which CloudFormation passes on.
    pub(crate) fn tags(self) -> Vec<(String, String)> {
        let own = match self.properties.get("Tags") {
            Some(Value::Array(list)) => list.as_slice(),
            _ => &[],
        };
        let text = |tag: &Value, name: &str| text_of(&tag[name]).unwrap_or_default();
        let mut tags: Vec<_> = own
            .iter()
            .map(|tag| (text(tag, "Key"), text(tag, "Value")))
            .collect();
        for (key, value) in self.stack_tags() {
            if !tags.iter().any(|(own, _)| own == key) {
                tags.push((key.to_owned(), value.to_owned()));
            }
        }
        tags
    }

    /// The tags of its stack, where its type has tags.
    pub(crate) fn stack_tags(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let facts = facts::of(&self.deployed.resource_type);
        let is_taggable = facts.is_some_and(|facts| facts.tagging.taggable);
        let home = self.home.filter(|_| is_taggable);
        let tags = home.map(|(entry, _)| &entry.stack.definition.tags);
        let tags = tags.into_iter().flatten();
        tags.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The tags that say which stack it is of, of services that take them.
    pub(crate) fn system_tags(self) -> Vec<(String, String)> {
        let Some((entry, logical_id)) = self.home else {
            return Vec::new();
        };
        let tags = [
            ("stack-name", entry.stack.name.as_str()),
            ("stack-id", &entry.stack.arn),
            ("logical-id", logical_id),
        ];
        tags.map(|(name, value)| (format!("aws:cloudformation:{name}"), value.to_owned()))
            .into()
    }

    /// When it was made. Of what no stack has any more that is not known.
    pub(crate) fn created(self) -> Timestamp {
        let first = self.events("CREATE_COMPLETE").next();
        let stack = self.home.map(|(entry, _)| entry.stack.created);
        first.or(stack).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// When its stack last changed it.
    pub(crate) fn modified(self) -> Timestamp {
        self.events("UPDATE_COMPLETE")
            .last()
            .unwrap_or_else(|| self.created())
    }

    /// How often it was changed, by its stack or beside it.
    pub(crate) fn changes(self) -> usize {
        self.events("UPDATE_COMPLETE").count() + usize::from(self.deployed.actual.is_some())
    }

    fn events(self, status: &'static str) -> impl Iterator<Item = Timestamp> {
        let events = self.home.map(|(entry, _)| &entry.events);
        events
            .into_iter()
            .flatten()
            .filter(move |event| event.physical_id == self.id() && event.status == status)
            .map(|event| event.timestamp)
    }

    /// The properties with the kinds of values that the type has for them: in a template numbers and truth values may stand
    /// as texts, and texts as numbers.
    pub(crate) fn typed(self) -> Map<String, Value> {
        let mut path = Vec::new();
        match typed(&self.deployed.resource_type, self.properties, &mut path) {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

fn typed<'v>(type_name: &str, value: &'v Value, path: &mut Vec<&'v str>) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                path.push(name);
                let value = typed(type_name, value, path);
                path.pop();
                (name.clone(), value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => {
            path.push("*");
            let items = items.iter().map(|item| typed(type_name, item, path));
            let items = items.collect();
            path.pop();
            items
        }
        scalar => scalar_of(type_name, scalar, path).unwrap_or_else(|| scalar.clone()),
    }
}

/// A scalar as the kind that stands at a path, where it is of another.
fn scalar_of(type_name: &str, value: &Value, path: &[&str]) -> Option<Value> {
    let kinds = facts::of(type_name)?.shape_at(path)?.kinds;
    match value {
        Value::String(text) if !kinds.contains(Kind::String) => {
            if kinds.contains(Kind::Boolean) {
                return text.parse::<bool>().ok().map(Value::from);
            }
            let is_number = kinds.contains(Kind::Integer) || kinds.contains(Kind::Number);
            let whole = || text.parse::<i64>().ok().map(Value::from);
            let number = || text.parse::<f64>().ok().map(Value::from);
            whole().or_else(number).filter(|_| is_number)
        }
        Value::Number(_) | Value::Bool(_) => {
            let only_text = kinds.contains(Kind::String)
                && ![Kind::Boolean, Kind::Integer, Kind::Number]
                    .into_iter()
                    .any(|kind| kinds.contains(kind));
            only_text.then(|| json!(text_of(value)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_get_the_kinds_of_their_type() {
        let properties = json!({
            "Policies": {"PasswordPolicy": {"MinimumLength": "12", "RequireNumbers": "true"}},
            "Schema": [{"Name": "plan", "StringAttributeConstraints": {"MaxLength": 7}, "Mutable": true}],
            "UserPoolName": 7,
        });
        assert_eq!(
            typed("AWS::Cognito::UserPool", &properties, &mut Vec::new()),
            json!({
                "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": true}},
                "Schema": [{"Name": "plan", "StringAttributeConstraints": {"MaxLength": "7"}, "Mutable": true}],
                "UserPoolName": "7",
            })
        );
    }
}
