//! The engine's decisions, over CloudFormation in memory.

use std::sync::Mutex;

use assembly::{Manifest, StackManifest};
use indexmap::IndexMap;
use plan::{Facts, Form, Pattern, StackAction};
use serde_json::{Value, json};

use crate::{
    Assembly, AwsErrorKind, Busy, ChangeSets, Engine, Error, Event, Execution, Hint as _, Outcome,
    OutcomeKind, Pace, Planned, Report, Skipped, StackStatus, Template, fake::Fake, verify_account,
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
                resources: IndexMap::new(),
                allowed_losses: Vec::new(),
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

    async fn plan(&self, assembly: &Assembly, change_sets: ChangeSets) -> Result<Planned, Error> {
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

#[tokio::test(start_paused = true)]
async fn the_first_deployment_creates_in_order_and_the_second_does_nothing() {
    let run = Run::new();
    let wanted = pair("one", 1);
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    let shape: Vec<_> = planned
        .plan
        .stacks
        .iter()
        .map(|stack| (stack.action, stack.provisional))
        .collect();
    assert_eq!(
        shape,
        [(StackAction::Create, false), (StackAction::Create, true)]
    );
    run.nothing_left_behind();

    let report = run.deploy(&wanted).await;
    assert_eq!(
        kinds(&report),
        [
            ("identity", OutcomeKind::Created),
            ("files", OutcomeKind::Created)
        ]
    );
    assert_eq!(report.stacks[0].outputs["Id"], "one");

    let before = run.cloud.count("CreateChangeSet");
    let report = run.deploy(&wanted).await;
    assert!(report.is_unchanged() && report.is_success(), "{report:?}");
    assert_eq!(run.cloud.count("CreateChangeSet"), before);
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn a_plan_without_changes_takes_two_calls_for_each_stack() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    run.cloud.state().calls.clear();
    run.plan(&pair("one", 1), ChangeSets::Read)
        .await
        .expect("it can be planned");
    let calls = run.cloud.state().calls.clone();
    assert_eq!(calls.len(), 4, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_deployed_again_when_the_value_it_reads_changed() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    let wanted = pair("two", 1);
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert!(planned.plan.stacks[1].provisional);
    let report = run.deploy(&wanted).await;
    assert_eq!(
        kinds(&report),
        [
            ("identity", OutcomeKind::Updated),
            ("files", OutcomeKind::Updated)
        ]
    );
    assert!(run.deploy(&wanted).await.is_unchanged());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_was_left_behind_is_found_by_the_next_plan() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    // Only the producer is deployed, as when a run is killed between the two.
    let wanted = pair("two", 1);
    run.with(async |engine| {
        let only = ["identity".to_owned()];
        let planned = engine
            .plan(&wanted, &only, ChangeSets::Kept, Busy::Refuse)
            .await
            .expect("it can be planned");
        engine.deploy(&wanted, &planned).await
    })
    .await;
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    let shape: Vec<_> = planned
        .plan
        .stacks
        .iter()
        .map(|stack| (stack.action, stack.provisional))
        .collect();
    assert_eq!(
        shape,
        [(StackAction::None, false), (StackAction::Update, false)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_update_names_its_cause_and_what_stands_behind_is_skipped() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    run.cloud.state().failing = Some(("Users".to_owned(), "Resource handler returned message: \"no\" (RequestToken: 1, HandlerErrorCode: AccessDenied)".to_owned()));
    let report = run.deploy(&pair("two", 2)).await;
    let Error::Failed { status, cause, .. } = only_failure(&report) else {
        panic!("{report:?}")
    };
    assert_eq!(*status, StackStatus::UpdateRollbackComplete);
    let cause = cause.as_ref().expect("it is known");
    assert_eq!(
        (cause.logical_id.as_str(), cause.message.as_str()),
        ("Users", "no")
    );
    assert!(!cause.hints().is_empty());
    assert!(
        matches!(&report.stacks[1].outcome, Outcome::Skipped(Skipped::After(name)) if name == "identity")
    );

    run.cloud.state().failing = None;
    assert!(run.deploy(&pair("two", 2)).await.is_success());
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_create_left_is_deleted_and_created_again() {
    let run = Run::new();
    run.cloud.state().failing = Some(("Users".to_owned(), "no".to_owned()));
    let wanted = assembly(&[("identity", &[], producer("one"))]);
    assert!(!run.deploy(&wanted).await.is_success());
    assert_eq!(
        run.cloud.status("p-identity"),
        Some(StackStatus::RollbackComplete)
    );

    run.cloud.state().failing = None;
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.stacks[0].action, StackAction::Create);
    assert_eq!(
        run.cloud.status("p-identity"),
        Some(StackStatus::RollbackComplete),
        "a plan deletes nothing"
    );
    let report = run.deploy(&wanted).await;
    assert_eq!(kinds(&report), [("identity", OutcomeKind::Created)]);
}

#[tokio::test(start_paused = true)]
async fn every_status_leads_where_the_table_says() {
    for status in StackStatus::KNOWN {
        use crate::Condition;
        let run = Run::new();
        let wanted = assembly(&[("identity", &[], producer("one"))]);
        run.deploy(&wanted).await;
        run.cloud.set_status("p-identity", status.clone());
        let planned = run.plan(&wanted, ChangeSets::Left).await;
        match (status.condition(), planned) {
            (Condition::Ready, Ok(planned)) => {
                assert_eq!(planned.plan.stacks[0].action, StackAction::None);
            }
            (Condition::Absent | Condition::Leftover, Ok(planned)) => {
                assert_eq!(
                    planned.plan.stacks[0].action,
                    StackAction::Create,
                    "{status}"
                );
            }
            (Condition::Busy, Err(error @ Error::Busy { .. }))
            | (Condition::Stuck, Err(error @ Error::Stuck { .. })) => {
                assert!(!error.hints().is_empty(), "{status}");
            }
            (_, other) => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_someone_left_is_taken_over_and_not_deleted() {
    let run = Run::new();
    let wanted = assembly(&[("identity", &[], producer("one"))]);
    let kept = run
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect("it can be planned");
    assert!(kept.change_sets["identity"].shell);
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.stacks[0].action, StackAction::Create);
    assert_eq!(
        run.cloud.status("p-identity"),
        Some(StackStatus::ReviewInProgress)
    );
    assert!(run.deploy(&wanted).await.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_set_tells_all_and_leaves_nothing() {
    let run = Run::new();
    run.cloud.state().refuse_change_sets =
        Some("AWS::EarlyValidation::PropertyValidation".to_owned());
    let mut wanted = assembly(&[
        ("identity", &[], producer("one")),
        ("other", &[], producer("two")),
    ]);
    let origin = assembly::ResourceOrigin {
        path: "identity/Users".to_owned(),
        source: "stacks/src/identity.rs:4".to_owned(),
    };
    wanted.manifest.stacks[0]
        .resources
        .insert("Users".to_owned(), origin);
    let error = run
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect_err("it is refused");
    let told = ["`Users` (stacks/src/identity.rs:4): PROPERTY_VALIDATION: extraneous key"];
    assert!(
        matches!(&error, Error::ChangeSet { findings, .. } if *findings == told),
        "{error:?}"
    );
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn an_error_is_never_read_as_absence() {
    for operation in ["DescribeStacks", "GetTemplate"] {
        for kind in [
            AwsErrorKind::AccessDenied,
            AwsErrorKind::Throttled,
            AwsErrorKind::Unavailable,
        ] {
            let run = Run::new();
            let wanted = assembly(&[("identity", &[], producer("one"))]);
            run.deploy(&wanted).await;
            run.cloud.state().failures.push((operation, kind));
            let error = run
                .plan(&wanted, ChangeSets::Left)
                .await
                .expect_err("it failed");
            assert!(matches!(error, Error::Aws(error) if error.kind == kind));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_make_change_sets_the_plan_says_so() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    run.cloud
        .state()
        .failures
        .push(("CreateChangeSet", AwsErrorKind::AccessDenied));
    let planned = run
        .plan(&pair("one", 2), ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.unverified, ["files"]);
    assert_eq!(planned.plan.stacks[1].action, StackAction::Update);
}

#[tokio::test(start_paused = true)]
async fn what_cloudformation_takes_for_no_change_is_none() {
    let run = Run::new();
    let template = |name: &str| json!({"Description": name, "Resources": {"A": {"Type": "T"}}});
    let one = assembly(&[("identity", &[], template("one"))]);
    run.deploy(&one).await;
    // The fake compares texts: make it see the same while the comparison of templates sees a difference.
    let other = json!({"Resources": {"A": {"Type": "T"}, "B": {"Type": "T"}}});
    run.cloud.state().stacks[0].template = other.to_string();
    let mut wanted = assembly(&[("identity", &[], other)]);
    assert_eq!(
        run.plan(&wanted, ChangeSets::Read)
            .await
            .expect("planned")
            .plan
            .stacks[0]
            .action,
        StackAction::None
    );
    wanted.manifest.stacks[0]
        .tags
        .insert("Owner".to_owned(), "me".to_owned());
    let planned = run
        .plan(&wanted, ChangeSets::Read)
        .await
        .expect("it can be planned");
    assert_eq!(planned.plan.stacks[0].action, StackAction::Update);
    assert_eq!(planned.plan.stacks[0].diff.other[0].name, "Tags.Owner");
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn protection_alone_needs_no_change_set() {
    let run = Run::new();
    let mut wanted = assembly(&[("identity", &[], producer("one"))]);
    run.deploy(&wanted).await;
    let before = run.cloud.count("CreateChangeSet");
    wanted.manifest.stacks[0].termination_protection = true;
    assert_eq!(
        kinds(&run.deploy(&wanted).await),
        [("identity", OutcomeKind::Updated)]
    );
    assert!(run.deploy(&wanted).await.is_unchanged());
    assert_eq!(run.cloud.count("CreateChangeSet"), before);
    let refused = run
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await;
    assert!(matches!(refused, Err(Error::Protected { stacks }) if stacks == ["identity"]));
    assert_eq!(run.cloud.count("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_no_longer_true_is_not_carried_out() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    let wanted = assembly(&[("identity", &[], producer("two"))]);
    let planned = run
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect("it can be planned");
    for change_set in run.cloud.state().change_sets.values_mut() {
        change_set.execution = Execution::Obsolete;
    }
    let report = run
        .with(async |engine| engine.deploy(&wanted, &planned).await)
        .await;
    assert!(matches!(only_failure(&report), Error::Moved { .. }));
    assert_eq!(run.cloud.count("ExecuteChangeSet"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_someone_else_does_is_followed_first() {
    let run = Run::new();
    run.deploy(&pair("one", 1)).await;
    run.cloud.will("p-identity", StackStatus::UpdateComplete);
    let error = run
        .plan(&pair("two", 1), ChangeSets::Left)
        .await
        .expect_err("it is busy");
    assert!(matches!(error, Error::Busy { .. }));
    assert!(run.deploy(&pair("two", 1)).await.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_the_execution_does_no_harm() {
    for kind in [AwsErrorKind::TimedOut, AwsErrorKind::Conflict] {
        let run = Run::new();
        run.cloud.state().failures.push(("ExecuteChangeSet", kind));
        let report = run
            .deploy(&assembly(&[("identity", &[], producer("one"))]))
            .await;
        // It was not begun, and that is what is said.
        assert!(!report.is_success());
        run.nothing_left_behind();
    }
}

#[tokio::test(start_paused = true)]
async fn passing_trouble_while_following_is_waited_out() {
    let run = Run::new();
    {
        let mut state = run.cloud.state();
        for _ in 0..3 {
            state
                .failures
                .push(("DescribeStackEvents", AwsErrorKind::Throttled));
        }
        // The first is asked for before anything is begun: that one must not fail.
        state.failures.clear();
    }
    let wanted = assembly(&[("identity", &[], producer("one"))]);
    let report = run
        .with(async |engine| {
            let planned = engine
                .plan(&wanted, &[], ChangeSets::Kept, Busy::Refuse)
                .await
                .expect("it can be planned");
            let trouble = async {
                while run.cloud.count("ExecuteChangeSet") == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                let mut state = run.cloud.state();
                state.failures.extend([
                    ("DescribeStackEvents", AwsErrorKind::Throttled),
                    ("DescribeStackEvents", AwsErrorKind::Unreachable),
                ]);
            };
            let (report, ()) = tokio::join!(engine.deploy(&wanted, &planned), trouble);
            report
        })
        .await;
    assert!(report.is_success(), "{report:?}");
    assert!(
        run.events
            .lock()
            .expect("no panic")
            .iter()
            .any(|event| matches!(event, Event::Note { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_end_the_following_and_not_the_deployment() {
    let run = Run::new();
    let wanted = assembly(&[("identity", &[], producer("one"))]);
    let report = run
        .with(async |engine| {
            let planned = engine
                .plan(&wanted, &[], ChangeSets::Kept, Busy::Refuse)
                .await
                .expect("it can be planned");
            let expiry = async {
                while run.cloud.count("ExecuteChangeSet") == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                run.cloud
                    .state()
                    .failures
                    .push(("DescribeStackEvents", AwsErrorKind::CredentialsExpired));
            };
            tokio::join!(engine.deploy(&wanted, &planned), expiry).0
        })
        .await;
    assert!(
        matches!(&report.stacks[0].outcome, Outcome::Detached(Some(error)) if error.kind == AwsErrorKind::CredentialsExpired)
    );
    assert!(!report.is_success() && !report.is_interrupted());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_deployment_says_what_goes_on_and_what_was_not_begun() {
    let run = Run::new();
    run.cloud.state().endless = true;
    let wanted = pair("one", 1);
    let report = run
        .with(async |engine| {
            let planned = engine
                .plan(&wanted, &[], ChangeSets::Kept, Busy::Refuse)
                .await
                .expect("it can be planned");
            let stop = engine.stop();
            let interrupt = async {
                tokio::time::sleep(std::time::Duration::from_secs(5)).await;
                stop.cancel();
            };
            tokio::join!(engine.deploy(&wanted, &planned), interrupt).0
        })
        .await;
    assert!(report.is_interrupted() && !report.is_success());
    assert_eq!(
        kinds(&report),
        [
            ("identity", OutcomeKind::Detached),
            ("files", OutcomeKind::Skipped)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn events_without_tokens_are_followed_too() {
    let run = Run::new();
    run.cloud.state().unstamped = true;
    assert!(run.deploy(&pair("one", 1)).await.is_success());
    assert!(run.deploy(&pair("two", 1)).await.is_success());
    let events = run.events.lock().expect("no panic");
    let completed = events.iter().filter(
        |event| matches!(event, Event::Resource { status, .. } if status.0.ends_with("_COMPLETE")),
    );
    assert_eq!(
        completed.count(),
        4,
        "each operation tells its own events and no other's"
    );
}

#[tokio::test(start_paused = true)]
async fn large_templates_go_through_the_bucket_and_are_counted_in_bytes() {
    let run = Run::new();
    // 25,000 characters of two bytes each, and a little more.
    let name = "é".repeat(25_700);
    assert!(
        run.deploy(&assembly(&[("identity", &[], producer(&name))]))
            .await
            .is_success()
    );
    assert_eq!(run.cloud.count("PutObject"), 1);
    let too_large = "é".repeat(600_000);
    let error = run
        .plan(
            &assembly(&[("other", &[], producer(&too_large))]),
            ChangeSets::Read,
        )
        .await;
    assert!(matches!(error, Err(Error::TemplateTooLarge { .. })));
}

#[tokio::test(start_paused = true)]
async fn independent_stacks_are_deployed_at_the_same_time() {
    let run = Run::new();
    let wanted = assembly(&[("a", &[], producer("a")), ("b", &[], producer("b"))]);
    assert!(run.deploy(&wanted).await.is_success());
    let events = run.events.lock().expect("no panic");
    let before_any_end = events
        .iter()
        .take_while(|event| !matches!(event, Event::StackFinished { .. }));
    let started = before_any_end.filter(|event| matches!(event, Event::StackStarted { .. }));
    assert_eq!(started.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_provisional_stack_does_not_lose_data_behind_the_plans_back() {
    let run = Run::new();
    let bucket = |extra: Value| {
        let mut template = consumer(1);
        template["Resources"]["Files"] =
            json!({"Type": "AWS::S3::Bucket", "Properties": {"Tag": extra}});
        template
    };
    let one = assembly(&[
        ("identity", &[], producer("one")),
        ("files", &["identity"], bucket(json!(1))),
    ]);
    run.deploy(&one).await;
    let mut two = assembly(&[
        ("identity", &[], producer("two")),
        ("files", &["identity"], bucket(json!(1))),
    ]);
    let planned = run
        .plan(&two, ChangeSets::Kept)
        .await
        .expect("it can be planned");
    two.templates.insert(
        "files".to_owned(),
        Template::parse(consumer(1).to_string()).expect("it is a template"),
    );
    let report = run
        .with(async |engine| engine.deploy(&two, &planned).await)
        .await;
    assert!(
        matches!(only_failure(&report), Error::UnplannedLoss { logical_id, .. } if logical_id == "Files")
    );
}

#[tokio::test(start_paused = true)]
async fn destroying_goes_backwards_and_names_what_remains() {
    let run = Run::new();
    let mut kept = consumer(1);
    kept["Resources"]["Topic"]["DeletionPolicy"] = json!("Retain");
    let wanted = assembly(&[
        ("identity", &[], producer("one")),
        ("files", &["identity"], kept),
    ]);
    run.deploy(&wanted).await;
    let needed = run
        .with(async |engine| engine.destroy(&wanted, &["identity".to_owned()]).await)
        .await;
    assert!(matches!(needed, Err(Error::Needed { consumers, .. }) if consumers == ["files"]));

    let report = run
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert_eq!(
        kinds(&report),
        [
            ("files", OutcomeKind::Deleted),
            ("identity", OutcomeKind::Deleted)
        ]
    );
    assert_eq!(report.stacks[0].remains[0].logical_id, "Topic");
    assert!(report.stacks[1].remains.is_empty());
    let report = run
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert!(report.stacks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_wrong_account_is_refused_after_one_call() {
    let run = Run::new();
    assert!(verify_account(&run.cloud, "123456789012").await.is_ok());
    let error = verify_account(&run.cloud, "210987654321")
        .await
        .expect_err("it is another");
    assert!(
        error.to_string().contains("123456789012") && error.to_string().contains("210987654321")
    );
    assert_eq!(run.cloud.state().calls.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn status_and_outputs_have_the_forms_of_the_contract() {
    let run = Run::new();
    run.deploy(&assembly(&[("identity", &[], producer("one"))]))
        .await;
    let both = pair("one", 1);
    let status = run
        .with(async |engine| engine.status(&both).await)
        .await
        .expect("it can be read");
    let status = serde_json::to_value(status).expect("it is data");
    assert_eq!(status["stacks"][0]["health"], "healthy");
    assert_eq!(status["stacks"][0]["status"], "CREATE_COMPLETE");
    assert_eq!(status["stacks"][0]["resources"], 1);
    assert_eq!(status["stacks"][1]["health"], "absent");
    assert_eq!(status["stacks"][1]["status"], Value::Null);
    let outputs = run
        .with(async |engine| engine.outputs(&both).await)
        .await
        .expect("it can be read");
    let outputs = serde_json::to_value(outputs).expect("it is data");
    assert_eq!(
        outputs,
        json!({"format_version": "1.0", "stacks": {"identity": {"Id": "one"}}, "external": {}})
    );
}

#[test]
fn selecting_a_stack_selects_what_it_stands_on() {
    let wanted = assembly(&[
        ("a", &[], json!({})),
        ("b", &["a"], json!({})),
        ("c", &[], json!({})),
    ]);
    let names = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        wanted.select(&names).map(|stacks| {
            stacks
                .iter()
                .map(|stack| stack.name.clone())
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(names(&["b"]).expect("it exists"), ["a", "b"]);
    assert_eq!(names(&[]).expect("it exists"), ["a", "b", "c"]);
    assert!(
        matches!(names(&["bb"]), Err(Error::UnknownStack { suggestion: Some(name), .. }) if name == "b" || name == "a" || name == "c")
    );
}

#[tokio::test(start_paused = true)]
async fn change_sets_behind_a_failure_are_not_left() {
    let run = Run::new();
    let stacks = |value: &str| {
        let plain = json!({"Resources": {"Other": {"Type": "AWS::SNS::Topic", "Properties": {"Name": value}}}});
        assembly(&[
            ("identity", &[], producer(value)),
            ("other", &["identity"], plain),
        ])
    };
    run.deploy(&stacks("one")).await;
    run.cloud.state().failing = Some(("Users".to_owned(), "no".to_owned()));
    let report = run.deploy(&stacks("two")).await;
    assert_eq!(
        kinds(&report),
        [
            ("identity", OutcomeKind::Failed),
            ("other", OutcomeKind::Skipped)
        ]
    );
    run.nothing_left_behind();
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_description_is_completed() {
    let run = Run::new();
    run.deploy(&assembly(&[("identity", &[], producer("one"))]))
        .await;
    run.cloud.state().warning = Some(
        "[WARN] --include-property-values option can return incomplete ChangeSet data because: x"
            .to_owned(),
    );
    let planned = run
        .plan(
            &assembly(&[("identity", &[], producer("two"))]),
            ChangeSets::Read,
        )
        .await;
    let planned = planned.expect("it can be planned");
    let change = planned.plan.stacks[0]
        .diff
        .change("Users")
        .expect("it changes");
    assert_eq!(change.reported, Some(plan::Action::Update));
}
