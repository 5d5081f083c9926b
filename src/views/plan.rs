//! The plan for a person at a terminal.

use plan::{Action, Plan, StackAction, StackDiff, StackPlan};

use super::{
    access, change, checks,
    text::{Line, Look, Text, columns},
    words,
};
use crate::printer::Tone;

/// Up to how many stacks without a change have a line each.
const UNCHANGED: usize = 3;

/// Draws a plan: first what changes, last what to know before saying yes, as that is what stays on the screen.
pub(crate) fn draw(plan: &Plan, look: Look<'_>) -> String {
    let mut text = Text::from(heading("Plan for ", plan));
    text.push(Line::at(0));
    text.append(moves(plan));
    text.append(stacks(plan, look));
    text.append(lasts(plan));
    for external in &plan.external {
        text.append(change::draw_external(external, look));
    }
    let mut accesses = Text::default();
    for stack in &plan.stacks {
        accesses.append(access::draw(&stack.diff.security));
    }
    text.append(section("Access", accesses));
    text.append(section("Checks", checks::draw(plan, look)));
    text.append(section(words::DEPARTED, departed(plan)));
    text.push(Line::at(0));
    text.append(conclusion(plan));
    text.render(look)
}

/// Draws what differs between two templates.
pub(crate) fn draw_diff(diff: &StackDiff, look: Look<'_>) -> String {
    let mut text = change::draw(StackAction::Update, diff, look);
    text.append(section("Access", access::draw(&diff.security)));
    text.append(section("Checks", checks::draw_diff(&diff.findings)));
    text.push(Line::at(0));
    text.push(Line::at(0).plain(&format!("{}.", words::totals(&diff.summary))));
    text.render(look)
}

/// A text under its heading; nothing when there is none.
fn section(heading: &str, body: Text) -> Text {
    let mut text = Text::default();
    if !body.is_empty() {
        text.push(Line::at(0));
        text.push(Line::at(0).then(Tone::Strong, heading));
        text.append(body);
    }
    text
}

/// Whether a deployment of the plan would do anything.
pub(crate) fn has_changes(plan: &Plan) -> bool {
    plan.stacks
        .iter()
        .any(|stack| stack.action != StackAction::None)
        || !plan.refactors.is_empty()
        || !plan.external.is_empty()
}

/// Whether there is nothing to say of a stack.
pub(crate) fn is_quiet(stack: &StackPlan) -> bool {
    stack.action == StackAction::None && !stack.provisional && stack.diff.is_empty()
}

/// Which environment, where, from which commit, and with what it is compared if that is not what is deployed.
pub(crate) fn heading(lead: &str, plan: &Plan) -> Line {
    let line = Line::at(0)
        .plain(lead)
        .then(Tone::Strong, &plan.environment)
        .plain(&format!(
            " · account {} · {}",
            words::account(&plan.account),
            plan.region
        ));
    let line = match &plan.commit {
        Some(commit) => line.plain(&format!(" · commit {}", commit.get(..7).unwrap_or(commit))),
        None => line,
    };
    match &plan.against {
        Some(assembly) => line.plain(&format!(" · against {assembly}")),
        None => line,
    }
}

/// The resources that move before everything else.
pub(crate) fn moves(plan: &Plan) -> Text {
    let mut text = Text::default();
    for refactor in &plan.refactors {
        text.push(
            Line::at(0)
                .then(words::tone(Action::Move), "> moves first")
                .plain("  ")
                .then(Tone::Faint, words::MOVES),
        );
        for one in &refactor.moves {
            let line = Line::at(2)
                .then(words::tone(Action::Move), words::sign(Action::Move))
                .plain(&format!(" {} → {}  {}", one.from, one.to, one.type_name));
            text.push(match &one.source {
                Some(source) => line.plain("  ").source(source),
                None => line,
            });
        }
        for stack in refactor.stacks.iter().filter(|stack| stack.creates) {
            let line = format!("+ stack {} is made by it", stack.name);
            text.push(Line::at(2).then(Tone::Create, &line));
        }
    }
    text
}

/// The outputs that go after everything else.
pub(crate) fn lasts(plan: &Plan) -> Text {
    let mut text = Text::default();
    if !plan.removals.is_empty() {
        text.push(
            Line::at(0)
                .then(Tone::Strong, "  goes last")
                .plain("  ")
                .then(Tone::Faint, words::LASTS),
        );
    }
    for removal in &plan.removals {
        for output in &removal.outputs {
            let line = format!("- {}  output {output}", removal.stack);
            text.push(
                Line::at(2)
                    .then(words::tone(Action::Delete), &line)
                    .plain(&format!("  after {}", removal.readers.join(", "))),
            );
        }
    }
    text
}

