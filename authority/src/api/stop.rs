//! `/v1/stop`: the emergency stop. PUT makes it hold, DELETE lifts it; both may be repeated.

use axum::Json;
use axum::extract::State;
use axum::routing::put;

use super::{AppState, Problem, Routes};
use crate::app::StopReport;

pub(super) fn routes() -> Routes {
    vec![("/v1/stop", put(stop).delete(resume))]
}

async fn stop(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.stop().await?))
}

async fn resume(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.resume().await?))
}
