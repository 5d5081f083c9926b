//! The plan for a person at a terminal.

use plan::{Plan, StackAction};

use super::{access, change, checks, words};
use crate::printer::{Style, Tone};

/// Draws a plan. `verbose` also shows the properties of what is created.
pub(crate) fn draw(plan: &Plan, style: Style, verbose: bool) -> String {
    let mut text = heading(plan, style);
    text.push_str("\n\n");
    let width = plan
        .stacks
        .iter()
        .map(|stack| stack.name.chars().count())
        .max()
        .unwrap_or(0);
    for stack in &plan.stacks {
        let (sign, tone) = words::stack_sign(stack.action, &stack.diff);
        let name = format!("{sign} {:width$}", stack.name);
        let mut phrase = words::stack_phrase(stack.action, &stack.diff);
        if stack.provisional && stack.action != StackAction::Create {
            phrase.push_str(" · provisional, decided once the stacks before are deployed");
        }
        text.push_str(&format!(
            "{}  {}\n",
            style.paint(tone, &name),
            style.paint(Tone::Faint, &phrase)
        ));
        text.push_str(&match stack.action {
            StackAction::Create => change::draw_new(&stack.diff, style, verbose),
            StackAction::None | StackAction::Update | StackAction::Delete => {
                change::draw(&stack.diff, style, verbose)
            }
        });
    }
    let access: String = plan
        .stacks
        .iter()
        .map(|stack| access::draw(&stack.diff.security, style))
        .collect();
    if !access.is_empty() {
        text.push_str(&format!(
            "\n{}\n{access}",
            style.paint(Tone::Strong, "Access")
        ));
    }
    let checks = checks::draw(plan, style, verbose);
    if !checks.is_empty() {
        text.push_str(&format!(
            "\n{}\n{checks}",
            style.paint(Tone::Strong, "Checks")
        ));
    }
    text.push_str(&format!("\n{}\n", conclusion(plan)));
    text
}

/// Whether a deployment of the plan would do anything.
pub(crate) fn has_changes(plan: &Plan) -> bool {
    plan.stacks
        .iter()
        .any(|stack| stack.action != StackAction::None)
        || !plan.external.is_empty()
}

/// Which environment, where, from which commit.
fn heading(plan: &Plan, style: Style) -> String {
    let commit = plan
        .commit
        .as_ref()
        .map(|commit| format!(" · commit {}", commit.get(..7).unwrap_or(commit)))
        .unwrap_or_default();
    format!(
        "Plan for {} · account {} · {}{commit}",
        style.paint(Tone::Strong, &plan.environment),
        words::account(&plan.account),
        plan.region
    )
}

/// What it comes to, in one line.
fn conclusion(plan: &Plan) -> String {
    if !has_changes(plan) {
        return "No changes: what is deployed is what the stacks say.".to_owned();
    }
    let losses: Vec<&str> = plan
        .stacks
        .iter()
        .flat_map(|stack| &stack.diff.changes)
        .filter(|change| words::is_loss(change))
        .map(|change| change.logical_id.as_str())
        .collect();
    let stateful = if losses.is_empty() {
        "Nothing stateful is lost.".to_owned()
    } else {
        format!("At risk, as they hold data: {}.", losses.join(", "))
    };
    format!("{}. {stateful}", words::totals(&plan.summary))
}
