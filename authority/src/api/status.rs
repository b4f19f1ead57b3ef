//! `/v1/status`: the version that answers. Everything else has its own resource.

use axum::Json;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::api::state::Routes;

/// The authority that answers on the socket.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Status {
    pub version: String,
    pub process: u32,
}

pub(super) fn routes() -> Routes {
    vec![("/v1/status", get(status))]
}

async fn status() -> Json<Status> {
    Json(Status { version: env!("CARGO_PKG_VERSION").into(), process: std::process::id() })
}
