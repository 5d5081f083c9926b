//! `GET /api/openapi.json`: what this API is, for machines.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, header},
    response::IntoResponse,
};

use crate::{app::App, openapi, problem::Problem};

pub(crate) async fn get(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<impl IntoResponse, Problem> {
    let (parts, _) = request.into_parts();
    app.limits.address(app.address_of(&parts))?;
    const HEADERS: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    Ok((HEADERS, openapi::TEXT))
}
