//! `POST /api/turn-credentials`: counts an allocation, then has credentials issued.

use std::sync::Arc;

use axum::extract::State;
use ledger::{InstanceId, Sub};
use serde_json::json;

use super::Answer;
use crate::{
    app::{self, App},
    auth::Caller,
    body::Fields,
    problem::Problem,
};

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
    mut fields: Fields,
) -> Result<Answer, Problem> {
    let wanted = super::instance_id(&mut fields);
    fields.end()?;
    app.limit_instance(&caller, wanted.as_ref())?;
    super::detached(async move { issue(&app, &caller, wanted.as_ref()).await }).await
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
    let expires = super::after(now, config.ttl);
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
