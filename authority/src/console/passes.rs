//! The minted passes, and the passes attenuated from them.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;

use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use crate::app::{PassFilter, PassInfo, PassStatus};
use crate::console::state::{Console, PageRoutes};
use crate::when;

#[derive(Template)]
#[template(path = "passes.html")]
struct PassesPage {
    frame: Frame,
    show: &'static str,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
}

/// A tab of the list: passes with some statuses, and how many there are.
struct Tab {
    word: &'static str,
    title: &'static str,
    count: usize,
}

pub(super) struct Row {
    pub info: PassInfo,
    pub word: &'static str,
    pub tone: &'static str,
    /// `ends in 5m`, `ended 3h ago`.
    pub ending: String,
    pub minted: String,
}

/// A tab: its word in the address, its title, and which passes it has.
type Stands = (&'static str, &'static str, fn(PassStatus) -> bool);

/// The statuses under each tab.
const TABS: [Stands; 5] = [
    ("live", "Active", |status| matches!(status, PassStatus::Live | PassStatus::NotYet)),
    ("stopped", "Stopped", |status| status == PassStatus::Stopped),
    ("expired", "Ended", |status| status == PassStatus::Expired),
    ("revoked", "Revoked", |status| status == PassStatus::Revoked),
    ("all", "All", |_| true),
];
/// How many of the newest passes are read.
const READ: u32 = 1_000;

pub(super) fn routes() -> PageRoutes {
    vec![("/passes", get(passes))]
}

async fn passes(State(console): State<Console>, frame: Frame, RawQuery(query): RawQuery) -> Response {
    let frame = frame.on(Here::Passes);
    let asked = Fields::of_query(query.as_deref().unwrap_or_default());
    let chosen = TABS.into_iter().find(|(word, ..)| *word == asked.one("show")).unwrap_or(TABS[0]);
    let (show, _, is_shown) = chosen;
    match console.app.passes(PassFilter { limit: Some(READ), ..PassFilter::default() }).await {
        Ok(found) => {
            let tab = |(word, title, is): Stands| Tab {
                word,
                title,
                count: found.iter().filter(|info| is(info.status)).count(),
            };
            let tabs = TABS.map(tab).into();
            let rows = found.into_iter().filter(|info| is_shown(info.status)).map(|info| row(info, &frame));
            let page = PassesPage { show, tabs, rows: rows.collect(), frame };
            whole(&page)
        }
        Err(error) => frame.failed(&error),
    }
}

pub(super) fn row(info: PassInfo, frame: &Frame) -> Row {
    let (word, tone) = match info.status {
        PassStatus::Live if info.stopped.is_some() => ("live (stopped)", "warn"),
        PassStatus::Live => ("live", "good"),
        PassStatus::NotYet if info.stopped.is_some() => ("not yet (stopped)", "warn"),
        PassStatus::NotYet => ("not yet", "quiet"),
        PassStatus::Stopped => ("stopped", "warn"),
        PassStatus::Expired => ("ended", "quiet"),
        PassStatus::Revoked => ("revoked", "bad"),
    };
    Row { word, tone, ending: ending(&info, frame), minted: when::from_now(info.created, frame.now), info }
}

fn ending(info: &PassInfo, frame: &Frame) -> String {
    let ends = when::from_now(info.expires, frame.now);
    match info.status {
        PassStatus::NotYet => {
            let begins = info.begins.map(|begins| when::from_now(begins, frame.now)).unwrap_or_default();
            format!("begins {begins}, ends {ends}")
        }
        PassStatus::Live | PassStatus::Stopped => format!("ends {ends}"),
        PassStatus::Expired => format!("ended {ends}"),
        PassStatus::Revoked if info.expires > frame.now => format!("would have ended {ends}"),
        PassStatus::Revoked => format!("its end was {ends}"),
    }
}
