//! The SDK's types in the engine's words. What CloudFormation always sends and the SDK calls optional is taken as empty
//! when it is missing.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::{
    operation::describe_change_set::DescribeChangeSetOutput,
    primitives::{DateTime, DateTimeFormat},
    types,
};
use plan::{
    IgnoredDrift, PolicyAction, Recreation, Replacement, ReportedAction, ReportedChange,
    ReportedDetail,
};
use serde_json::Value;

use crate::{
    port::{
        ChangeSet, ChangeSetStatus, ChangeSetSummary, Execution, Finding, Stack, StackEvent,
        StackResource,
    },
    status::{ResourceStatus, StackStatus},
};

pub(super) fn stack(stack: types::Stack) -> Stack {
    let changed = stack.last_updated_time.or(stack.creation_time);
    let exports = stack.outputs.iter().flatten();
    Stack {
        exports: exports
            .filter_map(|output| Some((output.output_key.clone()?, output.export_name.clone()?)))
            .collect(),
        status: StackStatus::from(
            stack
                .stack_status
                .as_ref()
                .map_or("", |status| status.as_str()),
        ),
        id: stack.stack_id.unwrap_or_default(),
        name: stack.stack_name.unwrap_or_default(),
        status_reason: stack.stack_status_reason,
        parameters: parameters(stack.parameters),
        tags: tags(stack.tags),
        outputs: stack
            .outputs
            .unwrap_or_default()
            .into_iter()
            .filter_map(|output| {
                Some((output.output_key?, output.output_value.unwrap_or_default()))
            })
            .collect(),
        change_set: stack.change_set_id,
        express: stack.deployment_config.as_ref().is_some_and(is_express),
        termination_protection: stack.enable_termination_protection.unwrap_or_default(),
        notification_arns: stack.notification_arns.unwrap_or_default(),
        role_arn: stack.role_arn,
        updated_at: changed.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok()),
    }
}

fn parameters(parameters: Option<Vec<types::Parameter>>) -> BTreeMap<String, String> {
    parameters
        .unwrap_or_default()
        .into_iter()
        .filter_map(|parameter| {
            Some((
                parameter.parameter_key?,
                parameter.parameter_value.unwrap_or_default(),
            ))
        })
        .collect()
}

fn tags(tags: Option<Vec<types::Tag>>) -> BTreeMap<String, String> {
    tags.unwrap_or_default()
        .into_iter()
        .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
        .collect()
}

pub(super) fn resource(resource: types::StackResourceSummary) -> StackResource {
    StackResource {
        logical_id: resource.logical_resource_id.unwrap_or_default(),
        physical_id: resource.physical_resource_id.filter(|id| !id.is_empty()),
        resource_type: resource.resource_type.unwrap_or_default(),
        status: status(resource.resource_status.as_ref()),
        reason: resource.resource_status_reason,
    }
}

pub(super) fn event(event: types::StackEvent) -> StackEvent {
    StackEvent {
        id: event.event_id.unwrap_or_default(),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        physical_id: event.physical_resource_id.filter(|id| !id.is_empty()),
        resource_type: event.resource_type.unwrap_or_default(),
        status: status(event.resource_status.as_ref()),
        reason: event.resource_status_reason.or(event.hook_status_reason),
        configured: event.detailed_status == Some(types::DetailedStatus::ConfigurationComplete),
        token: event.client_request_token,
        at: event.timestamp.as_ref().map_or(0, milliseconds),
    }
}

fn status(status: Option<&types::ResourceStatus>) -> ResourceStatus {
    ResourceStatus(status.map_or_else(String::new, |status| status.as_str().to_owned()))
}

/// A time in milliseconds since 1970 as RFC 3339; nothing when it lies beyond what that can say.
pub(crate) fn rfc3339(milliseconds: i64) -> Option<String> {
    DateTime::from_millis(milliseconds)
        .fmt(DateTimeFormat::DateTime)
        .ok()
}

/// Milliseconds since 1970 of a time in RFC 3339.
pub(crate) fn from_rfc3339(text: &str) -> Option<i64> {
    DateTime::from_str(text, DateTimeFormat::DateTime)
        .ok()?
        .to_millis()
        .ok()
}

fn milliseconds(time: &DateTime) -> i64 {
    time.to_millis().unwrap_or_default()
}

/// A change set in a list.
pub(super) fn summary(summary: types::ChangeSetSummary) -> ChangeSetSummary {
    ChangeSetSummary {
        id: summary.change_set_id.unwrap_or_default(),
        name: summary.change_set_name.unwrap_or_default(),
        created: summary.creation_time.as_ref().map_or(0, milliseconds),
    }
}

/// The head of a change set, without its changes, which come in pages.
pub(super) fn change_set(page: &DescribeChangeSetOutput) -> ChangeSet {
    use types::{ChangeSetStatus as Status, ExecutionStatus};
    ChangeSet {
        id: page.change_set_id.clone().unwrap_or_default(),
        description: page.description.clone(),
        parameters: parameters(page.parameters.clone()),
        tags: tags(page.tags.clone()),
        stack_id: page.stack_id.clone().unwrap_or_default(),
        status: match &page.status {
            Some(Status::CreateComplete) => ChangeSetStatus::Complete,
            Some(Status::Failed) => ChangeSetStatus::Failed,
            Some(
                Status::DeleteComplete
                | Status::DeleteFailed
                | Status::DeleteInProgress
                | Status::DeletePending,
            ) => ChangeSetStatus::Deleted,
            _ => ChangeSetStatus::Pending,
        },
        execution: match &page.execution_status {
            Some(ExecutionStatus::Available) => Execution::Available,
            Some(ExecutionStatus::Obsolete) => Execution::Obsolete,
            _ => Execution::Unavailable,
        },
        reason: page.status_reason.clone(),
        changes: Vec::new(),
        nested: Vec::new(),
        express: page.deployment_config.as_ref().is_some_and(is_express),
    }
}

