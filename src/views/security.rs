//! What a plan says of access, alone, for a person at a terminal.

use plan::{Plan, Security};

use super::{
    access, plan as human,
    text::{Line, Look, Text},
    words,
};
use crate::printer::Tone;

/// Draws it stack by stack, and last whether access widens.
pub(crate) fn draw(plan: &Plan, look: Look<'_>) -> String {
    let mut text = Text::from(human::heading("Access in ", plan));
    for stack in &plan.stacks {
        let notes = words::stack_notes(stack);
        if stack.diff.security.is_empty() && notes.is_empty() {
            continue;
        }
        text.push(Line::at(0));
        text.push(Line::at(0).then(Tone::Strong, &stack.name));
        for note in notes {
            text.push(Line::at(2).then(Tone::Faint, &note));
        }
        text.append(access::draw(&stack.diff.security));
    }
    text.push(Line::at(0));
    text.push(Line::at(0).plain(&words::access_verdict(plan)));
    if let Some(line) = human::unverified(plan) {
        text.push(line);
    }
    text.render(look)
}

/// Draws what differs between two templates.
pub(crate) fn draw_diff(security: &Security, look: Look<'_>) -> String {
    let mut text = access::draw(security);
    if !text.is_empty() {
        text.push(Line::at(0));
    }
    text.push(Line::at(0).plain(&words::access_verdict_of(security)));
    text.render(look)
}
