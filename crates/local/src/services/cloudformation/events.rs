//! Events of stacks and operations, newest first.

use super::{Answer, Call, validations};
use crate::{
    router::Content,
    state::{Entry, Event, OperationKind},
    wire::Refusal,
};

const EVENTS_PER_PAGE: usize = 100;

pub(super) fn describe_stack_events(call: &mut Call<'_>) -> Answer {
    let entry = call.stack(|name| format!("Stack [{name}] does not exist"))?;
    let (events, next) = page_of(&entry.events, call.form.filled("NextToken"))?;
    Ok(Content::result(|xml| {
        xml.list("StackEvents", events, |xml, event| {
            xml.text("StackId", &entry.stack.arn);
            xml.text("EventId", &event.id);
            xml.text("StackName", &entry.stack.name);
            xml.maybe("OperationId", event.operation_id.as_ref());
            xml.text("LogicalResourceId", &event.logical_id);
            xml.text("PhysicalResourceId", &event.physical_id);
            xml.text("ResourceType", &event.resource_type);
            xml.text("Timestamp", event.timestamp.to_string());
            xml.text("ResourceStatus", &event.status);
            xml.maybe("ResourceStatusReason", event.reason.as_ref());
            xml.maybe("ResourceProperties", event.properties.as_ref());
            xml.maybe("ClientRequestToken", event.token.as_ref());
            xml.maybe(
                "DetailedStatus",
                event.configured.then_some("CONFIGURATION_COMPLETE"),
            );
        });
        xml.maybe("NextToken", next);
    }))
}

/// Newest first; `NextToken` counts from the oldest event, so that new ones do not shift the pages.
fn page_of<'a>(
    events: &'a [Event],
    token: Option<&str>,
) -> Result<(Vec<&'a Event>, Option<String>), Refusal> {
    let end = match token {
        None => events.len(),
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| Refusal::validation("Invalid NextToken"))?
            .min(events.len()),
    };
    let start = end.saturating_sub(EVENTS_PER_PAGE);
    let page = events[start..end].iter().rev().collect();
    Ok((page, (start > 0).then(|| start.to_string())))
}

pub(super) fn describe_events(call: &mut Call<'_>) -> Answer {
    if call.form.filled("ChangeSetName").is_some() {
        return validations::describe(call);
    }
    let form = call.form;
    let only_failed = form.flag("Filters.FailedEvents")?.unwrap_or_default();
    let operation = form.filled("OperationId");
    let state = &call.core.state;
    let entry: Option<&Entry> = if form.filled("StackName").is_some() {
        Some(call.stack(|name| format!("Stack [{name}] does not exist"))?)
    } else {
        state.stacks.values().find(|entry| {
            entry
                .events
                .iter()
                .any(|event| event.operation_id.as_deref() == operation)
        })
    };
    let entry = entry.ok_or_else(|| Refusal::validation("The operation does not exist"))?;
    let events: Vec<Event> = entry
        .events
        .iter()
        .filter(|event| operation.is_none_or(|id| event.operation_id.as_deref() == Some(id)))
        .filter(|event| !only_failed || event.status.ends_with("_FAILED"))
        .cloned()
        .collect();
    let (events, next) = page_of(&events, form.filled("NextToken"))?;
    Ok(Content::result(|xml| {
        xml.list("OperationEvents", events, |xml, event| {
            let is_failure = event.status.ends_with("_FAILED");
            xml.text("EventId", &event.id);
            xml.text("StackId", &entry.stack.arn);
            xml.maybe("OperationId", event.operation_id.as_ref());
            xml.maybe(
                "OperationType",
                event.operation_kind.map(OperationKind::as_str),
            );
            let kind = match (
                event.resource_type == crate::provision::STACK_TYPE,
                is_failure,
            ) {
                (true, _) => "STACK_EVENT",
                (false, true) => "PROVISIONING_ERROR",
                (false, false) => "PROGRESS_EVENT",
            };
            let status = if is_failure {
                "FAILED"
            } else if event.status.ends_with("_COMPLETE") {
                "SUCCEEDED"
            } else {
                "IN_PROGRESS"
            };
            xml.text("OperationStatus", status);
            xml.text("EventType", kind);
            xml.text("LogicalResourceId", &event.logical_id);
            xml.text("PhysicalResourceId", &event.physical_id);
            xml.text("ResourceType", &event.resource_type);
            xml.text("Timestamp", event.timestamp.to_string());
            xml.text("ResourceStatus", &event.status);
            xml.maybe("ResourceStatusReason", event.reason.as_ref());
            xml.maybe("ResourceProperties", event.properties.as_ref());
            xml.maybe("ClientRequestToken", event.token.as_ref());
        });
        xml.maybe("NextToken", next);
    }))
}
