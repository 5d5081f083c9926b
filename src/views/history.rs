//! What was done to an environment, a line each.

use engine::{Release, ReleaseOutcome};
use plan::Summary;

use crate::{
    printer::{Style, Tone},
    views::text::printable,
};

/// Draws releases in the order they are given: name, what was done, how it ended, what changed, by whom.
pub(crate) fn draw(releases: &[Release], style: Style) -> String {
    let cells: Vec<[String; 4]> = releases.iter().map(cells).collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1, 2, 3].map(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for (release, row) in releases.iter().zip(&cells) {
        let [id, kind, outcome, summary] = row;
        let line = format!(
            "{}  {kind:kind_width$}  {}  {summary:summary_width$}  {}",
            style.paint(Tone::Strong, &format!("{id:width$}", width = widths[0])),
            style.paint(
                tone(release),
                &format!("{outcome:width$}", width = widths[2])
            ),
            style.paint(Tone::Faint, &printable(who(&release.by))),
            kind_width = widths[1],
            summary_width = widths[3],
        );
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(release) = &release.rollback_to {
            text.push_str(&format!("  back to {release}\n"));
        }
        if let Some(release) = &release.follows {
            text.push_str(&format!("  after {release}, which was cut off\n"));
        }
    }
    text
}

fn cells(release: &Release) -> [String; 4] {
    [
        printable(&release.id),
        release.kind.as_str().to_owned(),
        release.outcome.as_str().to_owned(),
        counts(&release.summary),
    ]
}

fn tone(release: &Release) -> Tone {
    match release.outcome {
        ReleaseOutcome::Succeeded => Tone::Create,
        ReleaseOutcome::UnderWay | ReleaseOutcome::Interrupted => Tone::Update,
        ReleaseOutcome::Failed | ReleaseOutcome::Unfinished => Tone::Danger,
    }
}

/// How many resources each action concerned; actions that concerned none are left out.
fn counts(summary: &Summary) -> String {
    let Summary {
        create,
        update,
        replace,
        may_replace,
        delete,
        orphan,
        import,
        moved,
    } = summary;
    [
        (create, "create"),
        (update, "update"),
        (replace, "replace"),
        (may_replace, "may replace"),
        (delete, "delete"),
        (orphan, "orphan"),
        (import, "import"),
        (moved, "move"),
    ]
    .iter()
    .filter(|(count, _)| **count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect::<Vec<_>>()
    .join(", ")
}

/// The user or session of an ARN, without partition, service and account.
fn who(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}
