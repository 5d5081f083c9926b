//! Signs and phrases that every view of a plan shares.

use plan::{
    Action, AttributeChange, Cause, Change, Impact, OldCopy, Plan, PropertyChange, Reason,
    Security, StackAction, StackDiff, StackPlan, Summary,
};
use serde_json::Value;

use super::{access, values::Values};
use crate::printer::Tone;

/// What is said of data that go for certain.
const LOSS: &str = "DATA LOSS";
/// What is said of data that may go, or that are no longer where they were.
const RISK: &str = "DATA AT RISK";

/// The sign of an action, as in a diff.
pub(crate) fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace | Action::MayReplace => "±",
        Action::Delete => "-",
        Action::Orphan => "○",
        Action::Import => "<",
        Action::Move => ">",
    }
}

/// What an action means for the reader.
pub(crate) fn tone(action: Action) -> Tone {
    match action {
        Action::Create | Action::Import => Tone::Create,
        Action::Update | Action::Move => Tone::Update,
        Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan => Tone::Danger,
    }
}

/// The gravest first; what is equally grave keeps its order.
pub(crate) fn by_danger(diff: &StackDiff) -> Vec<&Change> {
    let mut changes: Vec<_> = diff.changes.iter().collect();
    changes.sort_by_key(|change| {
        let grave = match change.action {
            Action::Delete => 0,
            Action::Replace => 1,
            Action::MayReplace => 2,
            Action::Orphan => 3,
            Action::Update | Action::Move | Action::Import => 4,
            Action::Create => 5,
        };
        (
            peril(change).map_or(2, |(label, _)| usize::from(label != LOSS)),
            grave,
        )
    });
    changes
}

/// What becomes of the data of a stateful resource that does not simply stay, in a label and a few words.
pub(crate) fn peril(change: &Change) -> Option<(&'static str, &'static str)> {
    if !change.stateful {
        return None;
    }
    Some(match (change.action, change.old_copy) {
        (Action::Replace, None | Some(OldCopy::Deleted)) => (
            LOSS,
            "it is replaced by an empty one and deleted with all it holds",
        ),
        (Action::Replace, Some(OldCopy::Retained)) => (
            RISK,
            "it is replaced by an empty one and left behind, unmanaged, with all it holds",
        ),
        (Action::Replace, Some(OldCopy::Snapshot)) => (
            RISK,
            "it is replaced by an empty one; what it holds is left in a snapshot alone",
        ),
        (Action::MayReplace, None | Some(OldCopy::Deleted)) => (
            RISK,
            "it may be replaced by an empty one and deleted with all it holds",
        ),
        (Action::MayReplace, Some(OldCopy::Retained)) => (
            RISK,
            "it may be replaced by an empty one and left behind, unmanaged, with all it holds",
        ),
        (Action::MayReplace, Some(OldCopy::Snapshot)) => (
            RISK,
            "it may be replaced by an empty one; what it holds would be left in a snapshot alone",
        ),
        (Action::Delete, None | Some(OldCopy::Deleted | OldCopy::Retained)) => {
            (LOSS, "it is deleted with all it holds")
        }
        (Action::Delete, Some(OldCopy::Snapshot)) => (
            RISK,
            "it is deleted; what it holds is left in a snapshot alone",
        ),
        (Action::Orphan, _) => (
            RISK,
            "it is left behind with all it holds, no longer managed",
        ),
        (Action::Create | Action::Update | Action::Import | Action::Move, _) => return None,
    })
}

/// A stateful resource whose data do not simply stay.
pub(crate) struct Peril<'p> {
    pub(crate) stack: &'p str,
    pub(crate) logical_id: &'p str,
    pub(crate) type_name: &'p str,
    pub(crate) label: &'static str,
    pub(crate) what: &'static str,
}

/// What a plan does to data, over all stacks; what is lost for certain comes first.
pub(crate) fn perils(plan: &Plan) -> Vec<Peril<'_>> {
    let mut perils = Vec::new();
    for stack in &plan.stacks {
        for change in by_danger(&stack.diff) {
            if let Some((label, what)) = peril(change) {
                perils.push(Peril {
                    stack: &stack.name,
                    logical_id: &change.logical_id,
                    type_name: &change.type_name,
                    label,
                    what,
                });
            }
        }
    }
    perils.sort_by_key(|peril| peril.label != LOSS);
    perils
}

/// How many changes of access let anyone do or reach more than before.
pub(crate) fn widening(plan: &Plan) -> usize {
    plan.stacks
        .iter()
        .map(|stack| widening_of(&stack.diff.security))
        .sum()
}

fn widening_of(security: &Security) -> usize {
    let lines = access::lines(security);
    lines.iter().filter(|line| line.widens).count()
}

/// What all changes of access of a plan come to.
pub(crate) fn access_verdict(plan: &Plan) -> String {
    let securities = plan.stacks.iter().map(|stack| &stack.diff.security);
    verdict(securities, unverified(plan).is_empty())
}

