//! The drift of an environment for a person at a terminal.

use engine::{DriftReport, DriftStatus, PropertyDrift, ResourceDrift, StackDrift};

use super::{
    text::{Line, Look, Text, columns},
    values::Values,
    words,
};
use crate::printer::Tone;

/// Where the properties of a resource begin.
const BODY: usize = 6;
/// The longest name that others are lined up with.
const LINED_UP: usize = 40;

/// Draws what drifted, then what could not be checked, last what to do.
pub(crate) fn draw(report: &DriftReport, environment: &str, look: Look<'_>) -> String {
    let mut text = Text::default();
    let widths = Widths::of(report, look);
    for stack in &report.stacks {
        text.push(stack_line(stack, widths.stack));
        if let Some(problem) = &stack.problem {
            let line = format!("! {problem}");
            text.push(Line::at(2).then(Tone::Danger, &line));
        }
        for resource in stack.resources.iter().filter(|one| is_told(one, look)) {
            text.append(draw_resource(resource, stack, &widths, look));
        }
    }
    text.push(Line::at(0));
    text.append(conclusion(report, environment));
    text.render(look)
}

/// How wide the columns are.
struct Widths {
    stack: usize,
    id: usize,
    type_name: usize,
}

impl Widths {
    fn of(report: &DriftReport, look: Look<'_>) -> Self {
        let told: Vec<&ResourceDrift> = report
            .resources()
            .filter(|resource| is_told(resource, look))
            .collect();
        let widest = |text: fn(&ResourceDrift) -> &str| {
            let widths = told.iter().map(|resource| columns(text(resource)));
            widths.max().unwrap_or(0)
        };
        let stacks = report.stacks.iter().map(|stack| columns(&stack.name));
        Self {
            stack: stacks.max().unwrap_or(0),
            id: widest(|resource| &resource.logical_id).min(LINED_UP),
            type_name: widest(|resource| &resource.resource_type).min(LINED_UP + 8),
        }
    }
}

/// Whether there is something to say of a resource.
fn is_told(resource: &ResourceDrift, look: Look<'_>) -> bool {
    look.verbose || resource.status != DriftStatus::InSync || !resource.unchecked.is_empty()
}

fn stack_line(stack: &StackDrift, column: usize) -> Line {
    let drifted = stack
        .resources
        .iter()
        .filter(|one| matches!(one.status, DriftStatus::Modified | DriftStatus::Deleted))
        .count();
    let (sign, tone, phrase) = match (stack.deployed, drifted, stack.is_unknown()) {
        (false, _, _) => (" ", Tone::Faint, "is not deployed".to_owned()),
        (true, 0, true) => ("?", Tone::Danger, "could not be checked".to_owned()),
        (true, 0, false) => ("=", Tone::Plain, "no drift was found".to_owned()),
        (true, count, _) => {
            let all = words::resources(stack.resources.len());
            let phrase = format!("{count} of {all} {}", have(count, "drifted"));
            ("~", Tone::Update, phrase)
        }
    };
    Line::at(0)
        .then(tone, &format!("{sign} {}", stack.name))
        .up_to(column + 2)
        .plain("  ")
        .then(Tone::Faint, &phrase)
}

fn have(count: usize, what: &str) -> String {
    let verb = if count == 1 { "has" } else { "have" };
    format!("{verb} {what}")
}

fn draw_resource(
    resource: &ResourceDrift,
    stack: &StackDrift,
    widths: &Widths,
    look: Look<'_>,
) -> Text {
    let (sign, tone) = match resource.status {
        DriftStatus::InSync => ("=", Tone::Plain),
        DriftStatus::Modified => ("~", Tone::Update),
        DriftStatus::Deleted => ("-", Tone::Danger),
        DriftStatus::Unchecked => ("?", Tone::Strong),
    };
    let mut head = Line::at(2)
        .then(tone, &format!("{sign} {}", resource.logical_id))
        .up_to(widths.id + 2)
        .plain(&format!("  {}", resource.resource_type));
    if let Some(source) = &resource.source {
        head = head
            .up_to(widths.id + 2 + 2 + widths.type_name)
            .plain("  ")
            .source(source);
    }
    let mut text = Text::from(head);
    if resource.status == DriftStatus::Deleted {
        text.push(Line::at(BODY).then(Tone::Danger, "was deleted"));
    }
    // What holds for the whole stack is said there.
    let reason = resource
        .reason
        .as_ref()
        .filter(|reason| Some(*reason) != stack.problem.as_ref());
    if let Some(reason) = reason {
        let lead = if resource.status == DriftStatus::Unchecked {
            "not checked: "
        } else {
            ""
        };
        text.push(Line::at(BODY).then(Tone::Faint, &format!("{lead}{reason}")));
    }
    let named: Vec<(String, &PropertyDrift)> = resource
        .properties
        .iter()
        .map(|property| (property.path.join("."), property))
        .collect();
    let column = named
        .iter()
        .map(|(name, _)| columns(name))
        .filter(|width| *width <= LINED_UP)
        .max()
        .unwrap_or(0);
    for (name, property) in &named {
        let values = Values {
            name,
            before: property.expected.as_ref(),
            after: property.actual.as_ref(),
            note: "",
        };
        text.append(values.draw(BODY, column, look));
    }
    for property in &resource.unchecked {
        let line = format!(
            "{} not checked: {}",
            property.path.join("."),
            property.reason
        );
        text.push(Line::at(BODY).then(Tone::Faint, &line));
    }
    text
}

/// What it comes to, how much nobody knows, and what to do.
fn conclusion(report: &DriftReport, environment: &str) -> Text {
    let count = |status| report.count(status);
    let totals = format!(
        "{} modified, {} deleted, {} in sync.",
        count(DriftStatus::Modified),
        count(DriftStatus::Deleted),
        count(DriftStatus::InSync)
    );
    let mut text = Text::from(Line::at(0).plain(&totals));
    let unchecked = count(DriftStatus::Unchecked);
    let properties: usize = report.resources().map(|one| one.unchecked.len()).sum();
    let mut parts = Vec::new();
    if unchecked > 0 {
        parts.push(words::resources(unchecked));
    }
    match properties {
        0 => {}
        1 => parts.push("1 property".to_owned()),
        more => parts.push(format!("{more} properties")),
    }
    if !parts.is_empty() {
        text.push(
            Line::at(0)
                .then(Tone::Danger, "NOT CHECKED")
                .plain(&format!(
                    "  {}: may have drifted unseen",
                    parts.join(" and ")
                )),
        );
    }
    if report.has_drift() {
        let revert = format!("    chitinfra deploy -e {environment} --revert-drift");
        text.push(Line::at(0));
        text.push(Line::at(0).plain("To put back what the stacks say:"));
        text.push(Line::at(0).then(Tone::Strong, &revert));
        let accept = format!("    chitinfra drift -e {environment} --accept");
        text.push(
            Line::at(0)
                .plain("To keep what there is, say the same in the source, then do that too:"),
        );
        text.push(Line::at(0).then(Tone::Strong, &accept));
    }
    text
}
