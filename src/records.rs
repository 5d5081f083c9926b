//! What a run that changes an environment keeps of it: who holds the environment, and a record of what is done.

use engine::{
    Aws, Claimant, Claimed, Draft, Engine, History, Home, Judgement, Ledger, ObjectStore as _,
    Patience, Report,
};

use crate::{
    app::{self, App},
    clock,
    error::CommandError,
    machine,
    operation::Connection,
    printer::Printer,
    session::Session,
};

/// The version of this program.
const TOOL: &str = env!("CARGO_PKG_VERSION");

/// The record of a run that holds its environment, or of one for which there is no bucket to keep any.
pub(crate) struct Records<'a> {
    ledger: Option<Ledger<'a>>,
    pub(crate) home: &'a Home,
    unfinished: Option<String>,
    printer: &'a Printer,
}

impl<'a> Records<'a> {
    /// Records of a run that holds its environment; of one that cannot, without a claim.
    pub(crate) fn new(
        cloud: &'a Aws,
        home: &'a Home,
        claimed: Option<&'a Claimed<'a>>,
        printer: &'a Printer,
    ) -> Self {
        Self {
            ledger: claimed.map(|claimed| {
                Ledger::new(
                    cloud,
                    home.clone(),
                    &claimed.claim,
                    &clock::milliseconds,
                    TOOL,
                )
            }),
            home,
            unfinished: claimed.and_then(|claimed| claimed.unfinished.clone()),
            printer,
        }
    }

    /// Does something to the environment and records that it began and how it ended.
    pub(crate) async fn keep(
        &self,
        draft: &Draft<'_>,
        work: impl AsyncFnOnce() -> Result<Report, engine::Error>,
    ) -> Result<Report, CommandError> {
        let Some(ledger) = &self.ledger else {
            let environment = &self.home.environment;
            self.printer.message(&format!(
                "warning: this is not recorded, and nothing keeps others from deploying meanwhile: {environment} has no asset bucket; `chitinfra bootstrap -e {environment}` makes one"
            ));
            return Ok(work().await?);
        };
        let entry = ledger.begin(draft).await?;
        let id = entry.release().id.clone();
        let report = work().await;
        let kept = ledger.finish(entry, report.as_ref().ok()).await;
        match (&kept, &report) {
            (Ok(()), Ok(_)) => self.printer.detail(&format!("recorded as {id}")),
            (Ok(()), Err(_)) => {}
            (Err(error), _) => self.printer.message(&format!(
                "warning: how this ended could not be recorded, so that {id} stays unfinished: {error}"
            )),
        }
        Ok(report?)
    }

    /// There was nothing to do, so that nothing is left of what an earlier run was cut off in.
    pub(crate) async fn nothing_to_do(&self, whole: bool) -> Result<(), CommandError> {
        if let (Some(ledger), Some(release), true) = (&self.ledger, &self.unfinished, whole) {
            ledger.settle().await?;
            self.printer.status(&format!(
                "{release}, which was cut off, has left nothing to do"
            ));
        }
        Ok(())
    }
}

/// This run, as others are told of it.
pub(crate) fn claimant(command: &str, by: &str, run: &str) -> Claimant {
    let process = std::process::id();
    Claimant {
        command: command.to_owned(),
        by: by.to_owned(),
        machine: machine::name(),
        boot: machine::boot(),
        process,
        process_started: machine::started(process),
        run: run.to_owned(),
        // The engine fills these in as it claims.
        since: String::new(),
        seen: String::new(),
        release: None,
    }
}

/// What claims of other runs are judged by.
pub(crate) fn judgement(embedded: bool) -> Judgement<'static> {
    Judgement {
        clock: &clock::milliseconds,
        patience: if embedded {
            Patience::EMBEDDED
        } else {
            Patience::AWS
        },
        is_gone: &machine::is_gone,
    }
}

/// Tells of a dead run that held the environment, and of what it was cut off in.
pub(crate) fn tell(claimed: &Claimed<'_>, printer: &Printer) {
    if let Some(displaced) = &claimed.displaced {
        let why = match displaced.silent_for {
            None => "its process is gone".to_owned(),
            Some(silence) => format!("it gave no sign of life for {} s", silence.as_secs()),
        };
        printer.message(&format!("taken over from {}: {why}", displaced.holder));
    }
    if let Some(release) = &claimed.unfinished {
        printer.message(&format!(
            "{release} was cut off; this run goes on from what it left"
        ));
    }
}

/// Says who is at work on the environment, if anyone is: what is read meanwhile may be of before or after.
pub(crate) async fn mention_holder(connection: &Connection<'_>, home: &Home, printer: &Printer) {
    match engine::occupant(connection.cloud, home).await {
        Ok(Some(holder)) if judgement(connection.embedded).is_alive(&holder) => printer.message(
            &format!("note: {} is being changed by {holder}", home.environment),
        ),
        Ok(_) => {}
        Err(error) => printer.message(&format!(
            "warning: whether someone is deploying to {} is not known: {error}",
            home.environment
        )),
    }
}

/// The history of an environment; a release without an ending is under way where its run lives.
pub(crate) async fn history(
    connection: &Connection<'_>,
    home: &Home,
) -> Result<History, CommandError> {
    let holder = engine::occupant(connection.cloud, home).await?;
    let alive = holder.filter(|holder| judgement(connection.embedded).is_alive(holder));
    let under_way = alive.and_then(|holder| holder.release);
    Ok(engine::history(connection.cloud, home, under_way.as_deref()).await?)
}

/// Where the records of an environment are, without asking its stacks: what was synthesized last knows the project's
/// name, and otherwise the bucket does, as long as it holds one project only that has such an environment.
pub(crate) async fn home(session: &Session, cloud: &Aws) -> Result<Home, CommandError> {
    let environment = session.environment.name.clone();
    let synthesized = match &session.app {
        App::Assembly(folder) => Some(app::read(folder, &session.project, &session.environment)?),
        App::Package(_) | App::Program(_) => {
            app::read(&session.output(), &session.project, &session.environment).ok()
        }
    };
    if let Some(assembly) = synthesized {
        return Ok(Home {
            project: assembly.manifest.project,
            environment,
        });
    }
    let not_there = |error: Box<engine::AwsError>| {
        if error.is_missing_bucket() {
            engine::Error::from(engine::RecordError::NotBootstrapped {
                environment: environment.clone(),
            })
        } else {
            error.into()
        }
    };
    let mut projects = Vec::new();
    for project in cloud.folders("").await.map_err(not_there)? {
        let environments = cloud.folders(&format!("{project}/")).await;
        if environments.map_err(not_there)?.contains(&environment) {
            projects.push(project);
        }
    }
    match &projects[..] {
        [project] => Ok(Home {
            project: project.clone(),
            environment,
        }),
        [] => Err(CommandError::failed(format!(
            "nothing was deployed to {environment} yet that is recorded"
        ))),
        several => Err(CommandError::usage(format!(
            "several projects have an environment `{environment}`: {}",
            several.join(", ")
        ))
        .hinted(format!(
            "`chitinfra synth -e {environment}` says which one this is"
        ))),
    }
}

/// Where the records of an assembly's environment are.
pub(crate) fn home_of(manifest: &assembly::Manifest) -> Home {
    Home {
        project: manifest.project.clone(),
        environment: manifest.environment.clone(),
    }
}

/// Renews the claim while the operation runs; if another run took it, the operation is asked to end, and why is returned.
pub(crate) async fn keep_claim(claimed: &Claimed<'_>, engine: &Engine<'_>) -> CommandError {
    let lost = claimed.claim.keep().await;
    engine.stop().cancel();
    lost.into()
}
