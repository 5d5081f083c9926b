//! The forward way: resources are created, updated and replaced until the stack is what its template says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    advance::{Environment, Pace},
    conflict::{Owner, owner_of, replaces_in_place},
    difference::{differences, same},
    draft::Draft,
    drift::as_found,
    identity::{Birth, first_generation, identify},
    nested::{Way, due, is_stack},
    outcome::{begin_baseline, failed_status, failure_reason, finish},
    outputs,
    sight::{Seen, Sight, pseudo_of, scope},
    stack_policy::denial,
    validation::violations,
};
use crate::{
    evaluate::Scope,
    facts::{self, Recreation},
    options::Step as FaultStep,
    state::{
        Baseline, DeletionPolicy, Deployed, Goal, OperationKind, Phase, Progress, Resource,
        ResourceStatus, StackStatus,
    },
};

/// Makes one step of the forward way.
pub(super) fn step(environment: Environment<'_>, draft: &mut Draft) -> Pace {
    let Some(entry) = environment.state.stacks.get(&draft.stack.uuid) else {
        return Pace::Ended;
    };
    let see = |name: &str| match entry
        .resources
        .get(name)
        .and_then(|resource| resource.live.as_ref())
    {
        Some(live) => Seen::Deployed(live),
        None => Seen::Absent,
    };
    let sight = Sight {
        state: environment.state,
        region: &entry.stack.region,
        resource: &see,
    };
    let pseudo = pseudo_of(environment.account, &entry.stack, &entry.stack.definition);
    let scope = match scope(
        environment.document,
        &entry.stack.definition,
        pseudo,
        &sight,
    ) {
        Ok(scope) => scope,
        Err(failure) => {
            draft.fail(failure.0);
            return Pace::Moved;
        }
    };
    if entry
        .stack
        .operation
        .as_ref()
        .is_some_and(|operation| operation.cancelled)
    {
        draft.fail("User Initiated".to_owned());
        return Pace::Moved;
    }
    let walk = Walk {
        environment,
        scope: &scope,
    };
    walk.step(draft)
}

/// One look at all resources of the template.
pub(super) struct Walk<'a> {
    pub(super) environment: Environment<'a>,
    scope: &'a Scope<'a>,
}

