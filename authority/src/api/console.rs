//! `/v1/console/links`: one-time links to sign in to the console with. Only here: whoever reaches the socket is a person.

use axum::Json;
use axum::extract::State;
use axum::routing::post;

use super::{AppState, Problem, Routes};
use crate::app::SignInLink;

pub(super) fn routes() -> Routes {
    vec![("/v1/console/links", post(link))]
}

async fn link(State(AppState(app)): State<AppState>) -> Result<Json<SignInLink>, Problem> {
    Ok(Json(app.sign_in_link()?))
}
