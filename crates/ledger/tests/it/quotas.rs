//! Counting, refusing, giving back.

use jiff::Timestamp;
use ledger::{Counted, Exceeded, InstanceId, Ledger, Quota, Refusal, Usage};

use crate::place::{Place, at, change, customer, everywhere, now, sub, subscribed};

everywhere!(
    an_owner_uses_what_the_plan_allows,
    of_200_at_499_of_500_one_is_counted,
    who_may_not_is_told_why,
    a_guest_is_counted_by_the_day,
    what_is_given_back_can_be_used_again,
    a_month_ends_in_utc,
    a_change_of_plan_is_the_new_limit_at_once,
    a_guest_is_admitted_by_the_day,
);

const GUESTS: u64 = 50;

async fn turn(
    ledger: &Ledger,
    user: &str,
    wanted: Option<&InstanceId>,
) -> Result<Counted, Refusal> {
    let counted = ledger.count_turn(&sub(user), wanted, GUESTS, now()).await;
    counted.unwrap()
}

/// Sets what an instance used in a month.
async fn used(place: &Place, instance: &InstanceId, month: &str, used: u64) {
    let month = at(&format!("{month}-01T00:00:00Z")).as_second();
    place
        .sql(&format!(
            "INSERT INTO counters VALUES ('{instance}', 'turn', {month}, {used}, 500)
             ON CONFLICT DO UPDATE SET used = excluded.used"
        ))
        .await;
}

async fn an_owner_uses_what_the_plan_allows(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    for used in 1..=3 {
        let counted = turn(&ledger, "ada", None).await.unwrap();
        assert_eq!(
            (&counted.instance, &counted.owner),
            (&instance, &sub("ada"))
        );
        let usage = Usage {
            used,
            limit: 500,
            resets_at: at("2026-12-01T00:00:00Z"),
        };
        assert_eq!(counted.usage, usage);
    }
    // By name it is the same, and they are no guest of their own.
    let counted = ledger
        .count_turn(&sub("ada"), Some(&instance), 0, now())
        .await;
    assert_eq!(counted.unwrap().unwrap().usage.remaining(), 496);
    let counted = ledger.count_video(&sub("ada"), None, GUESTS, now()).await;
    assert_eq!(counted.unwrap().unwrap().usage.remaining(), 999);
    let instance = ledger
        .instance(&sub("ada"), None, now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((instance.turn.used, instance.turn.limit), (4, 500));
    assert_eq!((instance.video.used, instance.video.limit), (1, 1000));
    assert_eq!(
        (instance.storage.used, instance.storage.limit),
        (0, 5 << 30)
    );
    assert_eq!(instance.storage.resets_at, now());
    assert!(instance.is_entitled);
}

async fn of_200_at_499_of_500_one_is_counted(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    used(&place, &instance, "2026-11", 499).await;
    // Some handles are shared, some are not; some name the instance, some do not, some are guests.
    let mut tasks = Vec::new();
    for number in 0..200 {
        let ledger = if number % 40 == 0 {
            place.open().await
        } else {
            ledger.clone()
        };
        let (caller, wanted) = match number % 3 {
            0 => ("ada".to_owned(), None),
            1 => ("ada".to_owned(), Some(instance.clone())),
            _ => (format!("guest-{number}"), Some(instance.clone())),
        };
        tasks.push(tokio::spawn(async move {
            turn(&ledger, &caller, wanted.as_ref()).await
        }));
    }
    let exceeded = Refusal::Exceeded(Exceeded {
        quota: Quota::Turn,
        usage: Usage {
            used: 500,
            limit: 500,
            resets_at: at("2026-12-01T00:00:00Z"),
        },
    });
    let mut counted = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => counted += 1,
            Err(refusal) => assert_eq!(refusal, exceeded),
        }
    }
    assert_eq!(counted, 1);
    // Who was refused was not counted as a guest either.
    let guests = place.sql("SELECT coalesce(sum(used), 0) FROM guests").await;
    assert!(guests[0][0] == "0" || guests[0][0] == "1", "{guests:?}");
}

