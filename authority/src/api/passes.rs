//! `/v1/passes`: minting, and what was minted. The text of a pass is in one answer only: that of its minting.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use datalog::PassId;

use super::extract::{Body, Path, Query};
use super::{AppState, Problem, Routes};
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
    Path(id): Path<PassId>,
) -> Result<Json<PassDetail>, Problem> {
    Ok(Json(app.pass(&id).await?))
}

async fn mint(
    State(AppState(app)): State<AppState>,
    Body(args): Body<MintArgs>,
) -> Result<Json<Minted>, Problem> {
    Ok(Json(app.mint(args).await?))
}
