//! One of the two templates, with all that is known of the values its expressions come to.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{Mode, Place, condition, text_of};
use crate::{Facts, Options, moves::Moves};

/// One of the two templates, with all that is known of the values its expressions come to.
pub(crate) struct Side<'a> {
    pub(crate) body: &'a Value,
    parameters: HashMap<&'a str, Parameter>,
    pseudo_parameters: &'a IndexMap<String, String>,
    conditions: HashMap<&'a str, Option<bool>>,
    renames: HashMap<&'a str, &'a str>,
    /// Parameters whose value is never shown and is another than before.
    changed_secrets: HashSet<&'a str>,
    changed_conditions: HashSet<&'a str>,
}

/// What is known of a parameter.
#[derive(PartialEq)]
struct Parameter {
    /// The value that is given, or the default.
    given: Option<String>,
    /// What a reference to it comes to, unless that is secret or known to AWS alone.
    value: Option<Value>,
}

/// The two templates, each with the values that are known for it.
pub(crate) fn sides<'a>(
    before: &'a Value,
    after: &'a Value,
    facts: &dyn Facts,
    moves: &Moves<'a>,
    options: &'a Options,
) -> (Side<'a>, Side<'a>) {
    let mut old = Side {
        renames: moves.renames(),
        ..Side::new(before, &options.before_parameters, None, options)
    };
    let previous = Some(&options.before_parameters);
    let mut new = Side::new(after, &options.after_parameters, previous, options);
    let secrets = new
        .parameters
        .iter()
        .filter(|(_, parameter)| parameter.value.is_none() && parameter.given.is_some())
        .filter(|(name, parameter)| {
            let earlier = old.parameters.get(*name);
            earlier.is_some_and(|old| old.given.is_some() && old.given != parameter.given)
        })
        .map(|(name, _)| *name);
    new.changed_secrets = secrets.collect();
    let place = Place::elsewhere(facts, Mode::Argument);
    old.conditions = condition::outcomes(&old, &place);
    new.conditions = condition::outcomes(&new, &place);
    new.changed_conditions = condition::changed(&old, &new, &place);
    (old, new)
}

impl<'a> Side<'a> {
    fn new(
        body: &'a Value,
        given: &IndexMap<String, String>,
        previous: Option<&IndexMap<String, String>>,
        options: &'a Options,
    ) -> Self {
        let parameters = section(body, "Parameters").iter();
        Self {
            body,
            parameters: parameters
                .map(|(name, declaration)| {
                    let given = given.get(name).cloned();
                    let default = || declaration.get("Default").map(text_of);
                    let earlier = || previous.and_then(|values| values.get(name)).cloned();
                    let given = given.or_else(default).or_else(earlier);
                    (name.as_str(), Parameter::new(declaration, given))
                })
                .collect(),
            pseudo_parameters: &options.pseudo_parameters,
            conditions: HashMap::new(),
            renames: HashMap::new(),
            changed_secrets: HashSet::new(),
            changed_conditions: HashSet::new(),
        }
    }

    /// A section of the template; an absent one is empty.
    pub(crate) fn section(&self, name: &str) -> &'a Map<String, Value> {
        section(self.body, name)
    }

    /// What a reference to a parameter comes to, where that is known.
    pub(crate) fn known(&self, name: &str) -> Option<Value> {
        match self.parameters.get(name) {
            Some(parameter) => parameter.value.clone(),
            None => self.pseudo_parameters.get(name).map(|value| json!(value)),
        }
    }

    /// Whether a parameter's value is never shown and is another than before.
    pub(crate) fn is_changed_secret(&self, name: &str) -> bool {
        self.changed_secrets.contains(name)
    }

    /// Whether a condition comes to something else than before, or may.
    pub(crate) fn is_changed_condition(&self, name: &str) -> bool {
        self.changed_conditions.contains(name)
    }

    /// The logical id of a resource in the new template.
    pub(crate) fn renamed<'n>(&'n self, logical_id: &'n str) -> &'n str {
        self.renames.get(logical_id).copied().unwrap_or(logical_id)
    }

    /// The logical id in this template of a resource that has this one in the new template.
    pub(crate) fn before_rename<'n>(&'n self, logical_id: &'n str) -> &'n str {
        let mut renames = self.renames.iter();
        let earlier = renames.find(|(_, new)| **new == logical_id);
        earlier.map_or(logical_id, |(old, _)| *old)
    }

    /// Whether a condition holds, as far as that is known.
    pub(crate) fn holds(&self, condition: &str) -> Option<bool> {
        self.conditions.get(condition).copied().flatten()
    }

    /// Whether a resource or output exists: `Some(true)` without a condition.
    pub(crate) fn exists(&self, entry: &Value) -> Option<bool> {
        match entry.get("Condition").and_then(Value::as_str) {
            Some(condition) => self.holds(condition),
            None => Some(true),
        }
    }
}

impl Parameter {
    fn new(declaration: &Value, given: Option<String>) -> Self {
        let type_name = declaration["Type"].as_str().unwrap_or("String");
        // The value of a parameter of such a type is only a key: AWS looks the value up.
        let looked_up = type_name.starts_with("AWS::SSM::Parameter::Value");
        let value = match &given {
            Some(given) if !looked_up && !is_secret(declaration) => {
                let is_list = type_name == "CommaDelimitedList" || type_name.starts_with("List<");
                Some(if is_list {
                    json!(given.split(',').map(str::trim).collect::<Vec<_>>())
                } else {
                    json!(given)
                })
            }
            _ => None,
        };
        Self { given, value }
    }
}

/// Whether a parameter's value must never be shown.
pub(crate) fn is_secret(declaration: &Value) -> bool {
    declaration
        .get("NoEcho")
        .is_some_and(|flag| text_of(flag) == "true")
}

fn section<'a>(body: &'a Value, name: &str) -> &'a Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    body.get(name).and_then(Value::as_object).unwrap_or(&EMPTY)
}
