//! `/v1/console/links`: one-time links that sign a person in to the console. They exist only here, because only people
//! reach the socket.

use axum::Json;
use axum::extract::State;
use axum::routing::post;

use super::Problem;
use super::extract::Body;
use crate::api::state::{AppState, Routes};
use crate::app::{SignInArgs, SignInLink};

pub(super) fn routes() -> Routes {
    vec![("/v1/console/links", post(link))]
}

async fn link(
    State(AppState(app)): State<AppState>,
    Body(args): Body<SignInArgs>,
) -> Result<Json<SignInLink>, Problem> {
    Ok(Json(app.sign_in_link(args).await?))
}
