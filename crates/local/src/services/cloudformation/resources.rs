//! Resources of stacks.

use super::{Answer, Call, drift, page};
use crate::{
    router::Content,
    state::{Entry, Goal, Progress, Resource},
    wire::{Refusal, Xml},
};

pub(super) fn describe_one(call: &mut Call<'_>) -> Answer {
    let logical_id = call.form.required("LogicalResourceId")?;
    let entry = call.stack(|name| format!("Stack '{name}' does not exist"))?;
    let resource = entry.resources.get(logical_id).ok_or_else(|| {
        Refusal::validation(format!(
            "Resource {logical_id} does not exist for stack {}",
            entry.stack.name
        ))
    })?;
    Ok(Content::result(|xml| {
        xml.element("StackResourceDetail", |xml| {
            write_head(xml, entry, resource);
            xml.text("LastUpdatedTimestamp", resource.timestamp.to_string());
            write_status(xml, entry, resource);
            let metadata = resource
                .live
                .as_ref()
                .and_then(|live| live.declared.get("Metadata"));
            xml.maybe("Metadata", metadata.map(ToString::to_string));
        });
    }))
}

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let form = call.form;
    let physical_id = form.filled("PhysicalResourceId");
    let entry = match (form.filled("StackName"), physical_id) {
        (Some(_), Some(_)) => {
            return Err(Refusal::validation(
                "Both stack name and physical resource id cannot be specified",
            ));
        }
        (Some(_), None) => call.stack(|name| format!("Stack with id {name} does not exist"))?,
        (None, Some(id)) => call
            .core
            .state
            .present(&call.context.region)
            .find(|entry| {
                entry
                    .resources
                    .values()
                    .any(|resource| physical(resource) == Some(id))
            })
            .ok_or_else(|| Refusal::validation(format!("Stack for {id} does not exist")))?,
        (None, None) => {
            return Err(Refusal::validation(
                "Either stack name or physical resource id must be specified",
            ));
        }
    };
    let logical_id = form.filled("LogicalResourceId");
    if let Some(name) = logical_id.filter(|name| !entry.resources.contains_key(*name)) {
        return Err(Refusal::validation(format!(
            "Resource {name} does not exist for stack {}",
            entry.stack.name
        )));
    }
    let resources = entry
        .resources
        .values()
        .filter(|resource| logical_id.is_none_or(|name| resource.logical_id == name));
    Ok(Content::result(|xml| {
        xml.list("StackResources", resources, |xml, resource| {
            write_head(xml, entry, resource);
            xml.text("Timestamp", resource.timestamp.to_string());
            write_status(xml, entry, resource);
        });
    }))
}

pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack with id {name} does not exist"))?;
    let resources: Vec<&Resource> = entry.resources.values().map(AsRef::as_ref).collect();
    let (resources, next) = page(resources, call.form.filled("NextToken"), 100)?;
    Ok(Content::result(|xml| {
        xml.list("StackResourceSummaries", resources, |xml, resource| {
            xml.text("LogicalResourceId", &resource.logical_id);
            xml.maybe("PhysicalResourceId", physical(resource));
            xml.text("ResourceType", &resource.resource_type);
            xml.text("LastUpdatedTimestamp", resource.timestamp.to_string());
            write_status(xml, entry, resource);
        });
        xml.maybe("NextToken", next);
    }))
}

fn write_head(xml: &mut Xml, entry: &Entry, resource: &Resource) {
    xml.text("StackName", &entry.stack.name);
    xml.text("StackId", &entry.stack.arn);
    xml.text("LogicalResourceId", &resource.logical_id);
    xml.maybe("PhysicalResourceId", physical(resource));
    xml.text("ResourceType", &resource.resource_type);
}

fn write_status(xml: &mut Xml, entry: &Entry, resource: &Resource) {
    xml.text("ResourceStatus", resource.status.as_str());
    xml.maybe("ResourceStatusReason", resource.reason.as_ref());
    drift::write_resource(xml, entry, resource);
}

/// The physical id, also of a resource that is just being made.
fn physical(resource: &Resource) -> Option<&str> {
    match (&resource.progress, &resource.live) {
        (
            Progress::Started {
                goal: Goal::Exist(wanted),
                ..
            },
            None,
        ) => Some(&wanted.physical_id),
        (_, Some(live)) => Some(&live.physical_id),
        (_, None) => None,
    }
}
