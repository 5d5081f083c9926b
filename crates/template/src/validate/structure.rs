//! The template as a whole: its sections, and the form of names in them.

use serde_json::Value;

use super::context::{Context, is_loop};
use crate::{
    finding::{Findings, Path, kind, shown},
    function::Function,
    model::Section,
    rules,
};

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// The one version there is.
const FORMAT_VERSION: &str = "2010-09-09";

pub(crate) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut path = Path::default();
    if let Some(name) = &context.trust.unknown_macro {
        let message = format!(
            "the macro `{}` may rewrite the whole template, so only limits and parameters are checked",
            shown(&Value::from(name.as_str()))
        );
        findings.add_at(&rules::MACRO, &mut path, "Transform", message);
    }
    if !context.trust.is_readable() {
        return;
    }
    for (key, value) in context.template.members() {
        path.push(key);
        section(context, findings, &mut path, key, value);
        path.pop();
    }
    resources_exist(context, findings, &mut path);
}

fn section<'a>(
    context: &Context<'a>,
    findings: &mut Findings,
    path: &mut Path<'a>,
    key: &str,
    value: &'a Value,
) {
    let trust = &context.trust;
    match key {
        "AWSTemplateFormatVersion" => {
            if value != FORMAT_VERSION {
                let found = shown(value);
                let message =
                    format!("format version `{found}` does not exist; write `{FORMAT_VERSION}`");
                findings.add(&rules::WRONG_SHAPE, path, message);
            }
        }
        "Description" => {
            if !value.is_string() {
                let message = format!("the description must be a string, this is {}", kind(value));
                findings.add(&rules::WRONG_SHAPE, path, message);
            }
        }
        "Transform" => transform(findings, path, value),
        "Metadata" => {
            mapping(findings, path, value, "`Metadata`");
        }
        "Parameters" | "Mappings" | "Conditions" | "Resources" | "Outputs" | "Rules" => {
            if mapping(findings, path, value, &format!("section `{key}`")) {
                names(findings, path, key, value);
            }
        }
        "Hooks" if trust.hooks => {}
        "Globals" if trust.serverless => {}
        loop_or_transform if is_loop(loop_or_transform) || key == Function::Transform.key() => {}
        _ => {
            let nearest = findings.suggestion(key, SECTIONS);
            let hint = match key {
                "Globals" => "; it needs the transform `AWS::Serverless-2016-10-31`".to_owned(),
                "Hooks" => "; it needs the transform `AWS::CodeDeployBlueGreen`".to_owned(),
                _ => nearest,
            };
            findings.add(
                &rules::UNKNOWN_SECTION,
                path,
                format!("CloudFormation knows no section `{key}`{hint}"),
            );
        }
    }
}

fn mapping(findings: &mut Findings, path: &Path<'_>, value: &Value, what: &str) -> bool {
    if value.is_object() || value.is_null() {
        return value.is_object();
    }
    let message = format!("{what} must be a mapping, this is {}", kind(value));
    findings.add(&rules::WRONG_SHAPE, path, message);
    false
}

/// Names are alphanumeric, those of mappings and conditions a little freer.
fn names<'a>(findings: &mut Findings, path: &mut Path<'a>, section: &str, value: &'a Value) {
    let extra: &[u8] = match section {
        "Conditions" => b"&_-.",
        "Rules" | "Mappings" => b"_-.",
        _ => b"",
    };
    for name in value
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys())
    {
        if is_loop(name) || name == Function::Transform.key() {
            continue;
        }
        let is_good = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || extra.contains(&byte));
        if !is_good || name.is_empty() {
            let name_shown = shown(&Value::from(name.as_str()));
            let message = format!("name `{name_shown}` may only have letters and digits");
            findings.add_at(&rules::BAD_NAME, path, name, message);
        }
    }
}

fn transform<'a>(findings: &mut Findings, path: &mut Path<'a>, value: &'a Value) {
    match value {
        Value::String(_) | Value::Null => {}
        Value::Array(list) => {
            for (index, element) in list.iter().enumerate() {
                path.push_index(index);
                transform(findings, path, element);
                path.pop();
            }
        }
        Value::Object(members) if members.get("Name").is_some_and(Value::is_string) => {}
        _ => {
            let message = "a transform is a name, or a mapping with `Name` and `Parameters`";
            findings.add(&rules::WRONG_SHAPE, path, message);
        }
    }
}

fn resources_exist<'a>(context: &Context<'a>, findings: &mut Findings, path: &mut Path<'a>) {
    let written = context.template.members().get(Section::Resources.key());
    let message = match written {
        _ if context.trust.includes => return,
        None => "a template needs a section `Resources`",
        Some(Value::Object(resources)) if resources.is_empty() => {
            "a template needs at least one resource"
        }
        Some(_) => return,
    };
    if written.is_some() {
        findings.add_at(&rules::MISSING_RESOURCES, path, "Resources", message);
    } else {
        findings.add(&rules::MISSING_RESOURCES, path, message);
    }
}
