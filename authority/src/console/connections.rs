//! The connections: whose accounts are linked, how each is, and the command that mends one.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::frame::{Frame, Here, whole};
use super::{Console, Routes};
use crate::app::{ConnectionInfo, ConnectionStatus};
use crate::when;

#[derive(Template)]
#[template(path = "connections.html")]
struct ConnectionsPage {
    frame: Frame,
    connections: Vec<Linked>,
    services: Vec<String>,
}

struct Linked {
    is_healthy: bool,
    /// The service's own name for itself.
    title: String,
    since: String,
    token: Option<String>,
    base_url: String,
    error: Option<String>,
    hint: Option<String>,
    info: ConnectionInfo,
}

pub(super) fn routes() -> Routes {
    vec![("/connections", get(connections))]
}

async fn connections(State(console): State<Console>, frame: Frame) -> Response {
    let frame = frame.on(Here::Connections);
    let connections =
        console.app.connections().into_iter().map(|info| linked(&console, &frame, info)).collect();
    let services = console.app.catalog().services().map(|service| service.name.to_string()).collect();
    let page = ConnectionsPage { connections, services, frame };
    whole(&page)
}

fn linked(console: &Console, frame: &Frame, info: ConnectionInfo) -> Linked {
    let service = console.app.catalog().service(&info.service).cloned();
    let (error, hint) = match info.last_error.as_deref().map(|error| error.split_once("\nhint: ")) {
        None => (None, None),
        Some(None) => (info.last_error.clone(), None),
        Some(Some((error, hint))) => (Some(error.to_owned()), Some(hint.to_owned())),
    };
    Linked {
        is_healthy: info.status == ConnectionStatus::Healthy,
        title: service.map_or_else(|| info.service.to_string(), |service| service.title.clone()),
        since: when::from_now(info.connected, frame.now),
        token: info.token_expires.map(|at| when::from_now(at, frame.now)),
        base_url: info.own_base_url.clone().unwrap_or_else(|| info.base_url.clone()),
        error,
        hint,
        info,
    }
}
