//! What is derived for an environment, from templates as people write them.

mod boundary;
mod coverage;
mod derived;
mod evaluation;
mod limits;
mod templates;

use std::fs;

use assembly::Bootstrap;
use bootstrap::{Environment, Needs, Scope, TooMuch};
use serde_json::{Value, json};

/// Chitchatter's `staging`, with an account and a bucket.
fn scope() -> Scope {
    Scope {
        project: "chitchatter".to_owned(),
        environment: "staging".to_owned(),
        account: "111122223333".to_owned(),
        region: "us-east-1".to_owned(),
        asset_bucket: "chitinfra-assets-111122223333-us-east-1".to_owned(),
        stacks: ["account", "identity", "files"]
            .map(|stack| format!("chitchatter-staging-{stack}"))
            .to_vec(),
    }
}

/// What the environment's file says, with a repository.
fn settings() -> Bootstrap {
    Bootstrap {
        repository: Some(assembly::Repository::new("owner/name").expect("it is one")),
        permissions: Vec::new(),
    }
}

/// Chitchatter Pro's own templates, as they were reviewed.
fn stacks_of(environment: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stacks/src/snapshots");
    ["account", "identity", "files"]
        .iter()
        .map(|stack| {
            let file = format!("{folder}/stacks__tests__{environment}-{stack}.snap");
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let (_, body) = text.split_once("\n---\n").expect("a snapshot has a head");
            serde_json::from_str(body).expect("a template is JSON")
        })
        .collect()
}

/// A template of resources.
fn of(resources: Value) -> Value {
    json!({"Resources": resources})
}

/// The template of the environment's stack for these templates.
fn environment(templates: &[Value]) -> Value {
    made(templates).expect("it fits")
}

fn made(templates: &[Value]) -> Result<Value, TooMuch> {
    let (scope, settings) = (scope(), settings());
    let needs = Needs::of(&scope, templates, &[]);
    let environment = Environment {
        scope: &scope,
        settings: &settings,
        needs: &needs,
    };
    environment.template()
}
