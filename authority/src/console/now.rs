//! The front page: requests on their way, the last decisions, live passes, and what is stopped.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use time::Duration;

use super::approvals::{QuestionCard, waiting};
use super::frame::{Frame, Here, whole};
use super::line::{ListLine, lines};
use super::passes::{Row, row};
use super::stop_one::{SingleStop, single_stops};
use crate::app::{AppError, Concern, ConnectionInfo, LogQuery, PassFilter, PassStatus};
use crate::console::state::{Console, PageRoutes};
use crate::when;

/// How many records are read.
const READ: u32 = 200;
const SHOWN: usize = 12;
/// If a request has had no end for longer than this, it was cut off when its process ended.
const ON_ITS_WAY: Duration = Duration::minutes(10);

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage {
    frame: Frame,
    waiting: Vec<QuestionCard>,
    stops: Vec<SingleStop>,
    on_their_way: Vec<ListLine>,
    recent: Vec<ListLine>,
    passes: Vec<Row>,
    at: String,
    connections: usize,
    broken: Vec<ConnectionInfo>,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/now", get(now))]
}

async fn now(State(console): State<Console>, frame: Frame) -> Response {
    let frame = frame.on(Here::Now);
    match look(&console, &frame).await {
        Ok((records, passes, waiting)) => {
            let is_fresh = |line: &&ListLine| line.is_open() && frame.now - line.moment < ON_ITS_WAY;
            let on_their_way = records.iter().filter(is_fresh).cloned().collect();
            let connections = console.app.connections();
            let count = connections.len();
            // Stops have their own place on this page.
            let is_broken = |one: &ConnectionInfo| {
                one.concerns.iter().any(|told| !matches!(told.concern, Concern::Stopped { .. }))
            };
            let broken = connections.into_iter().filter(is_broken).collect();
            let recent = records.into_iter().take(SHOWN).collect();
            let stops = single_stops(&console, &frame).await;
            let at = when::at(frame.now);
            whole(&NowPage {
                frame,
                waiting,
                stops,
                on_their_way,
                recent,
                passes,
                at,
                connections: count,
                broken,
            })
        }
        Err(error) => frame.failed(&error),
    }
}

type NowLists = (Vec<ListLine>, Vec<Row>, Vec<QuestionCard>);

async fn look(console: &Console, frame: &Frame) -> Result<NowLists, AppError> {
    let records = console.app.log(LogQuery { limit: Some(READ), ..LogQuery::default() }).await?;
    let filter = PassFilter { status: Some(PassStatus::Live), ..PassFilter::default() };
    let passes = console.app.passes(filter).await?;
    let waiting = waiting(console, frame).await?;
    Ok((lines(&records, frame.now), passes.into_iter().map(|info| row(info, frame)).collect(), waiting))
}
