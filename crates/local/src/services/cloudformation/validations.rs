//! What early validation and hooks found in a change set, as `DescribeEvents` tells it.

use super::{Answer, change_sets, page};
use crate::{router::Content, state::Validation};

const EVENTS_PER_PAGE: usize = 100;

/// The reason of a change set that early validation or a hook failed; nothing when nothing failed it.
pub(super) fn reason(found: &[Validation]) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for validation in found.iter().filter(|one| !one.warns) {
        if !names.contains(&validation.name.as_str()) {
            names.push(&validation.name);
        }
    }
    (!names.is_empty()).then(|| {
        format!(
            "The following hook(s)/validation failed: [{}]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
            names.join(", ")
        )
    })
}

pub(super) fn describe(call: &mut super::Call<'_>) -> Answer {
    let (entry, change_set) = change_sets::named(call)?;
    let token = call.form.filled("NextToken");
    let (found, next) = page(
        change_set.validations.iter().collect(),
        token,
        EVENTS_PER_PAGE,
    )?;
    Ok(Content::result(|xml| {
        xml.list(
            "OperationEvents",
            found.iter().enumerate(),
            |xml, (index, one)| {
                xml.text("EventId", format!("{}-{index}", change_set.name));
                xml.text("StackId", &entry.stack.arn);
                xml.text("OperationType", "CREATE_CHANGESET");
                xml.text(
                    "OperationStatus",
                    if one.warns { "IN_PROGRESS" } else { "FAILED" },
                );
                xml.text("LogicalResourceId", &one.logical_id);
                xml.text("ResourceType", &one.resource_type);
                xml.text("Timestamp", change_set.created.to_string());
                let mode = if one.warns { "WARN" } else { "FAIL" };
                if one.is_hook {
                    xml.text("EventType", "HOOK_INVOCATION_ERROR");
                    xml.text("HookType", &one.name);
                    xml.text("HookStatus", "HOOK_COMPLETE_FAILED");
                    xml.text("HookStatusReason", &one.reason);
                    xml.text("HookInvocationPoint", "PRE_PROVISION");
                    xml.text("HookFailureMode", mode);
                } else {
                    xml.text("EventType", "VALIDATION_ERROR");
                    xml.text("DetailedStatus", "VALIDATION_FAILED");
                    xml.text("ValidationName", &one.name);
                    xml.text("ValidationStatus", "FAILED");
                    xml.text("ValidationStatusReason", &one.reason);
                    xml.text("ValidationFailureMode", mode);
                    xml.maybe("ValidationPath", one.path.as_ref());
                }
            },
        );
        xml.maybe("NextToken", next);
    }))
}
