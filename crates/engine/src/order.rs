//! Work on many stacks: each as soon as those before it are done, all others at the same time.

use std::collections::{BTreeMap, BTreeSet};

use assembly::StackManifest;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::Instant;

use crate::{
    engine::{Engine, milliseconds_since},
    error::{Error, Hint as _},
    event::Event,
    outcome::{Outcome, Report, Skipped, StackReport},
    port::StackResource,
    remaining::Remaining,
};

/// A stack and the short names of those that must be done before it.
pub(crate) struct Step<'a> {
    pub(crate) stack: &'a StackManifest,
    pub(crate) after: BTreeSet<&'a str>,
}

/// What working on a stack came to.
pub(crate) struct Worked {
    pub(crate) outcome: Outcome,
    pub(crate) outputs: indexmap::IndexMap<String, String>,
    pub(crate) remains: Vec<StackResource>,
    /// What remains of a deleted stack.
    pub(crate) left: Vec<Remaining>,
}

impl From<Outcome> for Worked {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            outputs: indexmap::IndexMap::new(),
            remains: Vec::new(),
            left: Vec::new(),
        }
    }
}

impl Engine<'_> {
    /// Works on every step in order. Those after one that did not end well are skipped; the others go on.
    pub(crate) async fn in_order<'s, F>(
        &self,
        steps: Vec<Step<'s>>,
        work: impl Fn(&'s StackManifest) -> F,
    ) -> Report
    where
        F: Future<Output = Worked>,
    {
        let names: BTreeSet<&str> = steps.iter().map(|step| step.stack.name.as_str()).collect();
        let mut ended_well: BTreeMap<&str, bool> = BTreeMap::new();
        let mut waiting: Vec<Step> = steps;
        for step in &mut waiting {
            step.after.retain(|name| names.contains(name));
        }
        let mut running = FuturesUnordered::new();
        let mut report = Report::default();
        loop {
            // One pass skips only what stands directly behind a failure; what stands behind that follows in the next.
            let mut skipped_any = true;
            while skipped_any {
                skipped_any = false;
                for step in std::mem::take(&mut waiting) {
                    let failed = step
                        .after
                        .iter()
                        .find(|name| ended_well.get(*name) == Some(&false));
                    let skip = if self.stop.is_cancelled() {
                        Some(Skipped::Interrupted)
                    } else {
                        failed.map(|name| Skipped::After((*name).to_owned()))
                    };
                    if let Some(skip) = skip {
                        ended_well.insert(&step.stack.name, false);
                        report.stacks.push(self.ended(
                            step.stack,
                            Outcome::Skipped(skip).into(),
                            Instant::now(),
                        ));
                        skipped_any = true;
                    } else if step
                        .after
                        .iter()
                        .all(|name| ended_well.get(name) == Some(&true))
                    {
                        let start = Instant::now();
                        let work = work(step.stack);
                        running.push(async move { (step.stack, work.await, start) });
                    } else {
                        waiting.push(step);
                    }
                }
            }
            let Some((stack, worked, start)) = running.next().await else {
                break;
            };
            ended_well.insert(&stack.name, worked.outcome.is_success());
            report.stacks.push(self.ended(stack, worked, start));
        }
        report
    }

    pub(crate) fn ended(
        &self,
        stack: &StackManifest,
        worked: Worked,
        start: Instant,
    ) -> StackReport {
        let report = StackReport {
            name: stack.name.clone(),
            stack_name: stack.stack_name.clone(),
            outcome: worked.outcome,
            outputs: worked.outputs,
            remains: worked.remains,
            left: worked.left,
            elapsed_ms: milliseconds_since(start),
        };
        self.tell(ended(
            &report.name,
            &report.outcome,
            &report.remains,
            report.elapsed_ms,
        ));
        report
    }
}

/// The event that tells how work on a stack ended.
pub(crate) fn ended(
    stack: &str,
    outcome: &Outcome,
    remains: &[StackResource],
    elapsed_ms: u64,
) -> Event {
    let (error, cause, hints) = match outcome {
        Outcome::Failed(error) => {
            let cause = match error {
                Error::Failed { cause, .. } => cause.clone(),
                _ => None,
            };
            (Some(error.to_string()), cause, error.hints())
        }
        Outcome::Detached(Some(error)) => (Some(error.to_string()), None, error.hints()),
        Outcome::Skipped(Skipped::After(name)) => {
            (Some(format!("`{name}` did not end well")), None, Vec::new())
        }
        Outcome::Unchanged
        | Outcome::Created
        | Outcome::Updated
        | Outcome::Deleted
        | Outcome::RolledBack
        | Outcome::Cancelled
        | Outcome::Detached(None)
        | Outcome::Skipped(Skipped::Interrupted) => (None, None, Vec::new()),
    };
    Event::StackFinished {
        stack: stack.to_owned(),
        outcome: outcome.kind(),
        elapsed_ms,
        error,
        cause,
        hints,
        remains: remains.to_vec(),
    }
}
