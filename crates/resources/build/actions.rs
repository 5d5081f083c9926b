//! Writes a constant for every IAM action, so that a misspelt one does not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Result, Write as _};

use schema::ResourceType;

use crate::names;

/// Prefixes without resource types of their own that most policies need, with the service that brings them.
const COMPANIONS: &[(&str, &str)] = &[("iam", "sts")];

/// The prefixes of a service's actions, by the feature's name: the prefix of that name (`kms`), those that start with it
/// (`cognito-idp`), and the one its resource types need most (`elasticfilesystem` for `efs`).
pub(crate) fn prefixes(feature: &str, types: &[&ResourceType]) -> BTreeSet<&'static str> {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for facts in types {
        let handlers = &facts.handlers;
        let all = [
            &handlers.create,
            &handlers.read,
            &handlers.update,
            &handlers.delete,
            &handlers.list,
        ];
        for permission in all.into_iter().flatten() {
            *uses
                .entry(permission.split(':').next().unwrap_or_default())
                .or_default() += 1;
        }
    }
    let most = uses
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map(|(prefix, _)| prefix);
    let belongs = |prefix: &str| {
        let own = prefix.replace('-', "") == feature || prefix.starts_with(&format!("{feature}-"));
        own || most == Some(prefix) || COMPANIONS.contains(&(feature, prefix))
    };
    schema::iam_prefixes()
        .filter(|prefix| belongs(prefix))
        .collect()
}

/// Writes a module per service prefix.
pub(crate) fn modules(out: &mut String, prefixes: &BTreeSet<&str>) -> Result {
    for prefix in prefixes {
        let module = names::snake(prefix);
        writeln!(
            out,
            "/// Actions of `{prefix}`.\npub mod {module} {{\nuse crate::Action;"
        )?;
        writeln!(
            out,
            "/// All of them.\npub const ALL: Action = Action::new(\"{prefix}:*\");"
        )?;
        for action in schema::iam_actions(prefix) {
            let name = names::pascal(action.name);
            writeln!(
                out,
                "pub const {name}: Action = Action::new(\"{prefix}:{}\");",
                action.name
            )?;
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}
