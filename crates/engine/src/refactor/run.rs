//! Carrying out a refactor: made, compared with the plan, executed, followed to its end.

use std::collections::BTreeSet;

use plan::{RefactorPlan, digest};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::port::{
    RefactorAction, RefactorProgress, RefactorRequest, RefactorState, ResourcePlace,
};
use crate::{
    engine::{Engine, TOKEN_PREFIX},
    error::{AwsErrorKind, Error},
    event::{Event, Operation},
    follow::passes,
    status::StackStatus,
};

/// How long making a refactor may take, which is a matter of seconds.
const MAKING: Duration = Duration::from_secs(5 * 60);

/// How long executing one may take.
const EXECUTING: Duration = Duration::from_secs(60 * 60);

/// A refactor that is ready to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedRefactor {
    /// What it does.
    pub plan: RefactorPlan,
    /// The templates of its stacks afterwards, in the order of the plan.
    pub(crate) bodies: Vec<Value>,
    /// Their texts.
    pub(crate) texts: Vec<String>,
}

/// How a refactor ended that did not fail.
#[derive(Debug)]
pub(crate) enum Moved {
    /// All resources are in their new places.
    Done,
    /// It was asked to stop, and the refactor goes on.
    Detached,
}

impl PreparedRefactor {
    /// What it is known by: a later run that wants the same finds it again.
    fn description(&self) -> String {
        let content = digest(&json!({ "stacks": self.plan.stacks, "moves": self.plan.moves }));
        format!("{}{}", prefix(), &content[..24])
    }

    /// Whether it makes a stack, by its short name.
    pub(crate) fn creates(&self, stack: &str) -> bool {
        let mut stacks = self.plan.stacks.iter();
        stacks.any(|one| one.name == stack && one.creates)
    }

    fn places(&self) -> impl Iterator<Item = (ResourcePlace, ResourcePlace)> {
        let place = |text: &str| {
            let (stack, logical_id) = text.split_once('/').unwrap_or(("", text));
            let mut stacks = self.plan.stacks.iter();
            let stack_name = stacks
                .find(|one| one.name == stack)
                .map_or_else(|| stack.to_owned(), |one| one.stack_name.clone());
            ResourcePlace {
                stack_name,
                logical_id: logical_id.to_owned(),
            }
        };
        let moves = self.plan.moves.iter();
        moves.map(move |one| (place(&one.from), place(&one.to)))
    }

    /// What CloudFormation must say that it will do, and nothing else.
    fn actions(&self) -> BTreeSet<RefactorAction> {
        let moves = self
            .places()
            .map(|(from, to)| RefactorAction::Move { from, to });
        let made = self.plan.stacks.iter().filter(|stack| stack.creates);
        moves
            .chain(made.map(|stack| RefactorAction::CreateStack(stack.stack_name.clone())))
            .collect()
    }

    /// The stack that failures are told of.
    pub(crate) fn first_stack(&self) -> &str {
        self.plan
            .stacks
            .first()
            .map_or("", |stack| stack.name.as_str())
    }
}

/// How the descriptions begin of the refactors that this program makes.
fn prefix() -> String {
    format!("{TOKEN_PREFIX}moves-")
}

