//! Deployments and deletions that go well.

use plan::StackAction;
use serde_json::json;

use super::{Run, assembly, consumer, kinds, pair, producer};
use crate::{ChangeSets, Error, Event, OutcomeKind};

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
