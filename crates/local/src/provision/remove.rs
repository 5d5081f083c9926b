//! Deletion: what an update left behind, what a failed creation had made, or everything.

use std::collections::BTreeSet;

use super::{
    advance::{Environment, Pace},
    draft::Draft,
    nested::{Way, begin_removal, due, is_stack, settle},
    sight::{Seen, Sight, pseudo_of, scope},
};
use crate::{
    options::Step as FaultStep,
    state::{
        DeletionPolicy, Deployed, Goal, OperationKind, Phase, Progress, Resource, ResourceStatus,
        Stack, StackStatus, State,
    },
};

/// Deletes what an update replaced or no longer wants.
pub(super) fn clean_up(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let wanted = wanted(environment, &draft.stack);
    let sweep = Sweep {
        environment,
        kind: Kind::Cleanup,
        is_unwanted: &|resource: &Resource| !wanted.contains(&resource.logical_id),
    };
    let pace = match settle(environment, draft) {
        Pace::Ended => sweep.step(draft),
        pace => pace,
    };
    match pace {
        Pace::Ended => {
            // A failed clean-up leaves things behind, and the update is complete all the same.
            let left: Vec<String> = draft
                .resources
                .values()
                .filter(|resource| !wanted.contains(&resource.logical_id))
                .map(|resource| resource.logical_id.clone())
                .collect();
            for logical_id in left {
                draft.remove(&logical_id);
            }
            draft.end(StackStatus::UpdateComplete, None);
            Pace::Moved
        }
        pace => pace,
    }
}

/// Deletes what the failed update had made; resources that did not exist before go altogether.
pub(super) fn undo(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let sweep = Sweep {
        environment,
        kind: Kind::Undo,
        is_unwanted: &|resource: &Resource| resource.baseline == crate::state::Baseline::Nothing,
    };
    sweep.step(draft)
}

/// Deletes every resource of the stack.
pub(super) fn delete_all(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let Some(operation) = draft.stack.operation.clone() else {
        return Pace::Ended;
    };
    let is_delete = operation.kind == OperationKind::Delete;
    if is_delete && let Some(reason) = export_in_use(environment.state, &draft.stack) {
        // CloudFormation calls the deletion off: the stack is as it was, under the status that it had.
        let before = operation.before.unwrap_or(StackStatus::DeleteFailed);
        draft.end(before, Some(reason));
        return Pace::Moved;
    }
    let sweep = Sweep {
        environment,
        kind: if is_delete { Kind::Delete } else { Kind::Undo },
        is_unwanted: &|_| true,
    };
    let pace = sweep.step(draft);
    if pace != Pace::Ended {
        return pace;
    }
    let failed: Vec<&str> = draft
        .resources
        .values()
        .filter(|resource| resource.progress == Progress::Failed)
        .map(|resource| resource.logical_id.as_str())
        .collect();
    let goes_away = is_delete || draft.stack.status == StackStatus::DeleteInProgress;
    if !failed.is_empty() {
        let reason = format!(
            "The following resource(s) failed to delete: [{}]. ",
            failed.join(", ")
        );
        let status = if goes_away {
            StackStatus::DeleteFailed
        } else {
            StackStatus::RollbackFailed
        };
        draft.end(status, Some(reason));
    } else if goes_away {
        draft.stack.deleted = Some(draft.now);
        draft.stack.outputs.clear();
        draft.stack.imports.clear();
        draft.end(StackStatus::DeleteComplete, None);
    } else {
        draft.end(StackStatus::RollbackComplete, None);
    }
    Pace::Moved
}

/// Why a stack cannot go: another one reads its exports.
fn export_in_use(state: &State, stack: &Stack) -> Option<String> {
    let exports = stack
        .outputs
        .iter()
        .filter_map(|output| output.export.as_deref());
    for export in exports {
        let readers = readers_of(state, stack, export);
        if !readers.is_empty() {
            return Some(format!(
                "Delete canceled. Cannot delete export {export} as it is in use by {}.",
                readers.join(" and ")
            ));
        }
    }
    None
}

/// The names of the stacks that read an export of this one.
pub(crate) fn readers_of<'a>(state: &'a State, owner: &Stack, export: &str) -> Vec<&'a str> {
    state
        .present(&owner.region)
        .filter(|entry| entry.stack.uuid != owner.uuid)
        .filter(|entry| entry.stack.imports.iter().any(|name| name == export))
        .map(|entry| entry.stack.name.as_str())
        .collect()
}

