//! Events of Stripe: once each, in any order, with the same end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ledger::{
    Change, Error, Instance, InstanceId, Ledger, Outcome, StripeEvent, SubscriptionChange,
    SubscriptionStatus,
};

use crate::place::{Place, at, change, customer, everywhere, now, sub, subscribed};

everywhere!(
    an_event_takes_effect_once,
    a_subscription_waits_for_its_link,
    the_later_event_wins_whenever_it_comes,
    what_is_no_plan_gives_no_access,
    what_changes_nothing_is_recorded,
    old_events_are_forgotten_and_change_nothing_again,
    an_instance_whose_name_is_taken_is_named_anew,
    a_customer_keeps_their_instance,
);

async fn apply(ledger: &Ledger, event: &StripeEvent) -> Outcome {
    ledger
        .apply(event, InstanceId::random, now())
        .await
        .unwrap()
}

async fn instance(ledger: &Ledger, user: &str) -> Option<Instance> {
    ledger.instance(&sub(user), None, now()).await.unwrap()
}

fn link(stripe_customer: &str, user: &str, created: Timestamp) -> StripeEvent {
    StripeEvent {
        id: format!("evt_{stripe_customer}_{user}_{created}"),
        type_name: "checkout.session.completed".to_owned(),
        created,
        change: Change::Link {
            stripe_customer: stripe_customer.to_owned(),
            sub: sub(user),
        },
    }
}

async fn an_event_takes_effect_once(place: Place) {
    let ledger = place.ledger().await;
    let event = subscribed("ada", now());
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
    assert_eq!(apply(&ledger, &event).await, Outcome::Duplicate);
    let instance = instance(&ledger, "ada").await.unwrap();
    let subscription = instance.subscription.unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Active);
    assert_eq!(
        subscription.plan.as_deref(),
        Some("chitchatter_pro_monthly")
    );
    assert_eq!(
        subscription.current_period_end,
        Some(at("2026-12-15T00:00:00Z"))
    );
    assert_eq!(place.sql("SELECT id FROM events").await.len(), 1);
}

async fn a_subscription_waits_for_its_link(place: Place) {
    let ledger = place.ledger().await;
    let mut event = subscribed("ada", now());
    change(&mut event).sub = None;
    assert_eq!(apply(&ledger, &event).await, Outcome::Kept);
    assert_eq!(instance(&ledger, "ada").await, None);
    let link = link("cus_ada", "ada", now());
    assert_eq!(apply(&ledger, &link).await, Outcome::Applied);
    assert_eq!(apply(&ledger, &link).await, Outcome::Duplicate);
    assert!(instance(&ledger, "ada").await.unwrap().is_entitled);
    // The other way round.
    let link = self::link("cus_eve", "eve", now());
    assert_eq!(apply(&ledger, &link).await, Outcome::Applied);
    let known = instance(&ledger, "eve").await.unwrap();
    assert_eq!((known.subscription, known.is_entitled), (None, false));
    let mut event = subscribed("eve", now());
    change(&mut event).sub = None;
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
    assert!(instance(&ledger, "eve").await.unwrap().is_entitled);
}

async fn the_later_event_wins_whenever_it_comes(place: Place) {
    let ledger = place.ledger().await;
    let mut event = subscribed("ada", at("2026-11-29T10:00:05Z"));
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
    let status = async || {
        let instance = instance(&ledger, "ada").await.unwrap();
        let status = instance.subscription.unwrap().status;
        assert_eq!(instance.is_entitled, status == SubscriptionStatus::Active);
        status
    };
    use SubscriptionStatus::{Active, Canceled, Incomplete, Unpaid};
    for (id, second, new, is_deleted, outcome, now_is) in [
        ("evt_earlier", 4, Canceled, true, Outcome::Stale, Active),
        (
            "evt_incomplete",
            5,
            Incomplete,
            false,
            Outcome::Stale,
            Active,
        ),
        ("evt_unpaid", 5, Unpaid, false, Outcome::Applied, Unpaid),
        ("evt_again", 5, Active, false, Outcome::Stale, Unpaid),
        ("evt_deleted", 5, Active, true, Outcome::Applied, Canceled),
        ("evt_after", 5, Canceled, false, Outcome::Stale, Canceled),
        ("evt_revived", 6, Active, false, Outcome::Applied, Active),
    ] {
        event.id = id.to_owned();
        event.created = at(&format!("2026-11-29T10:00:0{second}Z"));
        change(&mut event).status = new;
        change(&mut event).is_deleted = is_deleted;
        assert_eq!(apply(&ledger, &event).await, outcome, "{id}");
        assert_eq!(status().await, now_is, "{id}");
    }
    // Links likewise.
    let later = link("cus_ada", "bob", at("2026-11-29T10:00:05Z"));
    assert_eq!(apply(&ledger, &later).await, Outcome::Applied);
    let earlier = link("cus_ada", "eve", at("2026-11-29T10:00:04Z"));
    assert_eq!(apply(&ledger, &earlier).await, Outcome::Stale);
    let linked = place.sql("SELECT sub FROM links").await;
    assert_eq!(linked, [["bob"]]);
    // What the subscription itself says goes before the link.
    assert_eq!(
        place.sql("SELECT owner FROM subscriptions").await,
        [["ada"]]
    );
}

