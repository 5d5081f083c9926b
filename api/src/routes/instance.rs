//! `GET /api/instance`: the caller's own instance, its subscription and what of it is used.

use std::sync::Arc;

use axum::extract::State;
use ledger::Usage;
use serde_json::{Value, json};

use super::Answer;
use crate::{
    app::App,
    auth::Caller,
    problem::{Kind, Problem},
};

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    Caller(caller): Caller,
) -> Result<Answer, Problem> {
    app.limit_instance(&caller, None)?;
    let instance = app.ledger.instance(&caller, None, app.clock.now()).await?;
    let none = || Problem::new(Kind::SubscriptionRequired, "subscribe to have an instance");
    let instance = instance.ok_or_else(none)?;
    let subscription = instance.subscription.as_ref().ok_or_else(none)?;
    app.learn(&caller, &instance.owner, &instance.id);
    let body = json!({
        "instanceId": instance.id.as_str(),
        "subscription": {
            "status": subscription.status.as_str(),
            "plan": subscription.plan,
            "currentPeriodEnd": subscription.current_period_end.map(super::seconds),
        },
        "usage": {
            "turn": usage(&instance.turn),
            "video": usage(&instance.video),
            "storage": usage(&instance.storage),
        },
    });
    Ok(Answer::ok(body))
}

fn usage(usage: &Usage) -> Value {
    json!({
        "used": usage.used,
        "limit": usage.limit,
        "resetsAt": super::seconds(usage.resets_at),
    })
}
