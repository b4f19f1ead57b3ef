//! `/v1/passes`: mints passes and lists them. Only the answer to a mint holds the text of a pass.

use axum::Json;
use axum::extract::State;
use axum::routing::get;

use super::Problem;
use super::extract::{Body, Path, Query};
use crate::api::state::{AppState, Routes};
use crate::app::{MintArgs, Minted, PassDetail, PassFilter, PassInfo};

pub(super) fn routes() -> Routes {
    vec![("/v1/passes", get(list).post(mint)), ("/v1/passes/{id}", get(one))]
}

async fn list(
    State(AppState(app)): State<AppState>,
    Query(filter): Query<PassFilter>,
) -> Result<Json<Vec<PassInfo>>, Problem> {
    Ok(Json(app.passes(filter).await?))
}

async fn one(
    State(AppState(app)): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<PassDetail>, Problem> {
    Ok(Json(app.pass_named(&name).await?))
}

async fn mint(
    State(AppState(app)): State<AppState>,
    Body(args): Body<MintArgs>,
) -> Result<Json<Minted>, Problem> {
    Ok(Json(app.mint(args).await?))
}
