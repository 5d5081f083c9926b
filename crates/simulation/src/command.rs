//! One run of a command, as the command line carries it out: the environment is held, what is done is recorded, and how it
//! ended is what an exit code would say.

use std::{pin::pin, sync::Arc, time::Duration};

use assembly::Manifest;
use engine::{
    Assembly, Aws, AwsOptions, Bounds, Busy, ChangeSets, Claimant, Diagnosis, Draft, Engine,
    EnvironmentStatus, Error, Event, Hint as _, Home, Judgement, Kind, Ledger, Pace, Patience,
    Planned, Recorded, ReleaseOutcome, Report, Way, verify_account,
};
use local::InProcess;
use plan::{Action, Plan, SchemaFacts, StackAction, Summary};
use std::sync::Mutex;
use tokio::time::timeout;

use crate::{
    app::{ENVIRONMENT, PROJECT},
    wire::{Doom, Run, Wire, WorldTime},
    world::{ACCOUNT, REGION, World, lock},
};

/// How long a run may take: longer is a loop without an end.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

/// How long letting an environment go may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What is typed.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// `plan`, whose change sets are read and deleted.
    Plan,
    /// `plan --out`; the plan is kept in the run's result.
    Save,
    /// `deploy`.
    Deploy,
    /// `deploy --plan`.
    DeploySaved(Box<Plan>),
    /// `destroy`; all stacks when none is named.
    Destroy(Vec<String>),
    /// `recover`, the n-th of the ways that each stack has; the safest is the first.
    Recover(usize),
    /// `rollback --to` the n-th newest release that deployed something.
    Rollback(usize),
    /// `status` and `history`.
    Look,
}

impl Command {
    /// Its name on the command line.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Save => "plan --out",
            Self::Deploy => "deploy",
            Self::DeploySaved(_) => "deploy --plan",
            Self::Destroy(_) => "destroy",
            Self::Recover(_) => "recover",
            Self::Rollback(_) => "rollback",
            Self::Look => "status",
        }
    }

    fn deletes(&self) -> bool {
        matches!(self, Self::Destroy(_) | Self::Recover(_))
    }
}

/// How a run is made.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Tells it from all others.
    pub(crate) name: String,
    /// Seeds what it draws by lot itself.
    pub(crate) seed: u64,
    /// Whether the asset bucket is made when it is missing.
    pub(crate) embedded: bool,
    /// Whether a run that was killed is known to be gone.
    pub(crate) same_machine: bool,
    pub(crate) doom: Doom,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Exit code 0.
    Done,
    /// Exit code 1.
    Failed(Failure),
    /// Exit code 130.
    Interrupted,
    /// It was killed.
    Killed,
}

/// What a person is told of a failure.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) hints: Vec<String>,
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) ended: Ended,
    /// What it wanted, when it deployed something.
    pub(crate) wanted: Option<Assembly>,
    /// Everything that it said it would do to resources which are then gone: stack and logical id.
    pub(crate) told: Vec<(String, String)>,
    /// Stacks that were planned again in the middle, for which the plan binds less.
    pub(crate) provisional: Vec<String>,
    /// What it told on the way.
    pub(crate) notes: Vec<String>,
    /// The plan that it saved.
    pub(crate) saved: Option<Plan>,
    /// What it said of the stacks, when it looked.
    pub(crate) status: Option<EnvironmentStatus>,
    /// The release it recorded, and what it would record as its outcome.
    pub(crate) release: Option<(String, Option<ReleaseOutcome>)>,
    /// Whether anything struck one of its calls.
    pub(crate) struck: bool,
    /// Stacks that it says to have deleted.
    pub(crate) deleted: Vec<String>,
    pub(crate) calls: u64,
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        match error {
            Error::Interrupted => Self::Interrupted,
            error => Self::Failed(Failure {
                hints: error.hints(),
                message: error.to_string(),
            }),
        }
    }
}

impl From<Box<engine::AwsError>> for Ended {
    fn from(error: Box<engine::AwsError>) -> Self {
        Error::from(error).into()
    }
}

