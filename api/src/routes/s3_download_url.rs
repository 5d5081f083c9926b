//! `POST /api/s3-download-url`: signs the request that downloads a file of the instance.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use jiff::Timestamp;
use ledger::{FileKey, FileState, InstanceId, Refusal, Sub};
use serde_json::json;

use super::Answer;
use crate::{
    app::{self, App},
    auth::Caller,
    body::Fields,
    files::{LIFETIME, URL_LIFETIME},
    problem::{Kind, Problem},
};

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    mut fields: Fields,
) -> Result<Answer, Problem> {
    let wanted = super::instance_id(&mut fields);
    let must = "must be a key that `/api/s3-upload-url` gave";
    let key = fields.needed("key", must, |value| FileKey::new(value.as_str()?).ok());
    fields.end()?;
    let key = key.expect("it is needed");
    app.limit_instance(&caller, wanted.as_ref())?;
    issue(&app, &caller, wanted.as_ref(), &key).await
}

/// What refuses goes first, and a guest is counted last: only an answer costs one of a day's requests.
async fn issue(
    app: &App,
    caller: &Sub,
    wanted: Option<&InstanceId>,
    key: &FileKey,
) -> Result<Answer, Problem> {
    let Some(store) = &app.files else {
        return Err(Problem::not_configured("file sharing"));
    };
    let now = app.clock.now();
    check_instance(app, caller, wanted, key, now).await?;
    let file = app.ledger.file(key).await?.ok_or_else(no_such_file)?;
    let uploaded_at = match file.state {
        FileState::Uploaded { at } => Some(at),
        // An upload that begins in time may end long after its URL, and after its room was let go.
        FileState::Reserved | FileState::Released => None,
    };
    if let Some(at) = uploaded_at {
        rest(at, now)?;
    }
    let stored = store.find(key).await?.ok_or_else(no_such_file)?;
    let rest = rest(stored.uploaded_at, now)?;
    if uploaded_at.is_none() {
        app.ledger.confirm_file(key, stored.uploaded_at).await?;
    }
    let lifetime = URL_LIFETIME.min(rest);
    let signed = store.sign_download(key, now, lifetime).await?;
    let guest_limit = app.config.rates.guest_daily;
    let admitted = app.ledger.admit(caller, wanted, guest_limit, now).await?;
    let admitted = admitted.map_err(app::refusal)?;
    app.learn(caller, &admitted.owner, &admitted.instance);
    Ok(Answer::ok(json!({
        "url": signed.url,
        "expiresAt": super::seconds(super::after(now, lifetime)),
        "size": stored.size,
    })))
}

/// Whether the key is of the instance that is asked, and that one has a subscription.
async fn check_instance(
    app: &App,
    caller: &Sub,
    wanted: Option<&InstanceId>,
    key: &FileKey,
    now: Timestamp,
) -> Result<(), Problem> {
    let Some(instance) = app.ledger.instance(caller, wanted, now).await? else {
        return Err(app::refusal(match wanted {
            Some(_) => Refusal::UnknownInstance,
            None => Refusal::NoInstance,
        }));
    };
    if *key.instance() != instance.id {
        let detail = "the key is of another instance: name that one in `instanceId`";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if !instance.is_entitled {
        return Err(app::refusal(Refusal::NotEntitled));
    }
    Ok(())
}

/// How long a file can still be had, in whole seconds.
fn rest(uploaded_at: Timestamp, now: Timestamp) -> Result<Duration, Problem> {
    let end = uploaded_at.saturating_add(LIFETIME).unwrap_or(now);
    let rest = end.as_second().saturating_sub(now.as_second());
    match u64::try_from(rest) {
        Ok(rest) if rest > 0 => Ok(Duration::from_secs(rest)),
        _ => Err(no_such_file()),
    }
}

fn no_such_file() -> Problem {
    Problem::new(
        Kind::NotFound,
        "there is no such file: it was never uploaded, or that is more than 24 hours ago",
    )
}
