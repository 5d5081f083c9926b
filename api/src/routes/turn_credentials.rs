//! `POST /api/turn-credentials`: counts an allocation, then has credentials issued.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::HeaderMap};
use jiff::SignedDuration;
use ledger::{InstanceId, Sub};
use serde_json::json;

use super::Answer;
use crate::{
    app::{self, App},
    auth::Caller,
    body::{self, Fields, LONGEST_JSON},
    problem::{Kind, Problem},
};

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Problem> {
    body::check_media_type(&headers)?;
    let body = body::read(&headers, body, LONGEST_JSON).await?;
    let mut fields = Fields::parse(&body)?;
    let wanted = super::instance_id(&mut fields);
    fields.end()?;
    app.limit_instance(&caller, wanted.as_ref())?;
    // A caller who hangs up takes the future of this request along, and what was counted must be given back.
    let issued = tokio::spawn(async move { issue(&app, &caller, wanted.as_ref()).await });
    issued
        .await
        .unwrap_or_else(|_| Err(Problem::new(Kind::Internal, "tell us the `requestId`")))
}

/// Counts first: a crash between counting and issuing costs one allocation, and never gives one away.
async fn issue(app: &App, caller: &Sub, wanted: Option<&InstanceId>) -> Result<Answer, Problem> {
    let (Some(provider), Some(config)) = (&app.turn, &app.config.turn) else {
        return Err(Problem::not_configured("TURN"));
    };
    let now = app.clock.now();
    let guest_limit = app.config.rates.guest_daily;
    let counted = app
        .ledger
        .count_turn(caller, wanted, guest_limit, now)
        .await?;
    let counted = counted.map_err(app::refusal)?;
    app.learn(caller, &counted.owner, &counted.instance);
    let ttl = config.ttl.as_secs();
    let expires = now.saturating_add(SignedDuration::try_from(config.ttl).unwrap_or_default());
    let expires = expires.unwrap_or(now);
    let servers = match provider.issue(&counted.instance, ttl, expires).await {
        Ok(servers) => servers,
        Err(problem) => {
            app.ledger.give_back(counted.receipt).await?;
            return Err(problem);
        }
    };
    let body = json!({
        "instanceId": counted.instance.as_str(),
        "iceServers": servers,
        "ttl": ttl,
        "expiresAt": super::seconds(expires),
        "remaining": counted.usage.remaining(),
    });
    Ok(Answer::ok(body))
}
