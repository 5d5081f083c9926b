//! `POST /api/video-session`.

use std::{collections::BTreeSet, time::Duration};

use ledger::{InstanceId, RoomId, Sub};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Chime, REGION, Service, Settings, Sqld};

const PATH: &str = "/api/video-session";

/// An API whose only limits are those of rooms and quotas, with a subscribed owner.
async fn start() -> (Chime, Service, InstanceId) {
    start_with(Settings::default()).await
}

/// The same with its ledger in another place.
async fn start_with(database: Settings) -> (Chime, Service, InstanceId) {
    let chime = Chime::start().await;
    let settings = chime
        .settings()
        .set("RATE_LIMIT_PER_MINUTE", "100000")
        .set("INSTANCE_RATE_LIMIT_PER_MINUTE", "100000");
    let service = Service::start(settings.and(database)).await;
    let instance = service.subscribe("owner").await;
    (chime, service, instance)
}

/// A user joins a room of the owner's.
async fn join(service: &Service, instance: &InstanceId, user: &str, room: &str) -> Answer {
    let body = json!({"instanceId": instance.as_str(), "roomId": room});
    service.post(PATH, user, &body).await
}

/// Many users join a room at the same time.
async fn join_all(
    service: &Service,
    instance: &InstanceId,
    users: usize,
    room: &str,
) -> Vec<Answer> {
    let users: Vec<String> = (0..users).map(|user| format!("user-{user}")).collect();
    let joins = users.iter().map(|user| join(service, instance, user, room));
    futures_util::future::join_all(joins).await
}

fn meeting_id(answer: &Answer) -> &str {
    answer.body["meeting"]["MeetingId"]
        .as_str()
        .unwrap_or_default()
}

fn attendee_id(answer: &Answer) -> &str {
    answer.body["attendee"]["AttendeeId"]
        .as_str()
        .unwrap_or_default()
}

async fn used(service: &Service) -> u64 {
    let owner = Sub::new("owner").unwrap();
    let instance = service.ledger.instance(&owner, None, service.now()).await;
    instance.unwrap().expect("the owner has one").video.used
}

#[tokio::test]
async fn an_owner_gets_what_the_sdk_for_javascript_takes() {
    let (chime, service, instance) = start().await;
    let answer = join(&service, &instance, "owner", "Room_1").await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = &answer.body;
    assert_eq!(body["instanceId"], instance.as_str());
    assert_eq!(body["remainingMinutes"], 999);

    let (meeting, attendee) = (&body["meeting"], &body["attendee"]);
    let path = format!("meetings/{}", meeting_id(&answer));
    assert_eq!(meeting, &chime.tell(&path).await["Meeting"]);
    let path = format!("{path}/attendees/{}", attendee_id(&answer));
    assert_eq!(attendee, &chime.tell(&path).await["Attendee"]);
    let token = attendee["JoinToken"].as_str().unwrap();
    assert_eq!(meeting["MediaRegion"], REGION);
    assert_eq!(meeting["MeetingFeatures"]["Attendee"]["MaxCount"], 15);
    let urls = meeting["MediaPlacement"].as_object().unwrap();
    assert_eq!(urls.len(), 8, "{urls:?}");

    // What Chime is told says whose the meeting is, and nothing of the room and the user.
    let held = chime.meetings().await;
    assert_eq!(held.len(), 1);
    assert_eq!(held[0]["meetingId"], meeting["MeetingId"]);
    assert_eq!(held[0]["externalMeetingId"], meeting["ExternalMeetingId"]);
    assert_eq!(held[0]["region"], REGION);
    assert_eq!(held[0]["tags"], json!({"chitchatter-customer-id": "owner"}));
    assert_eq!(
        held[0]["attendees"][0]["attendeeId"],
        attendee["AttendeeId"]
    );
    for name in [&meeting["ExternalMeetingId"], &attendee["ExternalUserId"]] {
        let name = name.as_str().unwrap().to_lowercase();
        assert!(!name.contains("room") && !name.contains("owner"), "{name}");
    }

    // The meeting is kept as it is given out, without the token.
    let room = RoomId::new("Room_1").unwrap();
    let stored = service.ledger.room(&instance, &room).await.unwrap();
    let stored = stored.meeting.expect("the room has a meeting");
    assert_eq!(&serde_json::from_str::<Value>(&stored).unwrap(), meeting);
    assert!(!stored.contains(token));
    assert_eq!(used(&service).await, 1);
}

