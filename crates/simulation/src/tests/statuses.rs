//! Every status a stack can be in × every command: the run ends, as it must for that status.

use std::time::Duration;

use engine::{Condition, StackStatus};
use tokio::time::sleep;

use super::{faults::all, stage::Stage};
use crate::{
    alone,
    command::{Command, Ended},
};

/// What is run while the first of two deployed stacks is in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Plan,
    Save,
    Deploy,
    DeployChange,
    DeploySaved,
    Destroy,
    Recover(usize),
    Rollback,
    Look,
}

const VERBS: [Verb; 11] = [
    Verb::Plan,
    Verb::Save,
    Verb::Deploy,
    Verb::DeployChange,
    Verb::DeploySaved,
    Verb::Destroy,
    Verb::Recover(0),
    Verb::Recover(1),
    Verb::Recover(2),
    Verb::Rollback,
    Verb::Look,
];

/// How an operation under way ends, if it is one.
fn ending(status: &StackStatus) -> Option<&'static str> {
    Some(match status {
        StackStatus::CreateInProgress => "CREATE_COMPLETE",
        StackStatus::RollbackInProgress => "ROLLBACK_COMPLETE",
        StackStatus::DeleteInProgress => "DELETE_COMPLETE",
        StackStatus::UpdateInProgress | StackStatus::UpdateCompleteCleanupInProgress => {
            "UPDATE_COMPLETE"
        }
        StackStatus::UpdateRollbackInProgress
        | StackStatus::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE",
        StackStatus::ImportInProgress => "IMPORT_COMPLETE",
        StackStatus::ImportRollbackInProgress => "IMPORT_ROLLBACK_COMPLETE",
        _ => return None,
    })
}

/// Whether a stack that was deployed cannot be in a status, or lead to one: AWS knows it only of a first create. What stands in
/// for AWS may do otherwise, and nothing but destroying the stack is right then.
fn belies_the_past(status: &StackStatus) -> bool {
    matches!(
        status,
        StackStatus::RollbackComplete | StackStatus::RollbackInProgress
    )
}

/// Whether a command succeeds on a stack in a status, or fails.
fn must_succeed(verb: Verb, status: &StackStatus) -> bool {
    let condition = status.condition();
    if belies_the_past(status) {
        // There is no way that loses nothing but to take the stack away.
        return matches!(verb, Verb::Destroy | Verb::Look);
    }
    // CloudFormation takes another change set for a stack that was left as it failed.
    let is_paused = matches!(
        status,
        StackStatus::CreateFailed | StackStatus::UpdateFailed
    );
    match verb {
        Verb::Look => true,
        Verb::Plan | Verb::Save => match condition {
            Condition::Absent | Condition::Ready | Condition::Leftover => true,
            Condition::Busy | Condition::Stuck => false,
        },
        Verb::Deploy | Verb::DeployChange | Verb::Rollback => condition != Condition::Stuck,
        // A stack that was in another status when the plan was made was not changed by that alone. Whatever is under way
        // changes it, and what is gone is no longer what was planned for; the shell is the plan's own.
        Verb::DeploySaved => match condition {
            Condition::Ready => true,
            Condition::Absent => *status == StackStatus::ReviewInProgress,
            Condition::Stuck => is_paused,
            Condition::Busy | Condition::Leftover => false,
        },
        // What is under way is followed to its end first.
        Verb::Destroy => true,
        Verb::Recover(_) if *status == StackStatus::ImportRollbackFailed => false,
        // What a saved plan waits with is nobody's to delete without being told so.
        Verb::Recover(0) => *status != StackStatus::ReviewInProgress,
        Verb::Recover(_) => true,
    }
}

/// One cell; what broke a law or was not as it must be.
fn play(status: &StackStatus, verb: Verb) -> Option<String> {
    alone(7, async {
        let cell = format!("{verb:?} in {status}");
        let mut stage = Stage::new();
        let first = stage.first();
        // A shell has never been more than that.
        let is_shell = *status == StackStatus::ReviewInProgress;
        if is_shell {
            stage.save().await;
        } else {
            stage.must(Command::Deploy).await;
        }
        if matches!(verb, Verb::Rollback) && !is_shell {
            stage.app.change();
            stage.must(Command::Deploy).await;
        }
        if matches!(verb, Verb::DeployChange | Verb::DeploySaved | Verb::Save) {
            stage.app.change();
        }
        let command = match verb {
            Verb::Plan => Command::Plan,
            Verb::Save => Command::Save,
            Verb::Deploy | Verb::DeployChange => Command::Deploy,
            Verb::DeploySaved => Command::DeploySaved(Box::new(stage.save().await)),
            Verb::Destroy => Command::Destroy(Vec::new()),
            Verb::Recover(nth) => Command::Recover(nth),
            Verb::Rollback => Command::Rollback(1),
            Verb::Look => Command::Look,
        };
        let endpoint = stage.world.endpoint().clone();
        if !is_shell {
            endpoint
                .set_status(&first, status.as_str())
                .expect("it is deployed");
        }
        let before = stage.world.stacks();
        let world = stage.world.clone();
        let end = async {
            if let Some(end) = ending(status) {
                sleep(Duration::from_secs(20)).await;
                // It may have been led elsewhere meanwhile.
                if world
                    .stack(&first)
                    .is_some_and(|now| now.status == status.as_str())
                {
                    endpoint.set_status(&first, end).expect("it is there");
                }
            }
        };
        let (trace, ()) = tokio::join!(stage.only_run(&command), end);
        stage.settle().await;
        // Of a stack that is gone or only a shell, nothing can be lost; and the two statuses that belie the past have no true
        // state to be held against: they say that nothing is there, and all is.
        let holds = |status: &StackStatus| {
            !matches!(
                status,
                StackStatus::DeleteComplete
                    | StackStatus::DeleteInProgress
                    | StackStatus::ReviewInProgress
                    | StackStatus::RollbackComplete
                    | StackStatus::RollbackInProgress
            )
        };
        if holds(status) {
            stage.judge(&before, command, &trace);
        }
        let is_done = matches!(trace.ended, Ended::Done);
        if must_succeed(verb, status) != is_done {
            stage
                .world
                .accuse(format_args!("it ended so: {:?}", trace.ended));
        }
        let is_waiting = match verb {
            Verb::Save => true,
            Verb::DeploySaved => !is_done,
            _ => false,
        };
        if is_waiting {
            // What was saved waits to be deployed.
            return stage.verdict(&cell);
        }
        let is_lost = *status == StackStatus::ImportRollbackFailed || belies_the_past(status);
        if !is_lost || matches!(verb, Verb::Destroy) {
            stage.must_come_to_health().await;
        }
        stage.verdict(&cell)
    })
}

#[test]
fn every_command_knows_what_to_do_in_every_status() {
    let cells: Vec<(&StackStatus, Verb)> = StackStatus::KNOWN
        .iter()
        .flat_map(|status| VERBS.map(|verb| (status, verb)))
        .collect();
    let broken = all(&cells, |(status, verb)| play(status, *verb));
    assert!(
        broken.is_empty(),
        "{} of {} cells:\n{}",
        broken.len(),
        cells.len(),
        broken.join("\n\n")
    );
}
