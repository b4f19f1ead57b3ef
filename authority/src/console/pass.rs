//! One pass: its words and its Datalog side by side, its lineage, its requests, and the button that ends it.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use datalog::inspect::Inspection;
use datalog::{PassId, RevocationId};
use serde::Deserialize;

use super::frame::{Frame, Here, late, whole};
use super::guard::Fields;
use super::line::{ListLine, lines};
use super::passes::{Row, row};
use super::stop_one;
use crate::app::{AppError, BudgetLeft, LineageNode, LogQuery, PassDetail, RevokeArgs, Stopped, StoppedBy};
use crate::console::state::{Console, PageRoutes};
use crate::when;

/// How many refused requests are shown to explain a stop.
const TRIED: usize = 5;

#[derive(Template)]
#[template(path = "pass.html")]
struct PassPage {
    frame: Frame,
    row: Row,
    from: String,
    until: String,
    says: Option<Inspection>,
    stop: Option<ShownStop>,
    budgets: Vec<Budget>,
    lineage: Vec<TreeNode>,
    recent: Vec<ListLine>,
}

/// The stop that the pass is under.
struct ShownStop {
    words: String,
    since: Option<String>,
    /// The latest refused requests.
    tried: Vec<ListLine>,
    /// The page that resumes it.
    resume: String,
}

/// A node of the lineage's tree.
struct TreeNode {
    of: LineageNode,
    /// Its name: the pass, or the beginning of a block's id.
    name: String,
    depth: usize,
    last: Option<String>,
}

/// The rest of a budget.
struct Budget {
    of: String,
    /// `requests`, `recipients` or `bytes`, with the time span.
    counts: String,
    left: u64,
    max: u64,
    /// How much of the budget is left, in percent.
    percent: u64,
}

#[derive(Deserialize)]
struct PassPath {
    id: String,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/passes/{id}", get(pass)), ("/passes/{id}/revoke", post(revoke))]
}

async fn pass(
    State(console): State<Console>,
    frame: Frame,
    Path(PassPath { id }): Path<PassPath>,
) -> Response {
    let frame = frame.on(Here::Passes);
    match look(&console, &id).await {
        Ok((detail, records)) => {
            let lineage = detail.lineage.into_iter().map(|of| node(of, &frame)).collect();
            let budgets = detail.info.budgets.iter().map(budget).collect();
            let recent = lines(&records, frame.now);
            let (from, until) = (when::at(detail.info.created), when::at(detail.info.expires));
            let stop = detail.info.stopped.as_ref().map(|stopped| stop(stopped, &recent, &frame));
            let row = row(detail.info, &frame);
            let page =
                PassPage { row, from, until, says: detail.says, stop, budgets, lineage, recent, frame };
            whole(&page)
        }
        Err(error) => frame.failed(&error),
    }
}

async fn look(console: &Console, id: &str) -> Result<(PassDetail, Vec<crate::app::LogRecord>), AppError> {
    let id: PassId = id.parse().map_err(AppError::invalid)?;
    let detail = console.app.pass(&id).await?;
    let query = LogQuery { pass: Some(RevocationId::from(&id)), limit: Some(50), ..LogQuery::default() };
    Ok((detail, console.app.log(query).await?))
}

fn stop(stopped: &Stopped, recent: &[ListLine], frame: &Frame) -> ShownStop {
    let resume = match &stopped.by {
        StoppedBy::Everything => "resume".into(),
        StoppedBy::Pass(id) => stop_one::resuming("pass", id.as_str()),
        StoppedBy::Task(task) => stop_one::resuming("task", task),
        StoppedBy::Connection(name) => stop_one::resuming("connection", name.as_str()),
    };
    ShownStop {
        words: stopped.to_string(),
        since: stopped.since.map(|since| when::from_now(since, frame.now)),
        tried: recent.iter().filter(|line| line.is_refusal()).take(TRIED).cloned().collect(),
        resume,
    }
}

fn budget(of: &BudgetLeft) -> Budget {
    let per = of.per.map(|window| format!(" in {}", window.words())).unwrap_or_default();
    Budget {
        counts: format!("{}{per}", of.counts.as_str()),
        left: of.left,
        max: of.max,
        percent: of.left.saturating_mul(100).checked_div(of.max).unwrap_or(0),
        of: of.of.clone(),
    }
}

fn node(of: LineageNode, frame: &Frame) -> TreeNode {
    let name = if of.depth == 0 { "the pass".into() } else { of.id.as_str().chars().take(12).collect() };
    // A node that is deeper than the style sheet indents is shown at the deepest indent.
    TreeNode { name, depth: of.depth.min(6), last: of.last.map(|last| when::from_now(last, frame.now)), of }
}

/// Revokes the pass, or one block of its lineage and everything below it.
async fn revoke(
    State(console): State<Console>,
    frame: Frame,
    Path(PassPath { id }): Path<PassPath>,
    Extension(fields): Extension<Fields>,
) -> Response {
    match end(&console, &id, &fields).await {
        Ok(not_recalled) => frame.go(&format!("passes/{id}?did=revoked{}", late(not_recalled))),
        Err(error) => frame.on(Here::Passes).failed(&error),
    }
}

async fn end(console: &Console, id: &str, fields: &Fields) -> Result<usize, AppError> {
    let pass: PassId = id.parse().map_err(AppError::invalid)?;
    let block = match fields.one("block") {
        "" => RevocationId::from(&pass),
        block => block.parse().map_err(AppError::invalid)?,
    };
    let because = match fields.one("because") {
        "" => None,
        because => Some(because.chars().take(200).collect()),
    };
    Ok(console.app.revoke(RevokeArgs { ids: vec![block], because, even_unknown: false }).await?.not_recalled)
}
