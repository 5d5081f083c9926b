//! The plan as one HTML file that needs nothing else.

use plan::{Plan, StackAction};

use super::{access, change, plan as human, text::Look, words};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
pre{overflow-x:auto;background:#f5f5f5;padding:.75rem;border-radius:.4rem;font-size:.85rem}\
details{border:1px solid #ccc;border-radius:.4rem;padding:.5rem .75rem;margin:.75rem 0}\
summary{cursor:pointer}summary:focus-visible{outline:2px solid #06c}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#222}details{border-color:#444}}";

/// Draws a plan.
pub(crate) fn draw(plan: &Plan) -> String {
    let title = format!("Plan for {}", plan.environment);
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p>Account {} · {}</p>\n<p><strong>{}</strong></p>\n",
        escape(&words::account(&plan.account)),
        escape(&plan.region),
        if human::has_changes(plan) {
            words::totals(&plan.summary)
        } else {
            "No changes".to_owned()
        },
        title = escape(&title),
    );
    for stack in &plan.stacks {
        let (sign, _) = words::stack_sign(stack.action, &stack.diff);
        let open = if stack.action == StackAction::None {
            ""
        } else {
            " open"
        };
        text.push_str(&format!(
            "<details{open}><summary>{sign} <b>{}</b>: {}</summary>\n",
            escape(&stack.name),
            words::stack_phrase(stack.action, &stack.diff)
        ));
        let look = Look {
            verbose: true,
            ..Look::PLAIN
        };
        let body = change::draw(stack.action, &stack.diff, look).render(look);
        let access = access::draw(&stack.diff.security).render(look);
        for (heading, part) in [("", body), ("Access", access)] {
            if !part.is_empty() {
                text.push_str(&format!(
                    "<h2>{heading}</h2>\n<pre>{}</pre>\n",
                    escape(&part)
                ));
            }
        }
        text.push_str("</details>\n");
    }
    text.push_str("</body>\n</html>\n");
    text.replace("<h2></h2>\n", "")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
