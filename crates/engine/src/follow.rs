//! Following one operation on one stack to its end, by its events.
//!
//! Events arrive the newest first, in pages, and belong to every operation the stack has ever seen; those of one
//! operation carry its token. The stack is named by its ARN, so that a new one of the same name is not mistaken for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    pin::pin,
};

use assembly::ResourceOrigin;
use indexmap::IndexMap;
use tokio::time::{Duration, Instant, sleep_until};

use crate::{
    cause::{is_consequence, last_word},
    engine::Engine,
    error::{AwsError, AwsErrorKind, Error},
    event::Event,
    leftover::are_of_an_update,
    port::{Stack, StackEvent},
    status::{Ending, StackStatus},
};

/// How long an answer may take before that is said.
const SILENCE: Duration = Duration::from_secs(5);

/// After how many polls without a sign of the end the stack itself is asked.
const POLLS_PER_CHECK: u32 = 8;

/// How many answers of before an operation are not believed. Not every endpoint tells what was executed.
const MOST_LATE: u32 = 20;

/// How often is looked for the first event of an operation of which it is not known if it was begun.
const LOOKS: u32 = 4;

/// The operation to follow.
pub(crate) struct Followed<'a> {
    /// The stack's short name.
    pub(crate) stack: &'a str,
    /// Its ARN.
    pub(crate) stack_id: &'a str,
    /// The operation's token; none for the one that is under way, whoever began it.
    pub(crate) token: Option<&'a str>,
    /// The stack's newest event before the operation. Not every endpoint stamps tokens on events.
    pub(crate) after: Option<String>,
    /// The change set that is executed, if one is.
    pub(crate) change_set: Option<&'a str>,
    /// Whether the stack is to be gone in the end.
    pub(crate) deletes: bool,
    /// Where resources are declared.
    pub(crate) origins: &'a IndexMap<String, ResourceOrigin>,
    /// Whether following ends when the run is asked to stop.
    pub(crate) heeds_stop: bool,
}

impl Followed<'_> {
    /// How the operation ended, by its own last word: the stack may be at the next one already.
    fn ended_in(&self, events: &[StackEvent]) -> Option<StackStatus> {
        self.token.and_then(|_| self.last_word(events))
    }

    /// The ending that the last event of the stack as a whole tells of, if it is one.
    fn last_word(&self, events: &[StackEvent]) -> Option<StackStatus> {
        let mut own = events.iter().rev();
        let last = own.find(|event| event.is_of_stack(self.stack_id))?;
        let status = StackStatus::from(last.status.0.as_str());
        status.ending().is_some().then_some(status)
    }

    /// Whether a failure to read means nothing yet: what was just made may be invisible for a while, and a stack is known by
    /// its ARN long after it was deleted.
    fn waits_out(&self, error: &AwsError) -> bool {
        passes(error) || (error.kind == AwsErrorKind::NotFound && !self.deletes)
    }

    /// Whether an event belongs to the operation.
    fn has(&self, event: &StackEvent) -> bool {
        let stamped_otherwise = match (self.token, event.token.as_deref()) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        };
        !stamped_otherwise && self.after.as_ref() != Some(&event.id)
    }
}

/// How following ended.
pub(crate) enum End {
    /// The operation came to its end.
    Reached {
        /// The stack as it is now; nothing when it is deleted and forgotten.
        stack: Option<Box<Stack>>,
        /// The stack's status.
        status: StackStatus,
        /// The operation's events, the oldest first.
        events: Vec<StackEvent>,
    },
    /// The operation goes on without being followed: it was asked to stop, or no answers come.
    Detached(Option<Box<AwsError>>),
}

