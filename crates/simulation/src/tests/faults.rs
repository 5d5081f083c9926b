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

use engine::ApiOperation;
use local::{CallFault, Faults, Step, Trouble};

use super::stage::Stage;
use crate::{alone, command::Command};

/// The operations of live reads: the endpoint answers for no service beside the stacks.
const ELSEWHERE: [ApiOperation; 22] = {
    use ApiOperation::*;
    [
        DescribeBudget,
        DescribeNotificationsForBudget,
        DescribeSubscribersForNotification,
        DescribeUserPool,
        DescribeUserPoolClient,
        DescribeUserPoolDomain,
        GetUserPoolMfaConfig,
        GetPolicy,
        GetPolicyVersion,
        GetRole,
        GetRolePolicy,
        ListAttachedRolePolicies,
        ListEntitiesForPolicy,
        GetBucketCors,
        GetBucketEncryption,
        GetBucketLifecycleConfiguration,
        GetBucketOwnershipControls,
        GetBucketPolicy,
        GetBucketTagging,
        GetBucketVersioning,
        GetPublicAccessBlock,
        HeadBucket,
    ]
};

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
    Revert,
    Move,
    Removal,
    Policy,
    Secret,
    Bootstrap,
}

const SITUATIONS: [Situation; 21] = [
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
            _ => Faults::default(),
        }
    }

    /// Whether the command changes no stack, whatever happens to its calls.
    fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::Look | Self::Drift | Self::Secret | Self::Bootstrap
        )
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

/// What a cell came to: how often the operation was called, and what broke a law.
struct Cell {
    calls: BTreeMap<String, u64>,
    broken: Option<String>,
}

/// One cell of the table; without a fault it tells which calls there are.
fn play(situation: Situation, fault: Option<CallFault>) -> Cell {
    alone(7, async {
        let cell = format!("{situation:?} with {fault:?}");
        let mut stage = Stage::new();
        let command = situation.bring_about(&mut stage).await;
        let told = stage.world.story().0.len();
        let mut faults = situation.faults();
        if let Some(fault) = fault {
            faults = faults.call(fault);
        }
        stage.world.set_faults(faults);
        stage.run(command).await;
        let mut calls = BTreeMap::new();
        for line in &stage.world.story().0[told..] {
            let mut words = line
                .split_whitespace()
                .skip_while(|word| !word.starts_with('#'));
            if let Some(operation) = words.nth(1) {
                *calls.entry(operation.to_owned()).or_default() += 1;
            }
        }
        if !situation.is_harmless() && situation != Situation::Refused {
            stage.must_come_to_health().await;
        }
        Cell {
            calls,
            broken: stage.verdict(&cell),
        }
    })
}

#[test]
fn every_call_may_fail_in_every_way() {
    let mut callers: BTreeMap<String, Vec<Situation>> = BTreeMap::new();
    for situation in SITUATIONS {
        let calm = play(situation, None);
        assert_eq!(calm.broken, None);
        for operation in calm.calls.into_keys() {
            callers.entry(operation).or_default().push(situation);
        }
    }
    let called: BTreeSet<&str> = callers.keys().map(String::as_str).collect();
    let operations = ApiOperation::ALL.iter();
    let wanted = operations.filter(|one| !ELSEWHERE.contains(one));
    assert_eq!(called, wanted.map(|one| one.name()).collect());
    let mut cells = Vec::new();
    for (operation, situations) in &callers {
        for (number, trouble) in Trouble::ALL.into_iter().enumerate() {
            for (more, times) in [Some(1), None].into_iter().enumerate() {
                let fault = CallFault::new(known_as(operation), 1, times).trouble(trouble);
                // Each in its turn: all of them take minutes.
                let turn = number * 2 + more;
                let some = (0..situations.len().min(PER_FAULT))
                    .map(|place| situations[(turn * PER_FAULT + place) % situations.len()]);
                cells.extend(some.map(|situation| (situation, fault.clone())));
            }
        }
    }
    let broken = all(&cells, |(situation, fault)| {
        play(*situation, Some(fault.clone())).broken
    });
    assert!(
        broken.is_empty(),
        "{} of {} cells:\n{}",
        broken.len(),
        cells.len(),
        broken.join("\n\n")
    );
}

/// What the endpoint calls an operation.
fn known_as(operation: &str) -> &str {
    match operation {
        "ListObjectsV2" => "ListObjects",
        operation => operation,
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
