//! Bytes that are reserved, held and released.

use jiff::Timestamp;
use ledger::{
    Exceeded, FileKey, FileName, FileState, InstanceId, Ledger, Quota, Refusal, Reserved, Upload,
    Usage,
};

use crate::place::{Place, at, customer, everywhere, now, sub};

everywhere!(
    room_is_reserved_confirmed_and_released,
    of_200_that_want_the_last_bytes_one_gets_them,
    what_is_undecided_is_told,
    what_is_long_gone_is_forgotten,
    a_guest_reserves_by_the_day,
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
    let ledger = place.ledger().await;
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
    let ledger = place.ledger().await;
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
    let ledger = place.ledger().await;
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