impl Engine<'_> {
    /// Follows an operation, telling what happens.
    pub(crate) async fn follow(&self, followed: &Followed<'_>) -> End {
        let mut story = Story::new();
        let mut waits = self.pace.waits();
        let mut last_answer = Instant::now();
        let mut polls_to_check = POLLS_PER_CHECK;
        let mut troubled = false;
        let stopped = async {
            if followed.heeds_stop {
                self.stop.cancelled().await;
            } else {
                pending::<()>().await;
            }
        };
        tokio::pin!(stopped);
        loop {
            let asked = Instant::now();
            let polled = {
                let mut poll = pin!(self.poll(followed, &mut story, &mut polls_to_check));
                loop {
                    tokio::select! {
                        biased;
                        polled = &mut poll => break polled,
                        () = &mut stopped => return End::Detached(None),
                        () = sleep_until(asked + SILENCE), if !troubled => {
                            let silence = asked.elapsed().as_secs();
                            let asking = format!("no answer for {silence} s; still asking");
                            self.note(followed.stack, asking);
                            troubled = true;
                        }
                    }
                }
            };
            match polled {
                Ok(Progress::Ended(stack, status)) => {
                    return End::Reached {
                        stack,
                        status,
                        events: story.events,
                    };
                }
                Ok(progress) => {
                    last_answer = Instant::now();
                    if troubled {
                        self.note(followed.stack, "answers come again");
                    }
                    troubled = false;
                    if matches!(progress, Progress::News) {
                        waits.hurry();
                    }
                }
                Err(error)
                    if followed.waits_out(&error)
                        && last_answer.elapsed() < self.pace.patience() =>
                {
                    if !troubled {
                        let patience = self.pace.patience().as_secs();
                        let again = format!("{error}; asking again for up to {patience} s");
                        self.note(followed.stack, again);
                    }
                    troubled = true;
                }
                Err(error) => return End::Detached(Some(error)),
            }
            tokio::select! {
                // In this order, not in one drawn by lot: who repeats a simulation wants it to go the same way.
                biased;
                () = &mut stopped => return End::Detached(None),
                () = waits.rest() => {}
            }
        }
    }

    async fn poll(
        &self,
        followed: &Followed<'_>,
        story: &mut Story,
        polls_to_check: &mut u32,
    ) -> Result<Progress, Box<AwsError>> {
        let mut looks_ended = false;
        let news = match self.new_events(followed, story).await {
            // A deleted stack is forgotten in the end, with its events.
            Err(error) if error.kind == AwsErrorKind::NotFound && followed.deletes => {
                looks_ended = true;
                Vec::new()
            }
            news => news?,
        };
        for event in &news {
            looks_ended |= event.is_of_stack(followed.stack_id)
                && StackStatus::from(event.status.0.as_str())
                    .ending()
                    .is_some();
            self.tell_of(followed, story, event);
        }
        let any = !news.is_empty();
        story.events.extend(news);
        *polls_to_check = polls_to_check.saturating_sub(1);
        if looks_ended || *polls_to_check == 0 {
            *polls_to_check = POLLS_PER_CHECK;
            let stack = self.cloud.stack(followed.stack_id).await?;
            let status = match &stack {
                Some(stack) => stack.status.clone(),
                None if followed.deletes => StackStatus::DeleteComplete,
                None => return Ok(story.heard(followed, polls_to_check)),
            };
            // An answer of before the execution names another change set, or none.
            let executed = stack.as_ref().and_then(|stack| stack.change_set.as_deref());
            if followed.change_set.is_some()
                && executed.is_some()
                && executed != followed.change_set
            {
                return Ok(story.heard(followed, polls_to_check));
            }
            // A stack that was only just executed may still show how the operation before ended: that is no end
            // unless this operation has begun. Nothing is late for ever.
            let has_begun = looks_ended
                || !story.events.is_empty()
                || executed.is_some() && executed == followed.change_set
                || story.began_at.elapsed() > self.pace.patience();
            if status.ending().is_some() && has_begun {
                let own = followed.ended_in(&story.events);
                return Ok(Progress::Ended(stack.map(Box::new), own.unwrap_or(status)));
            }
            if followed.last_word(&story.events).is_some() {
                return Ok(story.heard(followed, polls_to_check));
            }
        }
        Ok(if any {
            Progress::News
        } else {
            Progress::Nothing
        })
    }

    /// The operation's events that are not in the story yet, the oldest first.
    async fn new_events(
        &self,
        followed: &Followed<'_>,
        story: &mut Story,
    ) -> Result<Vec<StackEvent>, Box<AwsError>> {
        let mut news = Vec::new();
        let mut page: Option<String> = None;
        'pages: loop {
            let answer = self
                .cloud
                .events(followed.stack_id, page.as_deref())
                .await?;
            for event in answer.events {
                if story.seen.contains(&event.id) || followed.after.as_ref() == Some(&event.id) {
                    break 'pages;
                }
                if !followed.has(&event) {
                    // Somebody may have begun the next operation already; what is older than ours is of the one before.
                    if news.is_empty() {
                        continue;
                    }
                    break 'pages;
                }
                let is_first =
                    followed.token.is_none() && begins_operation(&event, followed.stack_id);
                news.push(event);
                if is_first {
                    break 'pages;
                }
            }
            page = answer.next;
            if page.is_none() {
                break;
            }
        }
        news.reverse();
        story.seen.extend(news.iter().map(|event| event.id.clone()));
        Ok(news)
    }

    fn tell_of(&self, followed: &Followed<'_>, story: &mut Story, event: &StackEvent) {
        if event.is_of_stack(followed.stack_id) {
            self.tell(Event::StackStatus {
                stack: followed.stack.to_owned(),
                status: StackStatus::from(event.status.0.as_str()),
                reason: event.reason.clone(),
            });
            return;
        }
        let origin = followed.origins.get(&event.logical_id);
        self.tell(Event::Resource {
            stack: followed.stack.to_owned(),
            logical_id: event.logical_id.clone(),
            resource_type: event.resource_type.clone(),
            status: event.status.clone(),
            reason: event.reason.clone(),
            source: origin.map(|origin| origin.source.clone()),
            path: origin.map(|origin| origin.path.clone()),
            elapsed_ms: story.elapsed(event),
            configured: event.configured,
            consequence: event.status.is_failed() && is_consequence(event),
        });
    }

    /// What an operation's end means: an error unless it succeeded.
    pub(crate) async fn judge(
        &self,
        followed: &Followed<'_>,
        status: StackStatus,
        events: &[StackEvent],
    ) -> Result<(), Error> {
        let stack = followed.stack.to_owned();
        match status.ending() {
            Some(Ending::Succeeded)
                if followed.deletes == (status == StackStatus::DeleteComplete) =>
            {
                Ok(())
            }
            // CloudFormation calls off the deletion of a stack of which others import something.
            Some(Ending::Succeeded) if followed.ended_in(events).is_some() => Err(Error::Failed {
                stack,
                status,
                cause: last_word(followed.stack_id, events).map(Box::new),
            }),
            Some(Ending::Succeeded) => Err(Error::Moved {
                stack,
                reason: format!("someone else worked on it meanwhile, and it is in `{status}`"),
            }),
            Some(Ending::RolledBack | Ending::Failed) | None => {
                let cause = self
                    .cause(followed.stack, followed.stack_id, events, followed.origins)
                    .await;
                // That is how a first create ends.
                let is_half_done = status == StackStatus::RollbackComplete
                    && are_of_an_update(events, followed.stack_id);
                Err(if is_half_done {
                    Error::HalfDone {
                        stack,
                        status,
                        cause,
                    }
                } else {
                    Error::Failed {
                        stack,
                        status,
                        cause,
                    }
                })
            }
        }
    }

    /// Whether an operation that could not be begun for certain was begun all the same: the answer may be lost, or be that
    /// to a repetition. Its events tell; they may be late.
    pub(crate) async fn has_begun(
        &self,
        stack_id: &str,
        token: &str,
    ) -> Result<bool, Box<AwsError>> {
        let mut waits = self.pace.waits();
        let mut looks = 0;
        loop {
            looks += 1;
            match self.cloud.events(stack_id, None).await {
                Ok(page) => {
                    let is_own = |event: &StackEvent| event.token.as_deref() == Some(token);
                    if page.events.iter().any(is_own) {
                        return Ok(true);
                    }
                    if looks >= LOOKS {
                        return Ok(false);
                    }
                }
                // A stack that was only just made may not be seen yet.
                Err(error)
                    if looks >= LOOKS
                        || !(passes(&error) || error.kind == AwsErrorKind::NotFound) =>
                {
                    return Err(error);
                }
                Err(_) => {}
            }
            waits.rest().await;
        }
    }

    /// The stack's newest event, to tell those of the next operation from it.
    pub(crate) async fn newest_event(&self, stack_id: &str) -> Result<Option<String>, Error> {
        let page = self.cloud.events(stack_id, None).await?;
        Ok(page.events.into_iter().next().map(|event| event.id))
    }
}

