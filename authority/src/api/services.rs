//! `/v1/services`: reloads or removes imported services. An import writes files of the home.

use axum::Json;
use axum::extract::State;
use axum::routing::{delete, post};
use datalog::ServiceName;

use super::Problem;
use super::extract::Path;
use crate::api::state::{AppState, Routes};
use crate::app::CatalogChange;

pub(super) fn routes() -> Routes {
    vec![("/v1/services/reload", post(reload)), ("/v1/services/{name}", delete(remove))]
}

async fn reload(State(AppState(app)): State<AppState>) -> Result<Json<CatalogChange>, Problem> {
    Ok(Json(app.reload_services().await?))
}

async fn remove(
    State(AppState(app)): State<AppState>,
    Path(name): Path<ServiceName>,
) -> Result<Json<CatalogChange>, Problem> {
    Ok(Json(app.remove_service(&name).await?))
}
