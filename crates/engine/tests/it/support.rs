//! An embedded endpoint of its own for each test, and the assemblies deployed to it.

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use assembly::{Manifest, ResourceOrigin, StackManifest};
use engine::{
    Assembly, Aws, AwsOptions, Busy, ChangeSets, Engine, Error, Event, OutcomeKind, Pace, Planned,
    Report, Template,
};
use indexmap::IndexMap;
use local::{Faults, Options, Server};
use plan::SchemaFacts;
use serde_json::Value;
use tokio::{sync::oneshot, task::JoinHandle};

pub(crate) const ACCOUNT: &str = "000000000000";

/// An endpoint, a connection to it, and what happened.
pub(crate) struct World {
    pub(crate) cloud: Aws,
    pub(crate) address: String,
    pub(crate) events: Mutex<Vec<Event>>,
    folder: tempfile::TempDir,
    served: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    runs: Mutex<u32>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let (cloud, address, served) = serve(&folder, Faults::default()).await;
        Self {
            cloud,
            address,
            events: Mutex::default(),
            folder,
            served: Some(served),
            runs: Mutex::default(),
        }
    }

    /// Starts the endpoint again on the same state, with faults.
    pub(crate) async fn again_with(&mut self, faults: Faults) {
        let (stop, served) = self.served.take().expect("it is served");
        stop.send(()).expect("it still runs");
        // Its connections are kept alive by the client, which goes with them.
        self.cloud = connect("http://127.0.0.1:9").await;
        served.await.expect("it ends in order");
        let (cloud, address, served) = serve(&self.folder, faults).await;
        self.cloud = cloud;
        self.address = address;
        self.served = Some(served);
    }

    /// Does something with a new engine, as a new run of the program would.
    pub(crate) async fn with<T>(&self, work: impl AsyncFnOnce(&Engine<'_>) -> T) -> T {
        let on_event = |event| self.events.lock().expect("no panic").push(event);
        let number = {
            let mut runs = self.runs.lock().expect("no panic");
            *runs += 1;
            *runs
        };
        let engine = Engine::new(
            &self.cloud,
            &SchemaFacts,
            Pace::embedded(1),
            format!("run{number}"),
            &on_event,
        );
        work(&engine).await
    }

    pub(crate) async fn plan(
        &self,
        assembly: &Assembly,
        change_sets: ChangeSets<'_>,
    ) -> Result<Planned, Error> {
        self.with(async |engine| engine.plan(assembly, &[], change_sets, Busy::Refuse).await)
            .await
    }

    pub(crate) async fn deploy(&self, assembly: &Assembly) -> Report {
        self.with(async |engine| {
            let planned = engine
                .plan(assembly, &[], ChangeSets::Kept, Busy::Follow)
                .await
                .expect("it can be planned");
            engine.deploy(assembly, &planned).await
        })
        .await
    }

    pub(crate) fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().expect("no panic"))
    }
}

async fn serve(
    folder: &tempfile::TempDir,
    faults: Faults,
) -> (Aws, String, (oneshot::Sender<()>, JoinHandle<()>)) {
    let mut options = Options::new(folder.path(), "test", Arc::new(now));
    options.faults = faults;
    let server = Server::bind(options).expect("the port is free and the state is new");
    let address = server.url();
    let cloud = connect(&address).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let shutdown = async {
            stopped.await.ok();
        };
        server.run(shutdown).await.expect("it serves");
    });
    (cloud, address, (stop, served))
}

pub(crate) async fn connect(url: &str) -> Aws {
    Aws::connect(AwsOptions {
        region: "us-east-1".to_owned(),
        account: ACCOUNT.to_owned(),
        endpoint_url: Some(url.to_owned()),
        embedded: true,
        ..AwsOptions::default()
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "a test is a program")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// An assembly of stacks: name, what it depends on, template.
pub(crate) fn assembly(stacks: &[(&str, &[&str], Value)]) -> Assembly {
    let manifests = stacks
        .iter()
        .map(|(name, depends_on, template)| StackManifest {
            name: (*name).to_owned(),
            stack_name: format!("shop-test-{name}"),
            template: format!("{name}.template.json"),
            depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
            tags: IndexMap::from([("Project".to_owned(), "shop".to_owned())]),
            parameters: IndexMap::new(),
            termination_protection: false,
            notification_arns: None,
            stack_policy: None,
            role_arn: None,
            resources: origins(name, template),
            allowed_losses: Vec::new(),
            suppressions: Vec::new(),
        });
    let templates = stacks.iter().map(|(name, _, template)| {
        let template = Template::parse(template.to_string()).expect("it is a template");
        ((*name).to_owned(), template)
    });
    Assembly {
        manifest: Manifest {
            format_version: assembly::FORMAT_VERSION.to_owned(),
            project: "shop".to_owned(),
            environment: "test".to_owned(),
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            stacks: manifests.collect(),
            external: Vec::new(),
            moves: Vec::new(),
            diagnostics: Vec::new(),
        },
        templates: templates.collect(),
    }
}

fn origins(stack: &str, template: &Value) -> IndexMap<String, ResourceOrigin> {
    let resources = template["Resources"].as_object().expect("it has resources");
    let origin = |(line, id): (usize, &String)| {
        let origin = ResourceOrigin {
            path: format!("{stack}/{id}"),
            source: format!("stacks/src/{stack}.rs:{}", line + 1),
        };
        (id.clone(), origin)
    };
    resources.keys().enumerate().map(origin).collect()
}

pub(crate) fn kinds(report: &Report) -> Vec<(&str, OutcomeKind)> {
    report
        .stacks
        .iter()
        .map(|stack| (stack.name.as_str(), stack.outcome.kind()))
        .collect()
}
