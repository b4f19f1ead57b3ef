//! `/v1/stop`: the emergency stop. PUT sets it and DELETE lifts it; both may be repeated. `/v1/suspensions` does the
//! same for one pass, task or connection. `/v1/stops` is all of them: GET lists them and DELETE lifts them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post, put};

use super::Problem;
use super::extract::Body;
use crate::api::state::{AppState, Routes};
use crate::app::{
    LiftReport, StopArgs, StopReport, StopTarget, Stops, SuspendArgs, SuspendReport, Suspension,
};

pub(super) fn routes() -> Routes {
    vec![
        ("/v1/stop", get(report).merge(put(stop)).delete(resume)),
        ("/v1/stops", get(all).delete(resume_all)),
        ("/v1/suspensions", get(list).merge(post(suspend))),
        ("/v1/suspensions/lifted", post(lift)),
    ]
}

async fn report(State(AppState(app)): State<AppState>) -> Json<StopReport> {
    Json(app.stop_report())
}

/// In a hurry nobody needs to send a body.
async fn stop(State(AppState(app)): State<AppState>, body: Bytes) -> Result<Json<StopReport>, Problem> {
    let args = match body.is_empty() {
        true => StopArgs::default(),
        false => serde_json::from_slice(&body).map_err(Problem::bad_request)?,
    };
    Ok(Json(app.stop(args.because).await?))
}

async fn all(State(AppState(app)): State<AppState>) -> Json<Stops> {
    Json(app.stops())
}

async fn resume_all(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.resume_all().await?))
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
) -> Result<Json<LiftReport>, Problem> {
    Ok(Json(app.lift(target).await?))
}
