//! The engine's decisions, over CloudFormation in memory.

mod cloud_assembly;
mod deploying;
mod drifting;
mod fake;
mod planning;
mod records;
mod store;
mod trouble;

use std::sync::Mutex;

use assembly::{Manifest, StackManifest};
use indexmap::IndexMap;
use plan::{Facts, Form, Pattern};
use serde_json::{Value, json};

use self::fake::Fake;
use crate::{
    Assembly, Busy, ChangeSets, Engine, Error, Event, OutcomeKind, Pace, Planned, Report,
    StackStatus, Template,
};

/// Knows that a bucket holds data, and that its name cannot change.
struct Buckets;

impl Facts for Buckets {
    fn is_known(&self, _: &str) -> bool {
        true
    }
    fn is_stateful(&self, type_name: &str) -> bool {
        type_name == "AWS::S3::Bucket"
    }
    fn create_only(&self, _: &str) -> Vec<Pattern> {
        vec![vec!["BucketName".to_owned()]]
    }
    fn conditional_create_only(&self, _: &str) -> Vec<Pattern> {
        Vec::new()
    }
    fn write_only(&self, _: &str) -> Vec<Pattern> {
        Vec::new()
    }
    fn primary_identifier(&self, _: &str) -> Vec<Pattern> {
        Vec::new()
    }
    fn form(&self, _: &str, _: &[&str]) -> Form {
        Form::Plain
    }
}

/// An assembly of stacks: name, what it depends on, template.
fn assembly(stacks: &[(&str, &[&str], Value)]) -> Assembly {
    let manifest = Manifest {
        format_version: assembly::FORMAT_VERSION.to_owned(),
        project: "p".to_owned(),
        environment: "test".to_owned(),
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        stacks: stacks
            .iter()
            .map(|(name, depends_on, _)| StackManifest {
                name: (*name).to_owned(),
                stack_name: format!("p-{name}"),
                template: format!("{name}.template.json"),
                depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
                tags: IndexMap::new(),
                parameters: IndexMap::new(),
                termination_protection: false,
                notification_arns: None,
                stack_policy: None,
                role_arn: None,
                resources: IndexMap::new(),
                allowed_losses: Vec::new(),
                suppressions: Vec::new(),
            })
            .collect(),
        external: Vec::new(),
        moves: Vec::new(),
        diagnostics: Vec::new(),
    };
    let templates = stacks.iter().map(|(name, _, template)| {
        let template = Template::parse(template.to_string()).expect("it is a template");
        ((*name).to_owned(), template)
    });
    Assembly {
        manifest,
        templates: templates.collect(),
    }
}

fn producer(value: &str) -> Value {
    json!({
        "Resources": {"Users": {"Type": "AWS::Cognito::UserPool", "Properties": {"Name": value}}},
        "Outputs": {"Id": {"Value": value}},
    })
}

fn consumer(size: u32) -> Value {
    json!({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Size": size, "Name": {"Fn::Join": ["", [
        {"Fn::GetStackOutput": {"StackName": "p-identity", "OutputName": "Id"}}]]}}}}})
}

fn pair(value: &str, size: u32) -> Assembly {
    assembly(&[
        ("identity", &[], producer(value)),
        ("files", &["identity"], consumer(size)),
    ])
}

/// A fake with what happened in each run on it.
struct Run {
    cloud: Fake,
    events: Mutex<Vec<Event>>,
    runs: Mutex<u32>,
}

impl Run {
    fn new() -> Self {
        Self {
            cloud: Fake::default(),
            events: Mutex::default(),
            runs: Mutex::default(),
        }
    }

    /// Does something with a new engine, as a new run of the program would.
    async fn with<T>(&self, work: impl AsyncFnOnce(&Engine<'_>) -> T) -> T {
        let on_event = |event| self.events.lock().expect("no panic").push(event);
        let number = {
            let mut runs = self.runs.lock().expect("no panic");
            *runs += 1;
            *runs
        };
        let engine = Engine::new(
            &self.cloud,
            &Buckets,
            Pace::embedded(1),
            format!("run{number}"),
            &on_event,
        );
        work(&engine).await
    }

    async fn plan(
        &self,
        assembly: &Assembly,
        change_sets: ChangeSets<'_>,
    ) -> Result<Planned, Error> {
        self.with(async |engine| engine.plan(assembly, &[], change_sets, Busy::Refuse).await)
            .await
    }

    async fn deploy(&self, assembly: &Assembly) -> Report {
        self.with(async |engine| {
            let planned = engine
                .plan(assembly, &[], ChangeSets::Kept, Busy::Follow)
                .await
                .expect("it can be planned");
            engine.deploy(assembly, &planned).await
        })
        .await
    }

    /// What was noted, in every run.
    fn notes(&self) -> Vec<String> {
        let events = self.events.lock().expect("no panic");
        let message = |event: &Event| match event {
            Event::Note { message, .. } => Some(message.clone()),
            _ => None,
        };
        events.iter().filter_map(message).collect()
    }

    fn nothing_left_behind(&self) {
        let state = self.cloud.state();
        assert!(state.change_sets.is_empty());
        assert!(
            state
                .stacks
                .iter()
                .all(|stack| stack.stack.status != StackStatus::ReviewInProgress)
        );
    }
}

fn kinds(report: &Report) -> Vec<(&str, OutcomeKind)> {
    report
        .stacks
        .iter()
        .map(|stack| (stack.name.as_str(), stack.outcome.kind()))
        .collect()
}

fn only_failure(report: &Report) -> &Error {
    let mut failures = report.failures();
    let (_, error) = failures.next().expect("one failed");
    assert!(failures.next().is_none(), "{report:?}");
    error
}
