//! What people are asked: what waits, and what was answered. Answering is on a page of its own (`approval`), which nothing
//! that arrives meanwhile can move.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::frame::{Frame, Here, whole};
use super::{Console, Routes};
use crate::app::{AppError, ApprovalFilter, ApprovalInfo, ApprovalStanding};
use crate::when;

/// Questions that are listed: those that wait, and the newest that do not.
const SHOWN: u32 = 100;

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    frame: Frame,
    waiting: Vec<Question>,
    settled: Vec<Question>,
}

/// One question in a line.
pub(super) struct Question {
    pub id: String,
    pub task: String,
    pub what: String,
    /// Whom it would reach, the first of them.
    pub whom: String,
    pub is_irreversible: bool,
    pub word: &'static str,
    pub tone: &'static str,
    pub asked: String,
    /// When it lapses, or how it was answered.
    pub end: String,
}

pub(super) fn routes() -> Routes {
    vec![("/approvals", get(approvals))]
}

async fn approvals(State(console): State<Console>, frame: Frame) -> Response {
    let frame = frame.on(Here::Approvals);
    match look(&console, &frame).await {
        Ok((waiting, settled)) => whole(&ApprovalsPage { frame, waiting, settled }),
        Err(error) => frame.failed(&error),
    }
}

async fn look(console: &Console, frame: &Frame) -> Result<(Vec<Question>, Vec<Question>), AppError> {
    let all = ApprovalFilter { limit: Some(SHOWN), ..ApprovalFilter::default() };
    let settled = console.app.approvals(all).await?.into_iter();
    let settled = settled.filter(|info| info.status != ApprovalStanding::Pending);
    Ok((waiting(console, frame).await?, settled.map(|info| question(&info, frame)).collect()))
}

/// What waits for an answer, the longest first: what arrives is added at the end, and moves nothing.
pub(super) async fn waiting(console: &Console, frame: &Frame) -> Result<Vec<Question>, AppError> {
    let filter = ApprovalFilter { status: Some(ApprovalStanding::Pending), limit: Some(SHOWN), pass: None };
    let pending = console.app.approvals(filter).await?;
    Ok(pending.iter().rev().map(|info| question(info, frame)).collect())
}

fn question(info: &ApprovalInfo, frame: &Frame) -> Question {
    let (word, tone) = standing(info.status);
    let shown = info.shown.as_ref();
    Question {
        id: info.id.to_string(),
        task: info.task.clone(),
        what: format!("{} on {}", info.operation, info.connection),
        whom: shown.map(|shown| whom(&shown.recipients)).unwrap_or_default(),
        is_irreversible: shown.is_some_and(|shown| shown.irreversible.is_some()),
        word,
        tone,
        asked: when::from_now(info.asked, frame.now),
        end: match (info.status, info.answers.last(), &info.because) {
            (ApprovalStanding::Pending, ..) => format!("lapses {}", when::from_now(info.expires, frame.now)),
            (ApprovalStanding::Denied, _, Some(because)) => because.clone(),
            (_, Some(answer), _) => format!("by {}", answer.by),
            _ => String::new(),
        },
    }
}

pub(super) fn standing(status: ApprovalStanding) -> (&'static str, &'static str) {
    match status {
        ApprovalStanding::Pending => ("waits", "warn"),
        ApprovalStanding::Approved => ("approved", "good"),
        ApprovalStanding::Used => ("approved, used", "good"),
        ApprovalStanding::Covered => ("covered", "good"),
        ApprovalStanding::Denied => ("denied", "bad"),
        ApprovalStanding::Expired => ("lapsed", "quiet"),
    }
}

/// The first two recipients, and how many more there are.
fn whom(recipients: &[String]) -> String {
    let first = recipients.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
    match recipients.len() {
        0..=2 => first,
        more => format!("{first} and {} more", more - 2),
    }
}
