//! What whoever deploys a template must have agreed to.

use serde_json::Value;

use crate::evaluate::{Document, Failure};

/// The capability a template needs, and the resources it needs it for.
pub(crate) fn needed_capability(document: &Document) -> Option<(&'static str, Vec<String>)> {
    let mut types = Vec::new();
    let mut is_named = false;
    for (_, node) in document.resources() {
        let type_name = node["Type"].as_str().unwrap_or_default();
        let name = match type_name {
            "AWS::IAM::Role" => "RoleName",
            "AWS::IAM::User" => "UserName",
            "AWS::IAM::Group" => "GroupName",
            "AWS::IAM::InstanceProfile" => "InstanceProfileName",
            "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
            "AWS::IAM::Policy" | "AWS::IAM::AccessKey" | "AWS::IAM::UserToGroupAddition" => "",
            _ => continue,
        };
        is_named |= node
            .pointer(&format!("/Properties/{name}"))
            .is_some_and(Value::is_string)
            && !name.is_empty();
        types.push(type_name.to_owned());
    }
    types.sort();
    types.dedup();
    let capability = if is_named {
        "CAPABILITY_NAMED_IAM"
    } else {
        "CAPABILITY_IAM"
    };
    (!types.is_empty()).then_some((capability, types))
}

/// The capability that a template needs and was not granted.
pub(crate) fn lacking(document: &Document, capabilities: &[String]) -> Option<&'static str> {
    let (needed, _) = needed_capability(document)?;
    let is_granted = capabilities
        .iter()
        .any(|capability| capability == needed || capability == "CAPABILITY_NAMED_IAM");
    (!is_granted).then_some(needed)
}

/// That a template wants a macro: the endpoint has none.
pub(crate) fn unknown_macro(document: &Document, account: &str) -> Option<Failure> {
    let macros = document.macros();
    let first = macros.first()?;
    let name = if first.starts_with("AWS::") {
        (*first).to_owned()
    } else {
        format!("{account}::{first}")
    };
    Some(Failure::new(format!("No transform named {name} found.")))
}
