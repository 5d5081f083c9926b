//! What is wrong with stacks, and the ways out.

use engine::{Diagnosis, Hindrance, StackStatus, Way};

use crate::{
    printer::{Style, Tone},
    views::text::printable,
};

/// Draws diagnoses: status and meaning, what stands in the way, then each way with what it does.
pub(crate) fn draw(diagnoses: &[Diagnosis], style: Style) -> String {
    let blocks: Vec<String> = diagnoses
        .iter()
        .map(|diagnosis| block(diagnosis, style))
        .collect();
    blocks.join("\n")
}

fn block(diagnosis: &Diagnosis, style: Style) -> String {
    let status = &diagnosis.status;
    let tone = match diagnosis.holder {
        Some(_) => Tone::Update,
        None => Tone::Danger,
    };
    let mut lines = vec![format!(
        "{}  {}  {}",
        style.paint(Tone::Strong, &diagnosis.stack),
        style.paint(tone, status.as_str()),
        status.meaning()
    )];
    lines.extend(
        diagnosis
            .holder
            .as_ref()
            .map(|holder| format!("  by {holder}")),
    );
    for hindrance in &diagnosis.hindrances {
        lines.extend(hindering(hindrance));
    }
    if let (true, Some(reason)) = (diagnosis.hindrances.is_empty(), &diagnosis.reason) {
        lines.push(format!("  {}", printable(reason)));
    }
    if !diagnosis.change_sets.is_empty() {
        lines.push(format!(
            "  somebody may be waiting to execute: {}",
            diagnosis.change_sets.join(", ")
        ));
    }
    if diagnosis.ways.is_empty() {
        lines.extend(status.advice().map(|advice| format!("  {advice}")));
        return lines.join("\n") + "\n";
    }
    let safest = diagnosis.safest();
    let width = diagnosis.ways.iter().map(|way| way.as_str().len()).max();
    for way in &diagnosis.ways {
        let name = format!("{:width$}", way.as_str(), width = width.unwrap_or(0));
        let mut line = format!(
            "    {}  {}",
            style.paint(Tone::Strong, &name),
            meaning(*way, diagnosis)
        );
        if Some(*way) == safest && diagnosis.ways.len() > 1 {
            line.push_str(&style.paint(Tone::Faint, " (the safest)"));
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

/// A resource that stands in the way: what it is, where it is declared, why it failed.
fn hindering(hindrance: &Hindrance) -> impl Iterator<Item = String> {
    let resource = &hindrance.resource;
    let source = hindrance.source.as_deref().unwrap_or_default();
    let line = format!(
        "  ✗ {}  {}  {}  {source}",
        resource.logical_id, resource.resource_type, resource.status.0
    );
    let reason = resource
        .reason
        .as_deref()
        .map(|reason| format!("      {}", printable(reason)));
    [line.trim_end().to_owned()].into_iter().chain(reason)
}

/// What a way does.
fn meaning(way: Way, diagnosis: &Diagnosis) -> String {
    let hindering = diagnosis.hindering().join(", ");
    match way {
        Way::Wait => "follow that to its end".to_owned(),
        Way::Cancel => "stop the update; what it has changed is undone".to_owned(),
        Way::RollBack => "undo the update".to_owned(),
        Way::Continue => {
            "go on undoing the update; first take out of the way what hinders it".to_owned()
        }
        Way::Skip => {
            format!("go on without {hindering}, which stays as it is: not what its template says")
        }
        Way::Force => {
            "go on without anything that cannot be undone: not what its template says".to_owned()
        }
        Way::Delete => match diagnosis.status {
            StackStatus::ReviewInProgress => "delete the shell; it holds no resource".to_owned(),
            StackStatus::RollbackComplete => {
                "delete the empty stack; a deployment does that itself".to_owned()
            }
            StackStatus::DeleteFailed => {
                "delete the stack again; first take out of the way what hinders it".to_owned()
            }
            _ => {
                "delete the stack with what its first deployment made; then deploy again".to_owned()
            }
        },
        Way::Retain => format!(
            "delete the stack, leave {} behind",
            diagnosis.retained().join(", ")
        ),
        Way::ForceDelete => "delete the stack, leave behind whatever cannot be deleted".to_owned(),
    }
}
