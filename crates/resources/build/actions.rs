//! Writes a constant for every IAM action, so that a misspelt one does not compile.

use std::fmt::{Result, Write as _};

use crate::names;

/// Writes a module per service prefix.
pub(crate) fn modules(out: &mut String) -> Result {
    for prefix in schema::iam_prefixes() {
        let module = names::snake(prefix);
        writeln!(
            out,
            "/// Actions of `{prefix}`.\npub mod {module} {{\nuse super::Action;"
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
