//! What happens, as lines of JSON on stdout: `--json` of the commands that change something. `docs/events.md` says what each
//! line means.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use assembly::Diagnostic;
use engine::{Diagnosis, Event, Holder, OutcomeKind, Remaining, StackResource, StackStatus};
use indexmap::IndexMap;
use plan::Plan;
use serde::Serialize;

use crate::error::CommandError;

/// The version of these lines.
const FORMAT_VERSION: &str = "1.0";

/// A line that is not an event of the engine.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Line<'a> {
    /// What is about to be done.
    Plan { plan: &'a Plan },
    /// What is wrong with a stack.
    Diagnosis {
        stack: &'a str,
        stack_name: &'a str,
        status: &'a StackStatus,
        reason: Option<&'a str>,
        holder: Option<&'a Holder>,
        hindrances: Vec<&'a StackResource>,
        ways: Vec<&'static str>,
    },
    /// What the stacks that were worked on tell.
    Outputs {
        stacks: &'a IndexMap<String, IndexMap<String, String>>,
    },
    /// What remains after a destruction, and why.
    Remaining { remaining: &'a [Remaining] },
    /// How the command ended: always the last line.
    Summary {
        outcome: &'static str,
        exit_code: u8,
        elapsed_ms: u64,
        stacks: IndexMap<String, OutcomeKind>,
        error: Option<String>,
        hints: &'a [String],
        diagnostics: &'a [Diagnostic],
    },
}

impl<'a> Line<'a> {
    /// What is wrong with a stack, and the ways out.
    pub(crate) fn diagnosis(diagnosis: &'a Diagnosis) -> Self {
        let hindrances = diagnosis.hindrances.iter();
        Self::Diagnosis {
            stack: &diagnosis.stack,
            stack_name: &diagnosis.stack_name,
            status: &diagnosis.status,
            reason: diagnosis.reason.as_deref(),
            holder: diagnosis.holder.as_ref(),
            hindrances: hindrances.map(|hindrance| &hindrance.resource).collect(),
            ways: diagnosis.ways.iter().map(|way| way.as_str()).collect(),
        }
    }
}

/// The stream of a command, and what its last line is made of.
#[derive(Debug)]
pub(crate) struct Stream {
    begun: Instant,
    /// How work on each stack ended.
    stacks: Mutex<IndexMap<String, OutcomeKind>>,
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            stacks: Mutex::default(),
        }
    }

    /// An event as a line.
    pub(crate) fn event(&self, event: &Event) -> String {
        if let Event::StackFinished { stack, outcome, .. } = event {
            let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
            stacks.insert(stack.clone(), *outcome);
        }
        line(event)
    }

    /// The last line.
    pub(crate) fn end(&self, exit_code: u8, error: Option<&CommandError>) -> String {
        let stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_unchanged = stacks
            .values()
            .all(|outcome| *outcome == OutcomeKind::Unchanged);
        line(&Line::Summary {
            outcome: match exit_code {
                0 if is_unchanged => "unchanged",
                0 => "succeeded",
                130 => "interrupted",
                _ => "failed",
            },
            exit_code,
            elapsed_ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            stacks: stacks.clone(),
            error: error.map(CommandError::message),
            hints: error.map_or(&[], CommandError::hints),
            diagnostics: error.map_or(&[], |error| &error.diagnostics),
        })
    }
}

/// One line of JSON with the version.
pub(crate) fn line(content: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        format_version: &'static str,
        #[serde(flatten)]
        content: &'a T,
    }
    let versioned = Versioned {
        format_version: FORMAT_VERSION,
        content,
    };
    serde_json::to_string(&versioned).expect("names are texts, and numbers finite")
}