#[tokio::test]
async fn refusals_have_their_order_and_charge_nothing() {
    let (chime, service, _) = start().await;
    let token = service.pool.token("stranger", service.now());
    let (json, text) = ("application/json", "text/plain");
    let long = format!("\"{}\"", "x".repeat(64 * 1024));
    let of_other = r#"{"roomId":"room","instanceId":"aaaaaaaaaa"}"#;
    for (token, media_type, body, status, problem) in [
        (None, text, &*long, 401, "unauthorized"),
        (Some("a.b.c"), text, &long, 401, "unauthorized"),
        (Some(&*token), text, &long, 415, "unsupported-media-type"),
        (Some(&*token), json, &long, 413, "payload-too-large"),
        (Some(&*token), json, "{", 400, "malformed-request"),
        (Some(&*token), json, "[]", 422, "invalid-request"),
        (Some(&*token), json, "", 422, "invalid-request"),
        (Some(&*token), json, "{}", 422, "invalid-request"),
        (Some(&*token), json, of_other, 404, "not-found"),
        (
            Some(&*token),
            json,
            r#"{"roomId":"room"}"#,
            402,
            "subscription-required",
        ),
    ] {
        let headers = [("content-type", media_type)];
        let answer = service
            .send(Method::POST, PATH, token, &headers, body.to_owned())
            .await;
        let refused = (answer.status.as_u16(), answer.problem());
        assert_eq!(refused, (status, problem), "{body:.40}");
    }
    let wrong =
        json!({"instanceId": "NOT", "roomId": "a b", "deviceId": "x".repeat(129), "room": 1});
    let answer = service.post(PATH, "stranger", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = answer.body["errors"].as_array().unwrap();
    let paths: Vec<&str> = errors
        .iter()
        .map(|error| error["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/instanceId", "/roomId", "/deviceId", "/room"]);
    assert!(chime.meetings().await.is_empty());
    assert_eq!(used(&service).await, 0);
}

#[tokio::test]
async fn what_is_not_configured_and_what_is_too_fast_is_refused() {
    let settings = Settings::coturn().set("INSTANCE_RATE_LIMIT_PER_MINUTE", "1");
    let service = Service::start(settings).await;
    let instance = service.subscribe("owner").await;
    let room = json!({"roomId": "room"});
    let answer = service.post(PATH, "owner", &room).await;
    assert_eq!(
        (answer.status.as_u16(), answer.problem()),
        (503, "not-configured")
    );
    let invalid = service.post(PATH, "owner", &json!({})).await;
    assert_eq!(invalid.problem(), "invalid-request");
    for problem in ["not-configured", "rate-limited"] {
        let answer = join(&service, &instance, "owner", "room").await;
        assert_eq!(answer.problem(), problem);
    }

    let chime = Chime::start().await;
    let settings = chime.settings().set("INSTANCE_RATE_LIMIT_PER_MINUTE", "1");
    let service = Service::start(settings).await;
    let instance = service.subscribe("owner").await;
    assert_eq!(
        join(&service, &instance, "owner", "room").await.status,
        StatusCode::OK
    );
    let fast = join(&service, &instance, "guest", "room").await;
    assert_eq!(
        (fast.status.as_u16(), fast.problem()),
        (429, "rate-limited")
    );
    assert!(fast.headers.contains_key("retry-after"));
    assert_eq!(used(&service).await, 1);
}

#[tokio::test]
async fn two_hundred_at_once_are_fifteen_in_one_meeting() {
    fifteen_of_200_are_in_one_meeting(Settings::default()).await;
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn two_hundred_at_once_are_fifteen_in_one_meeting_on_a_server() {
    let sqld = Sqld::start();
    fifteen_of_200_are_in_one_meeting(sqld.settings()).await;
}

async fn fifteen_of_200_are_in_one_meeting(database: Settings) {
    let (chime, service, instance) = start_with(database).await;
    let answers = join_all(&service, &instance, 200, "room").await;
    let (joined, refused): (Vec<&Answer>, Vec<&Answer>) = answers
        .iter()
        .partition(|answer| answer.status == StatusCode::OK);
    assert_eq!(joined.len(), 15);
    let attendees: BTreeSet<&str> = joined.iter().map(|answer| attendee_id(answer)).collect();
    assert_eq!(attendees.len(), 15);
    for answer in refused {
        let problem = (answer.status.as_u16(), answer.problem());
        assert_eq!(problem, (409, "room-full"), "{:?}", answer.body);
    }
    let held = chime.meetings().await;
    assert_eq!(held.len(), 1);
    assert!(
        joined
            .iter()
            .all(|answer| meeting_id(answer) == held[0]["meetingId"])
    );
    // It is full: nothing is made, and Chime is not asked again.
    let calls = chime.calls();
    let late = join(&service, &instance, "late", "room").await;
    assert_eq!(late.problem(), "room-full");
    assert_eq!(chime.calls() - calls, 1);
    assert_eq!(used(&service).await, 15, "who is refused is not charged");
}

#[tokio::test]
async fn a_meeting_that_is_over_is_replaced_once() {
    let (chime, service, instance) = start().await;
    let first = join(&service, &instance, "owner", "room").await;
    chime.end(meeting_id(&first)).await;
    let answers = join_all(&service, &instance, 15, "room").await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    }
    let held = chime.meetings().await;
    assert_eq!(held.len(), 2);
    assert!(
        answers
            .iter()
            .all(|answer| meeting_id(answer) == held[1]["meetingId"])
    );

    // Nobody ever connected to it.
    chime.pass(301).await;
    let later = join(&service, &instance, "owner", "room").await;
    assert_eq!(later.status, StatusCode::OK, "{:?}", later.body);
    assert_eq!(chime.meetings().await.len(), 3);
}

#[tokio::test]
async fn the_same_user_and_device_is_the_same_attendee() {
    let (_chime, service, instance) = start().await;
    let join = async |user: &str, room: &str, device: Value| {
        let id = instance.as_str();
        let body = json!({"instanceId": id, "roomId": room, "deviceId": device});
        let answer = service.post(PATH, user, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer
    };
    let first = join("owner", "room", json!("phone")).await;
    let again = join("owner", "room", json!("phone")).await;
    assert_eq!(attendee_id(&first), attendee_id(&again));
    let others = [
        join("owner", "room", json!("laptop")).await,
        join("owner", "room", Value::Null).await,
        join("guest", "room", json!("phone")).await,
    ];
    let mut attendees: BTreeSet<&str> = others.iter().map(attendee_id).collect();
    attendees.insert(attendee_id(&first));
    assert_eq!(attendees.len(), 4);
    assert!(
        others
            .iter()
            .all(|other| meeting_id(other) == meeting_id(&first))
    );

    // Rooms that differ by case alone are two, and a user is not recognised in the other one.
    let elsewhere = join("owner", "ROOM", json!("phone")).await;
    assert_ne!(meeting_id(&elsewhere), meeting_id(&first));
    let name = |answer: &Answer| answer.body["attendee"]["ExternalUserId"].clone();
    assert_ne!(name(&elsewhere), name(&first));
}

#[tokio::test]
async fn at_the_limit_exactly_one_is_let_in() {
    one_of_200_is_let_in(Settings::default()).await;
}

#[tokio::test]
#[ignore = "needs sqld"]
async fn at_the_limit_exactly_one_is_let_in_on_a_server() {
    let sqld = Sqld::start();
    one_of_200_is_let_in(sqld.settings()).await;
}

async fn one_of_200_is_let_in(database: Settings) {
    let (chime, service, instance) = start_with(database).await;
    let owner = Sub::new("owner").unwrap();
    for _ in 0..999 {
        let counted = service.ledger.count_video(&owner, None, 50, service.now());
        assert!(counted.await.unwrap().is_ok());
    }
    let answers = join_all(&service, &instance, 200, "room").await;
    let joined = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK);
    let joined: Vec<&Answer> = joined.collect();
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0].body["remainingMinutes"], 0);
    for answer in answers
        .iter()
        .filter(|answer| answer.status != StatusCode::OK)
    {
        let problem = (answer.status.as_u16(), answer.problem());
        assert_eq!(problem, (429, "quota-exceeded"), "{:?}", answer.body);
        let told = (
            &answer.body["quota"],
            &answer.body["limit"],
            &answer.body["used"],
        );
        assert_eq!(told, (&json!("video"), &json!(1000), &json!(1000)));
        assert_eq!(answer.body["resetsAt"], "2026-11-01T00:00:00Z");
    }
    assert_eq!(chime.calls(), 2, "who is refused does not get to Chime");
    assert_eq!(chime.meetings().await.len(), 1);
}

