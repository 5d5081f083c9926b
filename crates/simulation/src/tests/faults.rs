//! Every call the engine makes × everything that can happen to a call × every command that makes it: the run ends, in
//! success that is true or a failure that says what to do; nothing is left behind; and the next run gets there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use engine::{ApiOperation, DriftReport, DriftStatus};
use local::{CallFault, Faults, Step, Trouble};

use super::{
    fixtures::{disturb, fixtures},
    stage::Stage,
};
use crate::{alone, command::Command};

/// In how many situations each fault of each operation is tried.
const PER_FAULT: usize = 1;

/// A command in a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Situation {
    FirstDeployment,
    Update,
    Refused,
    Protection,
    Plan,
    Save,
    SavedPlan,
    Destroy,
    Continue,
    Cancel,
    Leftover,
    Rollback,
    Look,
    Paused,
    Drift,
    Read,
    Revert,
    Move,
    Removal,
    Policy,
    Secret,
    Bootstrap,
}

const SITUATIONS: [Situation; 22] = [
    Situation::FirstDeployment,
    Situation::Update,
    Situation::Refused,
    Situation::Protection,
    Situation::Plan,
    Situation::Save,
    Situation::SavedPlan,
    Situation::Destroy,
    Situation::Continue,
    Situation::Cancel,
    Situation::Leftover,
    Situation::Rollback,
    Situation::Look,
    Situation::Paused,
    Situation::Drift,
    Situation::Read,
    Situation::Revert,
    Situation::Move,
    Situation::Removal,
    Situation::Policy,
    Situation::Secret,
    Situation::Bootstrap,
];

impl Situation {
    /// What goes wrong besides.
    fn faults(self) -> Faults {
        match self {
            Self::Cancel => Faults::default().delay("S0R1", Duration::from_secs(15)),
            // So that everything is left to the services.
            Self::Read => Faults::default().deny("DetectStackDrift"),
            _ => Faults::default(),
        }
    }

    /// Whether the command changes no stack, whatever happens to its calls.
    fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Look | Self::Drift | Self::Read | Self::Secret | Self::Bootstrap
        )
    }

    /// Whether the command leaves the situation as it is, so that it can be run again.
    fn is_repeatable(self) -> bool {
        self.is_harmless() && self != Self::Secret
    }

    /// Brings it about; the command that is then run.
    async fn bring_about(self, stage: &mut Stage) -> Command {
        if self == Self::FirstDeployment {
            return Command::Deploy;
        }
        if self == Self::Refused {
            stage.app.spoil();
            return Command::Deploy;
        }
        if self == Self::Leftover {
            stage
                .world
                .set_faults(Faults::default().fail("S0R1", Step::Create, "no"));
            stage.run(Command::Deploy).await;
            stage.world.set_faults(Faults::default());
            return Command::Deploy;
        }
        match self {
            Self::Move => stage.app.grow(),
            Self::Removal => stage.app.link_by_export(),
            Self::Bootstrap => stage.app.vouch(),
            Self::Read => stage.app.furnish(fixtures()),
            _ => {}
        }
        stage.must(Command::Deploy).await;
        match self {
            Self::FirstDeployment | Self::Leftover | Self::Refused => Command::Deploy,
            Self::Update => {
                stage.app.change();
                Command::Deploy
            }
            Self::Protection => {
                stage.app.protect(0, true);
                Command::Deploy
            }
            Self::Plan => {
                stage.app.change();
                Command::Plan
            }
            Self::Save => {
                stage.app.change();
                Command::Save
            }
            Self::SavedPlan => {
                stage.app.change();
                let plan = stage.save().await;
                Command::DeploySaved(Box::new(plan))
            }
            Self::Destroy => Command::Destroy(Vec::new()),
            Self::Continue => {
                let first = stage.first();
                let set = stage
                    .world
                    .endpoint()
                    .set_status(&first, "UPDATE_ROLLBACK_FAILED");
                set.expect("it is deployed");
                Command::Recover(0)
            }
            Self::Cancel => {
                stage.app.change();
                stage.world.set_faults(self.faults());
                stage.abandon(Command::Deploy).await;
                Command::Recover(1)
            }
            Self::Rollback => {
                stage.app.change();
                stage.must(Command::Deploy).await;
                Command::Rollback(1)
            }
            Self::Look => Command::Look,
            Self::Paused => {
                let first = stage.first();
                let set = stage.world.endpoint().set_status(&first, "UPDATE_FAILED");
                set.expect("it is deployed");
                Command::Recover(0)
            }
            Self::Drift | Self::Revert => {
                // What an answer that is late tells.
                stage.must(Command::Drift).await;
                stage.disturb().await;
                match self {
                    Self::Drift => Command::Drift,
                    _ => Command::Revert,
                }
            }
            Self::Read => {
                stage.world.set_faults(self.faults());
                let trace = stage.must(Command::Drift).await;
                all_read(stage, trace.drift.as_ref(), DriftStatus::InSync);
                let first = stage.world.stack(&stage.first()).expect("it is deployed");
                disturb(&stage.world, &first.resources).await;
                Command::Drift
            }
            Self::Move => {
                stage.app.relocate_last();
                Command::Deploy
            }
            Self::Removal => {
                stage.app.part();
                Command::Deploy
            }
            Self::Policy => {
                stage.app.set_policy();
                Command::Deploy
            }
            Self::Secret => Command::Secret,
            Self::Bootstrap => Command::Bootstrap,
        }
    }
}