/// The stacks that are deployed and not declared, with the way to be rid of them, where that is all there is to show.
pub(crate) fn draw_departed(plan: &Plan, look: Look<'_>) -> Option<String> {
    let departed = departed(plan);
    (!departed.is_empty()).then(|| section(words::DEPARTED, departed).render(look))
}

/// The stacks that are deployed and not declared.
pub(crate) fn departed(plan: &Plan) -> Text {
    let mut text = Text::default();
    let column = plan.departed.iter().map(|stack| columns(&stack.name)).max();
    for stack in &plan.departed {
        text.push(
            Line::at(2)
                .then(Tone::Strong, &stack.name)
                .up_to(column.unwrap_or(0))
                .plain(&format!("  {} ({})", stack.stack_name, stack.status))
                .then(
                    Tone::Faint,
                    &format!(
                        "  stays as it is; to delete it: chitinfra destroy -e {} {}",
                        plan.environment, stack.name
                    ),
                ),
        );
    }
    text
}

/// The stacks in the order they deploy. Where many do not change, their names come last on one line.
fn stacks(plan: &Plan, look: Look<'_>) -> Text {
    let (unchanged, changed): (Vec<_>, Vec<_>) =
        plan.stacks.iter().partition(|stack| is_quiet(stack));
    let folded = unchanged.len() > UNCHANGED && !changed.is_empty() && !look.verbose;
    let shown: Vec<&StackPlan> = if folded {
        changed
    } else {
        plan.stacks.iter().collect()
    };
    let column = shown.iter().map(|stack| columns(&stack.name)).max();
    let mut text = Text::default();
    for stack in shown {
        text.push(stack_line(stack, column.unwrap_or(0)));
        for note in words::stack_notes(stack) {
            text.push(Line::at(2).then(Tone::Faint, &note));
        }
        text.append(change::draw(stack.action, &stack.diff, look));
    }
    if folded {
        let names: Vec<&str> = unchanged.iter().map(|stack| stack.name.as_str()).collect();
        let line = format!(
            "  no change in {} stacks: {}",
            names.len(),
            names.join(", ")
        );
        text.push(Line::at(0).then(Tone::Faint, &line));
    }
    text
}

fn stack_line(stack: &StackPlan, column: usize) -> Line {
    let (sign, tone) = words::stack_sign(stack.action, &stack.diff);
    let phrase = words::stack_phrase(stack);
    Line::at(0)
        .then(tone, &format!("{sign} {}", stack.name))
        .up_to(column + 2)
        .plain("  ")
        .then(Tone::Faint, &phrase)
}

/// What it comes to: how many of each, then one line for each thing that deserves a second look.
fn conclusion(plan: &Plan) -> Text {
    if !has_changes(plan) {
        return Line::at(0).plain(words::no_changes(plan)).into();
    }
    let perils = words::perils(plan);
    let mut totals = format!("{}.", words::totals(&plan.summary));
    if perils.is_empty() && words::unverified(plan).is_empty() {
        totals.push_str(" Nothing stateful is lost.");
    }
    let mut text = Text::from(Line::at(0).plain(&totals));
    if let Some(line) = unverified(plan) {
        text.push(line);
    }
    for peril in perils {
        text.push(
            Line::at(0)
                .then(Tone::Loss, peril.label)
                .plain("  ")
                .then(
                    Tone::Danger,
                    &format!("{}/{}", peril.stack, peril.logical_id),
                )
                .plain(&format!(" ({}): {}", peril.type_name, peril.what)),
        );
    }
    let widening = words::widening(plan);
    if widening > 0 {
        let noun = if widening == 1 { "change" } else { "changes" };
        text.push(
            Line::at(0)
                .then(Tone::Danger, "ACCESS WIDENS")
                .plain(&format!("  by {widening} {noun} above")),
        );
    }
    text
}

/// Which stacks could not be verified, if any.
pub(crate) fn unverified(plan: &Plan) -> Option<Line> {
    let unverified = words::unverified(plan);
    let what = format!("  {}: more may change than is shown", unverified.join(", "));
    let line = Line::at(0).then(Tone::Danger, "NOT VERIFIED").plain(&what);
    (!unverified.is_empty()).then_some(line)
}
