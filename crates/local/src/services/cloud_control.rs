//! Cloud Control: resources read, changed and deleted beside their stacks, which makes drift.
//!
//! Every request is carried out before it is answered, so it is never in progress.

use serde_json::{Map, Value, json};

use super::json::{seconds, text};
use crate::{
    endpoint::{Context, Core},
    facts::{self, Recreation, recreation},
    identifiers,
    provision::{differences, readable, violations},
    state::{Actual, Deployed, Record, Resource},
    wire::Refusal,
};

/// The answer to a call; none where there is no such operation.
pub(super) fn perform(
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Option<Value>, Refusal> {
    let type_name = text(input, "TypeName")?;
    if !facts::is_known(type_name) {
        return Err(Refusal::new(
            "TypeNotFoundException",
            format!("The type '{type_name}' cannot be found."),
        ));
    }
    let answer = match operation {
        "GetResource" => get(context, input),
        "ListResources" => list(context, input),
        "UpdateResource" => update(context, input),
        "DeleteResource" => delete(context, input),
        _ => return Ok(None),
    };
    answer.map(Some)
}

fn get(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let core = context.endpoint.core();
    let (_, resource) = find(&core, context, input)?;
    let shown = live(&resource).map(describe);
    Ok(json!({"TypeName": input["TypeName"], "ResourceDescription": shown}))
}

fn list(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let type_name = text(input, "TypeName")?;
    let core = context.endpoint.core();
    let resources = core
        .state
        .present(&context.region)
        .flat_map(|entry| entry.resources.values())
        .filter_map(|resource| live(resource))
        .filter(|live| live.resource_type == type_name)
        .map(describe);
    let described: Vec<Value> = resources.collect();
    Ok(json!({"TypeName": type_name, "ResourceDescriptions": described}))
}

fn update(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    let patch = text(input, "PatchDocument")?;
    let patch: json_patch::Patch = serde_json::from_str(patch)
        .map_err(|error| invalid(format!("the patch document cannot be read: {error}")))?;
    change(context, input, "UPDATE", |deployed| {
        let type_name = &deployed.resource_type;
        let before = deployed.actual_properties().cloned().unwrap_or_default();
        let mut after = before.clone();
        json_patch::patch(&mut after, &patch).map_err(|error| invalid(error.to_string()))?;
        let fixed = differences(type_name, &before, &after)
            .into_iter()
            .find(|change| {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                recreation(type_name, &path, change.before, change.after) == Recreation::Always
            });
        if let Some(fixed) = fixed {
            return Err(Refusal::new(
                "NotUpdatableException",
                format!(
                    "Invalid patch update: createOnlyProperties [/properties/{}] cannot be updated",
                    fixed.path.join("/")
                ),
            ));
        }
        if let [first, ..] = violations(type_name, &after).as_slice() {
            return Err(invalid(format!("Model validation failed ({first})")));
        }
        deployed.actual = (after != deployed.properties).then_some(Actual::Changed(after));
        Ok(())
    })
}

fn delete(context: &Context<'_>, input: &Value) -> Result<Value, Refusal> {
    change(context, input, "DELETE", |deployed| {
        deployed.actual = Some(Actual::Gone);
        Ok(())
    })
}

fn invalid(message: String) -> Refusal {
    Refusal::new("InvalidRequestException", message)
}

/// Does something to the resource that a call names, and says so.
fn change(
    context: &Context<'_>,
    input: &Value,
    operation: &str,
    make: impl FnOnce(&mut Deployed) -> Result<(), Refusal>,
) -> Result<Value, Refusal> {
    let mut core = context.endpoint.core();
    let (stack, mut resource) = find(&core, context, input)?;
    if let Some(deployed) = &mut resource.live {
        make(deployed)?;
    }
    core.commit(vec![Record::Resource(stack, Box::new(resource))])?;
    core.sync(context.now)?;
    let token = identifiers::uuid(context.seed(), &["cloud-control", &context.request_id]);
    Ok(json!({"ProgressEvent": {
        "TypeName": input["TypeName"],
        "Identifier": input["Identifier"],
        "RequestToken": token,
        "Operation": operation,
        "OperationStatus": "SUCCESS",
        "EventTime": seconds(context.now),
    }}))
}

/// The resource that a call names, and the key of its stack.
fn find(core: &Core, context: &Context<'_>, input: &Value) -> Result<(String, Resource), Refusal> {
    let type_name = text(input, "TypeName")?;
    let identifier = text(input, "Identifier")?;
    let entries = core.state.present(&context.region);
    let found = entries
        .flat_map(|entry| {
            let resources = entry.resources.values();
            resources.map(|resource| (&entry.stack.uuid, resource))
        })
        .find(|(_, resource)| {
            live(resource).is_some_and(|live| {
                live.resource_type == type_name && identifier_of(live) == identifier
            })
        });
    let found = found.map(|(uuid, resource)| (uuid.clone(), resource.as_ref().clone()));
    found.ok_or_else(|| {
        Refusal::new(
            "ResourceNotFoundException",
            format!("Resource of type '{type_name}' with identifier '{identifier}' was not found."),
        )
    })
}

/// What exists of a resource.
fn live(resource: &Resource) -> Option<&Deployed> {
    resource.live.as_ref().filter(|live| !live.is_gone())
}

fn describe(live: &Deployed) -> Value {
    json!({"Identifier": identifier_of(live), "Properties": model(live).to_string()})
}

/// The primary identifier: its parts joined by `|`.
fn identifier_of(live: &Deployed) -> String {
    let parts = facts::of(&live.resource_type)
        .into_iter()
        .flat_map(|facts| &facts.primary_identifier);
    let parts: Vec<String> = parts
        .map(|path| {
            let given = path
                .segments()
                .iter()
                .try_fold(&live.properties, |value, part| value.get(part));
            let made = live.attributes.get(&path.attribute());
            let value = given.or(made).and_then(crate::evaluate::text_of);
            value.unwrap_or_else(|| live.physical_id.clone())
        })
        .collect();
    if parts.is_empty() {
        live.physical_id.clone()
    } else {
        parts.join("|")
    }
}

/// The resource as it can be read: its properties, and what AWS sets itself.
fn model(live: &Deployed) -> Value {
    let properties = live.actual_properties().cloned().unwrap_or_default();
    let mut model = readable(&live.resource_type, &properties);
    for (name, value) in &live.attributes {
        let mut place = &mut model;
        for part in name.split('.') {
            if !place.is_object() {
                break;
            }
            place = &mut place[part];
        }
        if place.is_null() {
            *place = value.clone();
        }
    }
    if !model.is_object() {
        model = Value::Object(Map::new());
    }
    model
}
