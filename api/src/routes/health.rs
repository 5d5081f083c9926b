//! `GET /api/health`: whether this process lives, and what of it is ready.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};
use ledger::Readiness;
use serde_json::json;

use super::Answer;
use crate::app::App;

/// How long the ledger may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) async fn get(State(app): State<Arc<App>>) -> Answer {
    let database = match tokio::time::timeout(PATIENCE, app.ledger.check()).await {
        Ok(Ok(Readiness::Ready)) => "ok",
        Ok(Ok(Readiness::NeedsMigration)) => "needs-migration",
        Ok(Err(error)) => {
            tracing::error!(error = ledger::chain(&error), "the ledger failed");
            "failing"
        }
        Err(_) => "failing",
    };
    let is_ready = database == "ok";
    let configured = |is_configured| if is_configured { "ok" } else { "disabled" };
    let config = &app.config;
    let body = json!({
        "status": if is_ready { "ok" } else { "failing" },
        "version": env!("CARGO_PKG_VERSION"),
        "checks": {
            "database": database,
            "cognito": configured(config.cognito.is_some()),
            "turn": configured(config.turn.is_some()),
            "stripe": configured(config.stripe.is_some()),
            "video": configured(config.video.is_some()),
            "files": configured(config.files.is_some()),
        },
    });
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Answer::ok(body).with_status(status)
}
