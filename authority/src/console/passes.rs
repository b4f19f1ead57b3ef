//! The passes that were minted, and what was attenuated from them.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;

use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use super::{Console, Routes};
use crate::app::{PassFilter, PassInfo, PassStatus};
use crate::when;

#[derive(Template)]
#[template(path = "passes.html")]
struct PassesPage {
    frame: Frame,
    show: &'static str,
    rows: Vec<Row>,
}

pub(super) struct Row {
    pub info: PassInfo,
    pub word: &'static str,
    pub tone: &'static str,
    pub ends: String,
    pub minted: String,
}

pub(super) fn routes() -> Routes {
    vec![("/passes", get(passes))]
}

async fn passes(State(console): State<Console>, frame: Frame, RawQuery(query): RawQuery) -> Response {
    let frame = frame.on(Here::Passes);
    let (show, status) = match Fields::of_query(query.as_deref().unwrap_or_default()).one("show") {
        "all" => ("all", None),
        "expired" => ("expired", Some(PassStatus::Expired)),
        "revoked" => ("revoked", Some(PassStatus::Revoked)),
        _ => ("live", Some(PassStatus::Live)),
    };
    match console.app.passes(PassFilter { status, limit: Some(200), ..PassFilter::default() }).await {
        Ok(found) => {
            let rows = found.into_iter().map(|info| row(info, &frame)).collect();
            let page = PassesPage { frame, show, rows };
            whole(&page)
        }
        Err(error) => frame.failed(&error),
    }
}

pub(super) fn row(info: PassInfo, frame: &Frame) -> Row {
    let (word, tone) = match info.status {
        PassStatus::Live => ("live", "good"),
        PassStatus::Suspended => ("suspended", "warn"),
        PassStatus::Expired => ("expired", "quiet"),
        PassStatus::Revoked => ("revoked", "bad"),
    };
    Row {
        word,
        tone,
        ends: when::from_now(info.expires, frame.now),
        minted: when::from_now(info.created, frame.now),
        info,
    }
}
