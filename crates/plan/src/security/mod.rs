//! What changes in access: statements of policies, rules of security groups and settings that come, go or change, and
//! what each widens.

mod address;
mod condition;
mod cover;
mod effort;
mod network;
mod outcomes;
mod pairs;
mod pattern;
mod policies;
mod settings;
mod statement;

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use indexmap::IndexMap;
use serde_json::Value;

use self::{network::Rule, settings::Settings, statement::Statement};
use crate::{
    Change, Edit, Facts, Resource, RuleChange, Security, StatementChange,
    meaning::{Mode, Place, Side},
    resources::type_name,
};

/// What two templates say of access.
struct Readings {
    /// What resources say that are the same in both.
    kept: Access,
    before: Access,
    after: Access,
}

/// Whether a resource that changes may say anything of access.
pub(crate) fn is_told_by(changes: &[Change], old: &Side<'_>, new: &Side<'_>) -> bool {
    let tells = |side: &Side<'_>, change: &Change| {
        let resource = side.resources().get(change.logical_id.as_str());
        resource.is_some_and(|resource| tells_access(*resource))
    };
    let mut changes = changes.iter();
    changes.any(|change| tells(old, change) || tells(new, change))
}

/// What changes in access between two templates. `unchanged` are the resources that stand in both as they are.
pub(crate) fn compare(
    old: &Side<'_>,
    new: &Side<'_>,
    unchanged: &HashSet<&str>,
    facts: &dyn Facts,
) -> Security {
    let Readings {
        kept,
        before,
        after,
    } = Readings::of(old, new, unchanged, facts);
    let mut iam = statements(&kept, &before, &after, [absent(new, old), absent(old, new)]);
    pairs::join_statements(&mut iam);
    let mut network = rules(&kept, &before, &after);
    pairs::join_rules(&mut network);
    let ids = after.settings.keys();
    let gone = before.settings.keys();
    let ids = ids.chain(gone.filter(|id| !after.settings.contains_key(*id)));
    let settings = ids.flat_map(|id| {
        let none = |side: &Side<'_>| resource(side, id).map(type_name).map(Settings::none);
        let (old, new) = (none(old), none(new));
        let was = before.settings.get(id).or(old.as_ref());
        let is = after.settings.get(id).or(new.as_ref());
        is.map_or_else(Vec::new, |is| settings::compare(id, was, is))
    });
    let settings: Vec<_> = settings.collect();
    Security {
        widened: iam.iter().any(|change| change.widens)
            || network.iter().any(|change| change.widens)
            || settings.iter().any(|change| change.widens),
        iam,
        network,
        settings,
    }
}

/// The statements that come and go. `absent` are the resources that are created, and those that go.
fn statements<'s>(
    kept: &'s Access,
    before: &'s Access,
    after: &'s Access,
    absent: [HashSet<String>; 2],
) -> Vec<StatementChange> {
    let changes = difference(&before.statements, &after.statements);
    if changes.is_empty() {
        return Vec::new();
    }
    let all = |own: &'s Access| -> Vec<&'s Statement> {
        kept.statements.iter().chain(&own.statements).collect()
    };
    let (mut was, mut is) = (all(before), all(after));
    let reached = [cover::reached(&was), cover::reached(&is)];
    was.extend(&reached[0]);
    is.extend(&reached[1]);
    let [created, gone] = &absent;
    let (earlier, later) = (
        cover::Policies::of(&was, created),
        cover::Policies::of(&is, gone),
    );
    let change = |(edit, statement): (Edit, &Statement)| {
        let (reasons, narrows) = match edit {
            Edit::Added => (
                earlier.widened_by(statement, &is),
                earlier.widened_without(statement, &is),
            ),
            Edit::Removed => (
                later.widened_without(statement, &was),
                later.widened_by(statement, &was),
            ),
        };
        statement.change(edit, !narrows.is_empty(), reasons)
    };
    changes.into_iter().map(change).collect()
}

/// The rules that come and go.
fn rules(kept: &Access, before: &Access, after: &Access) -> Vec<RuleChange> {
    let changes = difference(&before.rules, &after.rules);
    if changes.is_empty() {
        return Vec::new();
    }
    let (earlier, later) = (
        network::Rules::of(kept.rules.iter().chain(&before.rules)),
        network::Rules::of(kept.rules.iter().chain(&after.rules)),
    );
    let change = |(edit, rule): (Edit, &Rule)| {
        let (others, reverse) = match edit {
            Edit::Added => (&earlier, Edit::Removed),
            Edit::Removed => (&later, Edit::Added),
        };
        let reasons = others.widened_by(rule, edit);
        let narrows = !others.widened_by(rule, reverse).is_empty();
        rule.change(edit, narrows, reasons)
    };
    changes.into_iter().map(change).collect()
}

