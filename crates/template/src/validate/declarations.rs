//! What the sections declare: resources, outputs, mappings, rules. Functions within are another matter.

use std::collections::HashMap;

use serde_json::Value;

use super::context::{Context, is_loop};
use crate::{
    finding::{Findings, Path, Severity, kind, shown},
    function::{Function, has_generated_members},
    model::{Members, Section, is_custom},
    rules,
};

const RESOURCE_ATTRIBUTES: [&str; 9] = [
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html>
const CREATION_POLICIES: [&str; 3] = ["AutoScalingCreationPolicy", "ResourceSignal", "StartFleet"];

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html>
const UPDATE_POLICIES: [&str; 9] = [
    "AutoScalingInstanceRefresh",
    "AutoScalingReplacingUpdate",
    "AutoScalingRollingUpdate",
    "AutoScalingScheduledAction",
    "CodeDeployLambdaAliasUpdate",
    "EnableVersionUpgrade",
    "StartAfterUpdate",
    "StopBeforeUpdate",
    "UseOnlineResharding",
];

/// Types whose data CloudFormation can keep as a snapshot.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html>
const WITH_SNAPSHOTS: [&str; 9] = [
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    each(
        context,
        findings,
        Section::Resources,
        |path, findings, name, members| {
            resource(context, path, findings, name, members);
        },
    );
    each(
        context,
        findings,
        Section::Outputs,
        |path, findings, _, members| {
            output(path, findings, members);
        },
    );
    each(
        context,
        findings,
        Section::Mappings,
        |path, findings, _, members| {
            mapping(path, findings, members);
        },
    );
    each(
        context,
        findings,
        Section::Rules,
        |path, findings, _, members| {
            rule(path, findings, members);
        },
    );
    shared_names(context, findings);
    export_names(context, findings);
}

/// Visits every declaration of a section that is a mapping, and complains about those that are not.
fn each<'a>(
    context: &Context<'a>,
    findings: &mut Findings,
    section: Section,
    mut visit: impl FnMut(&mut Path<'a>, &mut Findings, &'a str, &'a Members),
) {
    let mut path = Path::new(&[section.key()]);
    for (name, declaration) in context.template.section(section).into_iter().flatten() {
        if is_loop(name) || name == Function::Transform.key() {
            continue;
        }
        path.push(name);
        match declaration {
            Value::Object(members) => visit(&mut path, findings, name, members),
            Value::Null => {}
            other => {
                let message = format!("a declaration must be a mapping, this is {}", kind(other));
                findings.add(&rules::WRONG_SHAPE, &path, message);
            }
        }
        path.pop();
    }
}

fn resource<'a>(
    context: &Context<'a>,
    path: &mut Path<'a>,
    findings: &mut Findings,
    _name: &str,
    members: &'a Members,
) {
    let type_name = members.get("Type");
    let type_text = type_name.and_then(Value::as_str);
    match type_name {
        None if has_generated_members(members) => {}
        None => findings.add(&rules::MISSING_MEMBER, path, "a resource needs a `Type`"),
        Some(Value::String(text)) => resource_type(context, path, findings, text),
        Some(other) => {
            let message = format!("`Type` must be a string, this is {}", kind(other));
            findings.add_at(&rules::WRONG_SHAPE, path, "Type", message);
        }
    }
    for (key, value) in members {
        path.push(key);
        attribute(context, path, findings, type_text, key, value);
        path.pop();
    }
}