/// Runs a command to its end, whatever that is.
pub(crate) async fn run(
    world: &World,
    assembly: &Assembly,
    command: &Command,
    manner: Manner,
) -> Trace {
    let state = Arc::new(Run::new(
        manner.name.clone(),
        manner.doom.clone(),
        command.deletes(),
    ));
    world.tell(format_args!(
        "{}: {} {:?}",
        manner.name,
        command.verb(),
        manner.doom
    ));
    let process = Process {
        world,
        assembly,
        command,
        manner: &manner,
        state: &state,
        left: Mutex::default(),
    };
    let ended = {
        let work = pin!(timeout(LONGEST, process.work()));
        tokio::select! {
            biased;
            () = state.killed.cancelled() => {
                world.bury(&manner.name);
                Ended::Killed
            }
            outcome = work => match outcome {
                Ok(Ok(())) => Ended::Done,
                Ok(Err(ended)) => ended,
                Err(_) => {
                    world.accuse(format_args!("{} does not end", manner.name));
                    Ended::Killed
                }
            },
        }
    };
    world.tell(format_args!("{} ended: {ended:?}", manner.name));
    let left = process.left.into_inner().expect("no panic");
    Trace {
        name: manner.name,
        ended,
        wanted: left.wanted,
        told: left.told,
        provisional: left.provisional,
        notes: left.notes,
        saved: left.saved,
        status: left.status,
        release: left.release,
        struck: state.was_struck(),
        deleted: left.deleted,
        calls: state.calls(),
    }
}

/// What a run leaves, however it ends.
#[derive(Debug, Default)]
struct Left {
    wanted: Option<Assembly>,
    told: Vec<(String, String)>,
    provisional: Vec<String>,
    notes: Vec<String>,
    saved: Option<Plan>,
    status: Option<EnvironmentStatus>,
    release: Option<(String, Option<ReleaseOutcome>)>,
    deleted: Vec<String>,
}

/// A process that carries out a command.
struct Process<'a> {
    world: &'a World,
    assembly: &'a Assembly,
    command: &'a Command,
    manner: &'a Manner,
    state: &'a Arc<Run>,
    left: Mutex<Left>,
}

/// What a run works with.
struct Session<'a> {
    engine: &'a Engine<'a>,
    cloud: &'a Aws,
    home: &'a Home,
    ledger: Option<Ledger<'a>>,
    unfinished: bool,
}

