//! Reduces a published resource schema to its facts.
//!
//! What is kept stays in the words of JSON Schema and of AWS's own schema language. To be short:
//! `#/definitions/Name` becomes `Name`, pointers become paths (`Rules/*/Id`), handlers become lists of permissions, and
//! what has its usual value is left out (`additionalProperties` is false wherever `properties` stands without it).

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::paths::Shapes;
use super::stateful::Table;

/// Keywords of a resource that list pointers.
const POINTERS: &[&str] = &[
    "createOnlyProperties",
    "conditionalCreateOnlyProperties",
    "readOnlyProperties",
    "writeOnlyProperties",
    "deprecatedProperties",
    "primaryIdentifier",
];

/// Keywords of a shape whose value is a fact as it stands.
const PLAIN: &[&str] = &[
    "type",
    "required",
    "enum",
    "enumCaseInsensitive",
    "const",
    "default",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "maxUniqueItems",
    "uniqueItems",
    "uniqueKeys",
    "insertionOrder",
    "arrayType",
    "minProperties",
    "maxProperties",
    "requiredXor",
    "requiredOr",
    "dependentRequired",
    "dependentExcluded",
];

/// Keywords that are prose, links, or of no use to a template.
const LEFT_OUT: &[&str] = &[
    "description",
    "title",
    "examples",
    "$comment",
    "$schema",
    "$id",
    "relationshipRef",
];

/// Keywords of a resource, beside those of a shape, that are prose, links, or of no use to a template.
const LEFT_OUT_OF_RESOURCE: &[&str] = &[
    "sourceUrl",
    "documentationUrl",
    "resourceLink",
    "typeConfiguration",
    "taggable",
];

/// The facts of one resource type; `typeName` comes first, which is what the reader searches by.
///
/// # Errors
///
/// When the schema has a keyword this function does not know, or a pointer that leads nowhere.
pub(super) fn resource(
    name: &str,
    schema: &Value,
    stateful: &Table,
    attributes: &Attributes,
) -> Result<Value> {
    let shapes = Shapes::new(schema);
    let attributes = attributes.of(name, schema, &shapes)?;
    let schema = schema.as_object().context("not an object")?;
    let mut facts = Map::new();
    facts.insert("typeName".into(), name.into());
    if stateful.holds_state(name) {
        facts.insert("stateful".into(), true.into());
    }
    if stateful.must_be_empty(name) {
        facts.insert("deleteRequiresEmpty".into(), true.into());
    }
    if !attributes.is_empty() {
        facts.insert("furtherAttributes".into(), attributes.into());
    }

    let mut shape = Map::new();
    for (keyword, value) in schema {
        match keyword.as_str() {
            "typeName" => {}
            known if POINTERS.contains(&known) => {
                facts.insert(keyword.clone(), paths(&shapes, value)?);
            }
            "additionalIdentifiers" => {
                let identifiers = value
                    .as_array()
                    .context("`additionalIdentifiers` is not a list")?;
                let identifiers: Result<Vec<Value>> = identifiers
                    .iter()
                    .map(|list| paths(&shapes, list))
                    .collect();
                facts.insert(keyword.clone(), identifiers?.into());
            }
            "handlers" => {
                facts.insert(keyword.clone(), handlers(value)?);
            }
            "tagging" => {}
            "replacementStrategy" | "lifecycle" => {
                facts.insert(keyword.clone(), value.clone());
            }
            "propertyTransform" => {
                let transforms = value
                    .as_object()
                    .context("`propertyTransform` is not an object")?;
                let transforms: Result<Map<String, Value>> = transforms
                    .iter()
                    .map(|(pointer, expression)| {
                        Ok((transformed_path(&shapes, pointer), expression.clone()))
                    })
                    .collect();
                facts.insert(keyword.clone(), transforms?.into());
            }
            "definitions" => {
                facts.insert(keyword.clone(), members(value)?.into());
            }
            left_out if LEFT_OUT_OF_RESOURCE.contains(&left_out) => {}
            _ => {
                shape.insert(keyword.clone(), value.clone());
            }
        }
    }
    let tagging = tagging(schema, &shapes)?;
    if tagging
        .as_object()
        .is_some_and(|tagging| !tagging.is_empty())
    {
        facts.insert("tagging".into(), tagging);
    }
    // What remains is the shape of the whole: the properties and what ties them together.
    facts.insert("shape".into(), self::shape(&shape)?.into());
    Ok(facts.into())
}

fn paths(shapes: &Shapes<'_>, pointers: &Value) -> Result<Value> {
    let pointers = pointers.as_array().context("not a list of pointers")?;
    pointers
        .iter()
        .map(|pointer| {
            Ok(shapes
                .path(pointer.as_str().context("a pointer is not a string")?)?
                .into())
        })
        .collect::<Result<Vec<Value>>>()
        .map(Value::from)
}

/// Transforms are written by hand upstream, some for properties that have gone: those keep the pointer's own words.
fn transformed_path(shapes: &Shapes<'_>, pointer: &str) -> String {
    shapes
        .path(pointer)
        .unwrap_or_else(|_| pointer.trim_start_matches("/properties/").to_owned())
}

/// `{"create": {"permissions": [...]}}` becomes `{"create": [...]}`.
fn handlers(handlers: &Value) -> Result<Value> {
    let handlers = handlers
        .as_object()
        .context("`handlers` is not an object")?;
    let permissions: Map<String, Value> = handlers
        .iter()
        .map(|(verb, handler)| (verb.clone(), handler["permissions"].clone()))
        .collect();
    Ok(permissions.into())
}