/// What all changes of access between two templates come to.
pub(crate) fn access_verdict_of(security: &Security) -> String {
    verdict([security].into_iter(), true)
}

fn verdict<'s>(
    securities: impl Iterator<Item = &'s Security> + Clone,
    is_verified: bool,
) -> String {
    let widening: usize = securities.clone().map(widening_of).sum();
    let is_empty = securities.into_iter().all(Security::is_empty);
    match (widening, is_empty, is_verified) {
        (0, true, true) => "No change of access.".to_owned(),
        (0, true, false) => "No change of access is known.".to_owned(),
        (0, false, _) => "Access changes, and widens nowhere.".to_owned(),
        (1, _, _) => "Access widens by 1 change.".to_owned(),
        (more, _, _) => format!("Access widens by {more} changes."),
    }
}

/// An attribute before and after. One that stays as it is is a condition that may come out another way.
pub(crate) fn attribute(change: &AttributeChange) -> Values<'_> {
    let stays = change.before == change.after;
    Values {
        name: &change.name,
        before: change.before.as_ref(),
        after: change.after.as_ref(),
        note: if stays {
            "may come out another way: then it is created or deleted"
        } else {
            ""
        },
    }
}

/// Why something happens, after `as`.
pub(crate) fn because(reason: Reason) -> String {
    match reason {
        Reason::Added | Reason::Removed | Reason::Retained | Reason::Moved | Reason::Imported => {
            format!("it {reason}")
        }
        Reason::ConditionMet
        | Reason::ConditionUnmet
        | Reason::TypeChanged
        | Reason::PropertyChanged
        | Reason::AttributeChanged
        | Reason::MetadataChanged
        | Reason::ReferenceReplaced
        | Reason::ReferenceChanged
        | Reason::InputChanged
        | Reason::Reported
        | Reason::Drifted => reason.to_string(),
    }
}

/// What a change of a property means, and what makes it change; empty when that is nothing to speak of.
fn note(property: &PropertyChange) -> String {
    let mut impact = match property.impact {
        Impact::InPlace => String::new(),
        Impact::MayReplace | Impact::Replace => property.impact.to_string(),
    };
    if property.drifted {
        let separator = if impact.is_empty() { "" } else { "; " };
        impact = format!("{impact}{separator}changed by something else");
    }
    if property.causes.is_empty() {
        return impact;
    }
    let separator = if impact.is_empty() { "" } else { "; " };
    format!("{impact}{separator}↳ {}", causes(&property.causes))
}

/// What of the drift of a resource a plan does not look at, property by property.
pub(crate) fn ignored_drift(change: &Change) -> impl Iterator<Item = String> {
    change.ignored_drift.iter().map(|ignored| {
        let reason = match ignored.reason.as_str() {
            "WRITE_ONLY_PROPERTY" => "AWS never shows it",
            "MANAGED_BY_AWS" => "AWS itself changes it",
            "SENSITIVE_PROPERTY" => "it is a secret",
            other => other,
        };
        format!(
            "drift of {} is not looked at: {reason}",
            ignored.path.join(".")
        )
    })
}

/// What makes values change.
pub(crate) fn causes(causes: &[Cause]) -> String {
    if causes.is_empty() {
        return "known only when deployed".to_owned();
    }
    let causes: Vec<String> = causes.iter().map(ToString::to_string).collect();
    causes.join(", ")
}

/// A property whose own text changes, with what is said of it.
pub(crate) struct Shown<'p> {
    pub(crate) name: String,
    pub(crate) before: Option<&'p Value>,
    pub(crate) after: Option<&'p Value>,
    pub(crate) note: String,
    pub(crate) impact: Impact,
}

impl Shown<'_> {
    /// What a view draws.
    pub(crate) fn values(&self) -> Values<'_> {
        Values {
            name: &self.name,
            before: self.before,
            after: self.after,
            note: &self.note,
        }
    }
}

/// Properties that only follow something else, and those whose own text changes. Where an element of a list takes the
/// place of another, the two are shown as one change.
pub(crate) fn shown(properties: &[PropertyChange]) -> (Vec<&PropertyChange>, Vec<Shown<'_>>) {
    let (following, changed): (Vec<_>, Vec<_>) = properties
        .iter()
        .partition(|property| is_follower(property));
    let mut shown: Vec<Shown<'_>> = Vec::new();
    for property in changed {
        let (before, after) = both(property);
        let (name, note) = (property.path.join("."), note(property));
        match shown.last_mut() {
            Some(last)
                if before.is_none()
                    && last.after.is_none()
                    && last.name == name
                    && last.note == note =>
            {
                last.after = after;
            }
            Some(_) | None => shown.push(Shown {
                name,
                before,
                after,
                note,
                impact: property.impact,
            }),
        }
    }
    (following, shown)
}

/// A property before and after: what its expressions come to where that is known, else as they stand.
fn both(property: &PropertyChange) -> (Option<&Value>, Option<&Value>) {
    (
        property.before_value.as_ref().or(property.before.as_ref()),
        property.after_value.as_ref().or(property.after.as_ref()),
    )
}

