//! The opposite of a comparison: applies a plan to the template it starts from.

use plan::{Action, EntryChange, PropertyChange, StackDiff};
use serde_json::{Map, Value, json};

/// What a template becomes when all that the plan says is done.
pub(crate) fn apply(template: &Value, diff: &StackDiff) -> Value {
    let mut template = template.clone();
    let sections = [
        ("Parameters", &diff.parameters),
        ("Mappings", &diff.mappings),
        ("Conditions", &diff.conditions),
        ("Outputs", &diff.outputs),
    ];
    for (section, entries) in sections {
        for entry in entries {
            set(&mut template, section, &entry.name, entry);
        }
    }
    for entry in &diff.other {
        match entry.name.split_once('.') {
            Some((section, name)) => set(&mut template, section, name, entry),
            None => put(members(&mut template), &entry.name, entry.after.clone()),
        }
    }
    let resources = template["Resources"]
        .as_object_mut()
        .expect("templates here have resources");
    for change in &diff.changes {
        let id = &change.logical_id;
        match change.action {
            Action::Delete | Action::Orphan => {
                resources.remove(id);
                continue;
            }
            Action::Create => {
                resources.insert(id.clone(), json!({}));
            }
            Action::Update
            | Action::Replace
            | Action::MayReplace
            | Action::Import
            | Action::Move => {}
        }
        let resource = &mut resources[id];
        resource["Type"] = json!(change.type_name);
        let properties = resource
            .get("Properties")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let changes: Vec<(&[String], &PropertyChange)> = change
            .properties
            .iter()
            .filter(|property| property.before != property.after)
            .map(|property| (property.path.as_slice(), property))
            .collect();
        resource["Properties"] = descend(properties, &changes);
        for attribute in &change.attributes {
            let entries = resource.as_object_mut().expect("a resource is an object");
            put(entries, &attribute.name, attribute.after.clone());
        }
    }
    template
}

fn set(template: &mut Value, section: &str, name: &str, entry: &EntryChange) {
    if template.get(section).is_none() {
        template[section] = json!({});
    }
    put(members(&mut template[section]), name, entry.after.clone());
}

fn members(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("it is an object")
}

fn descend(value: Value, changes: &[(&[String], &PropertyChange)]) -> Value {
    match value {
        Value::Object(mut entries) => {
            for (path, change) in changes {
                if let [key] = path {
                    put(&mut entries, key, change.after.clone());
                }
            }
            let keys: Vec<String> = entries.keys().cloned().collect();
            for key in keys {
                let inner = deeper(changes, &key);
                if !inner.is_empty() {
                    let value = entries[&key].take();
                    entries.insert(key, descend(value, &inner));
                }
            }
            Value::Object(entries)
        }
        Value::Array(items) => list(items, changes),
        scalar => panic!("nothing lies within {scalar}"),
    }
}

/// Old elements by their index before; then, in the order of their index after, the new ones.
fn list(items: Vec<Value>, changes: &[(&[String], &PropertyChange)]) -> Value {
    let index = |path: &[String]| path[0].parse::<usize>().expect("a list has indexes");
    let mut result = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let own = changes.iter().find(|(path, change)| {
            path.len() == 1 && index(path) == position && change.before.is_some()
        });
        match own {
            Some((_, change)) => result.extend(change.after.clone()),
            None => {
                let inner = deeper(changes, &position.to_string());
                result.push(if inner.is_empty() {
                    item
                } else {
                    descend(item, &inner)
                });
            }
        }
    }
    let mut added: Vec<_> = changes
        .iter()
        .filter(|(path, change)| path.len() == 1 && change.before.is_none())
        .collect();
    added.sort_by_key(|(path, _)| index(path));
    for (path, change) in added {
        let place = index(path).min(result.len());
        result.insert(
            place,
            change.after.clone().expect("what is added is something"),
        );
    }
    Value::Array(result)
}

fn deeper<'c>(
    changes: &[(&'c [String], &'c PropertyChange)],
    key: &str,
) -> Vec<(&'c [String], &'c PropertyChange)> {
    let within = changes
        .iter()
        .filter(|(path, _)| path.len() > 1 && path[0] == key);
    within.map(|(path, change)| (&path[1..], *change)).collect()
}

fn put(entries: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            entries.insert(key.to_owned(), value);
        }
        None => {
            entries.remove(key);
        }
    }
}
