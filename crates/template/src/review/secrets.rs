//! Secrets that stand in the template, where everyone who may read the stack reads them.

use serde_json::Value;

use super::subject::Subject;
use crate::{
    finding::{Findings, Path},
    model::Section,
    rules,
    template::Template,
};

/// Names of properties that hold a secret itself.
const SECRET_PROPERTIES: &[&str] = &[
    "AuthToken",
    "ClientSecret",
    "MasterUserPassword",
    "OAuthToken",
    "Password",
    "SecretKey",
    "SecretString",
    "SecretToken",
];

/// Ends of names of variables and parameters that hold a secret itself.
const SECRET_ENDINGS: &[&str] = &[
    "apikey",
    "authtoken",
    "accesstoken",
    "clientsecret",
    "password",
    "passwd",
    "privatekey",
    "secret",
    "secretkey",
    "secretaccesskey",
    "signingkey",
    "token",
    "webhooksecret",
];

/// Names that end like a secret's and hold something else.
const HARMLESS_ENDINGS: &[&str] = &["minimumlength", "publickey"];

/// Values that stand for a secret without being one.
fn is_harmless(value: &str) -> bool {
    let value = value.trim();
    value.is_empty()
        || value.contains("{{resolve:")
        || value.starts_with("arn:")
        || value.starts_with("${")
        || value.starts_with('/')
        || ["true", "false", "none", "default"].contains(&value.to_ascii_lowercase().as_str())
        || value
            .bytes()
            .all(|byte| byte == b'*' || byte == b'x' || byte == b'X')
}

/// Whether a name is that of something secret: `DB_PASSWORD`, `StripeWebhookSecret`.
fn names_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect();
    SECRET_ENDINGS.iter().any(|ending| plain.ends_with(ending))
        && !HARMLESS_ENDINGS
            .iter()
            .any(|ending| plain.ends_with(ending))
}

/// What a value itself gives away, whatever its name.
fn gives_away(text: &str) -> Option<&'static str> {
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    let is_access_key = |start: usize| {
        text.get(start..start + 20)
            .is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
            && !text[start + 20..].starts_with(|next: char| next.is_ascii_alphanumeric())
            // The key of AWS's own examples.
            && !text[start..].starts_with("AKIAIOSFODNN7EXAMPLE")
    };
    if text
        .match_indices("AKIA")
        .any(|(start, _)| is_access_key(start))
    {
        return Some("holds an access key of AWS");
    }
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some("holds a private key");
    }
    [
        "ghp_",
        "github_pat_",
        "sk_live_",
        "rk_live_",
        "xoxb-",
        "xoxp-",
    ]
    .iter()
    .any(|prefix| {
        text.match_indices(prefix).any(|(start, _)| {
            let rest = &text[start + prefix.len()..];
            rest.bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-')
                .count()
                >= 20
        })
    })
    .then_some("holds a token of another service")
}

const ADVICE: &str =
    "refer to it instead, with `{{resolve:secretsmanager:…}}` or `{{resolve:ssm-secure:…}}`";

/// Properties of a resource.
pub(super) fn check(subject: &mut Subject<'_, '_>) {
    if let Some(properties) = subject.resource.properties() {
        let mut way = Vec::new();
        let mut found = Vec::new();
        walk(properties, &mut way, &mut found);
        for (way, problem) in found {
            let way: Vec<&str> = way.iter().map(String::as_str).collect();
            subject.add(&rules::PLAIN_SECRET, &way, format!("{problem}; {ADVICE}"));
        }
    }
}

fn walk(value: &Value, way: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    match value {
        Value::String(text) => {
            if let Some(problem) = gives_away(text) {
                found.push((way.clone(), problem.to_owned()));
            } else if let Some(name) = way.last()
                && SECRET_PROPERTIES.contains(&name.as_str())
                && !is_harmless(text)
            {
                found.push((
                    way.clone(),
                    format!("`{name}` stands here for everyone to read"),
                ));
            } else if is_variable(way)
                && let Some(name) = way.last()
                && names_secret(name)
                && !is_harmless(text)
            {
                found.push((
                    way.clone(),
                    format!("the variable `{name}` stands here for everyone to read"),
                ));
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                // Containers have their variables as a list of names and values.
                if let (Some(name), Some(text)) = (
                    element.get("Name").and_then(Value::as_str),
                    element.get("Value").and_then(Value::as_str),
                ) && way
                    .last()
                    .is_some_and(|last| last.starts_with("Environment"))
                    && names_secret(name)
                    && !is_harmless(text)
                    && gives_away(text).is_none()
                {
                    let mut way = way.clone();
                    way.extend([index.to_string(), "Value".to_owned()]);
                    found.push((
                        way,
                        format!("the variable `{name}` stands here for everyone to read"),
                    ));
                }
                way.push(index.to_string());
                walk(element, way, found);
                way.pop();
            }
        }
        Value::Object(members) => {
            // What a function makes of its arguments is not a secret that stands here, unless the arguments give it away.
            for (key, member) in members {
                way.push(key.clone());
                walk(member, way, found);
                way.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a way leads to a variable of a function's environment.
fn is_variable(way: &[String]) -> bool {
    matches!(way, [.., environment, variables, _] if environment == "Environment" && variables == "Variables")
}

/// Parameters whose value CloudFormation shows, or whose default is a secret.
pub(super) fn check_parameters(template: &Template, findings: &mut Findings) {
    let Some(parameters) = template.section(Section::Parameters) else {
        return;
    };
    for (name, declaration) in parameters {
        let hidden = declaration
            .get("NoEcho")
            .and_then(crate::validate::scalars::text)
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let kind = declaration.get("Type").and_then(Value::as_str);
        let is_text = kind == Some("String");
        let default = declaration
            .get("Default")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let path = Path::new(&[Section::Parameters.key(), name]);
        if is_text && !hidden && names_secret(name) && default.is_empty() {
            findings.add(&rules::PLAIN_SECRET, &path, format!("CloudFormation shows the value of `{name}` to everyone who may read the stack; set `NoEcho`"));
        } else if gives_away(default).is_some()
            || (is_text && (hidden || names_secret(name)) && !is_harmless(default))
        {
            let mut path = path;
            path.push("Default");
            findings.add(&rules::PLAIN_SECRET, &path, format!("the default of `{name}` stands here for everyone to read; take it away, or {ADVICE}"));
        }
    }
}
