//! `/v1/stop`: the emergency stop. PUT makes it hold, DELETE lifts it; both may be repeated. `/v1/suspensions`: the
//! same for one pass, task or connection.

use axum::Json;
use axum::extract::State;
use axum::routing::{get, post, put};

use super::extract::Body;
use super::{AppState, Problem, Routes};
use crate::app::{StopReport, StopTarget, SuspendArgs, SuspendReport, Suspension};

pub(super) fn routes() -> Routes {
    vec![
        ("/v1/stop", get(report).merge(put(stop)).delete(resume)),
        ("/v1/suspensions", get(list).merge(post(suspend))),
        ("/v1/suspensions/lifted", post(lift)),
    ]
}

async fn report(State(AppState(app)): State<AppState>) -> Json<StopReport> {
    Json(app.stop_report())
}

async fn stop(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.stop().await?))
}

async fn resume(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.resume().await?))
}

async fn list(State(AppState(app)): State<AppState>) -> Json<Vec<Suspension>> {
    Json(app.suspensions())
}

async fn suspend(
    State(AppState(app)): State<AppState>,
    Body(args): Body<SuspendArgs>,
) -> Result<Json<SuspendReport>, Problem> {
    Ok(Json(app.suspend(args).await?))
}

async fn lift(
    State(AppState(app)): State<AppState>,
    Body(target): Body<StopTarget>,
) -> Result<Json<StopTarget>, Problem> {
    Ok(Json(app.lift(target).await?))
}
