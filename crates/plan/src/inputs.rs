//! Parameters, mappings and conditions that come to something else than before.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    Cause,
    meaning::Side,
    uses::{Use, uses},
};

/// Names of the parameters, mappings and conditions that come to something else than before.
pub(crate) struct Inputs<'a> {
    parameters: HashSet<&'a str>,
    mappings: HashSet<&'a str>,
    conditions: HashSet<&'a str>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn changed(old: &Side<'a>, new: &Side<'a>) -> Self {
        let both = |section: &str| {
            let earlier = old.section(section);
            let names = new.section(section).keys().map(String::as_str);
            names.filter(move |name| earlier.contains_key(*name))
        };
        let mapping = |side: &Side<'a>, name: &str| side.section("Mappings").get(name);
        Self {
            parameters: both("Parameters")
                .filter(|name| {
                    new.is_changed_secret(name)
                        || new.is_loose(name)
                        || old.known(name) != new.known(name)
                })
                .collect(),
            mappings: both("Mappings")
                .filter(|name| mapping(old, name) != mapping(new, name))
                .collect(),
            conditions: both("Conditions")
                .filter(|name| new.is_changed_condition(name))
                .collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parameters.is_empty() && self.mappings.is_empty() && self.conditions.is_empty()
    }

    /// Whether a use is one of what comes to something else.
    pub(crate) fn reach(&self, found: &Use<'_>) -> bool {
        match found {
            Use::Reference(name) => self.parameters.contains(name),
            Use::Attribute(..) | Use::Output(..) => false,
            // A name that is worked out may be any.
            Use::Mapping(None) => !self.mappings.is_empty(),
            Use::Mapping(Some(name)) => self.mappings.contains(name),
            Use::Condition(name) => self.conditions.contains(name),
        }
    }

    /// What of this a value reads.
    pub(crate) fn causes(&self, value: &Value) -> Vec<Cause> {
        let mut causes = Vec::new();
        if self.is_empty() {
            return causes;
        }
        uses(value, &mut |found| match found {
            Use::Reference(name) if self.parameters.contains(name) => {
                causes.push(Cause::Parameter {
                    name: name.to_owned(),
                });
            }
            Use::Mapping(Some(name)) if self.mappings.contains(name) => {
                causes.push(Cause::Mapping {
                    name: name.to_owned(),
                });
            }
            // The name is worked out: any mapping that changes may be the one.
            Use::Mapping(None) => causes.extend(self.mappings.iter().map(|name| Cause::Mapping {
                name: (*name).to_owned(),
            })),
            Use::Condition(name) if self.conditions.contains(name) => {
                causes.push(Cause::Condition {
                    name: name.to_owned(),
                });
            }
            Use::Reference(_)
            | Use::Attribute(..)
            | Use::Mapping(_)
            | Use::Condition(_)
            | Use::Output(..) => {}
        });
        causes.sort();
        causes.dedup();
        causes
    }
}