/// What a poll brought.
enum Progress {
    Nothing,
    News,
    Ended(Option<Box<Stack>>, StackStatus),
}

/// What is known of an operation so far.
struct Story {
    /// When following it began.
    began_at: Instant,
    events: Vec<StackEvent>,
    seen: BTreeSet<String>,
    /// How many answers were of before the operation.
    late: u32,
    /// When CloudFormation began its present work on each resource.
    began: BTreeMap<String, i64>,
}

impl Story {
    fn new() -> Self {
        Self {
            began_at: Instant::now(),
            events: Vec::new(),
            seen: BTreeSet::new(),
            late: 0,
            began: BTreeMap::new(),
        }
    }

    /// What to make of an answer that is late: the stack is asked again soon. When that does not help, the events alone tell
    /// how the operation ended, if they do.
    fn heard(&mut self, followed: &Followed<'_>, polls_to_check: &mut u32) -> Progress {
        self.late += 1;
        *polls_to_check = 1;
        match followed.last_word(&self.events) {
            Some(status) if self.late > MOST_LATE => Progress::Ended(None, status),
            _ => Progress::Nothing,
        }
    }

    /// How long CloudFormation has been at work on the event's resource, in milliseconds.
    fn elapsed(&mut self, event: &StackEvent) -> u64 {
        let began = *self
            .began
            .entry(event.logical_id.clone())
            .or_insert(event.at);
        if !event.status.is_in_progress() {
            // What comes later, a rollback say, is another piece of work.
            self.began.remove(&event.logical_id);
        }
        u64::try_from(event.at - began).unwrap_or_default()
    }
}

