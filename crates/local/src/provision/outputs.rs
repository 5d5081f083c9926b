//! Outputs and exports of a stack.

use std::collections::BTreeSet;

use serde_json::Value;

use super::remove::readers_of;
use crate::{
    evaluate::{Failure, Scope, text_of},
    state::{Output, Stack, State},
};

/// The outputs of the template; an export must be free, and one that others read must not change.
pub(super) fn evaluate(
    state: &State,
    scope: &Scope<'_>,
    stack: &Stack,
) -> Result<Vec<Output>, Failure> {
    let outputs = preview(scope)?;
    for output in &outputs {
        let Some(export) = &output.export else {
            continue;
        };
        if let Some((owner, _)) = state.export(&stack.region, export)
            && owner.uuid != stack.uuid
        {
            return Err(Failure::new(format!(
                "Export with name {export} is already exported by stack {}. ",
                owner.name
            )));
        }
    }
    for before in &stack.outputs {
        let Some(export) = &before.export else {
            continue;
        };
        let readers = readers_of(state, stack, export);
        if readers.is_empty() {
            continue;
        }
        let now = outputs
            .iter()
            .find(|output| output.export.as_ref() == Some(export));
        let verb = match now {
            Some(now) if now.value == before.value => continue,
            Some(_) => "update",
            None => "delete",
        };
        return Err(Failure::new(format!(
            "Cannot {verb} export {export} as it is in use by {}. ",
            readers.join(" and ")
        )));
    }
    Ok(outputs)
}

/// The outputs as the template has them, exports not checked.
pub(super) fn preview(scope: &Scope<'_>) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    for (key, node) in scope.document.section("Outputs").into_iter().flatten() {
        if !scope.is_wanted(node) {
            continue;
        }
        let value = scope.value(&node["Value"])?;
        let text = value.as_ref().and_then(text_of).ok_or_else(|| {
            Failure::new(format!(
                "Template format error: The Value field of every Outputs member must evaluate to a String: {key}"
            ))
        })?;
        let export = match node.pointer("/Export/Name") {
            Some(name) => Some(scope.string(name, "the name of an export")?),
            None => None,
        };
        outputs.push(Output {
            key: key.clone(),
            value: text,
            description: node["Description"].as_str().map(str::to_owned),
            export,
        });
    }
    Ok(outputs)
}

/// The names of all exports that the template reads.
pub(super) fn imports(scope: &Scope<'_>) -> Vec<String> {
    let mut names = BTreeSet::new();
    let resources = scope.document.resources().map(|(_, node)| node);
    let outputs = scope
        .document
        .section("Outputs")
        .into_iter()
        .flat_map(|outputs| outputs.values());
    for node in resources
        .chain(outputs)
        .filter(|node| scope.is_wanted(node))
    {
        collect(scope, node, &mut names);
    }
    names.into_iter().collect()
}

fn collect(scope: &Scope<'_>, node: &Value, names: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => {
            if let Some(argument) = members.get("Fn::ImportValue")
                && let Ok(name) = scope.string(argument, "Fn::ImportValue")
            {
                names.insert(name);
            }
            members
                .values()
                .for_each(|member| collect(scope, member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(scope, item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
