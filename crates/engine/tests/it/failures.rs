//! What fails: creates and updates that are rolled back, deletions that stop, change sets that cannot be made.

use engine::{ChangeSets, Error, Hint as _, Outcome, OutcomeKind, Skipped, StackStatus};
use local::{Faults, Step};
use serde_json::{Value, json};

use crate::support::{World, assembly, kinds};

fn topics(display_name: &str) -> Value {
    json!({"Resources": {
        "First": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display_name}},
        "Second": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": ["First", "TopicName"]}}},
    }})
}

#[tokio::test]
async fn a_failed_create_is_explained_and_cleared_away_by_the_next_deployment() {
    let mut world = World::new().await;
    world
        .again_with(Faults::default().fail("Second", Step::Create, "Topic quota exceeded"))
        .await;
    let wanted = assembly(&[
        ("base", &[], topics("one")),
        ("top", &["base"], topics("two")),
    ]);
    let report = world.deploy(&wanted).await;
    let Outcome::Failed(Error::Failed {
        status,
        cause: Some(cause),
        ..
    }) = &report.stacks[0].outcome
    else {
        panic!("{report:#?}")
    };
    assert_eq!(*status, StackStatus::RollbackComplete);
    assert_eq!(cause.logical_id, "Second");
    assert!(cause.message.contains("Topic quota exceeded"), "{cause:?}");
    assert_eq!(cause.source.as_deref(), Some("stacks/src/base.rs:2"));
    assert!(
        matches!(&report.stacks[1].outcome, Outcome::Skipped(Skipped::After(name)) if name == "base")
    );

    world.again_with(Faults::default()).await;
    let report = world.deploy(&wanted).await;
    assert!(report.is_success(), "{report:#?}");
}

#[tokio::test]
async fn a_failed_update_is_rolled_back_and_the_next_one_succeeds() {
    let mut world = World::new().await;
    world
        .deploy(&assembly(&[("base", &[], topics("one"))]))
        .await;
    world
        .again_with(Faults::default().fail("First", Step::Update, "not now"))
        .await;
    let report = world
        .deploy(&assembly(&[("base", &[], topics("two"))]))
        .await;
    let Outcome::Failed(error @ Error::Failed { status, .. }) = &report.stacks[0].outcome else {
        panic!("{report:#?}")
    };
    assert_eq!(*status, StackStatus::UpdateRollbackComplete);
    assert!(error.to_string().contains("not now"), "{error}");
    let status = world
        .with(async |engine| {
            engine
                .status(&assembly(&[("base", &[], topics("one"))]))
                .await
        })
        .await;
    assert_eq!(
        status.expect("it can be read").stacks[0].health,
        engine::Health::Failed
    );

    world.again_with(Faults::default()).await;
    assert_eq!(
        kinds(
            &world
                .deploy(&assembly(&[("base", &[], topics("two"))]))
                .await
        ),
        [("base", OutcomeKind::Updated)]
    );
}

#[tokio::test]
async fn a_failed_rollback_is_named_with_what_to_do() {
    let mut world = World::new().await;
    world
        .deploy(&assembly(&[("base", &[], topics("one"))]))
        .await;
    let faults = Faults::default()
        .fail("Second", Step::Update, "not now")
        .fail("First", Step::Restore, "not back either");
    world.again_with(faults).await;
    let report = world
        .deploy(&assembly(&[("base", &[], {
            let mut template = topics("two");
            template["Resources"]["Second"]["Properties"]["DisplayName"] = json!("three");
            template["Resources"]["Second"]["DependsOn"] = json!("First");
            template
        })]))
        .await;
    let Outcome::Failed(error @ Error::Failed { status, .. }) = &report.stacks[0].outcome else {
        panic!("{report:#?}")
    };
    assert_eq!(*status, StackStatus::UpdateRollbackFailed);
    assert!(
        error
            .hints()
            .iter()
            .any(|hint| hint.contains("chitinfra recover")),
        "{:?}",
        error.hints()
    );
    let stuck = world
        .plan(&assembly(&[("base", &[], topics("two"))]), ChangeSets::Left)
        .await;
    assert!(matches!(stuck, Err(Error::Stuck { .. })), "{stuck:?}");
}

#[tokio::test]
async fn a_deletion_that_fails_stops_what_stands_below() {
    let mut world = World::new().await;
    let wanted = assembly(&[
        ("base", &[], topics("one")),
        (
            "top",
            &["base"],
            json!({"Resources": {"Only": {"Type": "AWS::SNS::Topic"}}}),
        ),
    ]);
    world.deploy(&wanted).await;
    world
        .again_with(Faults::default().fail("Only", Step::Delete, "still in use"))
        .await;
    let report = world
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert_eq!(
        kinds(&report),
        [("top", OutcomeKind::Failed), ("base", OutcomeKind::Skipped)]
    );
    world.again_with(Faults::default()).await;
    let report = world
        .with(async |engine| engine.destroy(&wanted, &[]).await)
        .await
        .expect("it is allowed");
    assert!(
        report.is_success() && report.stacks.len() == 2,
        "{report:#?}"
    );
}

#[tokio::test]
async fn a_template_that_cloudformation_refuses_leaves_no_shell() {
    let world = World::new().await;
    let template = json!({"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Nowhere"}}}}});
    let wanted = assembly(&[("base", &[], template)]);
    let error = world
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect_err("it is refused");
    assert!(error.to_string().contains("Nowhere"), "{error}");
    let status = world
        .with(async |engine| engine.status(&wanted).await)
        .await
        .expect("it can be read");
    assert_eq!(status.stacks[0].status, None);
}

#[tokio::test]
async fn a_wrong_property_is_told_with_its_place() {
    let world = World::new().await;
    let template =
        json!({"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}}});
    let wanted = assembly(&[("base", &[], template)]);
    let error = world
        .plan(&wanted, ChangeSets::Kept)
        .await
        .expect_err("early validation finds it");
    let hints = error.hints().join(" ");
    assert!(hints.contains("stacks/src/base.rs:1"), "{hints}");
    assert!(hints.contains("Colour"), "{hints}");
}
