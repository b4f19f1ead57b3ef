//! What is going on: what is on its way, what was decided last, and what holds.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use time::Duration;

use super::approvals::{Question, waiting};
use super::frame::{Frame, Here, whole};
use super::line::{Line, lines};
use super::suspend::{Suspended, suspended};
use super::{Console, Routes};
use crate::app::{AppError, ConnectionInfo, ConnectionStatus, LogQuery, PassFilter, PassInfo, PassStatus};
use crate::when;

/// Records that are looked at.
const READ: u32 = 200;
const SHOWN: usize = 12;
/// A request without an end for longer was cut off with its process.
const ON_ITS_WAY: Duration = Duration::minutes(10);

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage {
    frame: Frame,
    waiting: Vec<Question>,
    suspended: Vec<Suspended>,
    on_their_way: Vec<Line>,
    recent: Vec<Line>,
    passes: Vec<Live>,
    connections: usize,
    broken: Vec<ConnectionInfo>,
}

/// A pass that counts.
struct Live {
    info: PassInfo,
    ends: String,
}

pub(super) fn routes() -> Routes {
    vec![("/now", get(now))]
}

async fn now(State(console): State<Console>, frame: Frame) -> Response {
    let frame = frame.on(Here::Now);
    match look(&console, &frame).await {
        Ok((records, passes, waiting)) => {
            let is_fresh = |line: &&Line| line.is_open() && frame.now - line.moment < ON_ITS_WAY;
            let on_their_way = records.iter().filter(is_fresh).cloned().collect();
            let connections = console.app.connections();
            let count = connections.len();
            let is_broken = |one: &ConnectionInfo| one.status == ConnectionStatus::NeedsReconnect;
            let broken = connections.into_iter().filter(is_broken).collect();
            let recent = records.into_iter().take(SHOWN).collect();
            let suspended = suspended(&console, &frame);
            whole(&NowPage {
                frame,
                waiting,
                suspended,
                on_their_way,
                recent,
                passes,
                connections: count,
                broken,
            })
        }
        Err(error) => frame.failed(&error),
    }
}

type Seen = (Vec<Line>, Vec<Live>, Vec<Question>);

async fn look(console: &Console, frame: &Frame) -> Result<Seen, AppError> {
    let records = console.app.log(LogQuery { limit: Some(READ), ..LogQuery::default() }).await?;
    let filter = PassFilter { status: Some(PassStatus::Live), ..PassFilter::default() };
    let passes = console.app.passes(filter).await?;
    let live = |info: PassInfo| Live { ends: when::from_now(info.expires, frame.now), info };
    let waiting = waiting(console, frame).await?;
    Ok((lines(&records, frame.now), passes.into_iter().map(live).collect(), waiting))
}