fn resource_type<'a>(
    context: &Context<'a>,
    path: &mut Path<'a>,
    findings: &mut Findings,
    type_name: &str,
) {
    if type_name.starts_with("AWS::Serverless::") {
        if !context.trust.serverless {
            let message = format!("`{type_name}` needs the transform `AWS::Serverless-2016-10-31`");
            findings.add_at(&rules::UNKNOWN_TYPE, path, "Type", message);
        }
        return;
    }
    let parts = type_name.split("::").count();
    if let Some(custom) = type_name.strip_prefix("Custom::") {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_@-".contains(&byte);
        if custom.is_empty() || type_name.len() > 60 || !custom.bytes().all(allowed) {
            let message =
                "the name of a custom resource has at most 60 letters, digits, `_`, `@` and `-`";
            findings.add_at(&rules::UNKNOWN_TYPE, path, "Type", message);
        }
    } else if parts < 3 && type_name != "Custom" {
        let shown = shown(&Value::from(type_name));
        let nearest = findings.suggestion(type_name, schema::type_names());
        let message = format!("`{shown}` is not the name of a resource type{nearest}");
        findings.add_at(&rules::UNKNOWN_TYPE, path, "Type", message);
    } else if type_name.starts_with("AWS::") && schema::resource_type(type_name).is_none() {
        let service = type_name
            .rsplit_once("::")
            .map_or("", |(service, _)| service);
        let nearest = findings.suggestion(type_name, schema::type_names());
        let shown = shown(&Value::from(type_name));
        let message = format!(
            "type `{shown}` is not among the known ones; it may be newer than these facts{nearest}"
        );
        let siblings = schema::type_names()
            .filter(|name| name.starts_with(service) && name[service.len()..].starts_with("::"));
        // A name one or two letters from a known one is a slip; any other may be news.
        let slip = siblings
            .into_iter()
            .filter(|known| known.len().abs_diff(type_name.len()) <= 2)
            .any(|known| strsim::damerau_levenshtein(known, type_name) <= 2);
        let severity = if slip {
            Severity::Error
        } else {
            Severity::Warning
        };
        path.push("Type");
        findings.add_as(severity, &rules::UNKNOWN_TYPE, path, message);
        path.pop();
    }
}

fn attribute<'a>(
    context: &Context<'a>,
    path: &mut Path<'a>,
    findings: &mut Findings,
    type_name: Option<&str>,
    key: &str,
    value: &'a Value,
) {
    let wrong = |findings: &mut Findings, path: &Path<'_>, takes: &str| {
        let message = format!("`{key}` must be {takes}, this is {}", kind(value));
        findings.add(&rules::WRONG_SHAPE, path, message);
    };
    match (key, value) {
        (_, Value::Null) | ("Type", _) => {}
        ("Properties", Value::Object(_)) => {}
        ("CreationPolicy", Value::Object(members)) => {
            policies(path, findings, key, members, &CREATION_POLICIES);
        }
        ("UpdatePolicy", Value::Object(members)) => {
            policies(path, findings, key, members, &UPDATE_POLICIES);
        }
        ("Metadata", _) => {}
        ("Properties" | "CreationPolicy" | "UpdatePolicy", _) => wrong(findings, path, "a mapping"),
        ("Condition", Value::String(_)) => {}
        ("Condition", _) => wrong(findings, path, "the name of a condition"),
        ("DependsOn", Value::String(_)) => {}
        ("DependsOn", Value::Array(names)) => {
            for (index, name) in names.iter().enumerate() {
                if !name.is_string() && !name.is_null() {
                    path.push_index(index);
                    findings.add(
                        &rules::WRONG_SHAPE,
                        path,
                        "`DependsOn` takes names of resources, without a function",
                    );
                    path.pop();
                }
            }
        }
        ("DependsOn", _) => wrong(findings, path, "a name or a list of names"),
        ("DeletionPolicy" | "UpdateReplacePolicy", Value::String(policy)) => {
            deletion_policy(path, findings, type_name, key, policy);
        }
        ("DeletionPolicy" | "UpdateReplacePolicy", _) => {
            let called = Function::called(value).map(|(function, _)| function);
            match called {
                Some(
                    Function::Ref
                    | Function::FindInMap
                    | Function::If
                    | Function::Sub
                    | Function::Select,
                ) => {
                    if !context.trust.language_extensions {
                        // Documented so, while cfn-lint's authors take it as accepted.
                        let message = format!(
                            "a function in `{key}` needs the transform `AWS::LanguageExtensions`"
                        );
                        findings.add_as(Severity::Warning, &rules::UNKNOWN_FUNCTION, path, message);
                    }
                }
                Some(function) => {
                    let message = format!("`{}` cannot stand in `{key}`", function.key());
                    findings.add(&rules::UNKNOWN_FUNCTION, path, message);
                }
                None => wrong(findings, path, "a string"),
            }
        }
        ("Version", _) if type_name.is_some_and(is_custom) => {}
        // Not documented, but accepted and found in many public templates.
        ("Description", Value::String(_)) => {}
        ("Connectors" | "IgnoreGlobals", _) if context.trust.serverless => {}
        _ if type_name.is_some_and(|name| name.starts_with("AWS::Serverless::")) => {}
        _ if key == Function::Transform.key() || is_loop(key) => {}
        _ => {
            let nearest = findings.suggestion(key, RESOURCE_ATTRIBUTES);
            let message = format!(
                "a resource has no attribute `{}`{nearest}",
                shown(&Value::from(key))
            );
            findings.add(&rules::UNKNOWN_MEMBER, path, message);
        }
    }
}

