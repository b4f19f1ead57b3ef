//! The state of every route of the socket.

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::app::App;

/// The state of every handler.
#[derive(Clone)]
pub(crate) struct AppState(pub(crate) Arc<App>);

/// One resource's paths, with their handlers.
pub(crate) type Routes = Vec<(&'static str, MethodRouter<AppState>)>;
