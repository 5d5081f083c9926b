//! Drift: detecting it, and telling what was found.

use indexmap::IndexMap;
use serde_json::Value;

use super::{Answer, Call, page};
use crate::{
    evaluate::text_of,
    provision::{check, is_checked},
    router::Content,
    state::{Checked, Detection, Discrepancy, DriftStatus, Entry, Record, Resource, StackStatus},
    wire::{Refusal, Xml},
};

const RESOURCES_PER_PAGE: usize = 100;

pub(super) fn detect_stack(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let names = call.form.list("LogicalResourceIds");
    if let Some(unknown) = names
        .iter()
        .flatten()
        .find(|name| !entry.resources.contains_key(*name))
    {
        return Err(missing(unknown, entry));
    }
    let wanted = |resource: &&Resource| {
        let is_named = |names: &Vec<String>| names.contains(&resource.logical_id);
        names.as_ref().is_none_or(is_named) && is_checked(&resource.resource_type)
    };
    let resources = entry.resources.values().map(AsRef::as_ref);
    let names = resources
        .filter(wanted)
        .map(|one| one.logical_id.clone())
        .collect();
    let id = detect(call, names)?.id;
    Ok(Content::result(|xml| {
        xml.text("StackDriftDetectionId", id);
    }))
}

pub(super) fn detect_resource(call: &mut Call<'_>) -> Answer {
    let name = call.form.required("LogicalResourceId")?.to_owned();
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let Some(resource) = entry.resources.get(&name) else {
        return Err(missing(&name, entry));
    };
    if !is_checked(&resource.resource_type) {
        return Err(Refusal::validation(format!(
            "Drift detection is not supported for resource type {}",
            resource.resource_type
        )));
    }
    let (arn, resource) = (entry.stack.arn.clone(), resource.as_ref().clone());
    let detection = detect(call, vec![name.clone()])?;
    let Some(found) = detection.found.get(&name) else {
        return Err(Refusal::validation(format!(
            "Resource {name} has no physical resource"
        )));
    };
    Ok(Content::result(|xml| {
        xml.element("StackResourceDrift", |xml| {
            write_drift(xml, &arn, &resource, found);
        });
    }))
}

fn missing(name: &str, entry: &Entry) -> Refusal {
    let stack = &entry.stack.name;
    Refusal::validation(format!("Resource {name} does not exist for stack {stack}"))
}

/// Checks these resources of the stack that the call names.
fn detect(call: &mut Call<'_>, names: Vec<String>) -> Result<Detection, Refusal> {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let mut stack = entry.stack.clone();
    if !is_detectable(stack.status) {
        return Err(Refusal::validation(format!(
            "Drift detection cannot be performed on stack [{}] while in status {}",
            stack.arn, stack.status
        )));
    }
    let now = call.context.now;
    if entry.detections.last().is_some_and(|last| last.until > now) {
        return Err(Refusal::validation(format!(
            "Drift detection is already in progress for stack [{}]",
            stack.name
        )));
    }
    let faults = &call.context.endpoint.faults();
    let mut found = IndexMap::new();
    let mut until = now;
    for name in names {
        let Some(live) = entry.resources.get(&name).and_then(|one| one.live.as_ref()) else {
            continue;
        };
        until = until.max(now.checked_add(faults.delay_of(&name)).unwrap_or(now));
        let checked = check(&name, live, faults, now);
        found.insert(name, checked);
    }
    stack.ordinal += 1;
    let id = crate::identifiers::uuid(
        call.context.seed(),
        &["detection", &stack.uuid, &stack.ordinal.to_string()],
    );
    let detection = Detection {
        id,
        started: now,
        until,
        found,
    };
    let uuid = stack.uuid.clone();
    call.core.commit(vec![
        Record::Stack(Box::new(stack)),
        Record::Detection(uuid, Box::new(detection.clone())),
    ])?;
    Ok(detection)
}

/// Whether drift can be detected on a stack in a status:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/detect-drift-stack.html>
fn is_detectable(status: StackStatus) -> bool {
    matches!(
        status,
        StackStatus::CreateComplete
            | StackStatus::UpdateComplete
            | StackStatus::UpdateRollbackComplete
            | StackStatus::UpdateRollbackFailed
            | StackStatus::ImportComplete
            | StackStatus::ImportRollbackComplete
    )
}

pub(super) fn describe_detection(call: &mut Call<'_>) -> Answer {
    let id = call.form.required("StackDriftDetectionId")?;
    let found = call.core.state.stacks.values().find_map(|entry| {
        let detection = entry.detections.iter().find(|one| one.id == id)?;
        Some((entry, detection))
    });
    let Some((entry, detection)) = found else {
        return Err(Refusal::validation(format!(
            "Stack drift detection [{id}] does not exist"
        )));
    };
    let failed: Vec<&str> = detection
        .found
        .iter()
        .filter(|(_, checked)| checked.status == DriftStatus::Unknown)
        .map(|(name, _)| name.as_str())
        .collect();
    let is_under_way = detection.until > call.context.now;
    Ok(Content::result(|xml| {
        xml.text("StackId", &entry.stack.arn);
        xml.text("StackDriftDetectionId", &detection.id);
        xml.text("Timestamp", detection.started.to_string());
        if is_under_way {
            xml.text("DetectionStatus", "DETECTION_IN_PROGRESS");
            return;
        }
        let drifted = detection.found.values().filter(|one| is_drifted(one));
        xml.text(
            "StackDriftStatus",
            summary(detection.found.values().map(|one| one.status)),
        );
        xml.text("DriftedStackResourceCount", drifted.count().to_string());
        if failed.is_empty() {
            xml.text("DetectionStatus", "DETECTION_COMPLETE");
        } else {
            xml.text("DetectionStatus", "DETECTION_FAILED");
            let reason = format!("Failed to detect drift on resource [{}]", failed.join(", "));
            xml.text("DetectionStatusReason", reason);
        }
    }))
}

