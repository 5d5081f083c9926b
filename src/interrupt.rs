//! After Ctrl-C: what goes on in CloudFormation, and whether to take it back.

use engine::{Assembly, Engine, Report, UnderWay, Undoing};

use crate::printer::Printer;

/// Offers to take back what a stopped run has left under way: on a terminal it asks, elsewhere it names the command.
pub(crate) async fn offer_to_undo(
    engine: &Engine<'_>,
    assembly: &Assembly,
    mut report: Report,
    printer: &Printer,
) -> Report {
    let under_way = match engine.under_way(assembly, &report).await {
        Ok(under_way) => under_way,
        Err(error) => {
            printer.message(&format!("warning: what goes on is not known: {error}"));
            return report;
        }
    };
    let mut chosen = Vec::new();
    for one in under_way {
        let Some(undoing) = one.undoing else {
            continue;
        };
        if printer.can_ask() {
            let answer = printer.ask(&question(&one, undoing)).await;
            if matches!(answer.as_deref(), Some("y" | "Y" | "yes")) {
                chosen.push(one);
            }
        } else {
            printer.message(&format!(
                "{} goes on in CloudFormation (`{}`); to have it undone:\n\n    chitinfra recover -e {} --with {} {}\n",
                one.stack,
                one.status,
                assembly.manifest.environment,
                way(undoing),
                one.stack
            ));
        }
    }
    engine.undo(assembly, &mut report, &chosen).await;
    report
}

fn question(one: &UnderWay, undoing: Undoing) -> String {
    let stack = &one.stack;
    match undoing {
        Undoing::Cancel => {
            format!("cancel the update of {stack}? CloudFormation then undoes it [y/N]")
        }
        Undoing::Delete => format!(
            "{stack} is being created, which cannot be cancelled: delete it with all it has by now? [y/N]"
        ),
    }
}

/// The way of `recover` that does the same.
fn way(undoing: Undoing) -> &'static str {
    match undoing {
        Undoing::Cancel => "cancel",
        Undoing::Delete => "delete",
    }
}
