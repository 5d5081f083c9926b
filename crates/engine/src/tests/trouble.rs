//! What goes wrong, and what is said of it.

use plan::StackAction;
use serde_json::{Value, json};

use super::{Run, assembly, consumer, kinds, only_failure, pair, producer};
use crate::{
    AwsErrorKind, Busy, ChangeSets, Error, Event, Execution, Hint as _, Outcome, OutcomeKind,
    Skipped, StackStatus, Template, verify_account,
};

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
    let notes = run.notes();
    assert_eq!(
        notes[0],
        "is being changed (`UPDATE_IN_PROGRESS`) by someone else: that is followed to its end first"
    );
    let events = run.events.lock().expect("no panic");
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::StackFinished { stack, outcome, .. } => Some((stack.as_str(), *outcome)),
            _ => None,
        })
        .skip(2)
        .collect();
    assert_eq!(
        ends,
        [
            ("identity", OutcomeKind::Updated),
            ("identity", OutcomeKind::Updated),
            ("files", OutcomeKind::Updated)
        ]
    );
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
