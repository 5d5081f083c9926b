//! The forward way of nested stacks: they are created and updated with the stack above.

use serde_json::Value;

use super::{
    super::{
        apply::{Walk, policy, policy_in_force},
        draft::{Draft, STACK_TYPE},
        outcome::begin_baseline,
        stack_policy::denial,
    },
    Above, Wanted,
    begin::begin,
    changes, existing, new_stack, wanted,
};
use crate::{
    evaluate::Failure,
    options::Step as FaultStep,
    state::{
        Deployed, ForeseenStack, Goal, OperationKind, Phase, Progress, Record, Resource,
        ResourceStatus, StackStatus,
    },
};

impl Walk<'_> {
    /// Creates a nested stack.
    pub(in crate::provision) fn create_nested(
        &self,
        draft: &mut Draft,
        mut resource: Resource,
        node: &Value,
        properties: Value,
    ) {
        begin_baseline(&mut resource);
        let mut created = Deployed {
            resource_type: STACK_TYPE.to_owned(),
            physical_id: String::new(),
            reference: String::new(),
            attributes: Default::default(),
            properties,
            declared: node.clone(),
            deletion_policy: policy(node, "DeletionPolicy"),
            update_replace_policy: policy(node, "UpdateReplacePolicy"),
            dependencies: self.dependencies(&resource),
            actual: None,
        };
        let made = match self.failure(&resource, &created, FaultStep::Create) {
            Some(reason) => Err(Failure(reason)),
            None => self.new_nested(draft, &resource, &created.properties),
        };
        resource.generation += 1;
        let status = ResourceStatus::CreateInProgress;
        match made {
            Err(failure) => self.begin(draft, resource, Goal::Fail(failure.0), status, None),
            Ok((nested, template)) => {
                created.physical_id.clone_from(&nested.stack.arn);
                created.reference.clone_from(&nested.stack.arn);
                let (arn, shown) = (created.physical_id.clone(), created.properties.to_string());
                let goal = Goal::Exist(Box::new(created));
                self.begin(draft, resource.clone(), goal, status, None);
                let initiated = Some("Resource creation Initiated".to_owned());
                draft.resource_event(&resource, arn, status, initiated, Some(shown));
                begin(
                    draft,
                    nested,
                    OperationKind::Create,
                    Phase::Apply,
                    StackStatus::CreateInProgress,
                    vec![template],
                );
            }
        }
    }

    /// A nested stack that is to be created, and its template.
    fn new_nested(
        &self,
        draft: &Draft,
        resource: &Resource,
        properties: &Value,
    ) -> Result<(Draft, Record), Failure> {
        let above = self.above(draft);
        let foreseen = foreseen(draft, &resource.logical_id);
        let wanted = wanted(&above, properties, foreseen)?;
        let template = wanted.template_record();
        let stack = new_stack(
            &above,
            self.environment.seed,
            &resource.logical_id,
            resource.generation,
            foreseen,
            wanted.definition,
            draft.now,
        )?;
        Ok((
            Draft::new(stack, self.environment.seed, draft.now),
            template,
        ))
    }

    /// Updates a nested stack. Its template may be another under the same address, so it is always looked at.
    pub(in crate::provision) fn update_nested(
        &self,
        draft: &mut Draft,
        mut resource: Resource,
        live: &Deployed,
        node: &Value,
        properties: Value,
    ) {
        begin_baseline(&mut resource);
        let updated = Deployed {
            properties,
            ..self.declared(&resource, live, node)
        };
        let change = match self.failure(&resource, &updated, FaultStep::Update) {
            Some(reason) => Err(Failure(reason)),
            None => self.changed_nested(draft, &resource, &updated),
        };
        if matches!(change, Ok(Some(_)))
            && let Some(reason) = denial(
                policy_in_force(draft),
                "Update:Modify",
                &resource.logical_id,
                STACK_TYPE,
            )
        {
            resource.progress = Progress::Failed;
            draft.tell(resource, ResourceStatus::UpdateFailed, Some(reason));
            return;
        }
        let goal = match &change {
            Err(failure) => Goal::Fail(failure.0.clone()),
            Ok(_) => Goal::Exist(Box::new(updated)),
        };
        self.begin(
            draft,
            resource,
            goal,
            ResourceStatus::UpdateInProgress,
            None,
        );
        if let Ok(Some((nested, records))) = change {
            begin(
                draft,
                nested,
                OperationKind::Update,
                Phase::Apply,
                StackStatus::UpdateInProgress,
                records,
            );
        }
    }

    /// The nested stack as an update would begin, with what else that changes; nothing when there is nothing to do.
    fn changed_nested(
        &self,
        draft: &Draft,
        resource: &Resource,
        updated: &Deployed,
    ) -> Result<Option<(Draft, Vec<Record>)>, Failure> {
        let state = self.environment.state;
        let above = self.above(draft);
        let foreseen = foreseen(draft, &resource.logical_id);
        let wanted: Wanted = wanted(&above, &updated.properties, foreseen)?;
        let changes = changes(&above, updated, &wanted)?;
        let Some(entry) = existing(state, &updated.physical_id) else {
            return Ok(None);
        };
        let stack = &entry.stack;
        let phase = stack.operation.as_ref().map(|operation| operation.phase);
        let is_paused = matches!(
            stack.status,
            StackStatus::CreateFailed | StackStatus::UpdateFailed
        ) || phase == Some(Phase::Held);
        if !changes && !is_paused {
            return Ok(None);
        }
        if !stack.status.is_updatable() && phase != Some(Phase::Held) {
            return Err(Failure::new(format!(
                "Stack:{} is in {} state and can not be updated.",
                stack.arn, stack.status
            )));
        }
        let gone = entry.change_sets.iter();
        let mut records = vec![wanted.template_record()];
        records.extend(gone.map(|one| Record::ChangeSetGone(stack.uuid.clone(), one.arn.clone())));
        let mut nested = Draft::of(entry, self.environment.seed, draft.now);
        nested.stack.definition = wanted.definition;
        Ok(Some((nested, records)))
    }

    fn above<'d>(&'d self, draft: &'d Draft) -> Above<'d> {
        Above {
            state: self.environment.state,
            account: self.environment.account,
            stack: &draft.stack,
            definition: &draft.stack.definition,
        }
    }
}

/// What was foreseen of a nested stack.
fn foreseen<'d>(draft: &'d Draft, logical_id: &str) -> Option<&'d ForeseenStack> {
    let operation = draft.stack.operation.as_ref()?;
    operation.foreseen.get(logical_id)
}
