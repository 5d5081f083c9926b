//! Moves, whatever happens to the calls that carry them out.

use std::time::{Duration, Instant};

use assembly::Move;
use engine::{Assembly, CloudFormation as _, Error, OutcomeKind, Report};
use local::{CallFault, Faults, Step, Trouble};
use serde_json::{Value, json};

use crate::support::{World, assembly, kinds};

const CALLS: [&str; 5] = [
    "ListStackRefactors",
    "CreateStackRefactor",
    "DescribeStackRefactor",
    "ListStackRefactorActions",
    "ExecuteStackRefactor",
];

fn template(resources: &[&str]) -> Value {
    let resources = resources.iter().map(|name| {
        let topic = json!({"Type": "AWS::SNS::Topic"});
        ((*name).to_owned(), topic)
    });
    let resources: serde_json::Map<_, _> = resources.collect();
    json!({ "Resources": resources })
}

fn before() -> Assembly {
    assembly(&[("app", &[], template(&["Old", "Rest"]))])
}

/// The topic under another name in a stack that is made for it.
fn after() -> Assembly {
    let mut after = assembly(&[
        ("data", &[], template(&["New"])),
        ("app", &[], template(&["Rest"])),
    ]);
    after.manifest.moves = vec![Move {
        from: "app/Old".to_owned(),
        to: "data/New".to_owned(),
    }];
    after
}

async fn physical(world: &World, stack: &str, logical_id: &str) -> Option<String> {
    let resources = world.cloud.resources(stack).await.expect("it can be read");
    let mut resources = resources.into_iter();
    resources
        .find(|one| one.logical_id == logical_id)?
        .physical_id
}

/// A world with the topic where it was, and the name AWS knows it by.
async fn deployed() -> (World, String) {
    let world = World::new().await;
    let report = world.deploy(&before()).await;
    assert!(report.is_success(), "{report:#?}");
    let topic = physical(&world, "shop-test-app", "Old").await;
    (world, topic.expect("it is deployed"))
}

async fn is_moved(world: &World, topic: &str) {
    let report = world.deploy(&after()).await;
    assert!(report.is_unchanged(), "{report:#?}");
    assert_eq!(
        physical(world, "shop-test-data", "New").await.as_deref(),
        Some(topic)
    );
}

fn failure(report: &Report) -> &Error {
    report.failures().next().expect("it failed").1
}

#[tokio::test]
async fn calls_that_are_troubled_once_change_nothing() {
    for operation in CALLS {
        for trouble in [
            Trouble::Throttled,
            Trouble::InternalFailure,
            Trouble::LostBefore,
            Trouble::LostAfter,
            Trouble::Cut,
        ] {
            let (mut world, topic) = deployed().await;
            let fault = CallFault::new(operation, 1, Some(1)).trouble(trouble);
            world.again_with(Faults::default().call(fault)).await;
            let report = world.deploy(&after()).await;
            assert!(report.is_success(), "{operation} {trouble:?}: {report:#?}");
            is_moved(&world, &topic).await;
        }
    }
}

#[tokio::test]
async fn a_call_that_is_not_allowed_leaves_nothing_behind() {
    for operation in &CALLS[1..] {
        let (mut world, topic) = deployed().await;
        world.again_with(Faults::default().deny(operation)).await;
        let report = world.deploy(&after()).await;
        assert!(!report.is_success(), "{operation}");
        assert!(
            matches!(failure(&report), Error::Aws(_)),
            "{operation}: {report:#?}"
        );
        assert_eq!(
            physical(&world, "shop-test-app", "Old").await.as_deref(),
            Some(topic.as_str())
        );
        world.again_with(Faults::default()).await;
        let report = world.deploy(&after()).await;
        assert!(report.is_success(), "{operation}: {report:#?}");
        is_moved(&world, &topic).await;
    }
}

#[tokio::test]
async fn a_move_that_fails_is_undone_and_begins_nothing_else() {
    let (mut world, topic) = deployed().await;
    world
        .again_with(Faults::default().fail("New", Step::Update, "no tags today"))
        .await;
    let report = world.deploy(&after()).await;
    assert_eq!(
        kinds(&report),
        [("data", OutcomeKind::Failed), ("app", OutcomeKind::Skipped)]
    );
    let text = failure(&report).to_string();
    assert!(
        text.contains("no tags today; it was undone: every resource is where it was"),
        "{text}"
    );
    assert_eq!(
        physical(&world, "shop-test-app", "Old").await.as_deref(),
        Some(topic.as_str())
    );
    assert_eq!(
        world
            .cloud
            .stack("shop-test-data")
            .await
            .expect("it answers"),
        None
    );
    world.again_with(Faults::default()).await;
    world.deploy(&after()).await;
    is_moved(&world, &topic).await;
}

#[tokio::test]
async fn independent_stacks_take_as_long_as_the_slowest() {
    let mut world = World::new().await;
    let slow = Duration::from_millis(600);
    let faults = ["A", "B", "C"]
        .iter()
        .fold(Faults::default(), |faults, name| faults.delay(name, slow));
    world.again_with(faults).await;
    let wanted = assembly(&[
        ("a", &[], template(&["A"])),
        ("b", &[], template(&["B"])),
        ("c", &[], template(&["C"])),
        ("last", &["a"], template(&["D"])),
    ]);
    let start = Instant::now();
    let report = world.deploy(&wanted).await;
    assert!(report.is_success(), "{report:#?}");
    assert!(start.elapsed() >= slow, "{:?}", start.elapsed());
    // One after the other they would take three times as long.
    assert!(start.elapsed() < slow * 5 / 2, "{:?}", start.elapsed());
    let place = |name: &str| report.stacks.iter().position(|stack| stack.name == name);
    assert!(place("a") < place("last"), "{report:#?}");
}
