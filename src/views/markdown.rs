//! The plan as Markdown, for a comment on a pull request.

use plan::{Plan, StackAction};

use super::{access, change, plan as human, text::Look, words};

/// The most characters a comment on GitHub may have.
const LIMIT: usize = 65_536;

/// Draws a plan. The first line is a hidden marker by which a later run finds and updates its own comment.
pub(crate) fn draw(plan: &Plan) -> String {
    let mut text = format!("<!-- chitinfra plan {} -->\n", plan.environment);
    text.push_str(&format!(
        "### Plan for `{}` · account {} · {}\n\n",
        plan.environment,
        words::account(&plan.account),
        plan.region
    ));
    if !human::has_changes(plan) {
        text.push_str("No changes: what is deployed is what the stacks say.\n");
        return text;
    }
    text.push_str(&format!("**{}**\n\n", words::totals(&plan.summary)));
    let closing = "\n_The rest is too long for a comment; run the plan to see it._\n";
    for stack in &plan.stacks {
        if stack.action == StackAction::None {
            continue;
        }
        let (sign, _) = words::stack_sign(stack.action, &stack.diff);
        let body = change::draw(stack.action, &stack.diff, Look::PLAIN).render(Look::PLAIN);
        let access = access::draw(&stack.diff.security).render(Look::PLAIN);
        let access = if access.is_empty() {
            String::new()
        } else {
            format!("Access\n{access}")
        };
        let section = format!(
            "<details open><summary>{sign} <b>{}</b>: {}</summary>\n\n{}\n</details>\n\n",
            stack.name,
            words::stack_phrase(stack.action, &stack.diff),
            fenced(&format!("{body}{access}")),
        );
        if text.len() + section.len() + closing.len() > LIMIT {
            text.push_str(closing);
            return text;
        }
        text.push_str(&section);
    }
    text
}

/// A code block whose fence is longer than any run of backticks within.
fn fenced(text: &str) -> String {
    let longest = text
        .split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}diff\n{text}{fence}\n")
}
