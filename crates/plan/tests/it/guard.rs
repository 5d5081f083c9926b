//! Nothing that holds data is lost without permission.

use assembly::AllowedLoss;
use indexmap::IndexMap;
use plan::{Action, AllowedLosses, BlockedReason, Plan, StackAction, StackPlan, guard};
use serde_json::{Value, json};

use crate::{diff, resources};

const TODAY: &str = "2026-11-23";

fn plan(before: Value, after: Value) -> Plan {
    let changes = diff(&resources(before), &resources(after));
    let stack = StackPlan::new("data", "app-staging-data", StackAction::Update, changes);
    Plan::new(
        "staging",
        "111122223333",
        "us-east-1",
        vec![stack],
        Vec::new(),
    )
}

fn store(properties: Value) -> Value {
    json!({"Store": {"Type": "Test::Store", "Properties": properties}, "Other": {"Type": "Test::Thing"}})
}

fn in_code(until: &str) -> AllowedLosses {
    let loss = AllowedLoss {
        logical_id: "Store".to_owned(),
        until: until.to_owned(),
        reason: "it moves".to_owned(),
    };
    AllowedLosses {
        in_code: IndexMap::from_iter([("data".to_owned(), vec![loss])]),
        by_command: Vec::new(),
    }
}

fn by_command(id: &str) -> AllowedLosses {
    AllowedLosses {
        by_command: vec![id.to_owned()],
        ..AllowedLosses::default()
    }
}

#[test]
fn losses_are_blocked() {
    let retained = json!({"Store": {"Type": "Test::Store", "DeletionPolicy": "Retain"}});
    let table = [
        (
            store(json!({"Name": "a"})),
            store(json!({"Name": "b"})),
            Some(Action::Replace),
        ),
        (
            store(json!({"Size": "a"})),
            store(json!({"Size": "b"})),
            Some(Action::MayReplace),
        ),
        (
            store(json!({})),
            json!({"Other": {"Type": "Test::Thing"}}),
            Some(Action::Delete),
        ),
        (retained, json!({}), Some(Action::Orphan)),
        (
            store(json!({})),
            json!({"Store": {"Type": "Test::Thing"}}),
            Some(Action::Replace),
        ),
        (store(json!({"A": "a"})), store(json!({"A": "b"})), None),
        (json!({}), store(json!({})), None),
        (json!({"Other": {"Type": "Test::Thing"}}), json!({}), None),
    ];
    for (before, after, expected) in table {
        let blocked = guard(
            &plan(before.clone(), after.clone()),
            &AllowedLosses::default(),
            TODAY,
        );
        let found = blocked.first().map(|blocked| blocked.action);
        assert_eq!(found, expected, "{before} {after}");
        assert!(
            blocked
                .iter()
                .all(|blocked| blocked.reason == BlockedReason::NotAllowed)
        );
    }
}

#[test]
fn permissions_count_by_name_and_day() {
    let plan = plan(store(json!({"Name": "a"})), store(json!({"Name": "b"})));
    let expired = |until: &str| {
        Some(BlockedReason::Expired {
            until: until.to_owned(),
        })
    };
    let no_day = |until: &str| {
        Some(BlockedReason::NotADay {
            until: until.to_owned(),
        })
    };
    let table = [
        (by_command("Store"), None),
        (by_command("data/Store"), None),
        (by_command("other/Store"), Some(BlockedReason::NotAllowed)),
        (by_command("store"), Some(BlockedReason::NotAllowed)),
        (in_code("2026-11-23"), None),
        (in_code("2027-01-01"), None),
        (in_code("2026-11-22"), expired("2026-11-22")),
        (in_code("tomorrow"), no_day("tomorrow")),
        (in_code("2026-12-1"), no_day("2026-12-1")),
    ];
    for (allowed, expected) in table {
        let blocked = guard(&plan, &allowed, TODAY);
        assert_eq!(
            blocked.first().map(|blocked| blocked.reason.clone()),
            expected,
            "{allowed:?}"
        );
    }
}

#[test]
fn the_refusal_says_what_and_why() {
    let plan = plan(store(json!({"Name": "a"})), store(json!({"Name": "b"})));
    assert_eq!(
        guard(&plan, &in_code("2026-01-31"), TODAY)[0].to_string(),
        "`data/Store` (Test::Store) would be replaced and its data lost: its permission ended on 2026-01-31"
    );
}