/// All that a template, or a resource, says of access.
#[derive(Default)]
struct Access {
    statements: Vec<Statement>,
    rules: Vec<Rule>,
    /// By logical id.
    settings: IndexMap<String, Settings>,
}

impl Readings {
    /// What the two templates say. What is the same in both is read once, and only if there is something to hold
    /// against it.
    fn of(old: &Side<'_>, new: &Side<'_>, unchanged: &HashSet<&str>, facts: &dyn Facts) -> Self {
        let is_alike = old.is_alike(new);
        let is_kept =
            |(logical_id, _): &(&&str, &Resource<'_>)| is_alike && unchanged.contains(*logical_id);
        let (kept, changed): (Vec<_>, Vec<_>) = new.resources().iter().partition(is_kept);
        let earlier = old.resources().iter().filter(|one| !is_kept(one));
        let mut before = Access::of(old, earlier, facts, true);
        let mut after = Access::of(new, changed, facts, true);
        let kept = if before.is_empty() && after.is_empty() {
            Access::default()
        } else {
            Access::of(new, kept, facts, false)
        };
        network::add_default_egress(old, &kept.rules, &mut before.rules);
        network::add_default_egress(new, &kept.rules, &mut after.rules);
        Self {
            kept,
            before,
            after,
        }
    }
}

impl Access {
    /// What resources say; what they say by their settings only where that is asked for.
    fn of<'r>(
        side: &Side<'_>,
        resources: impl IntoIterator<Item = (&'r &'r str, &'r Resource<'r>)>,
        facts: &dyn Facts,
        with_settings: bool,
    ) -> Self {
        let mut access = Self::default();
        for (logical_id, resource) in resources {
            // What is left unread tells nothing.
            let Some(resource) = resource.read() else {
                continue;
            };
            let Some(properties) = worked_out(side, resource, facts) else {
                continue;
            };
            access.add(side, logical_id, resource, &properties, facts);
            if with_settings {
                let settings = settings::collect(type_name(resource), &properties);
                access.settings.insert((*logical_id).to_owned(), settings);
            }
        }
        access
    }

    /// Whether no resource says anything, where settings were asked for: each that does has some, be they empty.
    fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// Adds the statements and rules of a resource, whose properties have their expressions worked out.
    fn add(
        &mut self,
        side: &Side<'_>,
        logical_id: &str,
        resource: &Value,
        properties: &Value,
        facts: &dyn Facts,
    ) {
        let type_name = type_name(resource);
        let names = outcomes::conditions(properties);
        let (mut statements, mut rules) = (Vec::new(), Vec::new());
        for holds in outcomes::all(names.len()) {
            // Without a condition they come to what they are, and most have none.
            let chosen = (!names.is_empty())
                .then(|| outcomes::come_to(properties, &names, &holds).unwrap_or(Value::Null));
            let properties = chosen.as_ref().unwrap_or(properties);
            let of_policies = policies::collect(type_name, logical_id, properties, facts);
            statements.push((holds.clone(), of_policies));
            let of_network = network::collect(type_name, logical_id, properties);
            rules.push((holds, of_network));
        }
        let mut statements = outcomes::merge(&names, statements);
        let mut rules = outcomes::merge(&names, rules);
        if let Some(guard) = guard(side, resource) {
            let of_statements = statements.iter_mut().map(Optional::only_if);
            let of_rules = rules.iter_mut().map(Optional::only_if);
            for only_if in of_statements.chain(of_rules) {
                only_if.retain(|name| *name != guard);
                only_if.insert(0, guard.clone());
            }
        }
        self.statements.append(&mut statements);
        self.rules.append(&mut rules);
    }
}

/// The properties of a resource that says something of access, if it may exist, with their expressions worked out.
fn worked_out(side: &Side<'_>, resource: &Value, facts: &dyn Facts) -> Option<Value> {
    if side.exists(resource) == Some(false) || !tells_access(resource.into()) {
        return None;
    }
    let place = Place::elsewhere(facts, Mode::Shown);
    let nothing = Value::Object(serde_json::Map::new());
    let properties = resource.get("Properties").unwrap_or(&nothing);
    side.shown(properties, &place)
}

/// A resource, if it exists or may.
fn resource<'s>(side: &Side<'s>, logical_id: &str) -> Option<&'s Value> {
    let resource = side.resources().get(logical_id).copied();
    let resource = resource.filter(|resource| side.has(*resource) != Some(false));
    resource.map(Resource::value)
}

/// The condition of a resource whose outcome is not known.
fn guard(side: &Side<'_>, resource: &Value) -> Option<String> {
    if side.exists(resource).is_some() {
        return None;
    }
    let name = resource.get("Condition")?.as_str()?;
    Some(if side.is_changed_condition(name) {
        outcomes::changed(name)
    } else {
        name.to_owned()
    })
}