pub(super) fn describe_resources(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let filter = call.form.list("StackResourceDriftStatusFilters");
    let size = match call.form.filled("MaxResults") {
        Some(text) => text
            .parse()
            .ok()
            .filter(|size| (1..=RESOURCES_PER_PAGE).contains(size))
            .ok_or_else(|| Refusal::validation("MaxResults must be between 1 and 100"))?,
        None => RESOURCES_PER_PAGE,
    };
    let drifts: Vec<(&Resource, &Checked)> = entry
        .resources
        .values()
        .filter_map(|resource| Some((resource.as_ref(), latest(entry, resource)?)))
        .filter(|(_, found)| {
            let is_wanted =
                |words: &Vec<String>| words.iter().any(|word| word == found.status.as_str());
            filter.as_ref().is_none_or(is_wanted)
        })
        .collect();
    let (drifts, next) = page(drifts, call.form.filled("NextToken"), size)?;
    let arn = &entry.stack.arn;
    Ok(Content::result(|xml| {
        xml.list("StackResourceDrifts", drifts, |xml, (resource, found)| {
            write_drift(xml, arn, resource, found);
        });
        xml.maybe("NextToken", next);
    }))
}

/// What was found last of a resource that is still the same physical one.
fn latest<'a>(entry: &'a Entry, resource: &Resource) -> Option<&'a Checked> {
    let physical_id = &resource.live.as_ref()?.physical_id;
    let mut detections = entry.detections.iter().rev();
    let found = detections.find_map(|one| one.found.get(&resource.logical_id))?;
    (found.physical_id == *physical_id).then_some(found)
}

fn is_drifted(found: &Checked) -> bool {
    matches!(found.status, DriftStatus::Modified | DriftStatus::Deleted)
}

/// The word for a stack whose resources were found so.
pub(super) fn summary(found: impl Iterator<Item = DriftStatus>) -> &'static str {
    let mut word = "IN_SYNC";
    for status in found {
        match status {
            DriftStatus::Modified | DriftStatus::Deleted => return "DRIFTED",
            DriftStatus::Unknown => word = "UNKNOWN",
            DriftStatus::InSync => {}
        }
    }
    word
}

/// What is known of the drift of a stack.
pub(super) fn write_stack(xml: &mut Xml, entry: &Entry) {
    let mut found: IndexMap<&str, &Checked> = IndexMap::new();
    for detection in &entry.detections {
        let newer = detection.found.iter();
        found.extend(newer.map(|(name, checked)| (name.as_str(), checked)));
    }
    xml.element("DriftInformation", |xml| match entry.detections.last() {
        None => xml.text("StackDriftStatus", "NOT_CHECKED"),
        Some(last) => {
            xml.text(
                "StackDriftStatus",
                summary(found.into_values().map(|one| one.status)),
            );
            xml.text("LastCheckTimestamp", last.started.to_string());
        }
    });
}

/// What is known of the drift of a resource.
pub(super) fn write_resource(xml: &mut Xml, entry: &Entry, resource: &Resource) {
    xml.element("DriftInformation", |xml| match latest(entry, resource) {
        None => xml.text("StackResourceDriftStatus", "NOT_CHECKED"),
        Some(found) => {
            xml.text("StackResourceDriftStatus", found.status.as_str());
            xml.text("LastCheckTimestamp", found.at.to_string());
        }
    });
}

fn write_drift(xml: &mut Xml, stack: &str, resource: &Resource, found: &Checked) {
    xml.text("StackId", stack);
    xml.text("LogicalResourceId", &resource.logical_id);
    xml.text("PhysicalResourceId", &found.physical_id);
    xml.text("ResourceType", &resource.resource_type);
    xml.maybe(
        "ExpectedProperties",
        found.expected.as_ref().map(Value::to_string),
    );
    xml.maybe(
        "ActualProperties",
        found.actual.as_ref().map(Value::to_string),
    );
    xml.list(
        "PropertyDifferences",
        &found.discrepancies,
        write_discrepancy,
    );
    xml.text("StackResourceDriftStatus", found.status.as_str());
    xml.maybe("DriftStatusReason", found.reason.as_ref());
    xml.text("Timestamp", found.at.to_string());
}

fn write_discrepancy(xml: &mut Xml, found: &Discrepancy) {
    let shown = |value: &Option<Value>| match value {
        Some(value) => text_of(value).unwrap_or_else(|| value.to_string()),
        None => "null".to_owned(),
    };
    let path = found.path.iter().fold(String::new(), |mut path, part| {
        path.push('/');
        path.push_str(&part.replace('~', "~0").replace('/', "~1"));
        path
    });
    xml.text("PropertyPath", path);
    xml.text("ExpectedValue", shown(&found.expected));
    xml.text("ActualValue", shown(&found.actual));
    xml.text(
        "DifferenceType",
        match (&found.expected, &found.actual) {
            (None, _) => "ADD",
            (_, None) => "REMOVE",
            _ => "NOT_EQUAL",
        },
    );
}
