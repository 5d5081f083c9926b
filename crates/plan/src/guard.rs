//! The guard of what holds data: nothing of it is lost unless someone said so by name.

use std::fmt;

use assembly::{AllowedLoss, Severity};
use indexmap::IndexMap;

use crate::{Action, Finding, Plan, StackPlan};

/// Who said what may be lost.
#[derive(Clone, Debug, Default)]
pub struct AllowedLosses {
    /// What the code allows, by the short name of the stack.
    pub in_code: IndexMap<String, Vec<AllowedLoss>>,
    /// What the command line allows: `stack/LogicalId` or `LogicalId`.
    pub by_command: Vec<String>,
}

/// A resource whose data would be lost without anyone having allowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The stack's short name.
    pub stack: String,
    /// The resource.
    pub logical_id: String,
    /// Its type.
    pub type_name: String,
    /// What would happen to it.
    pub action: Action,
    /// Where it is declared.
    pub source: Option<String>,
    /// Why that is not allowed.
    pub reason: BlockedReason,
}

/// Why a loss is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockedReason {
    /// Nobody allowed it.
    NotAllowed,
    /// The code allowed it up to a day that is over.
    Expired {
        /// The last day, `2026-12-31`.
        until: String,
    },
    /// The code allows it up to something that is not a day.
    NotADay {
        /// What stands there.
        until: String,
    },
}

impl fmt::Display for BlockedReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => formatter.write_str("nobody allowed it"),
            Self::Expired { until } => write!(formatter, "its permission ended on {until}"),
            Self::NotADay { until } => write!(
                formatter,
                "its permission ends on `{until}`, which is not a day such as 2026-12-31"
            ),
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.action {
            Action::Replace => "would be replaced and its data lost",
            Action::MayReplace => "may be replaced and its data lost",
            Action::Orphan => "would be left behind, no longer managed, with its data",
            Action::Create | Action::Update | Action::Delete | Action::Import | Action::Move => {
                "would be deleted and its data lost"
            }
        };
        let Self {
            stack,
            logical_id,
            type_name,
            reason,
            ..
        } = self;
        write!(
            formatter,
            "`{stack}/{logical_id}` ({type_name}) {what}: {reason}"
        )
    }
}

/// A permission that is about no resource there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfounded {
    /// What it names, as it was written: `Users` or `identity/Users`.
    pub id: String,
    /// The nearest name of a resource.
    pub near: Option<String>,
}

/// Permissions of the command line that are about no resource: neither one that the plan changes nor one of `wanted`,
/// which are the logical ids of each stack by its short name.
pub fn unfounded_by_command(
    plan: &Plan,
    allowed: &AllowedLosses,
    wanted: &IndexMap<String, Vec<String>>,
) -> Vec<Unfounded> {
    let known: Vec<String> = plan
        .stacks
        .iter()
        .flat_map(|stack| known(stack, wanted).map(|id| format!("{}/{id}", stack.name)))
        .collect();
    let is_short = |id: &str, full: &String| full.split_once('/').is_some_and(|(_, own)| own == id);
    allowed
        .by_command
        .iter()
        .filter(|id| !known.iter().any(|full| full == *id || is_short(id, full)))
        .map(|id| {
            let near = if id.contains('/') {
                assembly::nearest(id, known.iter().map(String::as_str))
            } else {
                let short = known
                    .iter()
                    .filter_map(|full| Some(full.split_once('/')?.1));
                assembly::nearest(id, short)
            };
            Unfounded {
                id: id.clone(),
                near: near.map(str::to_owned),
            }
        })
        .collect()
}

/// The rule of permissions in code that are about no resource.
const UNFOUNDED: &str = "CIF083";

/// Permissions in code that are about no resource, with the stack each is told of. That is a warning, as a permission outlives
/// what it was for: once a resource is gone, so is what its permission names.
pub fn unfounded_in_code(
    plan: &Plan,
    allowed: &AllowedLosses,
    wanted: &IndexMap<String, Vec<String>>,
) -> Vec<(String, Finding)> {
    let mut findings = Vec::new();
    for stack in &plan.stacks {
        let known: Vec<&str> = known(stack, wanted).collect();
        for permission in allowed.in_code.get(&stack.name).into_iter().flatten() {
            let id = &permission.logical_id;
            if known.contains(&id.as_str()) {
                continue;
            }
            let advice = assembly::nearest(id, known.iter().copied()).map_or_else(
                || "; take the permission away".to_owned(),
                |near| format!("; did you mean `{near}`?"),
            );
            let message = format!(
                "`{id}` may be lost until {}, and there is no such resource{advice}",
                permission.until
            );
            let finding = Finding::new(Severity::Warning, UNFOUNDED, message);
            findings.push((stack.name.clone(), finding));
        }
    }
    findings
}

/// The resources of a stack: those that change, removed ones among them, and those that are wanted.
fn known<'a>(
    stack: &'a StackPlan,
    wanted: &'a IndexMap<String, Vec<String>>,
) -> impl Iterator<Item = &'a str> {
    let wanted = wanted.get(&stack.name).into_iter().flatten();
    let changed = stack.diff.changes.iter().map(|change| &change.logical_id);
    wanted.chain(changed).map(String::as_str)
}

/// The resources whose data the plan would lose without permission. `today` is a day, `2026-11-23`; a permission holds
/// through its last day.
pub fn guard(plan: &Plan, allowed: &AllowedLosses, today: &str) -> Vec<Blocked> {
    let mut blocked = Vec::new();
    for stack in &plan.stacks {
        for change in &stack.diff.changes {
            let loses = match change.action {
                Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => {
                    change.stateful
                }
                Action::Create | Action::Update | Action::Import | Action::Move => false,
            };
            if !loses {
                continue;
            }
            if let Some(reason) = allowed.objection(&stack.name, &change.logical_id, today) {
                blocked.push(Blocked {
                    stack: stack.name.clone(),
                    logical_id: change.logical_id.clone(),
                    type_name: change.type_name.clone(),
                    action: change.action,
                    source: change.source.clone(),
                    reason,
                });
            }
        }
    }
    blocked
}

impl AllowedLosses {
    /// Why a resource may not be lost; `None` where it may.
    fn objection(&self, stack: &str, logical_id: &str, today: &str) -> Option<BlockedReason> {
        let is_named = |id: &String| match id.split_once('/') {
            Some((named, rest)) => named == stack && rest == logical_id,
            None => id == logical_id,
        };
        if self.by_command.iter().any(is_named) {
            return None;
        }
        let mut permissions = self
            .in_code
            .get(stack)
            .into_iter()
            .flatten()
            .filter(|permission| permission.logical_id == logical_id);
        let mut objection = BlockedReason::NotAllowed;
        // Two permissions for one resource: the one that still holds counts.
        permissions
            .all(|AllowedLoss { until, .. }| {
                let until = until.clone();
                let is_day = is_day(&until);
                let holds = is_day && today <= until.as_str();
                objection = if is_day {
                    BlockedReason::Expired { until }
                } else {
                    BlockedReason::NotADay { until }
                };
                !holds
            })
            .then_some(objection)
    }
}

/// Whether a text has the form of a day, so that days compare as texts.
fn is_day(text: &str) -> bool {
    let form = b"0000-00-00";
    text.len() == form.len()
        && text.bytes().zip(form).all(|(byte, form)| match form {
            b'-' => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
