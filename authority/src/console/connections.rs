//! The connections: their accounts, their health, and how to fix them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::frame::{Frame, Here, whole};
use super::stop_one;
use crate::app::{Concern, ConnectionInfo, ConnectionStatus, StoppedBy, Told};
use crate::console::state::{Console, PageRoutes};
use crate::when;

#[derive(Template)]
#[template(path = "connections.html")]
struct ConnectionsPage {
    frame: Frame,
    connections: Vec<Linked>,
    services: Vec<String>,
}

struct Linked {
    /// The class and the words of the pill that shows the connection's health.
    tone: &'static str,
    health: &'static str,
    stopped: Option<String>,
    resume: String,
    /// The service's own name for itself.
    title: String,
    since: String,
    token: Option<String>,
    grant: Option<String>,
    base_url: String,
    info: ConnectionInfo,
}

impl Linked {
    /// Returns the connection's concerns. A stop is not among them, because it is shown beside the button that resumes
    /// it.
    fn concerns(&self) -> Vec<&Told> {
        let is_other = |told: &&Told| !matches!(told.concern, Concern::Stopped { .. });
        self.info.concerns.iter().filter(is_other).collect()
    }
}

pub(super) fn routes() -> PageRoutes {
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
    Linked {
        tone: match (info.status, info.concerns.is_empty()) {
            (ConnectionStatus::Healthy, true) => "good",
            (ConnectionStatus::Healthy, false) | (ConnectionStatus::Stopped, _) => "warn",
            (ConnectionStatus::ClientRefused | ConnectionStatus::NeedsReconnect, _) => "bad",
        },
        health: info.status.words(),
        stopped: info.stopped.as_ref().map(ToString::to_string),
        resume: match info.stopped.as_ref().map(|stopped| &stopped.by) {
            Some(StoppedBy::Everything) => "resume".into(),
            _ => stop_one::resuming("connection", info.name.as_str()),
        },
        title: service.map_or_else(|| info.service.to_string(), |service| service.title.clone()),
        since: when::from_now(info.connected, frame.now),
        token: info.token_expires.map(|at| when::from_now(at, frame.now)),
        base_url: info.own_base_url.clone().unwrap_or_else(|| info.base_url.clone()),
        grant: info.grant_ends.map(|at| when::from_now(at, frame.now)),
        info,
    }
}