async fn what_is_no_plan_gives_no_access(place: Place) {
    let ledger = place.ledger().await;
    for (user, lookup_key) in [("ada", Some("chitchatter_gold".to_owned())), ("eve", None)] {
        let mut event = subscribed(user, now());
        change(&mut event).lookup_key = lookup_key.clone();
        assert_eq!(apply(&ledger, &event).await, Outcome::UnknownPlan);
        let instance = instance(&ledger, user).await.unwrap();
        assert!(!instance.is_entitled);
        assert_eq!((instance.turn.limit, instance.storage.limit), (0, 0));
        assert_eq!(instance.subscription.unwrap().plan, lookup_key);
    }
}

async fn what_changes_nothing_is_recorded(place: Place) {
    let ledger = place.ledger().await;
    let mut event = StripeEvent {
        id: "evt_1".to_owned(),
        type_name: "invoice.paid".to_owned(),
        created: now(),
        change: Change::Invoice {
            subscription: Some("sub_ada".to_owned()),
            stripe_customer: None,
        },
    };
    assert_eq!(apply(&ledger, &event).await, Outcome::Recorded);
    assert_eq!(apply(&ledger, &event).await, Outcome::Duplicate);
    event.id = "evt_2".to_owned();
    event.change = Change::Ignored;
    assert_eq!(apply(&ledger, &event).await, Outcome::Recorded);
    event.id = "evt_3".to_owned();
    event.change = Change::Unprocessable {
        reason: "it has no customer".to_owned(),
    };
    assert_eq!(apply(&ledger, &event).await, Outcome::Unprocessable);
    assert_eq!(apply(&ledger, &event).await, Outcome::Duplicate);
    assert_eq!(
        place
            .sql("SELECT id, subject, unprocessable FROM events ORDER BY id")
            .await,
        [
            ["evt_1", "sub_ada", ""],
            ["evt_2", "", ""],
            ["evt_3", "", "it has no customer"],
        ]
    );
    // Sent again to a program that understands it, it takes effect.
    event.change = subscribed("ada", now()).change;
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
    assert_eq!(apply(&ledger, &event).await, Outcome::Duplicate);
    assert!(instance(&ledger, "ada").await.unwrap().is_entitled);
}

async fn old_events_are_forgotten_and_change_nothing_again(place: Place) {
    let ledger = place.ledger().await;
    let first = subscribed("ada", now());
    assert_eq!(apply(&ledger, &first).await, Outcome::Applied);
    let event = |id: String, change| StripeEvent {
        id,
        type_name: "customer.created".to_owned(),
        created: now(),
        change,
    };
    let reason = "it has no customer".to_owned();
    let unprocessable = event("evt_odd".to_owned(), Change::Unprocessable { reason });
    assert_eq!(apply(&ledger, &unprocessable).await, Outcome::Unprocessable);
    for number in 0..20 {
        let event = event(format!("evt_{number}"), Change::Ignored);
        assert_eq!(apply(&ledger, &event).await, Outcome::Recorded);
    }
    let count = async || place.sql("SELECT id FROM events").await.len();
    let apply_at = async |event: &StripeEvent, time: &str| {
        let applied = ledger.apply(event, InstanceId::random, at(time)).await;
        applied.unwrap()
    };
    // Nearly thirty days later all are known.
    let last = subscribed("bob", now());
    let month = "2026-12-29T09:00:00Z";
    assert_eq!(apply_at(&first, month).await, Outcome::Duplicate);
    assert_eq!(apply_at(&last, month).await, Outcome::Applied);
    assert_eq!(count().await, 23);
    // Then they go, some with each event that comes.
    let over = "2026-12-30T10:00:00Z";
    for left in [15, 7, 2, 2] {
        assert_eq!(apply_at(&last, over).await, Outcome::Duplicate);
        assert_eq!(count().await, left);
    }
    assert_eq!(apply_at(&unprocessable, over).await, Outcome::Duplicate);
    assert_eq!(apply_at(&first, over).await, Outcome::Stale);
}

