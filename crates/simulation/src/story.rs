//! One simulation: what its seed lets happen to one environment, act by act, and how it is brought to rest in the end.

use std::{collections::BTreeSet, time::Duration};

use engine::{Assembly, Aws, AwsOptions, Home, history};
use local::{Deed, Faults, InProcess, Step};
use pairs::Random;
use plan::Plan;
use tokio::time::sleep;

use crate::{
    app::{App, ENVIRONMENT, NESTED, PROJECT},
    command::{Command, Ended, Manner, Trace, run},
    laws::{Act, above, differences, drifted, history_is_true},
    process::WRONG,
    wire::{Doom, Moment, Run, Wire, WorldTime},
    world::{ACCOUNT, REGION, Weather, World},
};

/// How long the world is given to come to rest between acts: longer than any claim of a dead run is respected.
const REST: Duration = Duration::from_secs(100);

/// How CloudFormation's refusal of a move begins: of one into a stack that somebody deleted and that is still read, say.
const IMMOVABLE: &str = "CloudFormation cannot move resources";

/// How often the end may be tried, each time after going another way out of what is stuck.
const ATTEMPTS: usize = 10;

/// What became of one simulation.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// What must never happen and did.
    pub violations: Vec<String>,
    /// Everything that happened, line by line.
    pub story: Vec<String>,
    /// A digest of the story: the same seed gives the same.
    pub digest: String,
    /// What was seen on the way.
    pub figures: Figures,
}

impl Verdict {
    /// Of a simulation in which the program panicked, of which no more is known.
    pub fn panicked(seed: u64) -> Self {
        Self {
            seed,
            violations: vec!["the program panicked".to_owned()],
            story: Vec::new(),
            digest: String::new(),
            figures: Figures::default(),
        }
    }
}

/// How much of what was simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Deployments: first ones, later ones, of saved plans and back to earlier releases.
    pub deployments: u64,
    /// Of these, how many succeeded.
    pub succeeded: u64,
    /// Runs of other commands.
    pub others: u64,
    /// Runs that were killed.
    pub killed: u64,
    /// Runs that were struck by a fault of a call.
    pub struck: u64,
    /// Calls.
    pub calls: u64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            deployments,
            succeeded,
            others,
            killed,
            struck,
            calls,
        } = self;
        write!(
            formatter,
            "{deployments} deployments, of which {succeeded} succeeded, and {others} other runs; {killed} were killed, \
             {struck} struck by faults; {calls} calls"
        )
    }
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.deployments += other.deployments;
        self.succeeded += other.succeeded;
        self.others += other.others;
        self.killed += other.killed;
        self.struck += other.struck;
        self.calls += other.calls;
    }
}

/// Lets happen what a seed says, in an async runtime with a paused clock of its own.
pub(crate) async fn tell(seed: u64) -> Verdict {
    let world = World::new(seed);
    let mut story = Story::new(&world, seed);
    story.play().await;
    let figures = story.figures;
    let (lines, digest) = world.story();
    Verdict {
        seed,
        violations: world.violations(),
        story: lines,
        digest,
        figures,
    }
}

struct Story<'w> {
    world: &'w World,
    random: Random,
    app: App,
    /// Earlier states of the app.
    past: Vec<App>,
    /// A plan that was saved, and of what.
    saved: Option<(Plan, App)>,
    embedded: bool,
    same_machine: bool,
    runs: u32,
    figures: Figures,
    traces: Vec<Trace>,
}

impl<'w> Story<'w> {
    fn new(world: &'w World, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let app = App::draw(&mut random);
        Self {
            world,
            app,
            past: Vec::new(),
            saved: None,
            embedded: random.percent(80),
            same_machine: random.percent(70),
            random,
            runs: 0,
            figures: Figures::default(),
            traces: Vec::new(),
        }
    }

    async fn play(&mut self) {
        for _ in 0..2 + self.random.below(6) {
            self.act().await;
            if !self.world.violations().is_empty() {
                return;
            }
        }
        self.end().await;
    }

