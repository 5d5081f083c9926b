//! What tests decide and see, below `/_emulator`. It is no part of the service.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    emulator::Emulator,
    fault::Fault,
    meeting::{Ending, Meeting},
    router,
};

const LARGEST_BODY: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

/// Answers a request to a path below `/_emulator/`.
pub(crate) async fn answer(emulator: &Emulator, path: &str, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return refusal(StatusCode::BAD_REQUEST, "the body cannot be read whole");
    };
    let done = carry_out(emulator, head.method.as_str(), path, &body);
    match done {
        Ok(Some(answer)) => router::json(StatusCode::OK, &answer, &[]),
        Ok(None) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err((status, message)) => refusal(status, &message),
    }
}

fn carry_out(
    emulator: &Emulator,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<Option<Value>, (StatusCode, String)> {
    let (mut state, now) = emulator.open();
    let absent = |what: &str| (StatusCode::NOT_FOUND, format!("there is no such {what}"));
    let path: Vec<&str> = path.split('/').collect();
    match (method, &path[..]) {
        ("GET", ["meetings"]) => {
            let meetings: Vec<Value> = state.meetings.all(now).map(told).collect();
            return Ok(Some(json!({ "meetings": meetings })));
        }
        ("POST", ["meetings", id, "end"]) => {
            let meeting = state.meetings.anywhere(id, now);
            meeting.ok_or_else(|| absent("meeting"))?.end(Ending::Ended);
        }
        ("PUT" | "DELETE", ["meetings", id, "attendees", attendee, "connection"]) => {
            let meeting = state.meetings.anywhere(id, now);
            let meeting = meeting.filter(|meeting| meeting.ending.is_none());
            let meeting = meeting.ok_or_else(|| absent("meeting, or it has ended"))?;
            let connected = meeting.connect(attendee, method == "PUT", now);
            connected.map_err(|_| absent("attendee"))?;
        }
        ("POST", ["clock"]) => {
            let Advance { advance_seconds } = read(body)?;
            let ahead = Duration::from_secs(advance_seconds.into());
            state.ahead = state.ahead.saturating_add(ahead);
        }
        ("POST", ["faults"]) => state.faults.add(read::<Fault>(body)?),
        ("DELETE", ["faults"]) => state.faults.clear(),
        _ => return Err(absent("request to the emulator")),
    }
    Ok(None)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

/// A meeting as tests see it; join tokens are for those who join.
fn told(meeting: &Meeting) -> Value {
    let attendees: Vec<Value> = meeting
        .attendees
        .values()
        .map(|attendee| {
            json!({
                "attendeeId": attendee.attendee_id,
                "externalUserId": attendee.external_user_id,
                "connected": attendee.is_connected,
            })
        })
        .collect();
    json!({
        "meetingId": meeting.id,
        "externalMeetingId": meeting.external_id(),
        "region": meeting.region,
        "ending": meeting.ending,
        "tags": meeting.tags.by_key(),
        "attendees": attendees,
    })
}

fn refusal(status: StatusCode, message: &str) -> Response {
    router::json(status, &json!({ "message": message }), &[])
}