impl Engine<'_> {
    /// Carries a refactor out. One that an earlier run made and did not come to execute is used.
    pub(crate) async fn carry_out(&self, prepared: &PreparedRefactor) -> Result<Moved, Error> {
        self.go_on()?;
        for stack in &prepared.plan.stacks {
            let concerned = prepared.plan.moves.iter().filter(|one| {
                let within = |place: &str| {
                    place
                        .split_once('/')
                        .is_some_and(|(name, _)| name == stack.name)
                };
                within(&one.from) || within(&one.to)
            });
            self.tell(Event::StackStarted {
                stack: stack.name.clone(),
                stack_name: stack.stack_name.clone(),
                operation: Operation::Refactor,
                resources: Some(concerned.count()),
            });
        }
        let begun = async {
            let id = self.made(prepared).await?;
            self.go_on()?;
            self.execute_refactor(prepared, &id).await?;
            Ok::<_, Error>(id)
        };
        let id = match begun.await {
            Ok(id) => id,
            Err(error) => {
                self.remove_shells(prepared).await;
                return Err(error);
            }
        };
        self.follow_refactor(prepared.first_stack(), &id).await
    }

    /// Makes the refactor, and makes sure that it does what was planned and nothing else.
    async fn made(&self, prepared: &PreparedRefactor) -> Result<String, Error> {
        let description = prepared.description();
        let available = self.cloud.refactors_available().await?;
        let known = available
            .into_iter()
            .find(|one| one.description.as_ref() == Some(&description));
        let id = match known {
            Some(known) => known.id,
            None => {
                let mut stacks = Vec::new();
                for (stack, text) in prepared.plan.stacks.iter().zip(&prepared.texts) {
                    let template = self.place_template(&stack.name, text).await?;
                    stacks.push((stack.stack_name.clone(), template));
                }
                let request = RefactorRequest {
                    description,
                    stacks,
                    mappings: prepared.places().collect(),
                    creates_stacks: prepared.plan.stacks.iter().any(|stack| stack.creates),
                };
                self.cloud.create_refactor(&request).await?
            }
        };
        let refused = |reason: Option<String>| Error::RefactorRefused {
            stacks: names(prepared),
            reason: reason.unwrap_or_else(|| "no reason is given".to_owned()),
        };
        let start = Instant::now();
        let mut waits = self.pace.waits();
        loop {
            let found = self.cloud.refactor(&id).await?;
            match found.progress {
                RefactorProgress::Available => break,
                RefactorProgress::Refused | RefactorProgress::Obsolete => {
                    return Err(refused(found.reason));
                }
                // Another run has taken it over.
                RefactorProgress::Executing
                | RefactorProgress::Done
                | RefactorProgress::RollingBack
                | RefactorProgress::RolledBack
                | RefactorProgress::Failed => return Ok(id),
                RefactorProgress::Pending => {}
            }
            self.go_on()?;
            if start.elapsed() > MAKING {
                return Err(overdue(prepared.first_stack(), MAKING));
            }
            waits.rest().await;
        }
        let actions = self.cloud.refactor_actions(&id).await?;
        let actions: BTreeSet<RefactorAction> = actions.into_iter().collect();
        let wanted = prepared.actions();
        let unplanned = actions
            .difference(&wanted)
            .map(|one| told(one, "would too"));
        let missing = wanted
            .difference(&actions)
            .map(|one| told(one, "would not"));
        let differences: Vec<String> = unplanned.chain(missing).collect();
        if differences.is_empty() {
            Ok(id)
        } else {
            Err(Error::RefactorDiffers {
                stacks: names(prepared),
                differences,
            })
        }
    }

    /// Starts executing. When the answer is lost or says that it cannot be, the refactor tells whether it was begun.
    async fn execute_refactor(&self, prepared: &PreparedRefactor, id: &str) -> Result<(), Error> {
        let Err(error) = self.cloud.execute_refactor(id).await else {
            return Ok(());
        };
        if error.kind == AwsErrorKind::AccessDenied || error.is_about_credentials() {
            return Err(error.into());
        }
        let found = self.cloud.refactor(id).await?;
        match found.progress {
            RefactorProgress::Executing
            | RefactorProgress::Done
            | RefactorProgress::RollingBack
            | RefactorProgress::RolledBack
            | RefactorProgress::Failed => Ok(()),
            RefactorProgress::Obsolete => Err(Error::Moved {
                stack: prepared.first_stack().to_owned(),
                reason: found.reason.unwrap_or(error.message),
            }),
            RefactorProgress::Pending | RefactorProgress::Refused | RefactorProgress::Available => {
                Err(error.into())
            }
        }
    }

    /// Follows a refactor to its end.
    async fn follow_refactor(&self, stack: &str, id: &str) -> Result<Moved, Error> {
        let start = Instant::now();
        let mut waits = self.pace.waits();
        let mut is_rolling_back = false;
        let mut last_answer = start;
        let mut last_sight = start;
        loop {
            let found = match self.cloud.refactor(id).await {
                Ok(found) => {
                    last_answer = Instant::now();
                    found
                }
                // It goes on all the same.
                Err(error) if passes(&error) && last_answer.elapsed() < self.pace.patience() => {
                    waits.rest().await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let failed = |found: RefactorState, fate: &'static str| Error::RefactorFailed {
                stack: stack.to_owned(),
                fate,
                reason: found
                    .reason
                    .unwrap_or_else(|| "no reason is given".to_owned()),
            };
            match found.progress {
                RefactorProgress::Done => return Ok(Moved::Done),
                RefactorProgress::RolledBack => {
                    return Err(failed(
                        found,
                        "it was undone: every resource is where it was, and nothing else was begun",
                    ));
                }
                RefactorProgress::Failed => {
                    return Err(failed(
                        found,
                        "undoing it failed too: some resources may be listed in neither stack, though none was deleted",
                    ));
                }
                RefactorProgress::Refused | RefactorProgress::Obsolete => {
                    return Err(failed(found, "nothing was begun"));
                }
                RefactorProgress::RollingBack if !is_rolling_back => {
                    is_rolling_back = true;
                    let reason = found.reason.as_deref().unwrap_or("no reason is given");
                    self.note(
                        stack,
                        format!("the move failed and is being undone: {reason}"),
                    );
                }
                RefactorProgress::Pending
                | RefactorProgress::Available
                | RefactorProgress::Executing
                | RefactorProgress::RollingBack => {}
            }
            // That it was not begun is known better here: the answer is late.
            let is_late = matches!(
                found.progress,
                RefactorProgress::Pending | RefactorProgress::Available
            );
            if !is_late {
                last_sight = Instant::now();
            }
            for (since, patience) in [(last_sight, self.pace.patience()), (start, EXECUTING)] {
                if since.elapsed() > patience {
                    return Err(overdue(stack, patience));
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(Moved::Detached),
                () = waits.rest() => {}
            }
        }
    }

    /// Follows the refactor to its end that an earlier run of this program began and a stack is part of; says whether there
    /// is one.
    pub(crate) async fn attach_refactor(&self, stack: &str, stack_id: &str) -> Result<bool, Error> {
        let under_way = match self.cloud.refactors_under_way().await {
            Ok(under_way) => under_way,
            // The stack's own events tell as much.
            Err(error) if error.kind == AwsErrorKind::AccessDenied => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let own = under_way.into_iter().filter(|one| {
            let description = one.description.as_deref();
            description.is_some_and(|text| text.starts_with(&prefix()))
        });
        for one in own {
            let found = self.cloud.refactor(&one.id).await?;
            if found.stack_ids.iter().any(|id| id == stack_id) {
                self.note(
                    stack,
                    "resources of it are being moved by an earlier run: that is followed to its end first",
                );
                return match self.follow_refactor(stack, &one.id).await {
                    Ok(Moved::Done) => Ok(true),
                    Ok(Moved::Detached) => Err(Error::Interrupted),
                    // What is left of it is planned again.
                    Err(error @ Error::RefactorFailed { .. }) => {
                        self.note(stack, error.to_string());
                        Ok(true)
                    }
                    Err(error) => Err(error),
                };
            }
        }
        Ok(false)
    }

    /// Takes away the empty shells that a refactor which is not executed has left of new stacks.
    async fn remove_shells(&self, prepared: &PreparedRefactor) {
        for stack in prepared.plan.stacks.iter().filter(|stack| stack.creates) {
            let removed = async {
                let Some(found) = self.cloud.stack(&stack.stack_name).await? else {
                    return Ok(());
                };
                let is_shell = found.status == StackStatus::ReviewInProgress
                    && self.cloud.change_sets(&found.id).await?.is_empty();
                if is_shell {
                    self.remove_shell(&stack.name, &found.id).await?;
                }
                Ok::<_, Error>(())
            };
            if let Err(error) = removed.await {
                self.note(
                    &stack.name,
                    format!("an empty stack could not be removed: {error}"),
                );
            }
        }
    }
}

fn names(prepared: &PreparedRefactor) -> Vec<String> {
    let stacks = prepared.plan.stacks.iter();
    stacks.map(|stack| stack.name.clone()).collect()
}

fn told(action: &RefactorAction, verb: &str) -> String {
    match action {
        RefactorAction::Move { from, to } => format!(
            "it {verb} move `{}/{}` to `{}/{}`",
            from.stack_name, from.logical_id, to.stack_name, to.logical_id
        ),
        RefactorAction::CreateStack(name) => format!("it {verb} create stack `{name}`"),
        RefactorAction::Other(words) => format!("it {verb} do this: {words}"),
    }
}

fn overdue(stack: &str, patience: Duration) -> Error {
    Error::Overdue {
        stack: stack.to_owned(),
        what: "the move of its resources",
        minutes: patience.as_secs().div_ceil(60),
    }
}