async fn an_instance_whose_name_is_taken_is_named_anew(place: Place) {
    let ledger = place.ledger().await;
    let taken = customer(&ledger, "ada").await;
    let names = std::sync::atomic::AtomicUsize::new(0);
    let fresh = || match names.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => Ok(taken.clone()),
        _ => InstanceId::random(),
    };
    let outcome = ledger.apply(&subscribed("eve", now()), fresh, now()).await;
    assert_eq!(outcome.unwrap(), Outcome::Applied);
    assert_ne!(instance(&ledger, "eve").await.unwrap().id, taken);
    // When there is no other name, nothing of the event is left.
    let event = subscribed("bob", now());
    let error = ledger
        .apply(&event, || Ok(taken.clone()), now())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Statement { .. }), "{error:?}");
    assert_eq!(instance(&ledger, "bob").await, None);
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
}

async fn a_customer_keeps_their_instance(place: Place) {
    let ledger = place.ledger().await;
    let first = customer(&ledger, "ada").await;
    let mut event = subscribed("ada", at("2026-11-29T11:00:00Z"));
    change(&mut event).is_deleted = true;
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
    assert!(!instance(&ledger, "ada").await.unwrap().is_entitled);
    event = subscribed("ada", at("2026-11-29T12:00:00Z"));
    change(&mut event).id = "sub_second".to_owned();
    assert_eq!(apply(&ledger, &event).await, Outcome::Applied);
    let second = instance(&ledger, "ada").await.unwrap();
    assert_eq!((second.id, second.is_entitled), (first, true));
}

/// A stream of events about few users, so that most of them are about the same things.
fn stream(random: &mut fastrand::Rng, length: usize) -> Vec<StripeEvent> {
    let mut number = |below: u32| random.u32(..below);
    let statuses = [
        SubscriptionStatus::Active,
        SubscriptionStatus::Trialing,
        SubscriptionStatus::PastDue,
        SubscriptionStatus::Unpaid,
        SubscriptionStatus::Canceled,
        SubscriptionStatus::Incomplete,
        SubscriptionStatus::IncompleteExpired,
        SubscriptionStatus::Paused,
    ];
    let plans = [
        "chitchatter_pro_monthly",
        "chitchatter_pro_yearly",
        "chitchatter_gold",
    ];
    (0..length)
        .map(|place| {
            let customer = number(40);
            let user = sub(&format!("user-{}", number(50)));
            let created = now() + jiff::SignedDuration::from_secs(number(600).into());
            let stripe_customer = format!("cus_{customer}");
            let change = if number(10) == 0 {
                Change::Link {
                    stripe_customer,
                    sub: user,
                }
            } else {
                Change::Subscription(SubscriptionChange {
                    id: format!("sub_{customer}_{}", number(5)),
                    stripe_customer,
                    sub: (number(3) == 0).then_some(user),
                    status: statuses[number(8) as usize],
                    is_deleted: number(20) == 0,
                    lookup_key: (number(10) > 0).then(|| plans[number(3) as usize].to_owned()),
                    current_period_end: Some(created),
                })
            };
            StripeEvent {
                // Ids do not follow the order.
                id: format!("evt_{:08x}_{place}", number(u32::MAX)),
                type_name: "generated".to_owned(),
                created,
                change,
            }
        })
        .collect()
}

/// What a stream must lead to, worked out by itself: owner, status and plan of each subscription, and the users that are known.
#[derive(Debug, PartialEq)]
struct Expected {
    subscriptions: BTreeMap<String, [String; 3]>,
    users: BTreeSet<String>,
}

