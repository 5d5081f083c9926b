//! What goes wrong with calls on purpose, whatever they do to stacks: the network, the service's mood, the other people.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::wire::Refusal;

/// The operation of a rule that strikes every call.
const EVERY_OPERATION: &str = "*";

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// The service refuses: too many calls (`Throttling`).
    Throttled,
    /// The service fails before it does anything (`InternalFailure`, status 500).
    InternalFailure,
    /// The service is not to be had (`ServiceUnavailable`, status 503).
    Unavailable,
    /// The caller's credentials have run out (`ExpiredToken`).
    Expired,
    /// The connection breaks before the call takes effect.
    LostBefore,
    /// The connection breaks after the call took effect, so that its answer is lost.
    LostAfter,
    /// The call takes effect, and the connection breaks in the middle of its answer.
    Cut,
    /// What the call names does not exist yet, as right after it was made. Strikes reads of stacks and change sets alone.
    Absent,
    /// The answer that the same call got the last time is given again, if it was asked before. Strikes reads alone.
    Stale,
}

impl Trouble {
    /// Every one of them.
    pub const ALL: [Self; 9] = [
        Self::Throttled,
        Self::InternalFailure,
        Self::Unavailable,
        Self::Expired,
        Self::LostBefore,
        Self::LostAfter,
        Self::Cut,
        Self::Absent,
        Self::Stale,
    ];

    /// What the service answers instead of doing anything, where it answers so.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Throttled => Some(Refusal::new("Throttling", "Rate exceeded")),
            Self::InternalFailure => Some(Refusal::internal("The scenario says that this fails")),
            Self::Unavailable => Some(
                Refusal::new("ServiceUnavailable", "The scenario says that this fails")
                    .with_status(503),
            ),
            Self::Expired => Some(
                Refusal::new(
                    "ExpiredToken",
                    "The security token included in the request is expired",
                )
                .with_status(403),
            ),
            Self::LostBefore | Self::LostAfter | Self::Cut | Self::Absent | Self::Stale => None,
        }
    }
}

/// Which calls a rule strikes, and how. Of several rules that strike one call, the first decides what happens to it;
/// latencies add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFault {
    /// The operation, `DescribeStacks`; `*` for all. In S3 that is `HeadObject` or `ListObjectsV2`, as its reference has it.
    pub operation: String,
    /// The first of the operation's calls that is struck, counted from one since the endpoint was opened.
    pub from: u64,
    /// How many are struck; none for all that follow.
    pub times: Option<u64>,
    /// Strikes one in so many of them.
    pub every: u64,
    /// What happens to them, if anything.
    pub trouble: Option<Trouble>,
    /// How long the endpoint waits before it does anything.
    pub latency: Duration,
    /// What someone else does to a stack just before.
    pub other: Option<Other>,
}

impl CallFault {
    /// A rule that does nothing yet to the calls of an operation, from the n-th on, so many of them.
    pub fn new(operation: &str, from: u64, times: Option<u64>) -> Self {
        Self {
            operation: operation.to_owned(),
            from,
            times,
            every: 1,
            trouble: None,
            latency: Duration::ZERO,
            other: None,
        }
    }

    /// Lets something happen to the calls.
    #[must_use]
    pub fn trouble(mut self, trouble: Trouble) -> Self {
        self.trouble = Some(trouble);
        self
    }

    /// Lets someone else do something just before the calls.
    #[must_use]
    pub fn other(mut self, other: Other) -> Self {
        self.other = Some(other);
        self
    }

    fn is_of(&self, operation: &str) -> bool {
        self.operation == EVERY_OPERATION || self.operation == operation
    }

    fn strikes(&self, number: u64) -> bool {
        let Some(since) = number.checked_sub(self.from) else {
            return false;
        };
        self.times
            .is_none_or(|times| since / self.every.max(1) < times)
            && since % self.every.max(1) == 0
    }
}

/// What someone else does to a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The stack's name.
    pub stack: String,
    /// What they do.
    pub deed: Deed,
}

/// What someone else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// They update the stack: the same template with a tag of theirs.
    Update,
    /// They delete it.
    Delete,
    /// They make a change set of their own for it.
    ChangeSet,
}