/// The operations that a command in a situation calls where nothing goes wrong.
fn calls(situation: Situation) -> BTreeSet<String> {
    alone(7, async {
        let mut stage = Stage::new();
        let command = situation.bring_about(&mut stage).await;
        stage.world.set_faults(situation.faults());
        let told = stage.world.story().0.len();
        let trace = stage.run(command).await;
        if situation == Situation::Read {
            all_read(&stage, trace.drift.as_ref(), DriftStatus::Modified);
        }
        let mut calls = BTreeSet::new();
        for line in &stage.world.story().0[told..] {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| !word.starts_with('#'));
            calls.extend(words.nth(1).map(str::to_owned));
        }
        come_to_health(situation, &mut stage).await;
        assert_eq!(stage.verdict(&format!("{situation:?}")), None);
        calls
    })
}

/// Cells of the table, one after another in one situation; what breaks a law.
fn play(situation: Situation, faults: &[CallFault]) -> Option<String> {
    alone(7, async {
        let mut stage = Stage::new();
        let command = situation.bring_about(&mut stage).await;
        for fault in faults {
            let cell = format!("{situation:?} with {fault:?}");
            stage
                .world
                .set_faults(situation.faults().call(fault.clone()));
            stage.run(command.clone()).await;
            come_to_health(situation, &mut stage).await;
            let broken = stage.verdict(&cell);
            if broken.is_some() {
                return broken;
            }
        }
        None
    })
}

async fn come_to_health(situation: Situation, stage: &mut Stage) {
    if !situation.is_harmless() && situation != Situation::Refused {
        stage.must_come_to_health().await;
    }
}

#[test]
fn every_call_may_fail_in_every_way() {
    let mut callers: BTreeMap<String, Vec<Situation>> = BTreeMap::new();
    for situation in SITUATIONS {
        for operation in calls(situation) {
            callers.entry(operation).or_default().push(situation);
        }
    }
    let called: BTreeSet<&str> = callers.keys().map(String::as_str).collect();
    let operations = ApiOperation::ALL.iter();
    assert_eq!(called, operations.map(|one| one.name()).collect());
    let mut rows: Vec<(Situation, Vec<CallFault>)> = Vec::new();
    for (operation, situations) in &callers {
        let mut of_operation: BTreeMap<Situation, Vec<CallFault>> = BTreeMap::new();
        for (number, trouble) in Trouble::ALL.into_iter().enumerate() {
            for (more, times) in [Some(1), None].into_iter().enumerate() {
                let fault = CallFault::new(operation, 1, times).trouble(trouble);
                // Each in its turn: all of them take minutes.
                let turn = number * 2 + more;
                for place in 0..situations.len().min(PER_FAULT) {
                    let situation = situations[(turn * PER_FAULT + place) % situations.len()];
                    of_operation
                        .entry(situation)
                        .or_default()
                        .push(fault.clone());
                }
            }
        }
        for (situation, faults) in of_operation {
            let at_once = if situation.is_repeatable() {
                faults.len()
            } else {
                1
            };
            let parts = faults.chunks(at_once);
            rows.extend(parts.map(|part| (situation, part.to_vec())));
        }
    }
    let broken = all(&rows, |(situation, faults)| play(*situation, faults));
    assert!(
        broken.is_empty(),
        "{} of {} rows:\n{}",
        broken.len(),
        rows.len(),
        broken.join("\n\n")
    );
}

/// Accuses whoever did not find all fixtures in a status, or left a property of one unread.
fn all_read(stage: &Stage, report: Option<&DriftReport>, status: DriftStatus) {
    let stacks = report.map(|report| report.stacks.as_slice());
    let resources = stacks.into_iter().flatten();
    let resources: Vec<_> = resources.flat_map(|stack| &stack.resources).collect();
    for name in fixtures().keys() {
        let found = resources.iter().find(|one| one.logical_id == *name);
        if found.is_none_or(|one| one.status != status || !one.unchecked.is_empty()) {
            let told = "where nothing goes wrong it is said of";
            stage.world.accuse(format_args!("{told} {name}: {found:?}"));
        }
    }
}

/// What is broken of many cells, tried on all cores.
pub(super) fn all<T: Sync>(cells: &[T], play: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let broken = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(reason) = play(cell) {
                        broken.lock().expect("no panic").push(reason);
                    }
                }
            });
        }
    });
    broken.into_inner().expect("no panic")
}
