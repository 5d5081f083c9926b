//! Several programs on one file, one of which may be killed.

use std::process::{Child, Command, Stdio};

use ledger::{Ledger, Refusal};

use crate::place::{Place, customer, now, sub};

const LOCATION: &str = "LEDGER_TEST_LOCATION";

/// Not a test: counts until the quota is exceeded, and ends with the number of counts as a line of output.
#[tokio::test]
#[ignore = "started by other tests"]
#[expect(
    clippy::disallowed_methods,
    reason = "a test tells its child where the ledger is"
)]
async fn count_in_a_process_of_its_own() {
    let Ok(location) = std::env::var(LOCATION) else {
        return;
    };
    let ledger = Ledger::open(&location.parse().unwrap()).await.unwrap();
    let mut counted = 0;
    while let Ok(count) = ledger.count_turn(&sub("ada"), None, 0, now()).await {
        match count {
            Ok(_) => counted += 1,
            Err(Refusal::Exceeded(_)) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    println!("\ncounted {counted}");
}

fn start(place: &Place) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::count_in_a_process_of_its_own"])
        .args(["--ignored", "--nocapture"])
        .env(LOCATION, format!("file:{}", place.file().display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn processes_together_count_no_more_than_is_allowed() {
    let place = Place::embedded();
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    let children: Vec<_> = (0..4).map(|_| start(&place)).collect();
    let counted = children.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let count = output
            .lines()
            .find_map(|line| line.strip_prefix("counted "));
        count.expect(&output).parse::<u64>().unwrap()
    });
    assert_eq!(counted.sum::<u64>(), 500);
}

#[tokio::test]
async fn a_killed_process_leaves_the_ledger_whole() {
    let place = Place::embedded();
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    place.sql("UPDATE plans SET turn = 1000000").await;
    for _ in 0..5 {
        let before = used(&ledger).await;
        let mut child = start(&place);
        while used(&ledger).await < before + 20 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let told = used(&ledger).await;
        let counted = ledger
            .count_turn(&sub("ada"), None, 0, now())
            .await
            .unwrap();
        assert_eq!(counted.unwrap().usage.used, told + 1);
    }
    assert_eq!(place.sql("PRAGMA integrity_check").await, [["ok"]]);
}

async fn used(ledger: &Ledger) -> u64 {
    let instance = ledger.instance(&sub("ada"), None, now()).await.unwrap();
    instance.unwrap().turn.used
}
