//! `POST /api/video-session`: counts a minute, then lets the caller into the room's meeting.

use std::sync::Arc;

use axum::extract::State;
use ledger::{InstanceId, RoomId, Sub};
use serde_json::{Value, json};

use super::Answer;
use crate::{
    app::{self, App},
    auth::Caller,
    body::Fields,
    identifiers,
    problem::Problem,
    video::{Joined, Visit},
};

/// How long the id of a room or a device may be.
const LONGEST_ID: usize = 128;

/// What such an id must be.
const ID: &str = "must be 1 to 128 letters, digits, `_` and `-`";

/// Which meeting the caller wants to join.
struct Wanted {
    instance: Option<InstanceId>,
    room: RoomId,
    device: Option<String>,
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    fields: Fields,
) -> Result<Answer, Problem> {
    let wanted = read(fields)?;
    app.limit_instance(&caller, wanted.instance.as_ref())?;
    super::detached(async move { join(&app, &caller, &wanted).await }).await
}

fn read(mut fields: Fields) -> Result<Wanted, Problem> {
    let instance = super::instance_id(&mut fields);
    let room = fields.needed("roomId", ID, |value| RoomId::new(id(value)?).ok());
    let device = fields.optional("deviceId", ID, |value| id(value).map(str::to_owned));
    fields.end()?;
    Ok(Wanted {
        instance,
        room: room.expect("what is needed and not there is an error"),
        device,
    })
}

fn id(value: &Value) -> Option<&str> {
    let text = value.as_str()?;
    identifiers::is_plain(text, LONGEST_ID).then_some(text)
}

/// Counts first: a crash between counting and joining costs one minute, and never gives one away.
async fn join(app: &App, caller: &Sub, wanted: &Wanted) -> Result<Answer, Problem> {
    let Some(service) = &app.video else {
        return Err(Problem::not_configured("video"));
    };
    let (guest_limit, now) = (app.config.rates.guest_daily, app.clock.now());
    let instance = wanted.instance.as_ref();
    let counted = app.ledger.count_video(caller, instance, guest_limit, now);
    let counted = counted.await?.map_err(app::refusal)?;
    app.learn(caller, &counted.owner, &counted.instance);
    let visit = Visit {
        ledger: &app.ledger,
        service: service.as_ref(),
        instance: &counted.instance,
        owner: &counted.owner,
        room: &wanted.room,
        caller,
        device: wanted.device.as_deref(),
    };
    let Joined { meeting, attendee } = match visit.join().await {
        Ok(joined) => joined,
        Err(failure) => {
            let problem = failure.into();
            app.ledger.give_back(counted.receipt).await?;
            return Err(problem);
        }
    };
    Ok(Answer::ok(json!({
        "instanceId": counted.instance.as_str(),
        "meeting": meeting,
        "attendee": attendee,
        "remainingMinutes": counted.usage.remaining(),
    })))
}