fn is_express(config: &types::DeploymentConfig) -> bool {
    config.mode == Some(types::DeploymentConfigMode::Express)
}

/// The logical id of a nested stack and the ARN of its change set, where a change is about one.
pub(super) fn nested(change: &types::Change) -> Option<(String, String)> {
    let change = change.resource_change.as_ref()?;
    Some((
        change.logical_resource_id.clone()?,
        change.change_set_id.clone()?,
    ))
}

/// What a change set says of a resource; nothing for hooks, which are told apart.
pub(super) fn change(change: types::Change) -> Option<ReportedChange> {
    let change = change.resource_change?;
    let action = change.action.as_ref().map(types::ChangeAction::as_str);
    Some(ReportedChange {
        logical_id: change.logical_resource_id.unwrap_or_default(),
        physical_id: change.physical_resource_id.filter(|id| !id.is_empty()),
        type_name: change.resource_type.unwrap_or_default(),
        // A word that is newer than this program is taken for the one that promises nothing.
        action: action
            .and_then(ReportedAction::from_word)
            .unwrap_or(ReportedAction::Dynamic),
        replacement: change
            .replacement
            .and_then(|word| Replacement::from_word(word.as_str())),
        policy_action: change
            .policy_action
            .and_then(|word| PolicyAction::from_word(word.as_str())),
        details: change
            .details
            .unwrap_or_default()
            .into_iter()
            .filter_map(detail)
            .collect(),
        drifted: matches!(
            change.resource_drift_status,
            Some(
                types::StackResourceDriftStatus::Modified
                    | types::StackResourceDriftStatus::Deleted
            )
        ),
        ignored: change
            .resource_drift_ignored_attributes
            .unwrap_or_default()
            .into_iter()
            .map(|ignored| IgnoredDrift {
                path: path(ignored.path.as_deref().unwrap_or_default()),
                reason: ignored
                    .reason
                    .map_or_else(String::new, |word| word.as_str().to_owned()),
            })
            .collect(),
    })
}

fn detail(detail: types::ResourceChangeDetail) -> Option<ReportedDetail> {
    let target = detail.target?;
    let attribute = target.attribute.as_ref().map_or("", |word| word.as_str());
    let path = match (&target.path, &target.name) {
        (Some(pointer), _) => path(pointer),
        (None, Some(name)) => vec![name.clone()],
        (None, None) if attribute == "Tags" => vec![attribute.to_owned()],
        (None, None) => Vec::new(),
    };
    let recreation = target.requires_recreation.as_ref();
    Some(ReportedDetail {
        attribute: attribute.to_owned(),
        path,
        recreation: recreation.map_or(Recreation::Never, |word| {
            Recreation::from_word(word.as_str()).unwrap_or(Recreation::Conditionally)
        }),
        is_dynamic: detail.evaluation == Some(types::EvaluationType::Dynamic),
        drifted: target.drift.is_some(),
        before: target.before_value.map(value),
        after: target.after_value.map(value),
    })
}

/// The way from `Properties` to a value, of a JSON pointer.
pub(super) fn path(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .filter(|part| !part.is_empty())
        .skip_while(|part| *part == "Properties")
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// A value as CloudFormation tells it: objects and lists come as their JSON text, everything else as plain text.
pub(super) fn value(text: String) -> Value {
    if text.starts_with(['{', '[']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

/// A finding of early validation or of a hook; nothing for events of another kind.
pub(super) fn finding(event: types::OperationEvent) -> Option<Finding> {
    let (name, reason, mode) = match event.event_type? {
        types::EventType::ValidationError => (
            event.validation_name,
            event.validation_status_reason,
            event.validation_failure_mode,
        ),
        types::EventType::HookInvocationError => (
            event.hook_type,
            event.hook_status_reason,
            event.hook_failure_mode,
        ),
        types::EventType::ProvisioningError => (None, event.resource_status_reason, None),
        _ => return None,
    };
    Some(Finding {
        name,
        logical_id: event.logical_resource_id,
        message: reason.unwrap_or_else(|| "no reason is given".to_owned()),
        pointer: event.validation_path,
        warning: mode == Some(types::HookFailureMode::Warn),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_and_values_are_read_as_they_are_meant() {
        let target = types::ResourceTargetDefinition::builder()
            .attribute(types::ResourceAttribute::Properties)
            .path("/Properties/Tags/0/a~1b")
            .before_value("1")
            .after_value("{\"a\":1}")
            .requires_recreation(types::RequiresRecreation::Always)
            .build();
        let found = detail(
            types::ResourceChangeDetail::builder()
                .target(target)
                .build(),
        );
        let found = found.expect("it has a target");
        assert_eq!(found.path, ["Tags", "0", "a/b"]);
        assert_eq!(found.before, Some(json!("1")));
        assert_eq!(found.after, Some(json!({"a": 1})));
        assert_eq!(found.recreation, Recreation::Always);
    }

    #[test]
    fn a_word_newer_than_the_program_promises_nothing() {
        let resource = types::ResourceChange::builder()
            .action(types::ChangeAction::from("Teleport"))
            .build();
        let change = change(types::Change::builder().resource_change(resource).build());
        assert_eq!(change.expect("it is one").action, ReportedAction::Dynamic);
    }
}