impl Process<'_> {
    async fn work(&self) -> Result<(), Ended> {
        let wire = Wire::new(self.world.clone(), Arc::clone(self.state));
        let options = AwsOptions {
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            endpoint_url: Some(InProcess::URL.to_owned()),
            embedded: self.manner.embedded,
            ..AwsOptions::default()
        };
        let time = WorldTime(self.world.clone());
        let cloud = Aws::through(options, |config| {
            let config = config.into_builder().http_client(wire).time_source(time);
            config.build()
        });
        let caller = verify_account(&cloud, ACCOUNT).await?;
        let seed = self.manner.seed;
        let pace = if self.manner.embedded {
            Pace::embedded(seed)
        } else {
            Pace::aws(seed)
        };
        let tell = |event| {
            if let Event::Note { stack, message } = event {
                self.world
                    .tell(format_args!("{}: {stack} {message}", self.manner.name));
                lock(&self.left).notes.push(message);
            }
        };
        let engine = Engine::new(&cloud, &SchemaFacts, pace, &self.manner.name, &tell);
        let home = Home {
            project: PROJECT.to_owned(),
            environment: ENVIRONMENT.to_owned(),
        };
        let mut session = Session {
            engine: &engine,
            cloud: &cloud,
            home: &home,
            ledger: None,
            unfinished: false,
        };
        if matches!(self.command, Command::Plan | Command::Save | Command::Look) {
            return self.interruptible(&engine, self.carry_out(&session)).await;
        }
        let clock = || self.world.milliseconds();
        let is_gone =
            |claimant: &Claimant| self.manner.same_machine && self.world.is_dead(claimant);
        let judgement = Judgement {
            clock: &clock,
            patience: if self.manner.embedded {
                Patience::EMBEDDED
            } else {
                Patience::AWS
            },
            is_gone: &is_gone,
        };
        let me = self.claimant(&caller.arn);
        let claimed = engine::claim(&cloud, &home, me, judgement).await?;
        let Some(claimed) = claimed else {
            return self.interruptible(&engine, self.carry_out(&session)).await;
        };
        session.unfinished = claimed.unfinished.is_some();
        session.ledger = Some(Ledger::new(
            &cloud,
            home.clone(),
            &claimed.claim,
            &clock,
            "simulation",
        ));
        let (outcome, lost) = {
            let mut work = pin!(self.interruptible(&engine, self.carry_out(&session)));
            tokio::select! {
                biased;
                outcome = &mut work => (outcome, None),
                lost = claimed.claim.keep() => {
                    engine.stop().cancel();
                    (work.await, Some(lost))
                }
            }
        };
        let freed = timeout(FAREWELL, claimed.claim.free()).await;
        if !matches!(freed, Ok(Ok(()))) {
            self.world.tell(format_args!(
                "{}: the environment could not be let go",
                self.manner.name
            ));
        }
        match (outcome, lost) {
            (Err(_), Some(lost)) => Err(lost.into()),
            (outcome, _) => outcome,
        }
    }

    /// Lets a person's Ctrl-C reach the engine while something goes on.
    async fn interruptible(
        &self,
        engine: &Engine<'_>,
        work: impl Future<Output = Result<(), Ended>>,
    ) -> Result<(), Ended> {
        let mut work = pin!(work);
        tokio::select! {
            biased;
            outcome = &mut work => outcome,
            () = self.state.interrupted.cancelled() => {
                engine.stop().cancel();
                work.await
            }
        }
    }

    fn claimant(&self, by: &str) -> Claimant {
        Claimant {
            command: format!("chitinfra {} -e {ENVIRONMENT}", self.command.verb()),
            by: by.to_owned(),
            machine: "simulated".to_owned(),
            boot: None,
            process: 1,
            process_started: None,
            run: self.manner.name.clone(),
            since: String::new(),
            seen: String::new(),
            release: None,
        }
    }

    async fn carry_out(&self, session: &Session<'_>) -> Result<(), Ended> {
        match self.command {
            Command::Plan => {
                let engine = session.engine;
                let sets = ChangeSets::Read;
                engine.plan(self.assembly, &[], sets, Busy::Refuse).await?;
                Ok(())
            }
            Command::Save => {
                let sets = ChangeSets::Saved { key: "key" };
                let engine = session.engine;
                let planned = engine.plan(self.assembly, &[], sets, Busy::Refuse).await?;
                let mut plan = planned.plan;
                plan.seal = Some(plan::Seal {
                    format_version: plan::SEAL_VERSION.to_owned(),
                    tool: "simulation".to_owned(),
                    assembly: engine::assembly_digest(self.assembly, &plan),
                    dirty: Some(false),
                });
                lock(&self.left).saved = Some(plan.seal());
                Ok(())
            }
            Command::Deploy => self.deploy(session, self.assembly, Kind::Deploy).await,
            Command::DeploySaved(plan) => self.deploy_saved(session, plan).await,
            Command::Destroy(names) => self.destroy(session, names).await,
            Command::Recover(way) => self.recover(session, *way).await,
            Command::Rollback(back) => self.roll_back(session, *back).await,
            Command::Look => {
                let status = session.engine.status(self.assembly).await?;
                lock(&self.left).status = Some(status);
                session.engine.outputs(self.assembly).await?;
                match engine::history(session.cloud, session.home, None).await {
                    Ok(_) | Err(Error::Record(engine::RecordError::NotBootstrapped { .. })) => {
                        Ok(())
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    async fn deploy(
        &self,
        session: &Session<'_>,
        assembly: &Assembly,
        kind: Kind,
    ) -> Result<(), Ended> {
        lock(&self.left).wanted = Some(assembly.clone());
        let engine = session.engine;
        let planned = engine
            .plan(assembly, &[], ChangeSets::Kept, Busy::Follow)
            .await?;
        if !has_changes(&planned.plan) {
            return self.nothing_to_do(session).await;
        }
        self.execute(session, assembly, &planned, kind).await
    }

    async fn deploy_saved(&self, session: &Session<'_>, plan: &Plan) -> Result<(), Ended> {
        lock(&self.left).wanted = Some(self.assembly.clone());
        let engine = session.engine;
        let verified = engine.verify(self.assembly, plan.clone()).await?;
        if !verified.moved.is_empty() {
            if verified.moved.iter().any(plan::Moved::is_final) {
                engine.discard(&verified.planned).await?;
            }
            return Err(Ended::Failed(Failure {
                message: format!("this is no longer what was planned: {:?}", verified.moved),
                hints: vec!["plan again, and have that approved".to_owned()],
            }));
        }
        if !has_changes(&verified.planned.plan) {
            return self.nothing_to_do(session).await;
        }
        self.execute(session, self.assembly, &verified.planned, Kind::Deploy)
            .await
    }

    async fn nothing_to_do(&self, session: &Session<'_>) -> Result<(), Ended> {
        if let (Some(ledger), true) = (&session.ledger, session.unfinished) {
            ledger.settle().await?;
        }
        session.engine.outputs(self.assembly).await?;
        Ok(())
    }

    async fn execute(
        &self,
        session: &Session<'_>,
        assembly: &Assembly,
        planned: &Planned,
        kind: Kind,
    ) -> Result<(), Ended> {
        self.note_told(planned);
        let plan = &planned.plan;
        let draft = Draft {
            kind,
            commit: None,
            manifest: &assembly.manifest,
            summary: plan.summary,
            stacks: plan.stacks.iter().map(|one| one.name.as_str()).collect(),
            content: Some((plan, assembly)),
            rollback_to: None,
        };
        let engine = session.engine;
        let work = async || Ok(engine.deploy(assembly, planned).await);
        let report = self.keep(session, &draft, work).await;
        if report.is_err() && planned.bounds == Bounds::Losses {
            let _ = engine.discard(planned).await;
        }
        self.conclude(&report?)
    }

    /// Notes what a plan says to be gone afterwards.
    fn note_told(&self, planned: &Planned) {
        let mut left = lock(&self.left);
        for stack in &planned.plan.stacks {
            if stack.provisional {
                left.provisional.push(stack.stack_name.clone());
            }
            for change in &stack.diff.changes {
                let goes = matches!(
                    change.action,
                    Action::Replace | Action::MayReplace | Action::Delete | Action::Orphan
                );
                if goes {
                    let told = (stack.stack_name.clone(), change.logical_id.clone());
                    left.told.push(told);
                }
            }
        }
    }

    async fn keep(
        &self,
        session: &Session<'_>,
        draft: &Draft<'_>,
        work: impl AsyncFnOnce() -> Result<Report, Error>,
    ) -> Result<Report, Ended> {
        let Some(ledger) = &session.ledger else {
            return Ok(work().await?);
        };
        let entry = ledger.begin(draft).await?;
        let id = entry.release().id.clone();
        lock(&self.left).release = Some((id.clone(), None));
        let report = work().await;
        let kept = ledger.finish(entry, report.as_ref().ok()).await;
        match &kept {
            Ok(()) => {
                let outcome = match &report {
                    Ok(report) if report.is_success() => ReleaseOutcome::Succeeded,
                    Ok(report) if lost_sight(report) => ReleaseOutcome::Unfinished,
                    Ok(report) if report.is_interrupted() && report.failures().next().is_none() => {
                        ReleaseOutcome::Interrupted
                    }
                    _ => ReleaseOutcome::Failed,
                };
                lock(&self.left).release = Some((id, Some(outcome)));
            }
            Err(error) => self.world.tell(format_args!(
                "{}: how this ended could not be recorded: {error}",
                self.manner.name
            )),
        }
        Ok(report?)
    }

    async fn destroy(&self, session: &Session<'_>, names: &[String]) -> Result<(), Ended> {
        let engine = session.engine;
        let status = engine.status(self.assembly).await?;
        let there: Vec<&str> = status
            .stacks
            .iter()
            .filter(|stack| stack.status.is_some())
            .map(|stack| stack.name.as_str())
            .filter(|name| names.is_empty() || names.iter().any(|one| one == name))
            .collect();
        if there.is_empty() {
            return Ok(());
        }
        let draft = draft(Kind::Destroy, &self.assembly.manifest, there.clone());
        let work = async || engine.destroy(self.assembly, names).await;
        let report = self.keep(session, &draft, work).await?;
        self.conclude(&report)?;
        lock(&self.left).deleted = there.into_iter().map(str::to_owned).collect();
        Ok(())
    }

    async fn recover(&self, session: &Session<'_>, nth: usize) -> Result<(), Ended> {
        let engine = session.engine;
        let diagnoses = engine.diagnose(self.assembly, &[]).await?;
        if diagnoses.is_empty() {
            return Ok(());
        }
        let mut chosen: Vec<(Diagnosis, Way)> = Vec::new();
        let mut left = Vec::new();
        for diagnosis in diagnoses {
            let way = if nth == 0 {
                diagnosis.safest()
            } else {
                let count = diagnosis.ways.len().max(1);
                diagnosis.ways.get(nth % count).copied()
            };
            match way {
                Some(way) => chosen.push((diagnosis, way)),
                None => left.push(diagnosis.stack),
            }
        }
        for (diagnosis, way) in &chosen {
            self.world.tell(format_args!(
                "{}: {} in {}: {}",
                self.manner.name,
                diagnosis.stack,
                diagnosis.status,
                way.as_str()
            ));
        }
        let names = chosen.iter().map(|(one, _)| one.stack.as_str()).collect();
        let draft = draft(Kind::Recover, &self.assembly.manifest, names);
        let work = async || Ok(engine.recover(self.assembly, &chosen).await);
        if !chosen.is_empty() {
            let report = self.keep(session, &draft, work).await?;
            self.conclude(&report)?;
        }
        if left.is_empty() {
            Ok(())
        } else {
            Err(Ended::Failed(Failure {
                message: format!("left as it is: {}", left.join(", ")),
                hints: vec!["`chitinfra recover --with WAY STACK` goes a way".to_owned()],
            }))
        }
    }

    async fn roll_back(&self, session: &Session<'_>, back: usize) -> Result<(), Ended> {
        let history = engine::history(session.cloud, session.home, None).await?;
        let mut releases = history
            .releases
            .iter()
            .filter(|release| matches!(release.kind, Kind::Deploy | Kind::Rollback));
        let Some(release) = releases.nth(back) else {
            return Ok(());
        };
        self.world
            .tell(format_args!("{}: back to {}", self.manner.name, release.id));
        let recorded = Recorded::fetch(session.cloud, session.home, release).await?;
        let assembly = recorded.assembly()?;
        self.deploy(session, &assembly, Kind::Rollback).await
    }

    /// What a report means for the exit code.
    fn conclude(&self, report: &Report) -> Result<(), Ended> {
        for stack in &report.stacks {
            self.world.tell(format_args!(
                "{}: {} {:?}",
                self.manner.name, stack.name, stack.outcome
            ));
        }
        if report.is_interrupted() {
            return Err(Ended::Interrupted);
        }
        if let Some((_, first)) = report.failures().next() {
            return Err(Ended::Failed(Failure {
                message: first.to_string(),
                hints: first.hints(),
            }));
        }
        if let Some(stack) = report.detached().next() {
            return Err(Ended::Failed(Failure {
                message: format!(
                    "no answers come any more: how `{}` ends is not known",
                    stack.name
                ),
                hints: vec!["the same command again follows it to its end".to_owned()],
            }));
        }
        if report.is_success() {
            Ok(())
        } else {
            Err(Ended::Failed(Failure {
                message: "not all stacks were worked on".to_owned(),
                hints: Vec::new(),
            }))
        }
    }
}

fn draft<'a>(kind: Kind, manifest: &'a Manifest, stacks: Vec<&'a str>) -> Draft<'a> {
    Draft {
        kind,
        commit: None,
        manifest,
        summary: Summary::default(),
        stacks,
        content: None,
        rollback_to: None,
    }
}

/// Whether how a stack ends is not known, and no other failed.
fn lost_sight(report: &Report) -> bool {
    let mut stacks = report.stacks.iter();
    report.failures().next().is_none()
        && stacks.any(|stack| matches!(stack.outcome, engine::Outcome::Detached(Some(_))))
}

fn has_changes(plan: &Plan) -> bool {
    let mut stacks = plan.stacks.iter();
    stacks.any(|stack| stack.action != StackAction::None)
}
