//! Bytes that are reserved, held and released.

use jiff::Timestamp;
use ledger::{
    Exceeded, FileKey, FileName, FileState, InstanceId, Ledger, Quota, Refusal, Reserved, Unfit,
    Upload, Usage,
};

use crate::place::{Place, at, change, customer, everywhere, now, sub, subscribed};

everywhere!(
    room_is_reserved_confirmed_and_released,
    of_200_that_want_the_last_bytes_one_gets_them,
    what_is_undecided_is_told,
    what_is_long_gone_is_forgotten,
    a_guest_reserves_by_the_day,
    a_file_is_held_to_the_plan,
    of_two_plans_the_larger_counts,
    a_plan_names_media_types,
);

const GIB: u64 = 1 << 30;

fn upload(size: u64, now: Timestamp) -> Upload {
    Upload {
        name: FileName::random().unwrap(),
        size,
        content_type: "application/octet-stream".to_owned(),
        url_expires_at: now + jiff::SignedDuration::from_mins(15),
    }
}

/// A ledger whose plans bound a file by what is held alone.
async fn roomy(place: &Place) -> Ledger {
    let ledger = place.ledger().await;
    place.sql("UPDATE plans SET file_size = 1 << 40").await;
    ledger
}

async fn reserve(ledger: &Ledger, size: u64, now: Timestamp) -> Result<Reserved, Refusal> {
    let reserved = ledger
        .reserve_file(&sub("ada"), None, &upload(size, now), 50, now)
        .await;
    reserved.unwrap()
}

async fn held(ledger: &Ledger, now: Timestamp) -> Usage {
    let instance = ledger.instance(&sub("ada"), None, now).await.unwrap();
    instance.unwrap().storage
}

async fn room_is_reserved_confirmed_and_released(place: Place) {
    let ledger = roomy(&place).await;
    let instance = customer(&ledger, "ada").await;
    let first = reserve(&ledger, GIB, now()).await.unwrap();
    assert_eq!(first.key.instance(), &instance);
    assert_eq!((&first.instance, &first.owner), (&instance, &sub("ada")));
    assert_eq!(first.storage.remaining(), 4 * GIB);
    let second = reserve(&ledger, 4 * GIB, at("2026-11-29T10:05:00Z"))
        .await
        .unwrap();
    assert_eq!(second.storage.remaining(), 0);
    let full = Exceeded {
        quota: Quota::Storage,
        usage: Usage {
            used: 5 * GIB,
            limit: 5 * GIB,
            resets_at: at("2026-11-29T10:15:00Z"),
        },
    };
    let refused = reserve(&ledger, 1, at("2026-11-29T10:06:00Z"))
        .await
        .unwrap_err();
    assert_eq!(refused, Refusal::Exceeded(full));

    // What never came counts until its URL expires, what came for a day.
    assert!(
        ledger
            .confirm_file(&second.key, at("2026-11-29T10:10:00Z"))
            .await
            .unwrap()
    );
    for (time, used, resets_at) in [
        ("2026-11-29T10:14:59Z", 5 * GIB, "2026-11-29T10:15:00Z"),
        ("2026-11-29T10:15:00Z", 4 * GIB, "2026-11-30T10:10:00Z"),
        ("2026-11-30T10:09:59Z", 4 * GIB, "2026-11-30T10:10:00Z"),
        ("2026-11-30T10:10:00Z", 0, "2026-11-30T10:10:00Z"),
    ] {
        let usage = held(&ledger, at(time)).await;
        assert_eq!(
            (usage.used, usage.resets_at),
            (used, at(resets_at)),
            "{time}"
        );
    }
    let file = ledger.file(&second.key).await.unwrap().unwrap();
    assert_eq!(
        file.state,
        FileState::Uploaded {
            at: at("2026-11-29T10:10:00Z")
        }
    );
    assert_eq!(file.kept_until(), Some(at("2026-11-30T10:10:00Z")));
    assert_eq!((file.size, file.key), (4 * GIB, second.key.clone()));

    // To say it again changes nothing.
    assert!(
        ledger
            .confirm_file(&second.key, at("2026-11-29T12:00:00Z"))
            .await
            .unwrap()
    );
    let again = ledger.file(&second.key).await.unwrap().unwrap();
    assert_eq!(again.state, file.state);

    assert!(ledger.release_file(&second.key).await.unwrap());
    assert_eq!(held(&ledger, at("2026-11-29T10:16:00Z")).await.used, 0);
    let file = ledger.file(&second.key).await.unwrap().unwrap();
    assert_eq!((file.state, file.kept_until()), (FileState::Released, None));

    let unknown = FileKey::of(&instance, &FileName::random().unwrap());
    assert!(!ledger.confirm_file(&unknown, now()).await.unwrap());
    assert!(!ledger.release_file(&unknown).await.unwrap());
    assert_eq!(ledger.file(&unknown).await.unwrap(), None);
}