/// The logical ids that the stack's template wants, conditions applied.
fn wanted(environment: Environment<'_>, stack: &Stack) -> BTreeSet<String> {
    let absent = |_: &str| Seen::Absent;
    let sight = Sight {
        state: environment.state,
        region: &stack.region,
        resource: &absent,
    };
    let pseudo = pseudo_of(environment.account, stack, &stack.definition);
    let scope = scope(environment.document, &stack.definition, pseudo, &sight);
    environment
        .document
        .resources()
        // The conditions were evaluated before, or the update would not have come so far.
        .filter(|(_, node)| scope.as_ref().map_or(true, |scope| scope.is_wanted(node)))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Why things are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The update is done.
    Cleanup,
    /// What this operation made is undone.
    Undo,
    /// The stack goes.
    Delete,
}

/// One look at everything there is to delete.
struct Sweep<'a> {
    environment: Environment<'a>,
    kind: Kind,
    /// Whether a resource goes altogether, not only what it superseded.
    is_unwanted: &'a dyn Fn(&Resource) -> bool,
}

impl Sweep<'_> {
    fn step(&self, draft: &mut Draft) -> Pace {
        let names: Vec<String> = draft.resources.keys().cloned().collect();
        let mut moved = false;
        let mut earliest = None;
        for name in &names {
            let Some(resource) = draft.resources.get(name) else {
                continue;
            };
            if let Progress::Started { .. } = resource.progress {
                match due(self.environment, draft, name, Way::Away) {
                    None => {
                        self.finish(draft, name);
                        moved = true;
                    }
                    Some(until) => {
                        earliest = Some(earliest.map_or(until, |earliest| until.min(earliest)));
                    }
                }
            }
        }
        let before = self.environment.state.stacks.get(&draft.stack.uuid);
        // Nothing goes before what depends on it is gone; what just went is seen by the next step.
        let needed: BTreeSet<&str> = before
            .into_iter()
            .flat_map(|entry| entry.resources.values())
            .filter(|resource| {
                self.is_pending(resource) || matches!(resource.progress, Progress::Started { .. })
            })
            .flat_map(|resource| {
                let live = resource
                    .live
                    .iter()
                    .filter(|_| (self.is_unwanted)(resource));
                live.chain(&resource.superseded)
                    .flat_map(|deployed| &deployed.dependencies)
                    .filter(|name| **name != resource.logical_id)
            })
            .map(String::as_str)
            .collect();
        for name in &names {
            let is_ready = !needed.contains(name.as_str())
                && draft
                    .resources
                    .get(name)
                    .is_some_and(|resource| self.is_pending(resource));
            if is_ready {
                self.start(draft, name);
                moved = true;
            }
        }
        match (moved, earliest) {
            (true, _) => Pace::Moved,
            (false, Some(until)) => Pace::Waits(until),
            (false, None) => Pace::Ended,
        }
    }

    /// Whether something of a resource is still to be deleted.
    fn is_pending(&self, resource: &Resource) -> bool {
        if resource.progress != Progress::Idle {
            return false;
        }
        let is_unwanted = (self.is_unwanted)(resource);
        !resource.superseded.is_empty()
            || is_unwanted && (resource.live.is_some() || !is_gone(resource.status))
    }

    fn start(&self, draft: &mut Draft, name: &str) {
        let Some(mut resource) = draft.resource(name) else {
            return;
        };
        let superseded = resource.superseded.first().cloned();
        let Some(target) = superseded.clone().or_else(|| resource.live.clone()) else {
            // It never came into being.
            resource.progress = Progress::Done;
            if self.kind == Kind::Delete || draft.stack.stable.is_none() {
                draft.tell(resource, ResourceStatus::DeleteComplete, None);
            } else {
                draft.tell(resource, ResourceStatus::DeleteComplete, None);
                draft.remove(name);
            }
            return;
        };
        if self.keeps(draft, &resource, &target, superseded.is_some()) {
            let status = ResourceStatus::DeleteSkipped;
            draft.orphan(target.clone());
            if superseded.is_some() {
                resource.superseded.remove(0);
                draft.resource_event(&resource, target.physical_id, status, None, None);
                draft.put(resource);
            } else {
                resource.progress = Progress::Done;
                draft.tell(resource.clone(), status, None);
                resource.status = status;
                self.drop_live(draft, resource);
            }
            return;
        }
        let delay = self.environment.faults.delay_of(name);
        let until = draft.now.checked_add(delay).unwrap_or(draft.now);
        let obstacle = self.environment.faults.failure(name, FaultStep::Delete);
        let obstacle = obstacle
            .map(str::to_owned)
            .or_else(|| self.content_of(&target));
        let obstacle = match obstacle {
            None if is_stack(&target.resource_type) => {
                begin_removal(self.environment, draft, &target.physical_id).err()
            }
            obstacle => obstacle,
        };
        let goal = match obstacle {
            Some(reason) => Goal::Fail(reason),
            None if superseded.is_some() => Goal::SupersededGone(target.physical_id.clone()),
            None => Goal::Gone,
        };
        resource.progress = Progress::Started { until, goal };
        if superseded.is_some() {
            let status = ResourceStatus::DeleteInProgress;
            draft.resource_event(&resource, target.physical_id, status, None, None);
            draft.put(resource);
        } else {
            draft.tell(resource, ResourceStatus::DeleteInProgress, None);
        }
    }

    /// Why a bucket cannot go: objects were uploaded to it.
    fn content_of(&self, target: &Deployed) -> Option<String> {
        let bucket = &target.physical_id;
        let is_full = target.resource_type == "AWS::S3::Bucket"
            && self
                .environment
                .state
                .objects
                .keys()
                .any(|(owner, _)| owner == bucket);
        is_full.then(|| {
            "Resource handler returned message: \"The bucket you tried to delete is not empty (Service: S3, Status Code: 409)\" (HandlerErrorCode: GeneralServiceException)".to_owned()
        })
    }

    fn finish(&self, draft: &mut Draft, name: &str) {
        let Some(mut resource) = draft.resource(name) else {
            return;
        };
        let Progress::Started { goal, .. } =
            std::mem::replace(&mut resource.progress, Progress::Idle)
        else {
            return;
        };
        match goal {
            Goal::SupersededGone(physical_id) => {
                resource
                    .superseded
                    .retain(|old| old.physical_id != physical_id);
                let status = ResourceStatus::DeleteComplete;
                draft.resource_event(&resource, physical_id, status, None, None);
                draft.put(resource);
            }
            Goal::Gone => {
                resource.progress = Progress::Done;
                draft.tell(resource.clone(), ResourceStatus::DeleteComplete, None);
                resource.status = ResourceStatus::DeleteComplete;
                self.drop_live(draft, resource);
            }
            Goal::Fail(reason) => self.fail(draft, resource, reason),
            Goal::Exist(_) => draft.put(resource),
        }
    }

    fn fail(&self, draft: &mut Draft, mut resource: Resource, reason: String) {
        let is_forced = draft
            .stack
            .operation
            .as_ref()
            .is_some_and(|operation| operation.force_delete);
        resource.progress = if is_forced {
            Progress::Done
        } else {
            Progress::Failed
        };
        resource.reason = Some(reason.clone());
        draft.tell(resource.clone(), ResourceStatus::DeleteFailed, Some(reason));
        if self.kind != Kind::Delete || is_forced {
            let left: Vec<Deployed> = resource.superseded.drain(..).collect();
            for deployed in left {
                draft.orphan(deployed);
            }
        }
        if is_forced && let Some(live) = resource.live.take() {
            draft.orphan(live);
        }
        resource.status = ResourceStatus::DeleteFailed;
        draft.put(resource);
    }

    /// Takes what existed off a resource; a stack that lives on forgets the resource altogether.
    fn drop_live(&self, draft: &mut Draft, mut resource: Resource) {
        let is_last = matches!(
            draft
                .stack
                .operation
                .as_ref()
                .map(|operation| operation.phase),
            Some(Phase::Delete)
        );
        resource.live = None;
        resource.timestamp = draft.now;
        let logical_id = resource.logical_id.clone();
        draft.put(resource);
        if !is_last {
            draft.remove(&logical_id);
        }
    }

    /// Whether a physical resource outlives this.
    fn keeps(
        &self,
        draft: &Draft,
        resource: &Resource,
        target: &Deployed,
        is_superseded: bool,
    ) -> bool {
        let Some(operation) = &draft.stack.operation else {
            return false;
        };
        let policy = if is_superseded && self.kind != Kind::Undo {
            target.update_replace_policy
        } else {
            target.deletion_policy
        };
        match self.kind {
            Kind::Delete => {
                operation.retain.contains(&resource.logical_id)
                    || matches!(
                        policy,
                        DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate
                    )
            }
            Kind::Cleanup => matches!(
                policy,
                DeletionPolicy::Retain | DeletionPolicy::RetainExceptOnCreate
            ),
            Kind::Undo => {
                operation.import.contains_key(&resource.logical_id)
                    || policy == DeletionPolicy::Retain && !operation.retain_except_on_create
            }
        }
    }
}

fn is_gone(status: ResourceStatus) -> bool {
    matches!(
        status,
        ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped
    )
}
