//! One of the two templates, with all that is known of the values its expressions come to.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::{Mode, Place, condition, extent, member, text_of};
use crate::{Body, Facts, Options, Resource, body::Resources};

/// One of the two templates, with all that is known of the values its expressions come to.
pub(crate) struct Side<'a> {
    body: Body<'a>,
    parameters: HashMap<&'a str, Parameter>,
    pseudo_parameters: &'a IndexMap<String, String>,
    conditions: HashMap<&'a str, Option<bool>>,
    /// Whether expressions are worked out. Where they stand for more than can be, they are compared as they are written.
    pub(super) is_worked_out: bool,
    /// Parameters whose value is never shown, or not worked out, and is another than before.
    changed_secrets: HashSet<&'a str>,
    /// Parameters whose value is not known and may be another than before.
    loose_parameters: HashSet<&'a str>,
    changed_conditions: HashSet<&'a str>,
    /// The mappings before; nothing where this is the template before.
    earlier_mappings: Option<&'a Map<String, Value>>,
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
    before: Body<'a>,
    after: Body<'a>,
    facts: &dyn Facts,
    options: &'a Options,
) -> (Side<'a>, Side<'a>) {
    let mut old = Side::new(before, &options.before_parameters, None, options);
    let previous = Some(&options.before_parameters);
    let mut new = Side::new(after, &options.after_parameters, previous, options);
    // Both are taken alike, else everything would differ in form.
    let is_worked_out = extent::are_within_reason(&old, &new);
    (old.is_worked_out, new.is_worked_out) = (is_worked_out, is_worked_out);
    let secrets = new
        .parameters
        .iter()
        .filter(|(_, parameter)| parameter.value.is_none() || !is_worked_out)
        .filter(|(_, parameter)| parameter.given.is_some())
        .filter(|(name, parameter)| {
            let earlier = old.parameters.get(*name);
            earlier.is_some_and(|old| old.given.is_some() && old.given != parameter.given)
        })
        .map(|(name, _)| *name);
    new.changed_secrets = secrets.collect();
    new.earlier_mappings = Some(old.section("Mappings"));
    if options.open_parameters {
        new.loose_parameters = loose_parameters(&old, &new);
    }
    let place = Place::elsewhere(facts, Mode::Argument);
    old.conditions = condition::outcomes(&old, &place);
    new.conditions = condition::outcomes(&new, &place);
    new.changed_conditions = condition::changed(&old, &new, &place);
    (old, new)
}

impl<'a> Side<'a> {
    fn new(
        body: Body<'a>,
        given: &IndexMap<String, String>,
        previous: Option<&IndexMap<String, String>>,
        options: &'a Options,
    ) -> Self {
        let parameters = body.section("Parameters").iter();
        Self {
            parameters: parameters
                .map(|(name, declaration)| {
                    let given = given.get(name).cloned();
                    let default = || declaration.get("Default").map(text_of);
                    let earlier = || previous.and_then(|values| values.get(name)).cloned();
                    let given = if options.open_parameters {
                        given
                    } else {
                        given.or_else(default).or_else(earlier)
                    };
                    (name.as_str(), Parameter::new(declaration, given))
                })
                .collect(),
            body,
            pseudo_parameters: &options.pseudo_parameters,
            conditions: HashMap::new(),
            is_worked_out: true,
            changed_secrets: HashSet::new(),
            loose_parameters: HashSet::new(),
            changed_conditions: HashSet::new(),
            earlier_mappings: None,
        }
    }