    /// One act: a command, or two at once, in some weather.
    async fn act(&mut self) {
        let disturbed = self.random.percent(20) && self.disturb().await;
        let kind = match disturbed && self.random.percent(60) {
            true => 48 + self.random.below(7),
            false => self.random.below(100),
        };
        let is_two = kind >= 90;
        if kind < 60 && !self.past.is_empty() || is_two {
            self.edit();
        }
        self.past.push(self.app.clone());
        let (app, command) = match kind {
            60..65 => (self.app.clone(), Command::Save),
            65..75 => match self.saved.take() {
                Some((plan, app)) => (app, Command::DeploySaved(Box::new(plan))),
                None => (self.app.clone(), Command::Deploy),
            },
            75..80 => (self.app.clone(), Command::Destroy(self.some_stacks())),
            80..84 => (self.app.clone(), Command::Recover(self.random.below(3))),
            84..88 => (self.app.clone(), Command::Rollback(self.random.below(3))),
            88 => (self.app.clone(), Command::Plan),
            48..52 => (self.app.clone(), Command::Drift),
            52..55 => (self.app.clone(), Command::Revert),
            55..60 | 89 => (self.app.clone(), Command::Look),
            _ => (self.app.clone(), Command::Deploy),
        };
        let is_calm = self.set_the_scene(&app, &command);
        self.world.place(app.nested_templates()).await;
        let before = self.world.stacks();
        let assembly = app.assembly();
        let mut commands = vec![command];
        let first = self.manner(&assembly, is_calm);
        let traces = if is_two {
            commands.push(match self.random.below(4) {
                0 => Command::Destroy(self.some_stacks()),
                1 => Command::Recover(0),
                _ => Command::Deploy,
            });
            let second = self.manner(&assembly, is_calm);
            let other = if self.random.percent(50) {
                assembly.clone()
            } else {
                let past = self.random.below(self.past.len());
                self.past[past].assembly()
            };
            let delay = Duration::from_millis(self.random.below(3000) as u64);
            let later = async {
                sleep(delay).await;
                run(self.world, &other, &commands[1], second).await
            };
            let (first, second) =
                tokio::join!(run(self.world, &assembly, &commands[0], first), later);
            vec![first, second]
        } else {
            vec![run(self.world, &assembly, &commands[0], first).await]
        };
        self.settle().await;
        let after = self.world.stacks();
        let touched = self.world.take_touched();
        let act = Act {
            before: &before,
            after: &after,
            commands: &commands,
            traces: &traces,
            touched: &touched,
            is_calm,
        };
        act.judge(self.world);
        if let (Some(plan), Ended::Done) = (&traces[0].saved, &traces[0].ended) {
            self.saved = Some((plan.clone(), app));
        }
        self.count(&commands, &traces);
        self.traces.extend(traces);
        self.look_up().await;
        sleep(REST).await;
    }

    /// Something else changes resources beside their stacks, or deletes one; whether there was any.
    async fn disturb(&mut self) -> bool {
        let stacks = self.world.stacks();
        let all = stacks
            .iter()
            .flat_map(|stack| stack.resources.iter().map(move |one| (stack, one)));
        // What is nested is not looked at from above.
        let there: Vec<_> = all
            .filter(|(stack, one)| {
                one.actual.is_some()
                    && one.resource_type != NESTED
                    && above(&stacks, stack).is_none()
            })
            .collect();
        if there.is_empty() {
            return false;
        }
        for _ in 0..1 + self.random.below(2) {
            let (stack, resource) = *self.random.one(&there);
            // What has another name once it is made again cannot be brought back while others import the name.
            let is_exported = resource
                .physical_id
                .as_ref()
                .is_some_and(|id| stack.outputs.values().any(|value| value == id));
            let is_changed = is_exported || self.random.percent(80);
            let value = is_changed.then(|| self.random.below(1000));
            self.world.disturb(resource, value).await;
            if !is_changed {
                break;
            }
        }
        true
    }

    fn edit(&mut self) {
        self.app.edit(&mut self.random);
        if self.random.percent(5) {
            let on = self.random.percent(50);
            let index = self.random.below(6);
            self.app.protect(index, on);
        }
        if self.random.percent(8) {
            let past = self.random.below(self.past.len().max(1));
            if let Some(app) = self.past.get(past) {
                self.app.go_back_to(app);
            }
        }
    }