/// Whether an event is the first of an operation that a person or program asked for.
pub(crate) fn begins_operation(event: &StackEvent, stack_id: &str) -> bool {
    const ASKED_FOR: &str = "User Initiated";
    let reason = event.reason.as_deref();
    event.is_of_stack(stack_id)
        && match StackStatus::from(event.status.0.as_str()) {
            StackStatus::CreateInProgress
            | StackStatus::UpdateInProgress
            | StackStatus::DeleteInProgress
            | StackStatus::ImportInProgress => reason.is_none_or(|reason| reason == ASKED_FOR),
            // Most often it is the consequence of a failure, and part of that operation.
            StackStatus::RollbackInProgress | StackStatus::UpdateRollbackInProgress => {
                reason == Some(ASKED_FOR)
            }
            _ => false,
        }
}

/// Whether the same call may well succeed a little later.
pub(crate) fn passes(error: &AwsError) -> bool {
    match error.kind {
        AwsErrorKind::Unreachable
        | AwsErrorKind::TimedOut
        | AwsErrorKind::Throttled
        | AwsErrorKind::Unavailable
        | AwsErrorKind::Unreadable => true,
        AwsErrorKind::CredentialsMissing
        | AwsErrorKind::CredentialsExpired
        | AwsErrorKind::CredentialsInvalid
        | AwsErrorKind::AccessDenied
        | AwsErrorKind::NotFound
        | AwsErrorKind::AlreadyExists
        | AwsErrorKind::Conflict
        | AwsErrorKind::LimitExceeded
        | AwsErrorKind::Refused => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::ResourceStatus;

    #[test]
    fn an_operation_begins_where_someone_asked_for_it() {
        for (status, reason, begins) in [
            ("CREATE_IN_PROGRESS", Some("User Initiated"), true),
            ("UPDATE_IN_PROGRESS", Some("User Initiated"), true),
            ("DELETE_IN_PROGRESS", None, true),
            // A create that failed and is deleted as was asked for then.
            (
                "DELETE_IN_PROGRESS",
                Some("The following resource(s) failed to create: [A]. Delete requested by user."),
                false,
            ),
            // A rollback is part of what failed, but for one that was asked for.
            (
                "UPDATE_ROLLBACK_IN_PROGRESS",
                Some("The following resource(s) failed to update: [A]. "),
                false,
            ),
            ("UPDATE_ROLLBACK_IN_PROGRESS", None, false),
            ("UPDATE_ROLLBACK_IN_PROGRESS", Some("User Initiated"), true),
            ("REVIEW_IN_PROGRESS", Some("User Initiated"), false),
        ] {
            let event = StackEvent {
                id: "1".to_owned(),
                logical_id: "shop".to_owned(),
                physical_id: Some("arn".to_owned()),
                resource_type: "AWS::CloudFormation::Stack".to_owned(),
                status: ResourceStatus(status.to_owned()),
                reason: reason.map(str::to_owned),
                configured: false,
                token: None,
                at: 0,
            };
            assert_eq!(
                begins_operation(&event, "arn"),
                begins,
                "{status} {reason:?}"
            );
            assert!(!begins_operation(&event, "another"));
        }
    }
}
