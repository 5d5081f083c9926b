//! Lists what IAM actions are done to: for each action that a handler needs, the forms of the ARNs a policy can name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

/// What every form of an ARN begins with; it is left out.
const PARTITION: &str = "arn:${Partition}:";

/// One line per service prefix: the prefix, the forms of ARNs, the actions with the numbers of their forms, each part
/// after a tab. Actions for which a policy can name nothing but `*` are left out, and so is what no handler needs.
pub(super) fn lines(definitions: &Value, resources: &str) -> Result<String> {
    let needed = needed(resources)?;
    let definitions = definitions
        .as_object()
        .context("the IAM definitions are not an object")?;
    let mut services = BTreeMap::new();
    for (prefix, service) in definitions {
        let Some(privileges) = service.get("privileges").and_then(Value::as_object) else {
            continue;
        };
        let mut actions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, privilege) in privileges {
            let full = format!("{prefix}:{name}").to_ascii_lowercase();
            if !needed.contains(&full) {
                continue;
            }
            let mut forms = BTreeSet::new();
            for kind in kinds(name, privilege) {
                let form = service["resources"][kind]["arn"].as_str();
                let form = form.and_then(|form| form.strip_prefix(PARTITION));
                let form = form.filter(|form| !form.contains(char::is_whitespace));
                forms.insert(form.with_context(|| format!("the ARN of `{kind}` in `{prefix}`"))?);
            }
            if !forms.is_empty() {
                actions.insert(name, forms);
            }
        }
        if !actions.is_empty() {
            services.insert(prefix, actions);
        }
    }
    let mut text = String::new();
    for (prefix, actions) in services {
        let forms: BTreeSet<&str> = actions.values().flatten().copied().collect();
        let forms: Vec<&str> = forms.into_iter().collect();
        let actions = actions.iter().map(|(name, of)| {
            let numbers = of.iter().filter_map(|form| {
                let number = forms.iter().position(|other| other == form)?;
                Some(number.to_string())
            });
            format!("{name}={}", numbers.collect::<Vec<_>>().join(","))
        });
        let actions = actions.collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{prefix}\t{}\t{actions}\n", forms.join(" ")));
    }
    Ok(text)
}

/// The kinds of resources an action is always done to one of.
fn kinds<'a>(action: &str, privilege: &'a Value) -> Vec<&'a str> {
    let kinds = privilege["resource_types"].as_object();
    let kinds = kinds
        .into_iter()
        .flatten()
        .filter(|(kind, _)| !kind.is_empty());
    let kinds: Vec<(&str, bool)> = kinds
        .map(|(kind, of)| (kind.as_str(), of["required"] == true))
        .collect();
    // Of several that are each optional, one is always there, as that is what the action is for; unless it makes
    // something new, which may come without any.
    let is_one_of_several = kinds.len() > 1 && !action.starts_with("Create");
    let is_for_tags = privilege["access_level"] == "Tagging";
    if kinds.iter().any(|(_, required)| *required) || is_one_of_several || is_for_tags {
        kinds.into_iter().map(|(kind, _)| kind).collect()
    } else {
        Vec::new()
    }
}

/// The actions that handlers and tagging need, in lower case.
fn needed(resources: &str) -> Result<BTreeSet<String>> {
    let mut needed = BTreeSet::new();
    for line in resources.lines() {
        let fact: Value = serde_json::from_str(line).context("a line of the facts is not JSON")?;
        let handlers = fact["handlers"].as_object();
        let lists = handlers.into_iter().flatten().map(|(_, list)| list);
        let lists = lists.chain([&fact["tagging"]["permissions"]]);
        let actions = lists.filter_map(Value::as_array).flatten();
        needed.extend(actions.filter_map(|action| Some(action.as_str()?.to_ascii_lowercase())));
    }
    Ok(needed)
}
