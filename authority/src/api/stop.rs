//! `/v1/stop`: the emergency stop. PUT sets it and DELETE ends it; both may be repeated. `/v1/stops`: all stops. GET
//! lists them, POST stops one pass, task or connection, DELETE resumes everything. `/v1/stops/resumed`: POST resumes
//! one of them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post, put};

use super::Problem;
use super::extract::Body;
use crate::api::state::{AppState, Routes};
use crate::app::{AllStops, ResumeReport, StopArgs, StopOneArgs, StopOneReport, StopReport, StopTarget};

pub(super) fn routes() -> Routes {
    vec![
        ("/v1/stop", get(report).merge(put(stop)).delete(resume)),
        ("/v1/stops", get(all).post(stop_one).delete(resume_all)),
        ("/v1/stops/resumed", post(resume_one)),
    ]
}

async fn report(State(AppState(app)): State<AppState>) -> Json<StopReport> {
    Json(app.stop_report())
}

/// Sets the stop. The body may be missing, so that a person in a hurry needs none.
async fn stop(State(AppState(app)): State<AppState>, body: Bytes) -> Result<Json<StopReport>, Problem> {
    let args = match body.is_empty() {
        true => StopArgs::default(),
        false => serde_json::from_slice(&body).map_err(Problem::bad_request)?,
    };
    Ok(Json(app.stop(args.because).await?))
}

async fn all(State(AppState(app)): State<AppState>) -> Json<AllStops> {
    Json(app.stops())
}

async fn resume_all(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.resume_all().await?))
}

async fn resume(State(AppState(app)): State<AppState>) -> Result<Json<StopReport>, Problem> {
    Ok(Json(app.resume().await?))
}

async fn stop_one(
    State(AppState(app)): State<AppState>,
    Body(args): Body<StopOneArgs>,
) -> Result<Json<StopOneReport>, Problem> {
    Ok(Json(app.stop_one(args).await?))
}

async fn resume_one(
    State(AppState(app)): State<AppState>,
    Body(target): Body<StopTarget>,
) -> Result<Json<ResumeReport>, Problem> {
    Ok(Json(app.resume_one(target).await?))
}
