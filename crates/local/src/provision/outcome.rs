//! What becomes of the steps of resources on the forward way.

use super::draft::Draft;
use crate::state::{Baseline, Goal, Progress, Resource, ResourceStatus};

/// Remembers what existed before this operation touched the resource.
pub(super) fn begin_baseline(resource: &mut Resource) {
    if resource.baseline == Baseline::Same {
        resource.baseline = match &resource.live {
            Some(live) => Baseline::Was(Box::new(live.clone())),
            None => Baseline::Nothing,
        };
    }
}

/// Ends what was begun.
pub(super) fn finish(draft: &mut Draft, name: &str) {
    let Some(mut resource) = draft.resource(name) else {
        return;
    };
    let Progress::Started { goal, .. } = std::mem::replace(&mut resource.progress, Progress::Done)
    else {
        return;
    };
    let is_update = resource.live.is_some();
    let is_import = resource.status == ResourceStatus::ImportInProgress;
    match goal {
        Goal::Exist(wanted) => {
            if let Some(mut old) = resource.live.take()
                && old.physical_id != wanted.physical_id
            {
                // The template that replaces it says what becomes of it.
                old.update_replace_policy = wanted.update_replace_policy;
                resource.superseded.push(old);
            }
            if is_import {
                draft.adopt(&wanted);
            }
            resource.live = Some(*wanted);
            let status = match (is_import, is_update) {
                (true, _) => ResourceStatus::ImportComplete,
                (false, true) => ResourceStatus::UpdateComplete,
                (false, false) => ResourceStatus::CreateComplete,
            };
            draft.tell(resource, status, None);
        }
        Goal::Fail(reason) => {
            resource.progress = Progress::Failed;
            let status = failed_status(&resource);
            draft.tell(resource, status, Some(reason));
        }
        Goal::Gone | Goal::SupersededGone(_) => draft.put(resource),
    }
}

/// The status of a resource that fails at what it is at.
pub(super) fn failed_status(resource: &Resource) -> ResourceStatus {
    match resource.status {
        ResourceStatus::ImportInProgress => ResourceStatus::ImportFailed,
        // A nested stack exists also when its creation fails.
        ResourceStatus::CreateInProgress => ResourceStatus::CreateFailed,
        _ if resource.live.is_some() => ResourceStatus::UpdateFailed,
        _ => ResourceStatus::CreateFailed,
    }
}

/// Why the whole operation fails.
pub(super) fn failure_reason(draft: &Draft, failed: &[&str]) -> String {
    let of = |is_update: bool| -> Vec<&str> {
        failed
            .iter()
            .copied()
            .filter(|name| {
                let failed = |resource: &Resource| resource.status == ResourceStatus::UpdateFailed;
                let resource = draft.resources.get(*name);
                resource.is_some_and(|resource| failed(resource) == is_update)
            })
            .collect()
    };
    let mut reason = String::new();
    for (what, names) in [("create", of(false)), ("update", of(true))] {
        if !names.is_empty() {
            reason.push_str(&format!(
                "The following resource(s) failed to {what}: [{}]. ",
                names.join(", ")
            ));
        }
    }
    reason
}
