//! Tables and laws of the comparison.

mod apply;
mod bounds;
mod change_set;
mod compose;
mod consequences;
mod equivalences;
mod evaluation;
mod facts;
mod guard;
mod inputs;
mod laws;
mod open;
mod policies;
mod real;
mod refactor;
mod references;
mod removal;
mod renames;
mod seal;
mod sections;
mod security;
mod templates;
mod unread;

use assembly::ResourceOrigin;
use indexmap::IndexMap;
use plan::{Action, Options, Reason, StackDiff};
use serde_json::{Value, json};

/// Compares two templates with the facts of the tests and nothing else known.
fn diff(before: &Value, after: &Value) -> StackDiff {
    diff_with(before, after, &Options::default())
}

fn diff_with(before: &Value, after: &Value, options: &Options) -> StackDiff {
    plan::diff(before, after, &facts::Table, &origins(), options)
}

fn origins() -> IndexMap<String, ResourceOrigin> {
    let origin = ResourceOrigin {
        path: "app/Files".to_owned(),
        source: "stacks/src/files.rs:7".to_owned(),
    };
    IndexMap::from_iter([("Files".to_owned(), origin)])
}

/// A template of these resources.
fn resources(resources: Value) -> Value {
    json!({"Resources": resources})
}

/// A template of one resource of the type `Test::Thing`, with these properties.
fn thing(properties: Value) -> Value {
    resources(json!({"Thing": {"Type": "Test::Thing", "Properties": properties}}))
}

/// What a plan says of each resource.
fn words(diff: &StackDiff) -> Vec<(&str, Action, Reason)> {
    let changes = diff.changes.iter();
    changes
        .map(|change| (change.logical_id.as_str(), change.action, change.reason))
        .collect()
}

/// The paths of the properties that change, of all resources.
fn paths(diff: &StackDiff) -> Vec<String> {
    let properties = diff.changes.iter().flat_map(|change| &change.properties);
    properties.map(|property| property.path.join("/")).collect()
}