    fn some_stacks(&mut self) -> Vec<String> {
        if self.random.percent(60) {
            return Vec::new();
        }
        vec![self.random.one(&self.app.names()).clone()]
    }

    /// What goes wrong from now on; whether nothing does.
    fn set_the_scene(&mut self, app: &App, command: &Command) -> bool {
        let random = &mut self.random;
        let mut faults = Faults::default();
        let ids = app.logical_ids();
        for id in &ids {
            if random.percent(15) {
                let delay = Duration::from_millis(random.below(2500) as u64);
                faults = faults.delay(id, delay);
            }
        }
        let mut is_calm = true;
        if random.percent(25) {
            let steps = [Step::Create, Step::Update, Step::Delete, Step::Restore];
            if random.percent(30) {
                // Whatever changes is likely to fail, and is rolled back.
                let step = *random.one(&steps);
                for id in ids.iter().filter(|_| random.percent(60)) {
                    faults = faults.fail(id, step, "the scenario says so");
                }
            } else {
                for _ in 0..1 + random.below(2) {
                    let id: &String = random.one(&ids);
                    faults = faults.fail(id, *random.one(&steps), "the scenario says so");
                }
            }
            is_calm = false;
        }
        // A move that fails is undone, which may fail too.
        if let Some(id) = app.last_moved().filter(|_| random.percent(50)) {
            faults = faults.fail(id, Step::Update, "the scenario says so");
            if random.percent(25) {
                faults = faults.fail(id, Step::Restore, "the scenario says so");
            }
            is_calm = false;
        }
        let mut unreadable = BTreeSet::new();
        if matches!(command, Command::Drift) && random.percent(50) {
            let id = random.one(&ids);
            faults = faults.fail(id, Step::Read, "the scenario says so");
            unreadable.insert(id.clone());
        }
        self.world.set_unreadable(unreadable);
        self.world.set_faults(faults);
        let per_mille = *random.one(&[0, 0, 0, 10, 30, 100, 300, 700]);
        self.world.set_weather(Weather {
            per_mille,
            latency: *random.one(&[0, 20, 200, 2000]),
            is_loud: random.percent(40),
        });
        is_calm && per_mille == 0
    }

    /// How the next run is made, and what becomes of it.
    fn manner(&mut self, assembly: &Assembly, _is_calm: bool) -> Manner {
        let random = &mut self.random;
        self.runs += 1;
        let mut doom = Doom::default();
        let call = |random: &mut Random| 1 + random.below(60) as u64;
        if random.percent(18) {
            let moment = *random.one(&[Moment::Before, Moment::After]);
            doom.killed = Some((call(random), moment));
        }
        if random.percent(6) {
            doom.interrupted = Some(call(random));
        }
        if random.percent(12) {
            for _ in 0..1 + random.below(2) {
                let deed =
                    *random.one(&[Deed::Update, Deed::Update, Deed::ChangeSet, Deed::Delete]);
                let stack = random.one(&assembly.manifest.stacks).stack_name.clone();
                doom.others.push((call(random), stack, deed));
            }
        }
        Manner {
            name: format!("run{}", self.runs),
            seed: random.next(),
            embedded: self.embedded,
            same_machine: self.same_machine,
            doom,
        }
    }