/// The resources of one template, as references, that are not in the other one, and are not left behind.
fn absent(there: &Side<'_>, here: &Side<'_>) -> HashSet<String> {
    let resources = there.resources().iter();
    let is_here = |logical_id: &str| {
        let resource = here.resources().get(logical_id);
        resource.is_some_and(|resource| here.has(*resource) != Some(false))
    };
    resources
        .filter(|(logical_id, _)| !is_here(logical_id))
        .filter(|(_, resource)| resource.value()["DeletionPolicy"] != "Retain")
        .map(|(logical_id, _)| format!("${{{logical_id}}}"))
        .collect()
}

/// Whether a property of this name may say anything of access, whichever resource has it.
pub(crate) fn is_telling(name: &str) -> bool {
    policies::is_telling(name) || settings::may_be_telling(name)
}

/// Whether a resource of this type may say something of access whatever properties it has.
pub(crate) fn is_telling_type(type_name: &str) -> bool {
    policies::is_telling_type(type_name) || network::is_telling_type(type_name)
}

/// Whether a resource may say anything of access.
fn tells_access(resource: Resource<'_>) -> bool {
    fn tells(type_name: &str, value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().any(|item| tells(type_name, item)),
            Value::Object(entries) => entries.iter().any(|(name, entry)| {
                policies::is_telling(name)
                    || settings::is_telling(type_name, name)
                    || tells(type_name, entry)
            }),
            Value::String(text) => policies::may_hold_document(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    let Some(resource) = resource.read() else {
        return false;
    };
    let type_name = type_name(resource);
    is_telling_type(type_name)
        || resource
            .get("Properties")
            .is_some_and(|properties| tells(type_name, properties))
}

/// What has something that tells it from others of its kind.
trait Keyed {
    type Key<'k>: Eq + Hash
    where
        Self: 'k;

    fn key(&self) -> Self::Key<'_>;
}

/// What is there only under conditions of the template.
trait Optional {
    fn only_if(&mut self) -> &mut Vec<String>;
}

/// What comes, in the order after, then what goes, in the order before. The same thing twice counts twice.
fn difference<'t, T: Keyed>(before: &'t [T], after: &'t [T]) -> Vec<(Edit, &'t T)> {
    let keyed = |all: &'t [T]| -> Vec<(T::Key<'t>, &'t T)> {
        all.iter().map(|one| (one.key(), one)).collect()
    };
    let (before, after) = (keyed(before), keyed(after));
    let mut changes = remaining(&after, &before, Edit::Added);
    changes.extend(remaining(&before, &after, Edit::Removed));
    changes
}

/// What is not among the others, as often as it is not.
fn remaining<'t, T, K: Eq + Hash>(
    all: &[(K, &'t T)],
    others: &[(K, &'t T)],
    edit: Edit,
) -> Vec<(Edit, &'t T)> {
    let mut known: HashMap<&K, usize> = HashMap::with_capacity(others.len());
    for (key, _) in others {
        *known.entry(key).or_default() += 1;
    }
    let mut remaining = Vec::new();
    for (key, one) in all {
        match known.get_mut(key) {
            Some(count) if *count > 0 => *count -= 1,
            _ => remaining.push((edit, *one)),
        }
    }
    remaining
}

/// A text with the expressions in it written as `${…}`.
fn text(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            match (entries.get("Fn::Join"), crate::meaning::intrinsic(entries)) {
                (Some(Value::Array(join)), _) if join.len() == 2 && join[0] == "" => {
                    let parts = join[1].as_array().into_iter().flatten();
                    parts.map(text).collect()
                }
                (_, Some(("Ref", Value::String(name)))) => format!("${{{name}}}"),
                (_, Some(("Ref", Value::Array(marked)))) => {
                    let name = marked.first().and_then(Value::as_str).unwrap_or_default();
                    format!("${{{}}}", outcomes::changed(name))
                }
                _ => format!("${{{}}}", crate::render(value)),
            }
        }
        scalar => crate::meaning::text_of(scalar),
    }
}

/// The texts of a list, or of a lone value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(text).collect(),
        single => vec![text(single)],
    }
}

/// What an attribute that names a resource refers to: the resource. `${Files.Arn}` is `${Files}`.
fn reference_of(text: &str) -> String {
    let name = text.strip_prefix("${").and_then(|rest| {
        let (name, attribute) = rest.strip_suffix('}')?.split_once('.')?;
        let is_name = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        };
        (is_name(name) && is_name(attribute)).then_some(name)
    });
    name.map_or_else(|| text.to_owned(), |name| format!("${{{name}}}"))
}