/// The members of `CreationPolicy` or `UpdatePolicy`.
fn policies<'a>(
    path: &mut Path<'a>,
    findings: &mut Findings,
    attribute: &str,
    members: &'a Members,
    known: &[&str],
) {
    for key in members.keys() {
        // A function may give the members; what it is given is checked with the other functions.
        if known.contains(&key.as_str()) || key == "Ref" || key.starts_with("Fn::") {
            continue;
        }
        let nearest = findings.suggestion(key, known.iter().copied());
        let message = format!(
            "`{attribute}` has no `{}`{nearest}",
            shown(&key.as_str().into())
        );
        findings.add_at(&rules::UNKNOWN_MEMBER, path, key, message);
    }
}

fn deletion_policy(
    path: &Path<'_>,
    findings: &mut Findings,
    type_name: Option<&str>,
    key: &str,
    policy: &str,
) {
    let with_snapshot =
        type_name.is_none_or(|name| WITH_SNAPSHOTS.contains(&name) || !name.starts_with("AWS::"));
    match policy {
        "Delete" | "Retain" => {}
        "RetainExceptOnCreate" if key == "DeletionPolicy" => {}
        "Snapshot" if with_snapshot => {}
        "Snapshot" => {
            let message = format!(
                "`{}` cannot be kept as a snapshot",
                type_name.unwrap_or_default()
            );
            findings.add(&rules::NOT_ALLOWED, path, message);
        }
        other => {
            let choices = if key == "DeletionPolicy" {
                "`Delete`, `Retain`, `RetainExceptOnCreate` or `Snapshot`"
            } else {
                "`Delete`, `Retain` or `Snapshot`"
            };
            let shown = shown(&Value::from(other));
            findings.add(
                &rules::NOT_ALLOWED,
                path,
                format!("`{key}` is {choices}, not `{shown}`"),
            );
        }
    }
}

fn output<'a>(path: &mut Path<'a>, findings: &mut Findings, members: &'a Members) {
    if !members.contains_key("Value") && !has_generated_members(members) {
        findings.add(&rules::MISSING_MEMBER, path, "an output needs a `Value`");
    }
    for (key, value) in members {
        path.push(key);
        match (key.as_str(), value) {
            (_, Value::Null) | ("Value", _) => {}
            ("Description" | "Condition", Value::String(_)) => {}
            ("Description" | "Condition", other) => {
                let message = format!("`{key}` must be a string, this is {}", kind(other));
                findings.add(&rules::WRONG_SHAPE, path, message);
            }
            ("Export", Value::Object(export)) if export.contains_key("Name") => {
                for other in export.keys().filter(|key| *key != "Name") {
                    let message = format!(
                        "an export has no `{}`, only `Name`",
                        shown(&Value::from(other.as_str()))
                    );
                    findings.add_at(&rules::UNKNOWN_MEMBER, path, other, message);
                }
            }
            ("Export", _) => findings.add(
                &rules::MISSING_MEMBER,
                path,
                "an export is a mapping with `Name`",
            ),
            _ if key == Function::Transform.key() || is_loop(key) => {}
            (other, _) => {
                let nearest =
                    findings.suggestion(other, ["Condition", "Description", "Export", "Value"]);
                let message = format!("an output has no `{}`{nearest}", shown(&Value::from(other)));
                findings.add(&rules::UNKNOWN_MEMBER, path, message);
            }
        }
        path.pop();
    }
}

