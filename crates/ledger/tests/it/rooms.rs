//! One meeting at a time, however many want it.

use std::collections::BTreeSet;

use ledger::{InstanceId, Ledger, Room, RoomId};

use crate::place::{Place, customer, everywhere};

everywhere!(
    a_meeting_is_stored_once_and_replaced_once,
    of_many_meetings_one_is_stored,
    of_many_who_retire_one_does,
);

fn room(generation: u64, meeting: Option<&str>) -> Room {
    Room {
        generation,
        meeting: meeting.map(str::to_owned),
    }
}

async fn new_room(place: &Place) -> (Ledger, InstanceId, RoomId) {
    let ledger = place.ledger().await;
    let instance = customer(&ledger, "ada").await;
    (ledger, instance, RoomId::new("kitchen").unwrap())
}

async fn a_meeting_is_stored_once_and_replaced_once(place: Place) {
    let (ledger, instance, id) = new_room(&place).await;
    let set = async |generation, meeting| {
        ledger
            .set_meeting(&instance, &id, generation, meeting)
            .await
            .unwrap()
    };
    let retire = async |generation| {
        ledger
            .retire_meeting(&instance, &id, generation)
            .await
            .unwrap()
    };
    assert_eq!(ledger.room(&instance, &id).await.unwrap(), room(1, None));
    assert_eq!(retire(1).await, room(1, None));
    assert_eq!(set(2, "early").await, room(1, None));
    assert_eq!(set(1, "first").await, room(1, Some("first")));
    assert_eq!(set(1, "other").await, room(1, Some("first")));
    assert_eq!(retire(1).await, room(2, None));
    assert_eq!(retire(1).await, room(2, None));
    assert_eq!(retire(2).await, room(2, None));
    assert_eq!(set(1, "late").await, room(2, None));
    assert_eq!(set(2, "second").await, room(2, Some("second")));
    assert_eq!(retire(1).await, room(2, Some("second")));
    assert_eq!(
        ledger.room(&instance, &id).await.unwrap(),
        room(2, Some("second"))
    );
    // The same name in another instance is another room.
    let other = customer(&ledger, "eve").await;
    assert_eq!(ledger.room(&other, &id).await.unwrap(), room(1, None));
    let nobody = InstanceId::new("aaaaaaaaaa").unwrap();
    assert!(ledger.set_meeting(&nobody, &id, 1, "none").await.is_err());
}

async fn of_many_meetings_one_is_stored(place: Place) {
    let (_, instance, id) = new_room(&place).await;
    let mut tasks = Vec::new();
    for number in 0..40 {
        let (ledger, instance, id) = (place.open().await, instance.clone(), id.clone());
        tasks.push(tokio::spawn(async move {
            let meeting = format!("meeting {number}");
            ledger
                .set_meeting(&instance, &id, 1, &meeting)
                .await
                .unwrap()
        }));
    }
    let mut stored = BTreeSet::new();
    for task in tasks {
        stored.insert(task.await.unwrap().meeting.unwrap());
    }
    assert_eq!(stored.len(), 1);
}

async fn of_many_who_retire_one_does(place: Place) {
    let (ledger, instance, id) = new_room(&place).await;
    ledger
        .set_meeting(&instance, &id, 1, "first")
        .await
        .unwrap();
    let mut tasks = Vec::new();
    for number in 0..40 {
        let (ledger, instance, id) = (ledger.clone(), instance.clone(), id.clone());
        tasks.push(tokio::spawn(async move {
            let room = ledger.retire_meeting(&instance, &id, 1).await.unwrap();
            let meeting = format!("meeting {number}");
            ledger
                .set_meeting(&instance, &id, room.generation, &meeting)
                .await
                .unwrap()
        }));
    }
    let mut stored = BTreeSet::new();
    for task in tasks {
        let room = task.await.unwrap();
        stored.insert((room.generation, room.meeting.unwrap()));
    }
    assert_eq!(stored.len(), 1);
    assert_eq!(stored.first().unwrap().0, 2);
}