/// What differs from: taggable, at creation and later, with system tags, by the property `Tags`.
///
/// Older schemas have no `tagging`; there a property `Tags` says that a type is taggable.
fn tagging(schema: &Map<String, Value>, shapes: &Shapes<'_>) -> Result<Value> {
    let Some(tagging) = schema.get("tagging") else {
        let has_tags = schema["properties"].get("Tags").is_some();
        return Ok(if has_tags {
            json!({})
        } else {
            json!({ "taggable": false })
        });
    };
    let tagging = tagging.as_object().context("`tagging` is not an object")?;
    if tagging.get("taggable") == Some(&Value::Bool(false)) {
        return Ok(json!({ "taggable": false }));
    }
    let mut facts = Map::new();
    for (keyword, value) in tagging {
        match keyword.as_str() {
            "taggable" | "tagOnCreate" | "tagUpdatable" | "cloudFormationSystemTags" => {
                if value == &Value::Bool(false) {
                    facts.insert(keyword.clone(), value.clone());
                }
            }
            "tagProperty" => {
                let path = shapes.path(value.as_str().context("`tagProperty` is not a string")?)?;
                if path != "Tags" {
                    facts.insert(keyword.clone(), path.into());
                }
            }
            "permissions" => {
                facts.insert(keyword.clone(), value.clone());
            }
            other => bail!("`tagging` has the keyword `{other}`, decide what becomes of it"),
        }
    }
    Ok(facts.into())
}

/// The facts of one shape.
fn shape(shape: &Map<String, Value>) -> Result<Map<String, Value>> {
    let mut facts = Map::new();
    for (keyword, value) in shape {
        let fact = match keyword.as_str() {
            left_out if LEFT_OUT.contains(&left_out) => continue,
            plain if PLAIN.contains(&plain) => value.clone(),
            "$ref" => {
                let reference = value.as_str().context("`$ref` is not a string")?;
                reference
                    .strip_prefix("#/definitions/")
                    .unwrap_or(reference)
                    .into()
            }
            "additionalProperties"
                if value == &Value::Bool(false) && shape.contains_key("properties") =>
            {
                continue;
            }
            "additionalProperties" if value.is_boolean() => value.clone(),
            "items" | "additionalProperties" | "not" | "if" | "then" | "else" => inner(value)?,
            "properties" | "patternProperties" => members(value)?.into(),
            "oneOf" | "anyOf" | "allOf" | "prefixItems" => {
                let branches = value
                    .as_array()
                    .with_context(|| format!("`{keyword}` is not a list"))?;
                branches
                    .iter()
                    .map(inner)
                    .collect::<Result<Vec<_>>>()?
                    .into()
            }
            "dependencies" => {
                facts.extend(dependencies(value)?);
                continue;
            }
            other => bail!("unknown keyword `{other}`, decide what becomes of it"),
        };
        facts.insert(keyword.clone(), fact);
    }
    if shape.contains_key("properties") && !shape.contains_key("additionalProperties") {
        facts.insert("additionalProperties".into(), true.into());
    }
    Ok(facts)
}

fn inner(value: &Value) -> Result<Value> {
    Ok(shape(value.as_object().context("a shape is not an object")?)?.into())
}

fn members(value: &Value) -> Result<Map<String, Value>> {
    let members = value.as_object().context("members are not an object")?;
    members
        .iter()
        .map(|(name, member)| Ok((name.clone(), inner(member)?)))
        .collect()
}

/// `dependencies` of early JSON Schema is two things, which later got a keyword each.
fn dependencies(value: &Value) -> Result<Map<String, Value>> {
    let (mut required, mut schemas) = (Map::new(), Map::new());
    for (name, dependency) in value
        .as_object()
        .context("`dependencies` is not an object")?
    {
        if dependency.is_array() {
            required.insert(name.clone(), dependency.clone());
        } else {
            schemas.insert(name.clone(), inner(dependency)?);
        }
    }
    let both = [
        ("dependentRequired", required),
        ("dependentSchemas", schemas),
    ];
    Ok(both
        .into_iter()
        .filter(|(_, map)| !map.is_empty())
        .map(|(name, map)| (name.to_owned(), map.into()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compacted(value: Value) -> Result<Value> {
        inner(&value)
    }

    #[test]
    fn prose_goes_and_facts_stay() {
        let given = json!({
            "type": "object",
            "description": "text",
            "properties": { "description": { "type": "string", "description": "text", "maxLength": 3 } },
            "additionalProperties": false,
        });
        let expected = json!({
            "type": "object",
            "properties": { "description": { "type": "string", "maxLength": 3 } },
        });
        assert_eq!(compacted(given).unwrap(), expected);
    }

    #[test]
    fn what_is_usual_is_left_out_and_what_is_not_is_said() {
        for (given, expected) in [
            (
                json!({ "properties": {} }),
                json!({ "properties": {}, "additionalProperties": true }),
            ),
            (
                json!({ "additionalProperties": false }),
                json!({ "additionalProperties": false }),
            ),
            (
                json!({ "$ref": "#/definitions/Rule" }),
                json!({ "$ref": "Rule" }),
            ),
            (
                json!({ "$ref": "#/properties/Arn" }),
                json!({ "$ref": "#/properties/Arn" }),
            ),
            (
                json!({ "dependencies": { "A": ["B"], "C": { "required": ["D"] } } }),
                json!({ "dependentRequired": { "A": ["B"] }, "dependentSchemas": { "C": { "required": ["D"] } } }),
            ),
        ] {
            assert_eq!(compacted(given).unwrap(), expected);
        }
    }

    #[test]
    fn an_unknown_keyword_is_not_passed_over() {
        assert!(compacted(json!({ "items": { "newKeyword": 1 } })).is_err());
    }
}
