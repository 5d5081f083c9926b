//! `POST /api/stripe-webhook`: takes each event of Stripe's once.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::HeaderMap};
use ledger::{Change, InstanceId, Outcome};
use serde_json::json;

use super::Answer;
use crate::{
    app::App,
    body::{self, LONGEST_WEBHOOK},
    problem::{Kind, Problem},
    stripe::{self, OtherMode},
};

pub(crate) async fn post(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Problem> {
    let (Some(signatures), Some(config)) = (&app.signatures, &app.config.stripe) else {
        return Err(Problem::not_configured("Stripe"));
    };
    let body = body::read(&headers, body, LONGEST_WEBHOOK).await?;
    let now = app.clock.now();
    if !signatures.hold(headers.get("stripe-signature"), &body, now) {
        return Err(Problem::new(
            Kind::InvalidSignature,
            "`Stripe-Signature` must sign this very body with the endpoint's secret, within 300 s of now",
        ));
    }
    let event = stripe::read(&body, config.livemode, now).map_err(|OtherMode| {
        Problem::new(
            Kind::LivemodeMismatch,
            "test events and live events do not mix",
        )
    })?;
    if let Change::Unprocessable { reason } = &event.change {
        tracing::error!(
            event = event.id,
            kind = event.type_name,
            reason,
            "an event cannot be understood"
        );
    }
    let outcome = app.ledger.apply(&event, InstanceId::random, now).await;
    match outcome? {
        Outcome::UnknownPlan => {
            tracing::warn!(
                event = event.id,
                "the price of a subscription is no plan's: it gives no access"
            );
        }
        outcome => tracing::info!(
            event = event.id,
            kind = event.type_name,
            ?outcome,
            "webhook"
        ),
    }
    Ok(received())
}

fn received() -> Answer {
    Answer::ok(json!({"received": true}))
}