#[tokio::test]
async fn what_chime_refuses_is_given_back() {
    let (chime, service, instance) = start().await;
    for operation in ["CreateMeeting", "CreateAttendee"] {
        for fault in ["throttle", "failure", "unavailable"] {
            chime.fail(operation, fault, 100).await;
            let answer = join(&service, &instance, "owner", operation).await;
            let problem = (answer.status.as_u16(), answer.problem());
            assert_eq!(
                problem,
                (502, "upstream-unavailable"),
                "{operation} {fault}"
            );
            assert!(answer.headers.contains_key("retry-after"));
            chime.recover().await;
        }
    }
    chime.fail("CreateMeeting", "conflict", 100).await;
    let answer = join(&service, &instance, "owner", "conflict").await;
    assert_eq!(answer.problem(), "upstream-unavailable");
    chime.recover().await;
    assert_eq!(used(&service).await, 0);
    let answer = join(&service, &instance, "owner", "CreateMeeting").await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(used(&service).await, 1);
}

#[tokio::test]
async fn what_goes_wrong_once_is_not_noticed() {
    let (chime, service, instance) = start().await;
    for (room, operation, fault, times) in [
        ("1", "CreateMeeting", "throttle", 1),
        ("2", "CreateMeeting", "failure", 1),
        ("3", "CreateMeeting", "lost-answer", 1),
        ("4", "CreateMeeting", "conflict", 2),
        ("5", "CreateAttendee", "unavailable", 1),
        ("6", "CreateAttendee", "lost-answer", 1),
        // The token is spent: the room goes on with another one.
        ("7", "CreateMeeting", "conflict", 3),
    ] {
        chime.fail(operation, fault, times).await;
        let answer = join(&service, &instance, "owner", room).await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "{operation} {fault}: {:?}",
            answer.body
        );
    }
    let held = chime.meetings().await;
    assert_eq!(held.len(), 7);
    let alone = |meeting: &Value| {
        meeting["attendees"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    };
    assert!(held.iter().all(alone), "{held:?}");
    assert_eq!(used(&service).await, 7);
}

