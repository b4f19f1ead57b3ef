//! `/v1/connections`: a person's OAuth links, and the two ways to make one. No answer ever holds a token.

use axum::Json;
use axum::extract::State;
use axum::routing::{delete, get, post};
use datalog::ConnectionName;

use super::Problem;
use super::extract::{Body, Path};
use crate::api::state::{AppState, Routes};
use crate::app::{
    ConnectBegun, ConnectFinish, ConnectStart, ConnectionInfo, DeviceBegun, DevicePoll, DeviceStart,
    DisconnectReport,
};

pub(super) fn routes() -> Routes {
    vec![
        ("/v1/connections", get(list)),
        ("/v1/connections/{name}", delete(disconnect)),
        ("/v1/attempts/code", post(begin)),
        ("/v1/attempts/code/callback", post(finish)),
        ("/v1/attempts/device", post(begin_device)),
        ("/v1/attempts/device/{attempt}", post(poll_device)),
    ]
}

async fn list(State(AppState(app)): State<AppState>) -> Json<Vec<ConnectionInfo>> {
    Json(app.connections())
}

async fn disconnect(
    State(AppState(app)): State<AppState>,
    Path(name): Path<ConnectionName>,
) -> Result<Json<DisconnectReport>, Problem> {
    Ok(Json(app.disconnect(&name).await?))
}

async fn begin(
    State(AppState(app)): State<AppState>,
    Body(start): Body<ConnectStart>,
) -> Result<Json<ConnectBegun>, Problem> {
    Ok(Json(app.begin_connect(start).await?))
}

async fn finish(
    State(AppState(app)): State<AppState>,
    Body(finish): Body<ConnectFinish>,
) -> Result<Json<ConnectionInfo>, Problem> {
    Ok(Json(app.finish_connect(finish).await?))
}

async fn begin_device(
    State(AppState(app)): State<AppState>,
    Body(start): Body<DeviceStart>,
) -> Result<Json<DeviceBegun>, Problem> {
    Ok(Json(app.begin_device(start).await?))
}

async fn poll_device(
    State(AppState(app)): State<AppState>,
    Path(attempt): Path<String>,
) -> Result<Json<DevicePoll>, Problem> {
    Ok(Json(app.poll_device(&attempt).await?))
}