    /// Waits until nothing is under way any more.
    async fn settle(&self) {
        for _ in 0..1200 {
            if self.world.stacks().iter().all(|stack| !stack.is_busy) {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
        self.world.accuse("the endpoint does not come to rest");
    }

    fn count(&mut self, commands: &[Command], traces: &[Trace]) {
        for (command, trace) in commands.iter().zip(traces) {
            let deploys = command.deploys();
            let figures = &mut self.figures;
            figures.deployments += u64::from(deploys);
            figures.others += u64::from(!deploys);
            figures.succeeded += u64::from(deploys && matches!(trace.ended, Ended::Done));
            figures.killed += u64::from(matches!(trace.ended, Ended::Killed));
            figures.struck += u64::from(trace.struck);
            figures.calls += trace.calls;
        }
    }

    /// Reads the history in calm weather, and holds it against what happened.
    async fn look_up(&self) {
        let weather = self.world.weather();
        self.world.set_weather(Weather::default());
        let reader = Run::new("reader".to_owned(), Doom::default(), false);
        let wire = Wire::new(self.world.clone(), reader.into());
        let time = WorldTime(self.world.clone());
        let options = AwsOptions {
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            endpoint_url: Some(InProcess::URL.to_owned()),
            ..AwsOptions::default()
        };
        let cloud = Aws::through(options, |config| {
            let config = config.into_builder().http_client(wire).time_source(time);
            config.build()
        });
        let home = Home {
            project: PROJECT.to_owned(),
            environment: ENVIRONMENT.to_owned(),
        };
        match history(&cloud, &home, None).await {
            Ok(history) => history_is_true(self.world, &history, &self.traces),
            // There is no bucket, or none yet.
            Err(engine::Error::Record(engine::RecordError::NotBootstrapped { .. })) => {}
            Err(error) => self
                .world
                .accuse(format_args!("the history cannot be read: {error}")),
        }
        self.world.set_weather(weather);
    }

    /// Everything stops going wrong: what is wanted must come about, or be led to.
    async fn end(&mut self) {
        self.world.tell("from now on nothing goes wrong");
        self.world.set_faults(Faults::default());
        self.world.set_unreadable(BTreeSet::new());
        self.world.set_weather(Weather::default());
        let mut assembly = self.app.assembly();
        let mut failures = Vec::new();
        for attempt in 0..ATTEMPTS {
            let is_as_deployed = drifted(&self.world.stacks()).next().is_none();
            let command = match is_as_deployed {
                true => Command::Deploy,
                false => Command::Revert,
            };
            let trace = self.calmly(&assembly, command).await;
            match trace.ended {
                Ended::Done => break,
                ended => {
                    let is_wrong = matches!(&ended, Ended::Failed(failure)
                        if failure.message.starts_with(WRONG) || failure.message.starts_with(IMMOVABLE));
                    // What could not be deleted still has its name.
                    let is_taken = matches!(&ended, Ended::Failed(failure)
                        if failure.message.contains("already exists"));
                    if is_wrong {
                        self.app.forget_moves();
                    } else if is_taken {
                        self.app.rename();
                    }
                    assembly = self.app.assembly();
                    failures.push(format!("{ended:?}"));
                }
            }
            if attempt + 1 == ATTEMPTS {
                self.world.accuse(format_args!(
                    "there is no way to what is wanted: {}",
                    failures.join("; ")
                ));
                return;
            }
            self.calmly(&assembly, Command::Recover(attempt)).await;
            sleep(REST).await;
        }
        self.settle().await;
        let stacks = self.world.stacks();
        for difference in differences(&stacks, &assembly, &Default::default()) {
            self.world
                .accuse(format_args!("the end is not what was wanted: {difference}"));
        }
        for (stack, resource) in drifted(&stacks) {
            self.world.accuse(format_args!(
                "in the end {} of {} is not as it was deployed",
                resource.logical_id, stack.name
            ));
        }
        let events = |stacks: &[local::SeenStack]| -> usize {
            stacks.iter().map(|stack| stack.events.len()).sum()
        };
        let again = self.calmly(&assembly, Command::Deploy).await;
        if !matches!(again.ended, Ended::Done) || events(&self.world.stacks()) != events(&stacks) {
            self.world
                .accuse("what is deployed is deployed again, though nothing changed");
        }
        self.look_up().await;
    }

    async fn calmly(&mut self, assembly: &Assembly, command: Command) -> Trace {
        self.runs += 1;
        let manner = Manner {
            name: format!("run{}", self.runs),
            seed: self.random.next(),
            embedded: self.embedded,
            same_machine: self.same_machine,
            doom: Doom::default(),
        };
        let trace = run(self.world, assembly, &command, manner).await;
        self.count(std::slice::from_ref(&command), std::slice::from_ref(&trace));
        trace
    }
}
