//! Turns the JSON pointers of a schema into property paths that say where an array or map is entered.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// A schema's shapes, for following references.
pub(super) struct Shapes<'a> {
    schema: &'a Value,
}

impl<'a> Shapes<'a> {
    pub(super) fn new(schema: &'a Value) -> Self {
        Self { schema }
    }

    /// The path of a pointer: `/properties/Rules/Id` becomes `Rules/*/Id` when `Rules` is an array.
    ///
    /// # Errors
    ///
    /// When the pointer leads nowhere.
    pub(super) fn path(&self, pointer: &str) -> Result<String> {
        let parts: Vec<&str> = pointer
            .strip_prefix("/properties/")
            .with_context(|| format!("pointer `{pointer}` does not start at the properties"))?
            .split('/')
            .collect();
        let mut path = Vec::new();
        self.walk(self.schema, &parts, &mut path)
            .then(|| path.join("/"))
            .with_context(|| format!("pointer `{pointer}` leads nowhere"))
    }

    /// The shape a reference leads to.
    pub(super) fn target(&self, reference: &str) -> Result<&'a Value> {
        reference
            .strip_prefix('#')
            .and_then(|pointer| self.schema.pointer(pointer))
            .with_context(|| format!("reference `{reference}` leads nowhere"))
    }

    fn walk<'b>(&self, shape: &'b Value, parts: &[&'b str], path: &mut Vec<&'b str>) -> bool
    where
        'a: 'b,
    {
        let [part, rest @ ..] = parts else {
            return true;
        };
        if let Some(reference) = shape.get("$ref").and_then(Value::as_str) {
            return self
                .target(reference)
                .is_ok_and(|target| self.walk(target, parts, path));
        }
        let properties = shape.get("properties").and_then(Value::as_object);
        if let Some(property) = properties.and_then(|properties| properties.get(*part)) {
            return self.step(part, property, rest, path);
        }
        // Some pointers are pointers into the schema rather than into the properties.
        if *part == "properties" {
            return self.walk(shape, rest, path);
        }
        let wildcard = *part == "*" || *part == "items";
        if let Some(items) = shape.get("items") {
            return self.step("*", items, if wildcard { rest } else { parts }, path);
        }
        if wildcard && let Some(values) = shape.get("patternProperties").and_then(Value::as_object)
        {
            return values
                .values()
                .any(|value| self.step("*", value, rest, path));
        }
        ["oneOf", "anyOf", "allOf"]
            .iter()
            .filter_map(|keyword| shape.get(keyword)?.as_array())
            .flatten()
            .any(|branch| self.walk(branch, parts, path))
    }

    fn step<'b>(
        &self,
        name: &'b str,
        shape: &'b Value,
        rest: &[&'b str],
        path: &mut Vec<&'b str>,
    ) -> bool
    where
        'a: 'b,
    {
        path.push(name);
        let found = self.walk(shape, rest, path);
        if !found {
            path.pop();
        }
        found
    }
}

/// Applies `change` to every shape that lies in `shape`, itself included.
pub(super) fn visit(
    shape: &mut Map<String, Value>,
    change: &mut dyn FnMut(&mut Map<String, Value>),
) {
    change(shape);
    for (keyword, value) in shape.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "definitions", Value::Object(members)) => {
                members
                    .values_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|member| visit(member, change));
            }
            ("items" | "additionalProperties", Value::Object(inner)) => visit(inner, change),
            ("oneOf" | "anyOf" | "allOf", Value::Array(branches)) => {
                branches
                    .iter_mut()
                    .filter_map(Value::as_object_mut)
                    .for_each(|branch| visit(branch, change));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_become_paths() {
        let schema = json!({
            "properties": {
                "Rules": { "type": "array", "items": { "$ref": "#/definitions/Rule" } },
                "Choice": { "oneOf": [{ "properties": { "Left": {} } }, { "properties": { "Right": {} } }] },
                "Labels": { "patternProperties": { ".*": { "properties": { "Text": {} } } } },
            },
            "definitions": { "Rule": { "properties": { "Id": {} } } },
        });
        let shapes = Shapes::new(&schema);
        for (pointer, path) in [
            ("/properties/Rules", Some("Rules")),
            ("/properties/Rules/Id", Some("Rules/*/Id")),
            ("/properties/Rules/*/Id", Some("Rules/*/Id")),
            ("/properties/Rules/items/properties/Id", Some("Rules/*/Id")),
            ("/properties/Choice/Right", Some("Choice/Right")),
            ("/properties/Labels/*/Text", Some("Labels/*/Text")),
            ("/properties/Rules/Name", None),
            ("/properties/Gone", None),
            ("/definitions/Rule", None),
        ] {
            assert_eq!(shapes.path(pointer).ok().as_deref(), path, "{pointer}");
        }
    }
}
