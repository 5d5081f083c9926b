//! What can go wrong on the way: nobody there, the wrong account, an interruption, another run at the same time.

use std::time::{Duration, Instant};

use engine::{AwsErrorKind, Busy, ChangeSets, Error, Hint as _, OutcomeKind, verify_account};
use local::Faults;
use serde_json::json;

use crate::support::{ACCOUNT, World, assembly, connect, kinds};

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_reported_soon() {
    let start = Instant::now();
    let cloud = connect("http://127.0.0.1:9").await;
    let error = verify_account(&cloud, ACCOUNT)
        .await
        .expect_err("nobody listens there");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    let Error::Aws(failure) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.kind, AwsErrorKind::Unreachable, "{failure:?}");
    assert!(error.to_string().contains("http://127.0.0.1:9"), "{error}");
    assert!(!error.hints().is_empty());
}

#[tokio::test]
async fn the_account_is_checked() {
    let world = World::new().await;
    assert_eq!(
        verify_account(&world.cloud, ACCOUNT)
            .await
            .expect("it is right")
            .account,
        ACCOUNT
    );
    assert!(matches!(
        verify_account(&world.cloud, "111111111111").await,
        Err(Error::WrongAccount { .. })
    ));
}

#[tokio::test]
async fn an_interrupted_deployment_is_followed_to_its_end_by_the_next_run() {
    let mut world = World::new().await;
    world
        .again_with(Faults::default().delay("Slow", Duration::from_millis(700)))
        .await;
    let wanted = assembly(&[(
        "base",
        &[],
        json!({"Resources": {"Slow": {"Type": "AWS::SNS::Topic"}}}),
    )]);
    let report = world
        .with(async |engine| {
            let planned = engine
                .plan(&wanted, &[], ChangeSets::Kept, Busy::Refuse)
                .await
                .expect("it can be planned");
            let stop = engine.stop();
            let interrupt = async {
                tokio::time::sleep(Duration::from_millis(250)).await;
                stop.cancel();
            };
            tokio::join!(engine.deploy(&wanted, &planned), interrupt).0
        })
        .await;
    assert!(report.is_interrupted(), "{report:#?}");
    assert_eq!(kinds(&report), [("base", OutcomeKind::Detached)]);

    let busy = world.plan(&wanted, ChangeSets::Left).await;
    let Err(Error::Busy { holder, .. }) = &busy else {
        panic!("{busy:?}");
    };
    let words = holder.to_string();
    assert!(
        words.starts_with("another run of chitinfra since 20"),
        "{words}"
    );
    assert!(words.contains("Z (client token `chitinfra-run"), "{words}");
    let report = world.deploy(&wanted).await;
    assert!(report.is_unchanged(), "{report:#?}");
}

#[tokio::test]
async fn of_two_runs_with_the_same_plan_one_proceeds() {
    let world = World::new().await;
    let template = |name: &str| json!({"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}}});
    world
        .deploy(&assembly(&[("base", &[], template("one"))]))
        .await;
    let (two, three) = (
        assembly(&[("base", &[], template("two"))]),
        assembly(&[("base", &[], template("three"))]),
    );
    let first = world
        .plan(&two, ChangeSets::Kept)
        .await
        .expect("it can be planned");
    let second = world
        .plan(&three, ChangeSets::Kept)
        .await
        .expect("it can be planned");
    let report = world
        .with(async |engine| engine.deploy(&two, &first).await)
        .await;
    assert!(report.is_success(), "{report:#?}");
    let report = world
        .with(async |engine| engine.deploy(&three, &second).await)
        .await;
    let failures: Vec<_> = report.failures().collect();
    assert!(matches!(failures[0].1, Error::Moved { .. }), "{report:#?}");
}