fn mapping<'a>(path: &mut Path<'a>, findings: &mut Findings, keys: &'a Members) {
    for (key, attributes) in keys {
        if key == Function::Transform.key() || is_loop(key) {
            continue;
        }
        path.push(key);
        match attributes {
            Value::Object(attributes) => {
                for (name, value) in attributes {
                    path.push(name);
                    mapping_value(path, findings, name, value);
                    path.pop();
                }
            }
            Value::Null => {}
            other => {
                let message = format!(
                    "a mapping has two levels of keys; this is {} on the second",
                    kind(other)
                );
                findings.add(&rules::WRONG_SHAPE, path, message);
            }
        }
        path.pop();
    }
}

fn mapping_value(path: &Path<'_>, findings: &mut Findings, name: &str, value: &Value) {
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    let is_good = match value {
        Value::Array(elements) => elements.iter().all(is_scalar),
        other => is_scalar(other),
    };
    let is_transform = name == Function::Transform.key();
    if !is_good && !is_transform {
        let message = "a value of a mapping is a string or a list of strings, without functions";
        findings.add(&rules::WRONG_SHAPE, path, message);
    }
}

fn rule<'a>(path: &mut Path<'a>, findings: &mut Findings, members: &'a Members) {
    match members.get("Assertions") {
        Some(Value::Array(assertions)) => {
            path.push("Assertions");
            for (index, assertion) in assertions.iter().enumerate() {
                if assertion.get("Assert").is_none() {
                    path.push_index(index);
                    let message =
                        "an assertion is a mapping with `Assert` and perhaps `AssertDescription`";
                    findings.add(&rules::MISSING_MEMBER, path, message);
                    path.pop();
                }
            }
            path.pop();
        }
        Some(Value::Null) => {}
        Some(other) => {
            let message = format!("`Assertions` must be a list, this is {}", kind(other));
            findings.add_at(&rules::WRONG_SHAPE, path, "Assertions", message);
        }
        None => findings.add(&rules::MISSING_MEMBER, path, "a rule needs `Assertions`"),
    }
    for key in members.keys() {
        if !matches!(key.as_str(), "Assertions" | "RuleCondition") {
            let nearest = findings.suggestion(key, ["Assertions", "RuleCondition"]);
            let message = format!(
                "a rule has no `{}`{nearest}",
                shown(&Value::from(key.as_str()))
            );
            findings.add_at(&rules::UNKNOWN_MEMBER, path, key, message);
        }
    }
}

/// `Ref` could not tell a parameter from a resource of the same name.
fn shared_names(context: &Context<'_>, findings: &mut Findings) {
    let mut path = Path::new(&[Section::Resources.key()]);
    for name in context.template.names(Section::Resources) {
        if context
            .parameters
            .is_some_and(|parameters| parameters.contains_key(name))
            && !name.starts_with("Fn::")
        {
            let message = format!("`{name}` is the name of a parameter as well");
            findings.add_at(&rules::REPEATED_NAME, &mut path, name, message);
        }
    }
}

/// An export's name is unique in account and region, so in a template too.
fn export_names(context: &Context<'_>, findings: &mut Findings) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    let outputs = context.template.section(Section::Outputs);
    for (output, declaration) in outputs.into_iter().flatten() {
        let Some(name) = declaration.pointer("/Export/Name") else {
            continue;
        };
        // Outputs under different conditions may share a name when only one of them comes about.
        let condition = declaration.get("Condition").unwrap_or(&Value::Null);
        let other = *seen.entry(format!("{name}{condition}")).or_insert(output);
        if other != output {
            let path = Path::new(&[Section::Outputs.key(), output, "Export", "Name"]);
            let message = format!("output `{other}` exports the same name `{}`", shown(name));
            findings.add(&rules::REPEATED_NAME, &path, message);
        }
    }
}