    /// Whether every expression is worked out here as in the other template: it reads the same.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let Self {
            body: _,
            parameters,
            pseudo_parameters,
            conditions,
            is_worked_out,
            changed_secrets,
            loose_parameters,
            changed_conditions,
            // Where the mappings are the same, no entry of them is another.
            earlier_mappings: _,
        } = self;
        *parameters == other.parameters
            && *pseudo_parameters == other.pseudo_parameters
            && *conditions == other.conditions
            && *is_worked_out == other.is_worked_out
            && *changed_secrets == other.changed_secrets
            && *loose_parameters == other.loose_parameters
            && *changed_conditions == other.changed_conditions
            && self.section("Mappings") == other.section("Mappings")
    }

    /// The members of a section, which is not that of resources; an absent one is empty.
    pub(crate) fn section(&self, name: &str) -> &'a Map<String, Value> {
        self.body.section(name)
    }

    /// All sections; whether resources are among them depends on where they are kept.
    pub(crate) fn sections(&self) -> &'a Map<String, Value> {
        self.body.sections()
    }

    /// The resources of the template.
    pub(crate) fn resources(&self) -> &Resources<'a> {
        self.body.resources()
    }

    /// The logical ids of the resources that stand in the other template as they do here.
    pub(crate) fn unchanged(&self, other: &Self) -> HashSet<&'a str> {
        self.body.unchanged(&other.body)
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

    /// Whether all that is known of a parameter is that it may come to something else than before.
    pub(crate) fn is_loose(&self, name: &str) -> bool {
        self.loose_parameters.contains(name)
    }

    /// Whether a reference to this may come to anything: a parameter whose value is not known.
    pub(crate) fn is_open(&self, name: &str) -> bool {
        let parameter = self.parameters.get(name);
        parameter.is_some_and(|parameter| parameter.value.is_none())
            || (name.starts_with("AWS::") && self.known(name).is_none())
    }

    /// Whether what stands in a mapping under these keys, of which some are not known, is another than before.
    pub(crate) fn is_changed_entry(&self, keys: [Option<&str>; 3]) -> bool {
        let Some(earlier) = self.earlier_mappings else {
            return false;
        };
        let mappings = self.section("Mappings");
        let [mapping, rest @ ..] = keys;
        let mut names: Vec<&String> = mappings.keys().collect();
        names.retain(|name| mapping.is_none_or(|mapping| *name == mapping));
        names.iter().any(|name| {
            let now = under(&mappings[*name], &rest);
            earlier
                .get(*name)
                .is_none_or(|earlier| under(earlier, &rest) != now)
        })
    }

    /// Whether a condition comes to something else than before, or may.
    pub(crate) fn is_changed_condition(&self, name: &str) -> bool {
        self.changed_conditions.contains(name)
    }

    /// Whether a condition holds, as far as that is known.
    pub(crate) fn holds(&self, condition: &str) -> Option<bool> {
        self.conditions.get(condition).copied().flatten()
    }

    /// Whether a resource exists, as [`Self::exists`] tells. One that is left unread has no condition.
    pub(crate) fn has(&self, resource: Resource<'_>) -> Option<bool> {
        resource
            .read()
            .map_or(Some(true), |resource| self.exists(resource))
    }

    /// Whether a resource or output exists: `Some(true)` without a condition.
    pub(crate) fn exists(&self, entry: &Value) -> Option<bool> {
        let condition = entry
            .as_object()
            .and_then(|entry| member(entry, "Condition"));
        match condition.and_then(Value::as_str) {
            Some(condition) => self.holds(condition),
            None => Some(true),
        }
    }
}

impl Parameter {
    fn new(declaration: &Value, given: Option<String>) -> Self {
        let (looked_up, is_list) = kind(declaration);
        let value = match &given {
            // What is given to be looked up is only a key: AWS knows the value.
            Some(given) if looked_up.is_none() && !is_secret(declaration) => Some(if is_list {
                json!(given.split(',').map(str::trim).collect::<Vec<_>>())
            } else {
                json!(given)
            }),
            _ => None,
        };
        Self { given, value }
    }
}

/// Parameters that come to something else if their new default is used, or because they are of another kind.
fn loose_parameters<'a>(old: &Side<'a>, new: &Side<'a>) -> HashSet<&'a str> {
    let (before, after) = (old.section("Parameters"), new.section("Parameters"));
    let is_loose = |name: &str, declaration: &Value| {
        let Some(earlier) = before.get(name) else {
            return false;
        };
        let default = |declaration: &Value| declaration.get("Default").map(text_of);
        let takes_default = default(declaration).is_some();
        kind(earlier) != kind(declaration)
            || (takes_default && default(earlier) != default(declaration))
    };
    after
        .iter()
        .filter(|(name, declaration)| new.known(name).is_none() && is_loose(name, declaration))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// What a reference to a parameter gives: a value that AWS looks up, or a list or text as it was given.
fn kind(declaration: &Value) -> (Option<&str>, bool) {
    let type_name = declaration["Type"].as_str().unwrap_or("String");
    let is_looked_up = type_name.starts_with("AWS::SSM::Parameter::Value");
    let is_list = type_name == "CommaDelimitedList" || type_name.starts_with("List<");
    (is_looked_up.then_some(type_name), is_list)
}

/// The part of a mapping that these keys lead to, where all of a level may be meant.
fn under<'m>(mapping: &'m Value, keys: &[Option<&str>]) -> Vec<(Vec<&'m str>, &'m Value)> {
    let mut found = vec![(Vec::new(), mapping)];
    for key in keys {
        found = found
            .into_iter()
            .flat_map(|(way, value)| {
                let entries = value.as_object().into_iter().flatten();
                let meant = entries.filter(|(name, _)| key.is_none_or(|key| *name == key));
                meant.map(move |(name, value)| {
                    let mut way: Vec<&str> = way.clone();
                    way.push(name.as_str());
                    (way, value)
                })
            })
            .collect();
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// Whether a parameter's value must never be shown.
pub(crate) fn is_secret(declaration: &Value) -> bool {
    declaration
        .get("NoEcho")
        .is_some_and(|flag| text_of(flag) == "true")
}
