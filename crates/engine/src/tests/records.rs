//! Claims and records, in a store in memory: whatever is cut off, what is left can be read.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use plan::{Plan, Summary};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    assembly,
    store::{Broken, Failing, Memory},
};
use crate::{
    Assembly, AwsErrorKind, Claimant, Claimed, Draft, Error, Home, Judgement, Kind, Ledger,
    ObjectStore, Outcome, Patience, RecordError, Recorded, ReleaseOutcome, Report, StackReport,
    claim, find, history, occupant,
};

/// 2026-11-24T07:15:03Z.
const START: i64 = 1_795_504_503_000;

static NOW: AtomicI64 = AtomicI64::new(START);

fn home() -> Home {
    Home {
        project: "shop".to_owned(),
        environment: "test".to_owned(),
    }
}

fn claimant(run: &str) -> Claimant {
    Claimant {
        command: "chitinfra deploy -e test".to_owned(),
        by: "arn:aws:iam::123456789012:user/ada".to_owned(),
        machine: "desk".to_owned(),
        boot: None,
        process: 7,
        process_started: None,
        run: run.to_owned(),
        since: String::new(),
        seen: String::new(),
        release: None,
    }
}

fn judgement() -> Judgement<'static> {
    Judgement {
        clock: &|| NOW.load(Ordering::Relaxed),
        patience: Patience::AWS,
        is_gone: &|claimant| claimant.process == 0,
    }
}

async fn take<'a>(store: &'a dyn ObjectStore, run: &str) -> Result<Claimed<'a>, Error> {
    let claimed = claim(store, &home(), claimant(run), judgement()).await?;
    Ok(claimed.expect("there is a bucket"))
}

fn shop(secret: bool) -> Assembly {
    let template = json!({
        "Parameters": {"Key": {"Type": "String", "NoEcho": secret}},
        "Resources": {"Jobs": {"Type": "AWS::SQS::Queue"}},
    });
    let mut assembly = assembly(&[("web", &[], template)]);
    let value = "hunter2".to_owned();
    assembly.manifest.stacks[0]
        .parameters
        .insert("Key".to_owned(), value);
    assembly
}

fn plan() -> Plan {
    serde_json::from_value::<Plan>(json!({
        "format_version": "1.0", "environment": "test", "account": "123456789012",
        "region": "us-east-1", "digest": "", "stacks": [],
        "summary": serde_json::to_value(Summary::default()).unwrap(),
    }))
    .unwrap()
}

fn report(outcome: Outcome) -> Report {
    Report {
        stacks: vec![StackReport {
            name: "web".to_owned(),
            stack_name: "p-test-web".to_owned(),
            outcome,
            outputs: Default::default(),
            remains: Vec::new(),
            left: Vec::new(),
            elapsed_ms: 1,
        }],
    }
}

/// Claims, deploys and lets go, as a run does; ends where the first write fails.
async fn deploy(store: &Memory, run: &str, assembly: &Assembly) -> Result<(), Error> {
    let claimed = take(store, run).await?;
    let ledger = Ledger::new(store, home(), &claimed.claim, judgement().clock, "1.0.0");
    let plan = plan();
    let draft = Draft {
        kind: Kind::Deploy,
        commit: Some("4f8f3910aa"),
        manifest: &assembly.manifest,
        summary: Summary::default(),
        stacks: vec!["web"],
        content: Some((&plan, assembly)),
        rollback_to: None,
    };
    let entry = ledger.begin(&draft).await?;
    ledger
        .finish(entry, Some(&report(Outcome::Updated)))
        .await?;
    claimed.claim.free().await
}