impl Walk<'_> {
    fn step(&self, draft: &mut Draft) -> Pace {
        let document = self.environment.document;
        let wanted: Vec<(&str, &Value)> = document
            .resources()
            .filter(|(_, node)| self.scope.is_wanted(node))
            .collect();
        let names: BTreeSet<&str> = wanted.iter().map(|(name, _)| *name).collect();
        let mut moved = false;
        let mut earliest = None;
        for (name, _) in &wanted {
            if let Some(Progress::Started { .. }) = progress(draft, name) {
                match due(self.environment, draft, name, Way::Forward) {
                    None => {
                        finish(draft, name);
                        moved = true;
                    }
                    Some(until) => {
                        earliest = Some(earliest.map_or(until, |earliest| until.min(earliest)));
                    }
                }
            }
        }
        let failed: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| progress(draft, name) == Some(&Progress::Failed))
            .collect();
        if failed.is_empty() {
            for (name, node) in &wanted {
                let is_ready = matches!(progress(draft, name), None | Some(Progress::Idle))
                    && document
                        .dependencies(name)
                        .iter()
                        .filter(|other| names.contains(other.as_str()))
                        // What this very step finished is seen by the next one.
                        .all(|other| self.was_done(draft, other));
                if is_ready {
                    self.start(draft, name, node);
                    moved = true;
                }
            }
        } else if !moved {
            let is_paused = draft
                .stack
                .operation
                .as_ref()
                .is_some_and(|operation| operation.disable_rollback);
            // A paused stack keeps what it has begun, so that is waited for; a rollback does not wait.
            if let (true, Some(until)) = (is_paused, earliest) {
                return Pace::Waits(until);
            }
            draft.fail(failure_reason(draft, &failed));
            return Pace::Moved;
        }
        match (moved, earliest) {
            (true, _) => Pace::Moved,
            (false, Some(until)) => Pace::Waits(until),
            (false, None) => self.complete(draft),
        }
    }

    fn was_done(&self, draft: &Draft, name: &str) -> bool {
        let before = self
            .environment
            .state
            .stacks
            .get(&draft.stack.uuid)
            .and_then(|entry| entry.resources.get(name));
        before.is_some_and(|resource| resource.progress == Progress::Done)
    }

    /// Begins what a resource needs, which may be nothing.
    fn start(&self, draft: &mut Draft, name: &str, node: &Value) {
        let type_name = node["Type"].as_str().unwrap_or_default();
        let mut resource = draft.resource(name).unwrap_or_else(|| Resource {
            logical_id: name.to_owned(),
            resource_type: type_name.to_owned(),
            status: ResourceStatus::CreateInProgress,
            reason: None,
            timestamp: draft.now,
            live: None,
            baseline: Baseline::Same,
            progress: Progress::Idle,
            superseded: Vec::new(),
            generation: first_generation(&draft.stack),
        });
        type_name.clone_into(&mut resource.resource_type);
        let properties = match self.scope.properties(node) {
            Ok(properties) => properties,
            Err(failure) => {
                let status = failed_status(&resource);
                begin_baseline(&mut resource);
                resource.progress = Progress::Failed;
                draft.tell(resource, status, Some(failure.0));
                return;
            }
        };
        match resource.live.clone() {
            None if is_stack(type_name) => self.create_nested(draft, resource, node, properties),
            Some(live) if is_stack(type_name) => {
                self.update_nested(draft, resource, &live, node, properties);
            }
            None => self.create(draft, resource, node, properties),
            Some(live) if live.is_gone() && reverts_drift(draft) => {
                begin_baseline(&mut resource);
                resource.live = None;
                self.create(draft, resource, node, properties);
            }
            Some(live) => self.update(draft, resource, &live, node, properties),
        }
    }

    fn create(&self, draft: &mut Draft, mut resource: Resource, node: &Value, properties: Value) {
        begin_baseline(&mut resource);
        let operation = draft.stack.operation.as_ref();
        let imported = operation
            .and_then(|operation| operation.import.get(&resource.logical_id))
            .cloned();
        let is_import = imported.is_some();
        let created = self.born(draft, &mut resource, node, properties, imported.as_ref());
        let status = if is_import {
            ResourceStatus::ImportInProgress
        } else {
            ResourceStatus::CreateInProgress
        };
        let goal = match self.obstacle(draft, &resource, &created, FaultStep::Create, is_import) {
            Some(reason) => Goal::Fail(reason),
            None => Goal::Exist(Box::new(created)),
        };
        let initiated = match &goal {
            Goal::Exist(created) => {
                Some((created.physical_id.clone(), created.properties.to_string()))
            }
            _ => None,
        };
        self.begin(draft, resource.clone(), goal, status, None);
        if let Some((physical_id, properties)) = initiated {
            let reason = if is_import {
                "Resource import started.".to_owned()
            } else {
                "Resource creation Initiated".to_owned()
            };
            draft.resource_event(
                &resource,
                physical_id,
                status,
                Some(reason),
                Some(properties),
            );
        }
    }

    fn update(
        &self,
        draft: &mut Draft,
        mut resource: Resource,
        live: &Deployed,
        node: &Value,
        properties: Value,
    ) {
        let found = as_found(live).filter(|_| reverts_drift(draft));
        let start = found.as_ref().unwrap_or(&live.properties);
        let changes = differences(&live.resource_type, start, &properties);
        let recreation = changes
            .iter()
            .map(|change| {
                let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
                facts::recreation(&live.resource_type, &path, change.before, change.after)
            })
            .max();
        let mut updated = self.declared(&resource, live, node);
        let Some(recreation) = recreation else {
            if reverts_drift(draft) {
                // It is what the template says by now, whoever made it so.
                updated.properties = properties;
                updated.actual = None;
            }
            // Nothing of the resource itself changes; what the stack knows of it may.
            if updated != *live {
                begin_baseline(&mut resource);
                resource.live = Some(updated);
            }
            resource.progress = Progress::Done;
            draft.put(resource);
            return;
        };
        begin_baseline(&mut resource);
        let action = if recreation == Recreation::Always {
            "Update:Replace"
        } else {
            "Update:Modify"
        };
        let policy = policy_in_force(draft);
        if let Some(reason) = denial(policy, action, &resource.logical_id, &live.resource_type) {
            resource.progress = Progress::Failed;
            draft.tell(resource, ResourceStatus::UpdateFailed, Some(reason));
            return;
        }
        if recreation == Recreation::Always {
            let created = self.born(draft, &mut resource, node, properties, None);
            let reason = "Requested update requires the creation of a new physical resource; hence creating one.";
            let obstacle = self.obstacle(draft, &resource, &created, FaultStep::Update, false);
            let status = ResourceStatus::UpdateInProgress;
            let (physical_id, shown) =
                (created.physical_id.clone(), created.properties.to_string());
            let is_possible = obstacle.is_none();
            let goal = match obstacle {
                Some(reason) => Goal::Fail(reason),
                None => Goal::Exist(Box::new(created)),
            };
            self.begin(
                draft,
                resource.clone(),
                goal,
                status,
                Some(reason.to_owned()),
            );
            if is_possible {
                let reason = "Resource creation Initiated".to_owned();
                draft.resource_event(&resource, physical_id, status, Some(reason), Some(shown));
            }
            return;
        }
        follow_properties(&mut updated, &properties);
        updated.properties = properties;
        updated.actual = None;
        let obstacle = self
            .absence(live)
            .or_else(|| self.failure(&resource, &updated, FaultStep::Update));
        let goal = match obstacle {
            Some(reason) => Goal::Fail(reason),
            None => Goal::Exist(Box::new(updated)),
        };
        self.begin(
            draft,
            resource,
            goal,
            ResourceStatus::UpdateInProgress,
            None,
        );
    }

    pub(super) fn begin(
        &self,
        draft: &mut Draft,
        mut resource: Resource,
        goal: Goal,
        status: ResourceStatus,
        reason: Option<String>,
    ) {
        let is_express = draft
            .stack
            .operation
            .as_ref()
            .is_some_and(|operation| operation.express);
        let delay = match is_express {
            // It may become stable later; nobody waits for that.
            true => std::time::Duration::ZERO,
            false => self.environment.faults.delay_of(&resource.logical_id),
        };
        let until = draft.now.checked_add(delay).unwrap_or(draft.now);
        resource.progress = Progress::Started { until, goal };
        draft.tell(resource, status, reason);
    }

    /// What exists, with what the template says of it now beside its properties.
    pub(super) fn declared(&self, resource: &Resource, live: &Deployed, node: &Value) -> Deployed {
        Deployed {
            declared: node.clone(),
            deletion_policy: policy(node, "DeletionPolicy"),
            update_replace_policy: policy(node, "UpdateReplacePolicy"),
            dependencies: self.dependencies(resource),
            ..live.clone()
        }
    }

    pub(super) fn dependencies(&self, resource: &Resource) -> Vec<String> {
        let document = self.environment.document;
        document.dependencies(&resource.logical_id).to_vec()
    }

    /// A new physical resource.
    fn born(
        &self,
        draft: &Draft,
        resource: &mut Resource,
        node: &Value,
        properties: Value,
        imported: Option<&std::collections::BTreeMap<String, String>>,
    ) -> Deployed {
        let identity = identify(&Birth {
            seed: self.environment.seed,
            pseudo: &self.scope.pseudo,
            stack_uuid: &draft.stack.uuid,
            logical_id: &resource.logical_id,
            type_name: &resource.resource_type,
            properties: &properties,
            generation: resource.generation,
            imported,
        });
        resource.generation += 1;
        Deployed {
            resource_type: resource.resource_type.clone(),
            physical_id: identity.physical_id,
            reference: identity.reference,
            attributes: identity.attributes,
            properties,
            declared: node.clone(),
            deletion_policy: policy(node, "DeletionPolicy"),
            update_replace_policy: policy(node, "UpdateReplacePolicy"),
            dependencies: self.dependencies(resource),
            actual: None,
        }
    }

    /// Why a new physical resource cannot come into being.
    fn obstacle(
        &self,
        draft: &Draft,
        resource: &Resource,
        created: &Deployed,
        step: FaultStep,
        is_import: bool,
    ) -> Option<String> {
        if let Some(reason) = self.failure(resource, created, step) {
            return Some(reason);
        }
        let id = &created.physical_id;
        if let Some(live) = &resource.live
            && live.physical_id == *id
            && !replaces_in_place(&created.resource_type)
        {
            return Some(format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {id} and update the stack again."
            ));
        }
        let owner = owner_of(self.environment.state, &draft.stack.region, created)?;
        let is_mine = matches!(&owner, Owner::Stack(uuid, logical_id)
            if *uuid == draft.stack.uuid && *logical_id == resource.logical_id);
        match owner {
            Owner::Nobody if is_import => None,
            Owner::Stack(..) if is_mine => None,
            Owner::Nobody | Owner::Stack(..) => Some(format!(
                "Resource handler returned message: \"Resource of type '{}' with identifier '{id}' already exists.\" (RequestToken: {}, HandlerErrorCode: AlreadyExists)",
                created.resource_type,
                crate::identifiers::uuid(
                    self.environment.seed,
                    &["handler", &draft.stack.uuid, id]
                ),
            )),
        }
    }

    /// Why a resource cannot be updated that something else has deleted.
    fn absence(&self, live: &Deployed) -> Option<String> {
        live.is_gone().then(|| {
            format!(
                "Resource handler returned message: \"Resource of type '{}' with identifier '{}' was not found.\" (RequestToken: {}, HandlerErrorCode: NotFound)",
                live.resource_type,
                live.physical_id,
                crate::identifiers::uuid(self.environment.seed, &["handler", &live.physical_id]),
            )
        })
    }

    /// Why a resource cannot be as it should.
    pub(super) fn failure(
        &self,
        resource: &Resource,
        wanted: &Deployed,
        step: FaultStep,
    ) -> Option<String> {
        let found = violations(&wanted.resource_type, &wanted.properties);
        if !found.is_empty() {
            return Some(format!(
                "Properties validation failed for resource {} with message:\n{}",
                resource.logical_id,
                found.join("\n")
            ));
        }
        let reason = self
            .environment
            .faults
            .failure(&resource.logical_id, step)?;
        Some(reason.to_owned())
    }

    /// All resources are there: outputs, and the end or the clean-up.
    fn complete(&self, draft: &mut Draft) -> Pace {
        let kept: BTreeSet<&str> = self
            .environment
            .document
            .resources()
            .filter(|(_, node)| self.scope.is_wanted(node))
            .map(|(name, _)| name)
            .collect();
        let denied = draft
            .resources
            .values()
            .filter(|resource| !kept.contains(resource.logical_id.as_str()))
            .find_map(|resource| {
                let policy = policy_in_force(draft);
                denial(
                    policy,
                    "Update:Delete",
                    &resource.logical_id,
                    &resource.resource_type,
                )
            });
        if let Some(reason) = denied {
            draft.fail(reason);
            return Pace::Moved;
        }
        let outputs = match outputs::evaluate(self.environment.state, self.scope, &draft.stack) {
            Ok(outputs) => outputs,
            Err(failure) => {
                draft.fail(failure.0);
                return Pace::Moved;
            }
        };
        draft.stack.outputs = outputs;
        draft.stack.imports = outputs::imports(self.scope);
        let Some(operation) = draft.stack.operation.as_ref() else {
            return Pace::Ended;
        };
        let is_import = operation.imports_only;
        match operation.kind {
            OperationKind::Create if is_import => draft.end(StackStatus::ImportComplete, None),
            OperationKind::Create => draft.end(StackStatus::CreateComplete, None),
            _ if is_import => draft.end(StackStatus::ImportComplete, None),
            _ => {
                draft.status(StackStatus::UpdateCleanup, None);
                draft.enter_or_hold(Phase::Cleanup);
            }
        }
        Pace::Moved
    }
}