/// Whether only the value of an expression changes, as something else does, and what it comes to is not known yet.
fn is_follower(property: &PropertyChange) -> bool {
    let (before, after) = both(property);
    before == after
}

/// The sign of a stack, with the tone of the gravest of its changes.
pub(crate) fn stack_sign(action: StackAction, diff: &StackDiff) -> (&'static str, Tone) {
    match action {
        StackAction::Create => ("+", Tone::Create),
        StackAction::Delete => ("-", Tone::Danger),
        StackAction::None => (" ", Tone::Faint),
        // A stack of which something goes does not go itself, so it never has the sign of that.
        StackAction::Update => {
            let is_replaced =
                |change: &Change| matches!(change.action, Action::Replace | Action::MayReplace);
            let sign = if diff.changes.iter().any(is_replaced) {
                "±"
            } else {
                "~"
            };
            match by_danger(diff).first() {
                Some(change) if change.action != Action::Create => (sign, tone(change.action)),
                Some(_) | None => (sign, Tone::Update),
            }
        }
    }
}

/// What happens to a stack in a few words.
pub(crate) fn stack_phrase(stack: &StackPlan) -> String {
    let diff = &stack.diff;
    let count = diff.summary.total();
    match stack.action {
        StackAction::Create => format!("{} to create", resources(count)),
        StackAction::Delete => format!("{} to delete", resources(count)),
        StackAction::None => "no change".to_owned(),
        StackAction::Update if count > 0 => {
            format!(
                "{} {}",
                resources(count),
                if count == 1 { "changes" } else { "change" }
            )
        }
        StackAction::Update if diff.changes.iter().any(|change| change.moved_to.is_some()) => {
            "resources move away".to_owned()
        }
        StackAction::Update if !diff.outputs.is_empty() => "outputs change".to_owned(),
        StackAction::Update if stack.unverified.is_some() => "may change".to_owned(),
        StackAction::Update if is_rewritten(stack) => "rewritten, only its form changes".to_owned(),
        StackAction::Update => "settings change".to_owned(),
    }
}

/// Whether a stack is deployed for its form alone.
fn is_rewritten(stack: &StackPlan) -> bool {
    let diff = &stack.diff;
    let is_silent = diff.parameters.is_empty() && diff.other.is_empty() && diff.outputs.is_empty();
    stack.action == StackAction::Update && diff.changes.is_empty() && is_silent
}

/// What to know of the plan of a stack as a whole: what could not be verified, and what is not settled yet.
pub(crate) fn stack_notes(stack: &StackPlan) -> Vec<String> {
    let unverified = stack.unverified.iter();
    let mut notes: Vec<String> = unverified
        .map(|reason| format!("not verified: {reason}"))
        .collect();
    if stack.provisional {
        notes.push(match &stack.provisional_because {
            Some(reason) => format!("provisional: {reason}"),
            None => "provisional, decided once the stacks before are deployed".to_owned(),
        });
    }
    notes
}

/// What is said of a plan without a change.
pub(crate) fn no_changes(plan: &Plan) -> &'static str {
    match plan.against {
        Some(_) => "No changes: the two assemblies say the same.",
        None => "No changes: what is deployed is what the stacks say.",
    }
}

/// Names of the stacks of which not everything could be verified.
pub(crate) fn unverified(plan: &Plan) -> Vec<&str> {
    let stacks = plan.stacks.iter();
    stacks
        .filter(|stack| stack.unverified.is_some())
        .map(|stack| stack.name.as_str())
        .collect()
}

/// `1 resource`, `2 resources`.
pub(crate) fn resources(count: usize) -> String {
    format!("{count} resource{}", if count == 1 { "" } else { "s" })
}

/// What a move does not do.
pub(crate) const MOVES: &str = "by a stack refactor: nothing is replaced, changed or lost";

/// The heading of stacks that were deployed for the environment and that its app does not declare.
pub(crate) const DEPARTED: &str = "Deployed, but not declared";

/// Why outputs go last.
pub(crate) const LASTS: &str =
    "once the stacks that still read it are deployed; until then it stays as it is";

/// The last line: how many of each, in the order of a life; what does not occur is left out, but for the four usual.
pub(crate) fn totals(summary: &Summary) -> String {
    let usual = [
        (summary.create, "to create"),
        (summary.update, "to update"),
        (summary.replace, "to replace"),
        (summary.delete, "to delete"),
    ];
    let rare = [
        (summary.may_replace, "may be replaced"),
        (summary.orphan, "to leave behind"),
        (summary.import, "to import"),
        (summary.moved, "to move"),
    ];
    let mut words: Vec<String> = usual
        .iter()
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    words.extend(
        rare.iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}")),
    );
    words.join(", ")
}

/// An account id in groups, which is easier to compare.
pub(crate) fn account(id: &str) -> String {
    match (id.get(0..4), id.get(4..8), id.get(8..12)) {
        (Some(first), Some(second), Some(third)) if id.len() == 12 => {
            format!("{first}-{second}-{third}")
        }
        _ => id.to_owned(),
    }
}
