//! `/v1/revocations`: revokes passes, with everything attenuated from them.

use axum::Json;
use axum::extract::State;
use axum::routing::post;

use super::Problem;
use super::extract::Body;
use crate::api::state::{AppState, Routes};
use crate::app::{RevokeArgs, RevokeReport};

pub(super) fn routes() -> Routes {
    vec![("/v1/revocations", post(revoke))]
}

async fn revoke(
    State(AppState(app)): State<AppState>,
    Body(args): Body<RevokeArgs>,
) -> Result<Json<RevokeReport>, Problem> {
    Ok(Json(app.revoke(args).await?))
}