/// Whether the operation brings back what something else has changed.
fn reverts_drift(draft: &Draft) -> bool {
    let operation = draft.stack.operation.as_ref();
    operation.is_some_and(|operation| operation.revert_drift)
}

/// The stack policy that holds for this operation; what a first operation makes is under none.
pub(super) fn policy_in_force(draft: &Draft) -> Option<&str> {
    let operation = draft.stack.operation.as_ref()?;
    let is_create = operation.kind == OperationKind::Create;
    let policy = operation.policy.as_ref().or(draft.stack.policy.as_ref());
    policy.filter(|_| !is_create).map(String::as_str)
}

fn progress<'a>(draft: &'a Draft, name: &str) -> Option<&'a Progress> {
    draft.resources.get(name).map(|resource| &resource.progress)
}

/// Attributes that repeat a property follow it.
fn follow_properties(deployed: &mut Deployed, properties: &Value) {
    for (name, value) in &mut deployed.attributes {
        let at = |root: &Value| {
            name.split('.')
                .try_fold(root.clone(), |value, segment| value.get(segment).cloned())
        };
        if let (Some(before), Some(after)) = (at(&deployed.properties), at(properties))
            && same(Some(&before), Some(value))
        {
            *value = after;
        }
    }
}

/// A policy of a resource as the template has it.
pub(super) fn policy(node: &Value, name: &str) -> DeletionPolicy {
    let word = node.get(name).and_then(Value::as_str);
    word.and_then(|word| word.parse().ok())
        .unwrap_or(DeletionPolicy::Delete)
}