#[tokio::test]
async fn a_silent_chime_is_given_up_after_five_seconds() {
    let (chime, service, instance) = start().await;
    chime.fail("CreateMeeting", "no-answer", 100).await;
    chime.fail("CreateAttendee", "no-answer", 100).await;
    let start = tokio::time::Instant::now();
    let answer = join(&service, &instance, "owner", "room").await;
    let problem = (answer.status.as_u16(), answer.problem());
    assert_eq!(problem, (503, "upstream-unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    let waited = start.elapsed();
    let (shortest, longest) = (Duration::from_millis(4500), Duration::from_secs(8));
    assert!((shortest..longest).contains(&waited), "{waited:?}");
    assert_eq!(used(&service).await, 0);
}

#[tokio::test]
async fn who_hangs_up_is_not_charged() {
    let (chime, service, instance) = start().await;
    chime.fail("CreateMeeting", "no-answer", 100).await;
    let hung_up = tokio::time::timeout(
        Duration::from_secs(1),
        join(&service, &instance, "owner", "room"),
    );
    assert!(hung_up.await.is_err());
    assert_eq!(
        used(&service).await,
        1,
        "it was counted before Chime was asked"
    );
    wait_until(async || used(&service).await == 0).await;
}

/// Waits for what comes by itself.
async fn wait_until(mut happens: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if happens().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not happen in ten seconds");
}