async fn who_may_not_is_told_why(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    let nobody = InstanceId::new("aaaaaaaaaa").unwrap();
    let refused = |counted: Result<Counted, Refusal>| counted.unwrap_err();
    assert_eq!(
        refused(turn(&ledger, "bob", None).await),
        Refusal::NoInstance
    );
    assert_eq!(
        refused(turn(&ledger, "ada", Some(&nobody)).await),
        Refusal::UnknownInstance
    );
    place
        .sql("UPDATE subscriptions SET status = 'unpaid'")
        .await;
    for (user, wanted) in [
        ("ada", None),
        ("ada", Some(&instance)),
        ("bob", Some(&instance)),
    ] {
        assert_eq!(
            refused(turn(&ledger, user, wanted).await),
            Refusal::NotEntitled
        );
    }
    // A plan that has none of it is not the same as none at all.
    place
        .sql("UPDATE subscriptions SET status = 'past_due'")
        .await;
    place.sql("UPDATE plans SET turn = 0").await;
    let Refusal::Exceeded(exceeded) = refused(turn(&ledger, "ada", None).await) else {
        panic!("a limit of nothing is exceeded");
    };
    assert_eq!((exceeded.quota, exceeded.usage.limit), (Quota::Turn, 0));
    assert!(place.sql("SELECT * FROM guests").await.is_empty());
    assert!(place.sql("SELECT * FROM counters").await.is_empty());
}

async fn guest(ledger: &Ledger, instance: &InstanceId, now: Timestamp) -> Result<Counted, Refusal> {
    let counted = ledger.count_turn(&sub("bob"), Some(instance), 2, now).await;
    counted.unwrap()
}

async fn a_guest_is_counted_by_the_day(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    let evening = at("2026-11-29T23:59:59Z");
    for used in 1..=2 {
        assert_eq!(
            guest(&ledger, &instance, evening).await.unwrap().usage.used,
            used
        );
    }
    let exceeded = Exceeded {
        quota: Quota::Guest,
        usage: Usage {
            used: 2,
            limit: 2,
            resets_at: at("2026-11-30T00:00:00Z"),
        },
    };
    let refused = guest(&ledger, &instance, evening).await.unwrap_err();
    assert_eq!(refused, Refusal::Exceeded(exceeded));
    // Other guests, other instances and the owner are not concerned.
    assert!(turn(&ledger, "eve", Some(&instance)).await.is_ok());
    let other = customer(&ledger, "eve").await;
    assert!(guest(&ledger, &other, evening).await.is_ok());
    assert!(turn(&ledger, "ada", None).await.is_ok());
    // Midnight.
    let morning = at("2026-11-30T00:00:00Z");
    for _ in 0..2 {
        assert!(guest(&ledger, &instance, morning).await.is_ok());
    }
    assert!(guest(&ledger, &instance, morning).await.is_err());
    // A server whose clock is behind counts on.
    assert!(guest(&ledger, &instance, evening).await.is_err());
    assert!(
        guest(&ledger, &instance, at("2026-12-01T00:00:00Z"))
            .await
            .is_ok()
    );
}

async fn what_is_given_back_can_be_used_again(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    used(&place, &instance, "2026-11", 499).await;
    let counted = guest(&ledger, &instance, now()).await.unwrap();
    assert!(turn(&ledger, "ada", None).await.is_err());
    ledger.give_back(counted.receipt).await.unwrap();
    assert_eq!(place.sql("SELECT used FROM counters").await, [["499"]]);
    assert_eq!(place.sql("SELECT used FROM guests").await, [["0"]]);
    // It is given back to the month in which it was counted, and never more than there is.
    let counted = turn(&ledger, "ada", None).await.unwrap();
    let december = at("2026-12-01T00:00:01Z");
    let next = ledger.count_turn(&sub("ada"), None, GUESTS, december).await;
    assert_eq!(next.unwrap().unwrap().usage.used, 1);
    ledger.give_back(counted.receipt).await.unwrap();
    let months = "SELECT used FROM counters ORDER BY month";
    assert_eq!(place.sql(months).await, [["499"], ["1"]]);
    let counted = guest(&ledger, &instance, now()).await.unwrap();
    place.sql("UPDATE counters SET used = 0").await;
    place.sql("UPDATE guests SET used = 0").await;
    ledger.give_back(counted.receipt).await.unwrap();
    assert_eq!(place.sql(months).await, [["0"], ["0"]]);
}

