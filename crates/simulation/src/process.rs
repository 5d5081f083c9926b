//! What the command line does to carry a command out.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use assembly::Manifest;
use engine::{
    Assembly, Aws, AwsOptions, Bounds, Busy, ChangeSets, Claimant, Diagnosis, Draft, Engine, Error,
    Event, Hint as _, Home, Judgement, Kind, Ledger, Pace, Patience, Planned, Recorded,
    ReleaseOutcome, Report, Way, verify_account,
};
use local::InProcess;
use plan::{Action, Plan, SchemaFacts, StackAction, Summary};
use tokio::time::timeout;

use crate::{
    app::{ENVIRONMENT, PROJECT},
    command::{Command, Ended, Failure, Left, Manner},
    wire::{Run, Wire, WorldTime},
    world::{ACCOUNT, REGION, World, lock},
};

/// How long letting an environment go may take at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What is said of an app that cannot be deployed so.
pub(crate) const WRONG: &str = "the checks found an error";

/// A process that carries out a command.
pub(crate) struct Process<'a> {
    pub(crate) world: &'a World,
    pub(crate) assembly: &'a Assembly,
    pub(crate) command: &'a Command,
    pub(crate) manner: &'a Manner,
    pub(crate) state: &'a Arc<Run>,
    pub(crate) left: &'a Mutex<Left>,
}

/// What a run works with.
pub(crate) struct Session<'a> {
    pub(crate) engine: &'a Engine<'a>,
    pub(crate) cloud: &'a Aws,
    pub(crate) home: &'a Home,
    ledger: Option<Ledger<'a>>,
    unfinished: bool,
}

impl Process<'_> {
    pub(crate) async fn work(&self) -> Result<(), Ended> {
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
                lock(self.left).notes.push(message);
            }
        };
        let engine = Engine::new(&cloud, &SchemaFacts, pace, &self.manner.name, &tell)
            .revert_drift(matches!(self.command, Command::Revert));
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
        if !self.command.changes() {
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
                lock(self.left).saved = Some(plan.seal());
                Ok(())
            }
            Command::Deploy | Command::Revert => {
                self.deploy(session, self.assembly, Kind::Deploy).await
            }
            Command::DeploySaved(plan) => self.deploy_saved(session, plan).await,
            Command::Destroy(names) => self.destroy(session, names).await,
            Command::Recover(way) => self.recover(session, *way).await,
            Command::Rollback(back) => self.roll_back(session, *back).await,
            Command::Look => self.look(session).await,
            Command::Drift => self.drift(session).await,
            #[cfg(test)]
            Command::Secret => self.secret(session).await,
            #[cfg(test)]
            Command::Bootstrap => self.bootstrap(session).await,
        }
    }

    async fn deploy(
        &self,
        session: &Session<'_>,
        assembly: &Assembly,
        kind: Kind,
    ) -> Result<(), Ended> {
        lock(self.left).wanted = Some(assembly.clone());
        let engine = session.engine;
        let (planned, departed) = tokio::join!(
            engine.plan(assembly, &[], ChangeSets::Kept, Busy::Follow),
            engine.departed(assembly, &[]),
        );
        let planned = planned?;
        // That it cannot be found out hinders nothing.
        for stack in departed.unwrap_or_default() {
            self.world.accuse(format_args!(
                "{} says that the app no longer has {}",
                self.manner.name, stack.stack_name
            ));
        }
        let findings = planned.plan.stacks.iter();
        let mut findings = findings.flat_map(|stack| &stack.diff.findings);
        if let Some(finding) = findings.find(|finding| finding.is_error()) {
            engine.discard(&planned).await?;
            return Err(Ended::Failed(Failure {
                message: format!("{WRONG}: {}", finding.message),
                hints: vec!["correct what the checks found".to_owned()],
            }));
        }
        if !has_changes(&planned.plan) {
            return self.nothing_to_do(session).await;
        }
        self.execute(session, assembly, &planned, kind).await
    }

    async fn deploy_saved(&self, session: &Session<'_>, plan: &Plan) -> Result<(), Ended> {
        lock(self.left).wanted = Some(self.assembly.clone());
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
        let mut left = lock(self.left);
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
        lock(self.left).release = Some((id.clone(), None));
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
                lock(self.left).release = Some((id, Some(outcome)));
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
        lock(self.left).deleted = there.into_iter().map(str::to_owned).collect();
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
