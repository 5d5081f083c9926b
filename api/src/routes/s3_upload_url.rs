//! `POST /api/s3-upload-url`: reserves room for a file, then signs the request that uploads it.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use futures_util::future::join_all;
use ledger::{File, FileName, InstanceId, Sub};
use serde_json::json;

use super::Answer;
use crate::{
    app::{self, App},
    auth::Caller,
    body::{self, Fields},
    files::{self, FileStore, LARGEST, URL_LIFETIME},
    problem::Problem,
};

/// How many reservations that nothing is known of are looked after with one request.
const MOST_SETTLED: u32 = 4;

/// What a caller wants to upload.
struct Wanted {
    instance: Option<InstanceId>,
    size: u64,
    content_type: String,
}

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    fields: Fields,
) -> Result<Answer, Problem> {
    let wanted = read(fields)?;
    app.limit_instance(&caller, wanted.instance.as_ref())?;
    super::detached(async move { issue(&app, &caller, wanted).await }).await
}

fn read(mut fields: Fields) -> Result<Wanted, Problem> {
    let instance = super::instance_id(&mut fields);
    let size = fields.needed("size", "must be 1 to 1073741824 bytes", |value| {
        body::whole(value).filter(|size| (1..=LARGEST).contains(size))
    });
    let must = "must be a media type such as `application/octet-stream`, in 255 characters at most";
    let content_type = fields.needed("contentType", must, |value| {
        let text = value.as_str().filter(|text| files::is_media_type(text));
        text.map(str::to_owned)
    });
    fields.end()?;
    Ok(Wanted {
        instance,
        size: size.expect("it is needed"),
        content_type: content_type.expect("it is needed"),
    })
}

/// Reserves first: a crash between reserving and signing costs room until the URL would have expired, and never gives any away.
async fn issue(app: &App, caller: &Sub, wanted: Wanted) -> Result<Answer, Problem> {
    let Some(store) = &app.files else {
        return Err(Problem::not_configured("file sharing"));
    };
    let instance = wanted.instance.as_ref();
    settle(app, store.as_ref(), caller, instance).await?;
    let now = app.clock.now();
    let expires = super::after(now, URL_LIFETIME);
    let upload = ledger::Upload {
        name: FileName::random()?,
        size: wanted.size,
        content_type: wanted.content_type,
        url_expires_at: expires,
    };
    let guest_limit = app.config.rates.guest_daily;
    let reserved = app
        .ledger
        .reserve_file(caller, instance, &upload, guest_limit, now)
        .await?;
    let reserved = reserved.map_err(app::refusal)?;
    app.learn(caller, &reserved.owner, &reserved.instance);
    let request = files::Upload {
        key: &reserved.key,
        owner: &reserved.owner,
        size: upload.size,
        content_type: &upload.content_type,
    };
    let signed = match store.sign_upload(&request, now).await {
        Ok(signed) => signed,
        Err(problem) => {
            app.ledger.release_file(&reserved.key).await?;
            app.ledger.give_back(reserved.receipt).await?;
            return Err(problem);
        }
    };
    let body = json!({
        "instanceId": reserved.instance.as_str(),
        "key": reserved.key.to_string(),
        "url": signed.url,
        "method": "PUT",
        "headers": signed.headers,
        "expiresAt": super::seconds(expires),
        "remainingBytes": reserved.storage.remaining(),
    });
    Ok(Answer::ok(body).with_status(StatusCode::CREATED))
}

/// Finds out what became of some uploads whose URLs have expired, so that what lies in the store is charged, and what does
/// not is free again.
async fn settle(
    app: &App,
    store: &dyn FileStore,
    caller: &Sub,
    wanted: Option<&InstanceId>,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let instance = match wanted {
        Some(id) => Some(id.clone()),
        None => app
            .ledger
            .instance(caller, None, now)
            .await?
            .map(|own| own.id),
    };
    let Some(instance) = instance else {
        return Ok(());
    };
    let undecided = app.ledger.undecided_files(&instance, now, MOST_SETTLED);
    let undecided = undecided.await?;
    let settled = join_all(undecided.iter().map(|file| settle_one(app, store, file)));
    settled.await.into_iter().collect()
}

async fn settle_one(app: &App, store: &dyn FileStore, file: &File) -> Result<(), Problem> {
    match store.find(&file.key).await {
        Ok(Some(stored)) => {
            app.ledger
                .confirm_file(&file.key, stored.uploaded_at)
                .await?
        }
        Ok(None) => app.ledger.release_file(&file.key).await?,
        // It stays undecided: what cannot be seen may still be there.
        Err(_) => false,
    };
    Ok(())
}
