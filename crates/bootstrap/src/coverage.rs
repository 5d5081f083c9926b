//! Whether what was bootstrapped is enough for what is to be deployed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{needs::Needs, scope::Scope};

/// A resource type for which CloudFormation's role lacks permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// The type, or what else needs the permission.
    pub type_name: String,
    /// The actions that are not allowed, or not on all resources they are needed on.
    pub actions: Vec<String>,
}

/// What needs the services that are only named in policies of roles.
const POLICIES_OF_ROLES: &str = "policies of roles";

/// What the deployed template of an environment's stack does not allow of what is needed. Allowed is what one statement
/// allows on a resource; the services that the boundary leaves out count as not allowed.
pub fn uncovered(deployed: &Value, needs: &Needs, scope: &Scope) -> Vec<Uncovered> {
    let allowed = allowed(deployed);
    let boundary = &deployed["Resources"]["Boundary"]["Properties"]["PolicyDocument"];
    let statements = boundary["Statement"].as_array().into_iter().flatten();
    let services: BTreeSet<&str> = statements
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| texts(&statement["Action"]))
        .filter_map(|service| service.strip_suffix(":*"))
        .collect();
    let mut lacking: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let missing = needs
        .services_of_roles()
        .filter(|service| !services.contains(service));
    for service in missing {
        let actions = lacking.entry(POLICIES_OF_ROLES).or_default();
        actions.push(format!("{service}:*"));
    }
    for grant in needs.grants(scope) {
        let service = grant.action.split(':').next().unwrap_or_default();
        let is_allowed = |resource: &String| {
            allowed
                .iter()
                .any(|(action, on)| matches(action, grant.action) && matches(on, resource))
        };
        if services.contains(service) && grant.resources.iter().all(is_allowed) {
            continue;
        }
        for type_name in grant.because {
            let actions = lacking.entry(type_name).or_default();
            actions.push(grant.action.to_owned());
        }
    }
    lacking
        .into_iter()
        .map(|(type_name, actions)| Uncovered {
            type_name: type_name.to_owned(),
            actions,
        })
        .collect()
}

/// Every action that the execution policies of a template allow, with each resource.
fn allowed(deployed: &Value) -> Vec<(String, String)> {
    let resources = deployed["Resources"].as_object().into_iter().flatten();
    let policies = resources.filter(|(id, _)| id.starts_with("ExecutionPolicy"));
    let statements = policies.flat_map(|(_, policy)| {
        let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array();
        statements.into_iter().flatten()
    });
    statements
        .filter(|statement| statement["Effect"] == "Allow")
        .flat_map(|statement| {
            texts(&statement["Action"]).flat_map(|action| {
                texts(&statement["Resource"])
                    .map(move |resource| (action.to_owned(), resource.to_owned()))
            })
        })
        .collect()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    list.iter().filter_map(Value::as_str)
}

/// Whether a pattern stands for a text or for all that another pattern stands for, as far as a `*` at its end tells.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix),
        None => pattern == text,
    }
}

/// The logical ids of roles and users that do not have the environment's boundary, as far as that is known.
pub fn unbounded(template: &Value, scope: &Scope) -> Vec<String> {
    let boundary = format!(":policy/{}", scope.names().boundary());
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .filter(|(_, resource)| {
            let kind = resource["Type"].as_str();
            if !matches!(kind, Some("AWS::IAM::Role" | "AWS::IAM::User")) {
                return false;
            }
            let set = &resource["Properties"]["PermissionsBoundary"];
            match set.as_str().or_else(|| set["Fn::Sub"].as_str()) {
                Some(text) => !text.ends_with(&boundary),
                // What another function gives is known to CloudFormation alone.
                None => !set.is_object(),
            }
        })
        .map(|(id, _)| id.clone())
        .collect()
}