impl Other {
    /// The call they make, with its parameters.
    pub(crate) fn call(&self) -> (&'static str, Vec<(&'static str, &str)>) {
        let stack = ("StackName", self.stack.as_str());
        let same = ("UsePreviousTemplate", "true");
        let tag = [
            ("Tags.member.1.Key", "someone"),
            ("Tags.member.1.Value", "else"),
        ];
        let capable = ("Capabilities.member.1", "CAPABILITY_NAMED_IAM");
        match self.deed {
            Deed::Update => ("UpdateStack", vec![stack, same, capable, tag[0], tag[1]]),
            Deed::Delete => ("DeleteStack", vec![stack]),
            Deed::ChangeSet => (
                "CreateChangeSet",
                vec![
                    stack,
                    same,
                    capable,
                    tag[0],
                    tag[1],
                    ("ChangeSetName", "someone-elses"),
                ],
            ),
        }
    }
}

/// What is to happen to one call.
#[derive(Debug, Default)]
pub(crate) struct Fate<'a> {
    pub(crate) trouble: Option<Trouble>,
    pub(crate) latency: Duration,
    pub(crate) others: Vec<&'a Other>,
}

/// An answer that was given: its status and its body.
type Kept = (u16, Vec<u8>);

/// The calls so far: what decides which of them is struck.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// How many calls each rule has seen.
    seen: Mutex<Vec<u64>>,
    /// The last answer to each call that only reads, by what was asked.
    answers: Mutex<HashMap<Vec<u8>, Kept>>,
}

impl Calls {
    /// Counts a call, and decides what happens to it.
    pub(crate) fn fate<'a>(&self, rules: &'a [CallFault], operation: &str) -> Fate<'a> {
        let mut fate = Fate::default();
        let mut seen = lock(&self.seen);
        seen.resize(rules.len(), 0);
        for (rule, seen) in rules.iter().zip(seen.iter_mut()) {
            if !rule.is_of(operation) {
                continue;
            }
            *seen += 1;
            if rule.strikes(*seen) {
                fate.trouble = fate.trouble.or(rule.trouble);
                fate.latency += rule.latency;
                fate.others.extend(&rule.other);
            }
        }
        fate
    }

    /// Forgets how many calls each rule has seen.
    pub(crate) fn count_anew(&self) {
        lock(&self.seen).clear();
    }

    /// What the same call was answered the last time: status and body.
    pub(crate) fn last(&self, asked: &[u8]) -> Option<Kept> {
        lock(&self.answers).get(asked).cloned()
    }

    /// Keeps what a call was answered.
    pub(crate) fn keep(&self, asked: &[u8], status: u16, body: &[u8]) {
        lock(&self.answers).insert(asked.to_owned(), (status, body.to_owned()));
    }
}

/// Whether calls of an operation change nothing.
pub(crate) fn only_reads(operation: &str) -> bool {
    ["Describe", "List", "Get", "Head"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// What is said of something that does not exist, by the operations that read stacks and change sets.
pub(crate) fn absence(operation: &str, stack: &str, change_set: &str) -> Option<Refusal> {
    match operation {
        "DescribeStacks" => Some(Refusal::validation(format!(
            "Stack with id {stack} does not exist"
        ))),
        "DescribeStackEvents" => Some(Refusal::validation(format!(
            "Stack [{stack}] does not exist"
        ))),
        "DescribeChangeSet" => Some(
            Refusal::new(
                "ChangeSetNotFound",
                format!("ChangeSet [{change_set}] does not exist"),
            )
            .with_status(404),
        ),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_the_calls_it_names() {
        let mut rule = CallFault::new("A", 2, Some(2));
        let struck = |rule: &CallFault| (1..8).filter(|&n| rule.strikes(n)).collect::<Vec<_>>();
        assert_eq!(struck(&rule), [2, 3]);
        rule.every = 3;
        assert_eq!(struck(&rule), [2, 5]);
        rule.times = None;
        rule.every = 1;
        assert_eq!(struck(&rule), [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn the_first_rule_decides_and_each_counts_its_own_calls() {
        let calls = Calls::default();
        let rules = [
            CallFault::new("A", 2, Some(1)).trouble(Trouble::Cut),
            CallFault::new("*", 2, None).trouble(Trouble::Throttled),
        ];
        let fates = ["A", "B", "A", "A"].map(|name| calls.fate(&rules, name).trouble);
        let throttled = Some(Trouble::Throttled);
        assert_eq!(fates, [None, throttled, Some(Trouble::Cut), throttled]);
    }
}