fn expected(events: &[StripeEvent]) -> Expected {
    let rank = |change: &SubscriptionChange| match change.status.as_str() {
        _ if change.is_deleted => 3,
        "canceled" | "unpaid" | "paused" | "incomplete_expired" => 2,
        "active" | "trialing" | "past_due" => 1,
        _ => 0,
    };
    let mut links = BTreeMap::new();
    let mut subscriptions = BTreeMap::new();
    let mut users = BTreeSet::new();
    for event in events {
        match &event.change {
            Change::Link {
                stripe_customer,
                sub,
            } => {
                users.insert(sub.to_string());
                let link = (event.created, sub.to_string());
                let known = links.entry(stripe_customer.clone()).or_insert(link.clone());
                *known = known.clone().max(link);
            }
            Change::Subscription(change) => {
                users.extend(change.sub.as_ref().map(ToString::to_string));
                let order = (event.created, rank(change), &event.id);
                let known = subscriptions
                    .entry(change.id.clone())
                    .or_insert((order, change));
                if order > known.0 {
                    *known = (order, change);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let subscriptions = subscriptions.into_iter().map(|(id, (_, change))| {
        let linked = links
            .get(&change.stripe_customer)
            .map(|(_, sub)| sub.clone());
        let owner = change.sub.as_ref().map(ToString::to_string).or(linked);
        let status = match change.is_deleted {
            true => "canceled",
            false => change.status.as_str(),
        };
        let plan = change.lookup_key.clone().unwrap_or_default();
        (id, [owner.unwrap_or_default(), status.to_owned(), plan])
    });
    Expected {
        subscriptions: subscriptions.collect(),
        users,
    }
}

async fn found(place: &Place) -> Expected {
    let subscriptions = place
        .sql("SELECT id, owner, status, lookup_key FROM subscriptions")
        .await;
    let users = place.sql("SELECT sub FROM customers").await;
    let subscription = |row: Vec<String>| {
        let [id, owner, status, plan] = row.try_into().unwrap();
        (id, [owner, status, plan])
    };
    Expected {
        subscriptions: subscriptions.into_iter().map(subscription).collect(),
        users: users.into_iter().flatten().collect(),
    }
}

/// Applies a stream once in order, and once in another order with every third event twice; both end as they must.
async fn ends_alike(places: [Place; 2], length: usize) {
    let mut random = fastrand::Rng::with_seed(5);
    let mut events = stream(&mut random, length);
    let expected = expected(&events);
    let [first, second] = places;
    let ledger = first.ledger().await;
    for event in &events {
        apply(&ledger, event).await;
    }
    assert_eq!(found(&first).await, expected);
    let count = |rows: Vec<Vec<String>>| rows[0][0].parse::<usize>().unwrap();
    assert_eq!(
        count(first.sql("SELECT count(*) FROM events").await),
        length
    );

    let twice: Vec<_> = events.iter().step_by(3).cloned().collect();
    events.extend(twice);
    random.shuffle(&mut events);
    let ledger = second.ledger().await;
    let mut duplicates = 0;
    for event in &events {
        duplicates += usize::from(apply(&ledger, event).await == Outcome::Duplicate);
    }
    assert_eq!(found(&second).await, expected);
    assert_eq!(duplicates, length.div_ceil(3));

    // Access follows from it, in the same way at both places.
    let (one, other) = (first.open().await, second.open().await);
    let mut entitled = 0;
    for user in &expected.users {
        let one = instance(&one, user).await.unwrap();
        let other = instance(&other, user).await.unwrap();
        let owns = |[owner, status, plan]: &[String; 3]| {
            owner == user
                && ["active", "trialing", "past_due"].contains(&status.as_str())
                && plan.starts_with("chitchatter_pro_")
        };
        assert_eq!(
            one.is_entitled,
            expected.subscriptions.values().any(owns),
            "{user}"
        );
        assert_eq!(one.subscription, other.subscription, "{user}");
        assert_eq!(one.is_entitled, other.is_entitled, "{user}");
        entitled += usize::from(one.is_entitled);
    }
    assert!((5..expected.users.len()).contains(&entitled), "{entitled}");
}

#[tokio::test]
async fn a_stream_of_10_000_events_ends_alike_in_any_order() {
    ends_alike([Place::embedded(), Place::embedded()], 10_000).await;
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn a_stream_ends_on_a_server_as_in_a_file() {
    ends_alike([Place::embedded(), Place::sqld()], 1_000).await;
}