async fn of_200_that_want_the_last_bytes_one_gets_them(place: Place) {
    let ledger = roomy(&place).await;
    customer(&ledger, "ada").await;
    reserve(&ledger, 5 * GIB - 100, now()).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..200 {
        let ledger = if number % 40 == 0 {
            place.open().await
        } else {
            ledger.clone()
        };
        tasks.push(tokio::spawn(async move {
            reserve(&ledger, 51 + number % 50, now()).await
        }));
    }
    let mut reserved = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => reserved += 1,
            Err(refusal) => assert!(matches!(refusal, Refusal::Exceeded(_)), "{refusal:?}"),
        }
    }
    assert_eq!(reserved, 1);
    assert!(held(&ledger, now()).await.used <= 5 * GIB);
}

async fn what_is_undecided_is_told(place: Place) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    let mut keys = Vec::new();
    for minute in 0..4 {
        let time = at(&format!("2026-11-29T10:0{minute}:00Z"));
        keys.push(reserve(&ledger, 10, time).await.unwrap().key);
    }
    let undecided = async |time, at_most| {
        let files = ledger
            .undecided_files(&instance, at(time), at_most)
            .await
            .unwrap();
        files.into_iter().map(|file| file.key).collect::<Vec<_>>()
    };
    assert_eq!(undecided("2026-11-29T10:14:59Z", 9).await, []);
    assert_eq!(undecided("2026-11-29T10:16:00Z", 9).await, keys[..2]);
    ledger
        .confirm_file(&keys[0], at("2026-11-29T10:01:00Z"))
        .await
        .unwrap();
    ledger.release_file(&keys[2]).await.unwrap();
    assert_eq!(
        undecided("2026-11-29T11:00:00Z", 9).await,
        [keys[1].clone(), keys[3].clone()]
    );
    assert_eq!(
        undecided("2026-11-29T11:00:00Z", 1).await,
        [keys[1].clone()]
    );
    assert_eq!(
        undecided("2026-11-30T10:16:00Z", 9).await,
        [keys[3].clone()]
    );
    // One that came after all.
    let uploaded_at = at("2026-11-29T10:15:30Z");
    assert!(ledger.confirm_file(&keys[2], uploaded_at).await.unwrap());
    let file = ledger.file(&keys[2]).await.unwrap().unwrap();
    assert_eq!(file.state, FileState::Uploaded { at: uploaded_at });
}

async fn what_is_long_gone_is_forgotten(place: Place) {
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(reserve(&ledger, 10, now()).await.unwrap().key);
    }
    ledger.confirm_file(&keys[0], now()).await.unwrap();
    ledger.release_file(&keys[1]).await.unwrap();
    for (time, left) in [
        ("2026-12-06T10:00:00Z", [true, true, true]),
        ("2026-12-06T10:00:01Z", [true, false, true]),
        ("2026-12-06T10:15:01Z", [true, false, false]),
        ("2026-12-07T10:00:01Z", [false, false, false]),
    ] {
        reserve(&ledger, 1, at(time)).await.unwrap();
        for (key, is_left) in keys.iter().zip(left) {
            assert_eq!(ledger.file(key).await.unwrap().is_some(), is_left, "{time}");
        }
    }
}

async fn a_guest_reserves_by_the_day(place: Place) {
    let ledger = roomy(&place).await;
    let instance = customer(&ledger, "ada").await;
    let reserve = async |user: &str, wanted: Option<&InstanceId>, size| {
        let upload = upload(size, now());
        let reserved = ledger
            .reserve_file(&sub(user), wanted, &upload, 1, now())
            .await;
        reserved.unwrap()
    };
    let refused = reserve("bob", Some(&instance), 6 * GIB).await.unwrap_err();
    assert!(matches!(
        refused,
        Refusal::Exceeded(Exceeded {
            quota: Quota::Storage,
            ..
        })
    ));
    let reserved = reserve("bob", Some(&instance), 1).await.unwrap();
    assert_eq!(reserved.owner, sub("ada"));
    let refused = reserve("bob", Some(&instance), 1).await.unwrap_err();
    assert!(matches!(
        refused,
        Refusal::Exceeded(Exceeded {
            quota: Quota::Guest,
            ..
        })
    ));
    ledger.release_file(&reserved.key).await.unwrap();
    ledger.give_back(reserved.receipt).await.unwrap();
    assert!(reserve("bob", Some(&instance), 1).await.is_ok());
    assert_eq!(
        reserve("bob", None, 1).await.unwrap_err(),
        Refusal::NoInstance
    );
    let nobody = InstanceId::new("aaaaaaaaaa").unwrap();
    let refused = reserve("bob", Some(&nobody), 1).await.unwrap_err();
    assert_eq!(refused, Refusal::UnknownInstance);
    for _ in 0..3 {
        assert!(reserve("ada", Some(&instance), 1).await.is_ok());
    }
}

/// What one who wants to upload a file is told.
async fn refusal(ledger: &Ledger, user: &str, size: u64, content_type: &str) -> Option<Refusal> {
    let upload = Upload {
        content_type: content_type.to_owned(),
        ..upload(size, now())
    };
    let instance = ledger.instance(&sub("ada"), None, now()).await.unwrap();
    let instance = instance.unwrap().id;
    let reserved = ledger
        .reserve_file(&sub(user), Some(&instance), &upload, 1, now())
        .await;
    reserved.unwrap().err()
}

