//! `/v1/keys`: the root keys by id, without their private halves; rotate and retire.

use axum::Json;
use axum::extract::State;
use axum::routing::{delete, get};

use super::Problem;
use super::extract::Path;
use crate::api::state::{AppState, Routes};
use crate::app::RootKeyInfo;

pub(super) fn routes() -> Routes {
    vec![("/v1/keys", get(list).post(rotate)), ("/v1/keys/{id}", delete(retire))]
}

async fn list(State(AppState(app)): State<AppState>) -> Json<Vec<RootKeyInfo>> {
    Json(app.root_keys())
}

async fn rotate(State(AppState(app)): State<AppState>) -> Result<Json<RootKeyInfo>, Problem> {
    Ok(Json(app.rotate_root().await?))
}

async fn retire(
    State(AppState(app)): State<AppState>,
    Path(id): Path<u32>,
) -> Result<Json<RootKeyInfo>, Problem> {
    Ok(Json(app.retire_root(id).await?))
}