async fn a_month_ends_in_utc(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    used(&place, &instance, "2026-11", 500).await;
    let ada = sub("ada");
    let last = at("2026-11-30T23:59:59.999Z");
    let counted = ledger.count_turn(&ada, None, GUESTS, last).await.unwrap();
    assert!(counted.is_err());
    let first = at("2026-12-01T00:00:00Z");
    let counted = ledger.count_turn(&ada, None, GUESTS, first).await.unwrap();
    let usage = counted.unwrap().usage;
    assert_eq!(
        (usage.used, usage.resets_at),
        (1, at("2027-01-01T00:00:00Z"))
    );
    let instance = ledger.instance(&ada, None, last).await.unwrap().unwrap();
    assert_eq!(instance.turn.used, 500);
}

async fn a_change_of_plan_is_the_new_limit_at_once(place: Place) {
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    place
        .sql("INSERT INTO plans (lookup_key, turn, video, storage) VALUES ('small', 2, 2000, 10)")
        .await;
    let mut event = subscribed("ada", at("2026-11-29T10:00:01Z"));
    change(&mut event).lookup_key = Some("small".to_owned());
    ledger
        .apply(&event, InstanceId::random, now())
        .await
        .unwrap();
    assert_eq!(turn(&ledger, "ada", None).await.unwrap().usage.limit, 2);
    assert_eq!(turn(&ledger, "ada", None).await.unwrap().usage.used, 2);
    assert!(turn(&ledger, "ada", None).await.is_err());
    // Of two subscriptions each quota is the larger one.
    change(&mut event).id = "sub_second".to_owned();
    change(&mut event).lookup_key = Some("chitchatter_pro_yearly".to_owned());
    event.id = "evt_second".to_owned();
    ledger
        .apply(&event, InstanceId::random, now())
        .await
        .unwrap();
    let instance = ledger
        .instance(&sub("ada"), None, now())
        .await
        .unwrap()
        .unwrap();
    let limits = (
        instance.turn.limit,
        instance.video.limit,
        instance.storage.limit,
    );
    assert_eq!(limits, (500, 2000, 5 << 30));
    let plan = instance.subscription.unwrap().plan;
    assert_eq!(plan.as_deref(), Some("chitchatter_pro_yearly"));
    assert_eq!(turn(&ledger, "ada", None).await.unwrap().usage.used, 3);
}

async fn a_guest_is_admitted_by_the_day(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    let admit = async |user: &str, wanted, now| {
        let admitted = ledger.admit(&sub(user), wanted, 2, now).await.unwrap();
        admitted.map(|admitted| (admitted.instance, admitted.owner))
    };
    let admitted = Ok((instance.clone(), sub("ada")));
    for _ in 0..4 {
        assert_eq!(admit("ada", None, now()).await, admitted);
        assert_eq!(admit("ada", Some(&instance), now()).await, admitted);
    }
    assert_eq!(admit("bob", None, now()).await, Err(Refusal::NoInstance));
    let nobody = InstanceId::new("aaaaaaaaaa").unwrap();
    let refused = admit("bob", Some(&nobody), now()).await;
    assert_eq!(refused, Err(Refusal::UnknownInstance));
    assert_eq!(admit("bob", Some(&instance), now()).await, admitted);
    // It is the same day's count as that of everything else.
    assert!(guest(&ledger, &instance, now()).await.is_ok());
    let refused = admit("bob", Some(&instance), now()).await;
    assert!(matches!(
        refused,
        Err(Refusal::Exceeded(Exceeded {
            quota: Quota::Guest,
            ..
        }))
    ));
    assert_eq!(
        admit("bob", Some(&instance), at("2026-11-30T00:00:00Z")).await,
        admitted
    );
    place
        .sql("UPDATE subscriptions SET status = 'canceled'")
        .await;
    for user in ["ada", "bob"] {
        let refused = admit(user, Some(&instance), now()).await;
        assert_eq!(refused, Err(Refusal::NotEntitled));
    }
}
