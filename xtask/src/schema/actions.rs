//! Lists IAM actions by service prefix: `s3 R:GetObject W:PutObject …`, one line per prefix.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The lines, sorted, and how many actions they hold.
pub(super) fn lines(definitions: &Value) -> Result<(String, usize)> {
    let definitions = definitions
        .as_object()
        .context("the IAM definitions are not an object")?;
    let mut services: BTreeMap<&str, BTreeMap<&str, char>> = BTreeMap::new();
    for (prefix, service) in definitions {
        // The one member that is no service is the version of the form.
        let Some(privileges) = service.get("privileges").and_then(Value::as_object) else {
            continue;
        };
        let actions = services.entry(prefix).or_default();
        for (name, privilege) in privileges {
            let level = privilege["access_level"].as_str().unwrap_or_default();
            actions.insert(
                name,
                letter(level).with_context(|| format!("of the action `{prefix}:{name}`"))?,
            );
        }
    }
    let mut text = String::new();
    let mut count = 0;
    for (prefix, actions) in services.iter().filter(|(_, actions)| !actions.is_empty()) {
        text.push_str(prefix);
        for (name, level) in actions {
            text.extend([" ", &level.to_string(), ":", name]);
            count += 1;
        }
        text.push('\n');
    }
    Ok((text, count))
}

/// The letter of an access level.
fn letter(level: &str) -> Result<char> {
    Ok(match level {
        "List" => 'L',
        "Read" => 'R',
        "Write" => 'W',
        "Tagging" => 'T',
        "Permissions management" => 'P',
        other => bail!("unknown access level `{other}`"),
    })
}
