//! Deleting stacks, the last deployed first.

use std::collections::BTreeSet;

use assembly::StackManifest;
use futures_util::future::try_join_all;

use crate::{
    desired::Assembly,
    engine::Engine,
    error::Error,
    event::{Event, Operation},
    follow::{End, Followed},
    order::{Step, Worked},
    outcome::{Outcome, Report, Skipped},
    port::{DeleteRequest, Deletion, Stack},
    remaining::{Remaining, RemainingKind},
    status::{Condition, StackStatus},
};

impl Engine<'_> {
    /// Deletes the named stacks, or every one, each after all that depend on it.
    ///
    /// What CloudFormation is doing with them is followed to its end first, so that a run which was killed is gone on with.
    ///
    /// # Errors
    /// A name is unknown; a stack is protected, or needed by a deployed one that is not named; a call fails. Nothing is
    /// deleted then.
    pub async fn destroy(&self, assembly: &Assembly, names: &[String]) -> Result<Report, Error> {
        let mut selected = BTreeSet::new();
        for name in names {
            selected.insert(assembly.stack(name)?.name.as_str());
        }
        if names.is_empty() {
            selected.extend(
                assembly
                    .manifest
                    .stacks
                    .iter()
                    .map(|stack| stack.name.as_str()),
            );
        }
        let deployed = self.settled(assembly, &selected).await?;
        let steps = deployed
            .iter()
            .rev()
            .filter(|(stack, _)| selected.contains(stack.name.as_str()))
            .map(|(stack, _)| Step {
                stack,
                after: deployed
                    .iter()
                    .filter(|(other, _)| other.depends_on.contains(&stack.name))
                    .map(|(other, _)| other.name.as_str())
                    .collect(),
            })
            .collect();
        Ok(self
            .in_order(steps, async |stack: &StackManifest| {
                let (_, found) = deployed
                    .iter()
                    .find(|(other, _)| other.name == stack.name)
                    .expect("every step was made from a deployed stack");
                match self.destroy_stack(stack, found).await {
                    Ok(worked) => worked,
                    Err(Error::Interrupted) => Outcome::Skipped(Skipped::Interrupted).into(),
                    Err(error) => Outcome::Failed(error).into(),
                }
            })
            .await)
    }

    /// The stacks of an assembly that exist, in the order they deploy.
    async fn deployed<'m>(
        &self,
        assembly: &'m Assembly,
    ) -> Result<Vec<(&'m StackManifest, Stack)>, Error> {
        let found = try_join_all(assembly.manifest.stacks.iter().map(|stack| async move {
            self.pace.permit().await;
            let found = self.cloud.stack(&stack.stack_name).await?;
            Ok::<_, Error>(found.map(|found| (stack, found)))
        }))
        .await?;
        let exists = |stack: &Stack| stack.status != StackStatus::DeleteComplete;
        Ok(found
            .into_iter()
            .flatten()
            .filter(|(_, found)| exists(found))
            .collect())
    }

    /// The same once nothing is under way any more with the selected ones, which must all be free to go.
    async fn settled<'m>(
        &self,
        assembly: &'m Assembly,
        selected: &BTreeSet<&str>,
    ) -> Result<Vec<(&'m StackManifest, Stack)>, Error> {
        loop {
            let deployed = self.deployed(assembly).await?;
            check(selected, &deployed)?;
            let busy = deployed.iter().filter(|(stack, found)| {
                selected.contains(stack.name.as_str())
                    && found.status.condition() == Condition::Busy
            });
            // Whatever it comes to: the stack is to go.
            let attached = busy.map(|(stack, found)| self.attach(stack, found));
            if try_join_all(attached).await?.is_empty() {
                return Ok(deployed);
            }
        }
    }

    /// Deletes one stack, and gathers what remains of it.
    async fn destroy_stack(&self, stack: &StackManifest, found: &Stack) -> Result<Worked, Error> {
        self.go_on()?;
        let foreign = self.foreign_change_sets(found).await?;
        if !foreign.is_empty() {
            // With the shell they would go, and somebody may be about to execute one.
            let left = foreign.into_iter().map(|name| Remaining {
                kind: RemainingKind::ChangeSet,
                stack: Some(stack.name.clone()),
                logical_id: None,
                resource_type: None,
                name,
                why: "someone else made it and may be about to execute it".to_owned(),
                certain: true,
            });
            return Ok(Worked {
                left: left.collect(),
                ..Worked::from(Outcome::Unchanged)
            });
        }
        let inventory = self.inventory(stack, found).await?;
        let mut worked = self.delete(stack, found, Deletion::Whole).await?;
        if matches!(worked.outcome, Outcome::Deleted) {
            worked.left = inventory.remaining(&stack.name, &worked.remains);
        }
        Ok(worked)
    }

    /// Deletes one stack and follows that to its end.
    pub(crate) async fn delete(
        &self,
        stack: &StackManifest,
        found: &Stack,
        deletion: Deletion,
    ) -> Result<Worked, Error> {
        self.tell(Event::StackStarted {
            stack: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            operation: Operation::Delete,
            resources: None,
        });
        if found.status == StackStatus::ReviewInProgress {
            // It holds nothing, and no event would tell its end.
            self.remove_shell(&stack.name, &found.id).await?;
            return Ok(Outcome::Deleted.into());
        }
        let token = self.token("delete", &stack.stack_name);
        let followed = Followed {
            stack: &stack.name,
            stack_id: &found.id,
            after: self.newest_event(&found.id).await?,
            token: Some(&token),
            change_set: None,
            deletes: true,
            origins: &stack.resources,
            heeds_stop: true,
        };
        let request = DeleteRequest {
            stack: found.id.clone(),
            token: token.clone(),
            role_arn: self.role_of(stack),
            deletion,
        };
        if let Err(error) = self.cloud.delete_stack(&request).await {
            match self.has_begun(&found.id, &token).await {
                Ok(true) => {}
                Ok(false) => return Err(error.into()),
                Err(unknown) => return Ok(Outcome::Detached(Some(unknown)).into()),
            }
        }
        match self.follow(&followed).await {
            End::Detached(error) => Ok(Outcome::Detached(error).into()),
            End::Reached { status, events, .. } => {
                self.judge(&followed, status, &events).await?;
                Ok(Worked {
                    remains: self.remains(&followed, &events).await,
                    ..Worked::from(Outcome::Deleted)
                })
            }
        }
    }
}

/// An error when not all of the selected stacks can be deleted.
fn check(selected: &BTreeSet<&str>, deployed: &[(&StackManifest, Stack)]) -> Result<(), Error> {
    let is_selected = |stack: &StackManifest| selected.contains(stack.name.as_str());
    let protected: Vec<String> = deployed
        .iter()
        .filter(|(stack, found)| is_selected(stack) && found.termination_protection)
        .map(|(stack, _)| stack.name.clone())
        .collect();
    if !protected.is_empty() {
        return Err(Error::Protected { stacks: protected });
    }
    for (stack, _) in deployed.iter().filter(|(stack, _)| is_selected(stack)) {
        let consumers: Vec<String> = deployed
            .iter()
            .filter(|(other, _)| !is_selected(other) && other.depends_on.contains(&stack.name))
            .map(|(other, _)| other.name.clone())
            .collect();
        if !consumers.is_empty() {
            return Err(Error::Needed {
                stack: stack.name.clone(),
                consumers,
            });
        }
    }
    Ok(())
}
