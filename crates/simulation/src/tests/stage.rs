//! One environment in which a test runs commands and lets things go wrong.

use std::{collections::BTreeSet, time::Duration};

use engine::Assembly;
use local::{Faults, SeenStack};
use plan::Plan;
use tokio::time::sleep;

use crate::{
    app::App,
    command::{Command, Ended, Manner, Trace, run},
    laws::{Act, differences, drifted},
    wire::Doom,
    world::World,
};

/// An environment of two stacks, of which the second reads the first.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) app: App,
    runs: u32,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            world: World::new(7),
            app: App::two(),
            runs: 0,
        }
    }

    /// The CloudFormation name of the first stack.
    pub(super) fn first(&self) -> String {
        self.assembly().manifest.stacks[0].stack_name.clone()
    }

    pub(super) fn assembly(&self) -> Assembly {
        self.app.assembly()
    }

    /// Runs a command, waits until all is quiet, and judges what happened.
    pub(super) async fn run(&mut self, command: Command) -> Trace {
        let before = self.world.stacks();
        let trace = self.only_run(&command).await;
        self.settle().await;
        self.judge(&before, command, &trace);
        trace
    }

    /// Runs a command that is killed after a few seconds.
    pub(super) async fn abandon(&mut self, command: Command) {
        let name = format!("run{}", self.runs + 1);
        let killed = tokio::time::timeout(Duration::from_secs(5), self.only_run(&command)).await;
        if let Ok(trace) = killed {
            self.world
                .accuse(format_args!("it ended before it was killed: {trace:?}"));
        }
        self.world.bury(&name);
    }

    pub(super) async fn only_run(&mut self, command: &Command) -> Trace {
        self.runs += 1;
        let manner = Manner {
            name: format!("run{}", self.runs),
            seed: 7,
            embedded: true,
            same_machine: true,
            doom: Doom::default(),
        };
        run(&self.world, &self.assembly(), command, manner).await
    }

    /// Something else changes the resource of the first stack.
    pub(super) async fn disturb(&self) {
        let first = self.world.stack(&self.first()).expect("it is deployed");
        self.world.disturb(&first.resources[0], Some(7)).await;
    }

    pub(super) fn judge(&self, before: &[SeenStack], command: Command, trace: &Trace) {
        Act {
            before,
            after: &self.world.stacks(),
            commands: &[command],
            traces: std::slice::from_ref(trace),
            touched: &BTreeSet::new(),
            is_calm: false,
        }
        .judge(&self.world);
    }

    pub(super) async fn settle(&self) {
        for _ in 0..600 {
            if self.world.stacks().iter().all(|stack| !stack.is_busy) {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Runs a command that must succeed.
    pub(super) async fn must(&mut self, command: Command) -> Trace {
        let trace = self.run(command.clone()).await;
        if !matches!(trace.ended, Ended::Done) {
            self.world.accuse(format_args!(
                "`{}` must succeed: {:?}",
                command.verb(),
                trace.ended
            ));
        }
        trace
    }

    /// Plans and saves.
    pub(super) async fn save(&mut self) -> Plan {
        let trace = self.must(Command::Save).await;
        trace.saved.expect("it was saved")
    }

    /// Nothing goes wrong any more: what is wanted must come about at once, or after one recovery.
    pub(super) async fn must_come_to_health(&mut self) {
        self.world.set_faults(Faults::default());
        sleep(Duration::from_secs(100)).await;
        if drifted(&self.world.stacks()).next().is_some() {
            self.must(Command::Drift).await;
            self.must(Command::Revert).await;
        }
        if !matches!(self.run(Command::Deploy).await.ended, Ended::Done) {
            self.run(Command::Recover(0)).await;
            self.must(Command::Deploy).await;
        }
        for difference in differences(&self.world.stacks(), &self.assembly(), &BTreeSet::default())
        {
            self.world.accuse(format_args!("in the end {difference}"));
        }
        for stack in self.world.stacks() {
            for change_set in &stack.change_sets {
                let name = &change_set.name;
                self.world
                    .accuse(format_args!("in the end there is {name} of {}", stack.name));
            }
        }
    }

    /// What broke a law, with the whole story.
    pub(super) fn verdict(&self, cell: &str) -> Option<String> {
        let violations = self.world.violations();
        let (story, _) = self.world.story();
        let told = || format!("{cell}: {violations:#?}\n{}", story.join("\n"));
        (!violations.is_empty()).then(told)
    }
}