fn unfit(size: Option<u64>, media_types: Option<&[&str]>) -> Option<Refusal> {
    let media_types = media_types.map(|types| types.iter().map(ToString::to_string).collect());
    Some(Refusal::Unfit(Unfit { size, media_types }))
}

async fn a_file_is_held_to_the_plan(place: Place) {
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    // At first it is a GiB of anything.
    assert_eq!(refusal(&ledger, "ada", GIB, "a/b").await, None);
    let over = unfit(Some(GIB), None);
    assert_eq!(refusal(&ledger, "ada", GIB + 1, "a/b").await, over);
    place.sql("DELETE FROM files").await;

    place.sql("UPDATE plans SET file_size = 100").await;
    place
        .sql(
            "INSERT INTO media_types VALUES ('chitchatter_pro_monthly', 'image/*'),
             ('chitchatter_pro_monthly', 'text/plain'), ('chitchatter_pro_yearly', 'video/*')",
        )
        .await;
    let allowed = Some(&["image/*", "text/plain"][..]);
    for (size, content_type, expected) in [
        (1, "image/png", None),
        (100, "image/svg+xml", None),
        (100, "IMAGE/Png", None),
        (100, "text/plain; charset=utf-8", None),
        (101, "image/png", unfit(Some(100), None)),
        (1, "video/mp4", unfit(None, allowed)),
        (1, "text/plaintext", unfit(None, allowed)),
        (1, "text/html; like=image/png", unfit(None, allowed)),
        (1, "ximage/png", unfit(None, allowed)),
        (6 * GIB, "*/*", unfit(Some(100), allowed)),
    ] {
        let told = refusal(&ledger, "ada", size, content_type).await;
        assert_eq!(told, expected, "{size} {content_type}");
    }
    assert_eq!(held(&ledger, now()).await.used, 301);

    // It is told after the subscription and before any quota; a guest is not counted for it.
    for _ in 0..2 {
        let told = refusal(&ledger, "bob", 101, "image/png").await;
        assert_eq!(told, unfit(Some(100), None));
    }
    assert_eq!(refusal(&ledger, "bob", 100, "image/png").await, None);
    let told = refusal(&ledger, "bob", 101, "image/png").await;
    assert_eq!(told, unfit(Some(100), None));
    place.sql("UPDATE plans SET storage = 0").await;
    let told = refusal(&ledger, "ada", 1, "video/mp4").await;
    assert_eq!(told, unfit(None, allowed));
    place
        .sql("UPDATE subscriptions SET status = 'unpaid'")
        .await;
    let told = refusal(&ledger, "ada", 101, "video/mp4").await;
    assert_eq!(told, Some(Refusal::NotEntitled));
}

async fn of_two_plans_the_larger_counts(place: Place) {
    let ledger = place.ledger().await;
    customer(&ledger, "ada").await;
    let mut second = subscribed("ada", at("2026-11-29T10:00:01Z"));
    change(&mut second).id = "sub_second".to_owned();
    change(&mut second).lookup_key = Some("chitchatter_pro_yearly".to_owned());
    let applied = ledger.apply(&second, InstanceId::random, now()).await;
    applied.unwrap();
    place
        .sql("UPDATE plans SET file_size = CASE lookup_key WHEN 'chitchatter_pro_yearly' THEN 10 ELSE 100 END")
        .await;
    place
        .sql("INSERT INTO media_types VALUES ('chitchatter_pro_monthly', 'image/*'), ('chitchatter_pro_yearly', 'video/*')")
        .await;
    assert_eq!(refusal(&ledger, "ada", 100, "image/png").await, None);
    assert_eq!(refusal(&ledger, "ada", 100, "video/mp4").await, None);
    let told = refusal(&ledger, "ada", 101, "audio/mp4").await;
    assert_eq!(told, unfit(Some(100), Some(&["image/*", "video/*"])));
    // One that names none allows any.
    place
        .sql("DELETE FROM media_types WHERE media_type = 'video/*'")
        .await;
    assert_eq!(refusal(&ledger, "ada", 10, "audio/mp4").await, None);
}

async fn a_plan_names_media_types(place: Place) {
    place.ledger().await;
    for (text, is_one) in [
        ("image/*", true),
        ("*/*", true),
        ("application/vnd.ms-excel", true),
        ("image/svg+xml", true),
        ("image", false),
        ("image/", false),
        ("Image/*", false),
        ("image/png,image/gif", false),
        ("image/png image/gif", false),
        ("text/plain; charset=utf-8", false),
        ("image/[a-z]", false),
        ("image/?", false),
    ] {
        let insert = format!(
            "INSERT OR IGNORE INTO media_types VALUES ('chitchatter_pro_yearly', '{text}')"
        );
        place.sql(&insert).await;
        let find = format!("SELECT 1 FROM media_types WHERE media_type = '{text}'");
        assert_eq!(!place.sql(&find).await.is_empty(), is_one, "{text}");
    }
}