#[tokio::test(start_paused = true)]
async fn a_release_is_named_by_time_and_commit_and_can_be_read_back() {
    let store = Memory::new();
    deploy(&store, "one", &shop(false)).await.unwrap();
    let history = history(&store, &home(), None).await.unwrap();
    let release = &history.releases[0];
    assert!(
        release.id.starts_with("20261124-071503-4f8f391-"),
        "{}",
        release.id
    );
    assert_eq!(release.outcome, ReleaseOutcome::Succeeded);
    assert_eq!(release.at, "2026-11-24T07:15:03Z");
    assert_eq!(release.contents.len(), 2);
    assert_eq!(find(&history, &home(), "20261124").unwrap(), release);
    let recorded = Recorded::fetch(&store, &home(), release).await.unwrap();
    let read = recorded.assembly().unwrap();
    assert_eq!(read.manifest, shop(false).manifest);
    assert_eq!(
        read.templates["web"].text(),
        shop(false).templates["web"].text()
    );
    assert_eq!(occupant(&store, &home()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn wherever_the_writes_stop_the_history_can_be_read_and_the_next_run_goes_on() {
    let whole = Memory::new();
    deploy(&whole, "one", &shop(false)).await.unwrap();
    let writes = whole.writes();
    assert_eq!(
        writes, 8,
        "claim, plan, assembly, claim, begun, ended, claim, free"
    );
    for failing in [Failing::Before, Failing::After] {
        for stop in 0..writes {
            let store = Memory::new();
            store.fail_from(stop, failing);
            assert!(deploy(&store, "one", &shop(false)).await.is_err());
            store.heal();
            // How many of the writes were made.
            let made = stop + usize::from(failing == Failing::After);
            let found = history(&store, &home(), None).await.unwrap();
            assert_eq!(found.damaged, Vec::<String>::new());
            let outcomes: Vec<_> = found.releases.iter().map(|one| one.outcome).collect();
            let expected = match made {
                0..=4 => vec![],
                5 => vec![ReleaseOutcome::Unfinished],
                _ => vec![ReleaseOutcome::Succeeded],
            };
            assert_eq!(outcomes, expected, "{failing:?} {stop}");
            for release in &found.releases {
                Recorded::fetch(&store, &home(), release).await.unwrap();
            }
            if let Some(mut holder) = occupant(&store, &home()).await.unwrap() {
                // The process is gone, as the next run can tell.
                holder.process = 0;
                let note = json!({"format_version": "1.0", "holder": holder, "unfinished": null});
                store.set("shop/test/lock.json", note.to_string().as_bytes());
            }
            deploy(&store, "two", &shop(false)).await.unwrap();
            let found = history(&store, &home(), None).await.unwrap();
            assert_eq!(found.releases.len(), expected.len() + 1);
            let follows: Vec<_> = found
                .releases
                .iter()
                .filter_map(|one| one.follows.as_ref())
                .collect();
            let mut cut_off = found
                .releases
                .iter()
                .filter(|one| one.outcome == ReleaseOutcome::Unfinished);
            assert_eq!(
                follows,
                cut_off
                    .next()
                    .map(|one| &one.id)
                    .into_iter()
                    .collect::<Vec<_>>()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_left_out_and_missed() {
    let store = Memory::new();
    deploy(&store, "one", &shop(true)).await.unwrap();
    assert!(!store.text().contains("hunter2"));
    let history = history(&store, &home(), None).await.unwrap();
    let error = Recorded::fetch(&store, &home(), &history.releases[0])
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Record(RecordError::Withheld { parameters, .. }) if parameters == &["web/Key"]),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn content_that_is_damaged_or_missing_is_named() {
    let store = Memory::new();
    deploy(&store, "one", &shop(false)).await.unwrap();
    let found = history(&store, &home(), None).await.unwrap();
    let key = store.key("/assembly.json");
    store.set(&key, b"{}");
    let error = Recorded::fetch(&store, &home(), &found.releases[0])
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&key), "{error}");
    let key = store.key("/release.json");
    store.set(&key, b"{");
    let found = history(&store, &home(), None).await.unwrap();
    assert_eq!(
        (found.releases.len(), &found.damaged),
        (0, &vec![key.clone()])
    );
    let id = key.split('/').nth(3).unwrap();
    let error = find(&found, &home(), id).unwrap_err();
    assert!(error.to_string().contains(&key), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_release_is_found_by_its_beginning_and_a_wrong_one_suggested() {
    let store = Memory::new();
    deploy(&store, "one", &shop(false)).await.unwrap();
    deploy(&store, "two", &shop(false)).await.unwrap();
    let found = history(&store, &home(), None).await.unwrap();
    let id = found.releases[0].id.clone();
    assert_eq!(find(&found, &home(), &id).unwrap().id, id);
    let ambiguous = find(&found, &home(), "20261124").unwrap_err();
    assert!(matches!(ambiguous, RecordError::AmbiguousRelease { found, .. } if found.len() == 2));
    let wrong = id.replace("071503", "071504");
    let unknown = find(&found, &home(), &wrong).unwrap_err();
    assert!(matches!(
        unknown,
        RecordError::UnknownRelease {
            suggestion: Some(_),
            ..
        }
    ));
    assert!(find(&found, &home(), "").is_err());
}

#[tokio::test(start_paused = true)]
async fn without_a_bucket_nothing_is_claimed_and_a_refusal_is_no_missing_bucket() {
    let missing = Broken(AwsErrorKind::NotFound, Some("NoSuchBucket"));
    let claimed = claim(&missing, &home(), claimant("one"), judgement()).await;
    assert!(claimed.unwrap().is_none());
    assert_eq!(occupant(&missing, &home()).await.unwrap(), None);
    let error = history(&missing, &home(), None).await.unwrap_err();
    assert!(matches!(
        error,
        Error::Record(RecordError::NotBootstrapped { .. })
    ));
    let denied = Broken(AwsErrorKind::AccessDenied, Some("AccessDenied"));
    assert!(
        claim(&denied, &home(), claimant("one"), judgement())
            .await
            .is_err()
    );
    assert!(occupant(&denied, &home()).await.is_err());
    let error = history(&denied, &home(), None).await.unwrap_err();
    assert!(matches!(error, Error::Aws(_)));
}

fn holds(error: &Error) -> &Claimant {
    match error {
        Error::Record(RecordError::Held { holder, .. }) => holder,
        other => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_at_once_one_holds_the_environment() {
    let store = Memory::new();
    let runs = ["a", "b", "c", "d"].map(|run| take(&store, run));
    let taken = futures_util::future::join_all(runs).await;
    let (held, refused): (Vec<_>, Vec<_>) = taken.into_iter().partition(Result::is_ok);
    assert_eq!((held.len(), refused.len()), (1, 3));
    for error in refused.into_iter().filter_map(Result::err) {
        assert_eq!(holds(&error).command, "chitinfra deploy -e test");
    }
}

#[tokio::test(start_paused = true)]
async fn an_environment_that_was_let_go_is_free() {
    let store = Memory::new();
    let first = take(&store, "one").await.unwrap();
    holds(&take(&store, "two").await.err().unwrap());
    first.claim.free().await.unwrap();
    let second = take(&store, "two").await.unwrap();
    assert_eq!((second.displaced, second.unfinished), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_gone_is_followed_at_once() {
    let store = Memory::new();
    let dead = Claimant {
        process: 0,
        ..claimant("dead")
    };
    claim(&store, &home(), dead, judgement()).await.unwrap();
    let start = tokio::time::Instant::now();
    let next = take(&store, "two").await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    let displaced = next.displaced.unwrap();
    assert_eq!(
        (displaced.holder.run.as_str(), displaced.silent_for),
        ("dead", None)
    );
}

/// A release without an ending.
const OPEN: &str = "20261124-000000-abcd";

/// What a run wrote that was last seen some seconds ago.
fn silent(store: &Memory, run: &str, seconds: i64) {
    let seen = crate::aws::rfc3339(NOW.load(Ordering::Relaxed) - seconds * 1000);
    let note = json!({"format_version": "1.0", "unfinished": null, "holder": Claimant {
        seen: seen.unwrap(),
        release: Some(OPEN.to_owned()),
        ..claimant(run)
    }});
    store.set("shop/test/lock.json", note.to_string().as_bytes());
}

#[tokio::test(start_paused = true)]
async fn silence_is_respected_then_watched_then_ended() {
    let store = Memory::new();
    silent(&store, "far", 59);
    assert_eq!(holds(&take(&store, "two").await.err().unwrap()).run, "far");
    let open = json!({"outcome": "under_way"});
    store.set(
        &format!("shop/test/releases/{OPEN}/release.json"),
        open.to_string().as_bytes(),
    );
    silent(&store, "far", 61);
    let start = tokio::time::Instant::now();
    let next = take(&store, "two").await.unwrap();
    assert_eq!(start.elapsed(), Patience::AWS.watch);
    assert_eq!(
        next.displaced.unwrap().silent_for,
        Some(Duration::from_secs(61))
    );
    assert_eq!(next.unfinished.as_deref(), Some(OPEN));
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_clock_is_behind_is_seen_to_live() {
    let store = Memory::new();
    silent(&store, "behind", 300);
    let (taken, ()) = tokio::join!(take(&store, "two"), async {
        sleep(Duration::from_secs(10)).await;
        silent(&store, "behind", 290);
        sleep(Duration::from_secs(10)).await;
        // Its clock was set.
        silent(&store, "behind", 0);
    });
    assert_eq!(holds(&taken.err().unwrap()).run, "behind");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_taken_over_is_told_so() {
    let store = Memory::new();
    let first = take(&store, "one").await.unwrap();
    silent(&store, "two", 0);
    let lost = first.claim.keep().await;
    let Error::Record(RecordError::Displaced { by: Some(by) }) = &lost else {
        panic!("{lost}")
    };
    assert_eq!(by.run, "two");
    // Letting go what another run holds leaves it to that one.
    first.claim.free().await.unwrap();
    assert_eq!(occupant(&store, &home()).await.unwrap().unwrap().run, "two");
}

#[tokio::test(start_paused = true)]
async fn a_claim_survives_answers_that_are_lost() {
    let store = Memory::new();
    let first = take(&store, "one").await.unwrap();
    store.fail_from(store.writes(), Failing::After);
    assert!(first.claim.settle().await.is_err());
    store.heal();
    first.claim.settle().await.unwrap();
    first.claim.free().await.unwrap();
    assert_eq!(occupant(&store, &home()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_cannot_be_understood_is_named() {
    let store = Memory::new();
    store.set("shop/test/lock.json", Value::Null.to_string().as_bytes());
    let error = take(&store, "one").await.err().unwrap();
    assert!(error.to_string().contains("shop/test/lock.json"), "{error}");
}
