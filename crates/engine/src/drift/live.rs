//! Live reads: what the services themselves say of resources that CloudFormation's detection does not reach.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::port::Answer;

/// Reads resources with the services' own calls.
pub trait LiveReads: Send + Sync {
    /// Whether resources of a type can be read.
    fn reads(&self, type_name: &str) -> bool;

    /// A resource as it is now.
    fn read<'a>(&'a self, resource: &'a LiveResource) -> Answer<'a, Live>;
}

/// A resource that is to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveResource {
    /// Its type, `AWS::IAM::Role`.
    pub resource_type: String,
    /// The name AWS knows it by.
    pub physical_id: String,
    /// The properties that its template gives, worked out as far as is known: some types are found by them alone, and only
    /// what stands here is read.
    pub properties: Map<String, Value>,
}

impl LiveResource {
    /// The text of a property whose value is known.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }

    /// Whether the template gives a property.
    pub fn gives(&self, name: &str) -> bool {
        self.properties.contains_key(name)
    }

    /// The texts of a property that is a list.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let list = self.properties.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }
}

/// A resource as it is now.
#[derive(Clone, Debug, PartialEq)]
pub enum Live {
    /// It exists.
    Exists {
        /// Properties in CloudFormation's form: null where it was read that there is none, absent where it could not be read.
        properties: Map<String, Value>,
        /// What `Fn::GetAtt` gives.
        attributes: BTreeMap<String, String>,
        /// Why properties could not be read, of some of those that are absent.
        unread: BTreeMap<String, String>,
    },
    /// It is gone.
    Gone,
    /// It was not read, for this reason.
    Withheld(String),
}
