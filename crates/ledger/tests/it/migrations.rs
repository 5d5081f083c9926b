//! Migrations: once each, whole or not at all.

use ledger::{Error, Ledger, MigrationState, Readiness};
use serde_json::json;

use crate::place::{Place, at, everywhere, now};

everywhere!(
    each_is_applied_once,
    an_edited_one_stops_all,
    one_of_a_newer_program_stops_all,
    of_many_runners_one_applies,
    what_is_refused_leaves_no_trace,
);

/// All there are, in their order.
const MIGRATIONS: [(u32, &str); 3] = [(1, "ledger"), (2, "old_events"), (3, "file_bounds")];

async fn states(ledger: &Ledger) -> Vec<MigrationState> {
    let migrations = ledger.migrations().await.unwrap();
    migrations
        .into_iter()
        .map(|migration| migration.state)
        .collect()
}

async fn each_is_applied_once(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.check().await.unwrap(), Readiness::NeedsMigration);
    let pending = [MigrationState::Pending; MIGRATIONS.len()];
    assert_eq!(states(&ledger).await, pending);
    let applied = MigrationState::Applied { at: now() };
    let migrations = ledger.migrate(now()).await.unwrap();
    let named = migrations.iter().map(|it| (it.number, it.name.as_str()));
    assert_eq!(named.collect::<Vec<_>>(), MIGRATIONS);
    assert!(migrations.iter().all(|it| it.state == applied));
    assert_eq!(ledger.check().await.unwrap(), Readiness::Ready);
    let later = at("2026-11-30T00:00:00Z");
    assert_eq!(ledger.migrate(later).await.unwrap(), []);
    assert_eq!(states(&ledger).await, [applied; MIGRATIONS.len()]);
    let other = place.open().await;
    assert_eq!(states(&other).await, [applied; MIGRATIONS.len()]);
}

async fn an_edited_one_stops_all(place: Place) {
    let ledger = place.ledger().await;
    place.sql("UPDATE migrations SET checksum = 'other'").await;
    assert_eq!(
        states(&ledger).await,
        [MigrationState::Edited { at: now() }; MIGRATIONS.len()]
    );
    let error = ledger.migrate(now()).await.unwrap_err();
    assert!(matches!(error, Error::Edited { number: 1 }), "{error:?}");
    // What runs goes on running.
    assert_eq!(ledger.check().await.unwrap(), Readiness::Ready);
}

async fn one_of_a_newer_program_stops_all(place: Place) {
    let ledger = place.ledger().await;
    place
        .sql("INSERT INTO migrations VALUES (7, 'later', 'checksum', 1800000000)")
        .await;
    let applied = MigrationState::Applied { at: now() };
    let unknown = MigrationState::Unknown {
        at: at("2027-01-15T08:00:00Z"),
    };
    let mut all = vec![applied; MIGRATIONS.len()];
    all.push(unknown);
    assert_eq!(states(&ledger).await, all);
    let error = ledger.migrate(now()).await.unwrap_err();
    assert!(matches!(error, Error::Unknown { number: 7 }), "{error:?}");
    assert_eq!(ledger.check().await.unwrap(), Readiness::Ready);
}

async fn of_many_runners_one_applies(place: Place) {
    let mut runners = Vec::new();
    for _ in 0..8 {
        let ledger = place.open().await;
        runners.push(tokio::spawn(async move { ledger.migrate(now()).await }));
    }
    let mut applied = 0;
    for runner in runners {
        applied += runner.await.unwrap().unwrap().len();
    }
    assert_eq!(applied, MIGRATIONS.len());
    assert_eq!(place.open().await.check().await.unwrap(), Readiness::Ready);
}

/// The last table of the first is there already, and another.
async fn what_is_refused_leaves_no_trace(place: Place) {
    place.sql("CREATE TABLE rooms (number INTEGER)").await;
    let ledger = place.open().await;
    let error = ledger.migrate(now()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Statement { message, .. } if message.contains("rooms")),
        "{error:?}"
    );
    let pending = [MigrationState::Pending; MIGRATIONS.len()];
    assert_eq!(states(&ledger).await, pending);
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('customers', 'rooms')";
    assert_eq!(place.sql(tables).await, [["rooms"]]);
    place.sql("DROP TABLE rooms").await;
    assert_eq!(ledger.migrate(now()).await.unwrap().len(), MIGRATIONS.len());
}

/// The runner dies between its two requests: the server rolls back what it did once its stream expires.
#[tokio::test]
#[ignore = "needs sqld"]
async fn what_a_runner_leaves_half_done_is_rolled_back() {
    let place = Place::sqld();
    let ledger = place.open().await;
    let statement = |sql| json!({"type": "execute", "stmt": {"sql": sql}});
    let answer = place.pipeline(&json!({"requests": [
        statement("BEGIN IMMEDIATE"),
        statement("CREATE TABLE customers (sub TEXT)"),
    ]}));
    assert_eq!(answer["results"][1]["type"], "ok");
    // It is busy for as long as a call may take, or less.
    let applied = match ledger.migrate(now()).await {
        Err(Error::Busy | Error::NoAnswer) => ledger.migrate(now()).await,
        other => other,
    };
    assert_eq!(applied.unwrap().len(), MIGRATIONS.len());
    assert_eq!(ledger.check().await.unwrap(), Readiness::Ready);
}
