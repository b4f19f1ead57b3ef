//! The questions for people: those that wait, and those that were answered. Each is answered on its own page
//! (`approval`), so that a new question cannot move the buttons.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::frame::{Frame, Here, whole};
use crate::app::{AppError, ApprovalFilter, ApprovalInfo, ApprovalStanding, SaidWord};
use crate::console::state::{Console, PageRoutes};
use crate::when;

/// How many questions are listed: the waiting ones, and the newest others.
const SHOWN: u32 = 100;

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    frame: Frame,
    waiting: Vec<QuestionCard>,
    settled: Vec<QuestionCard>,
}

/// One question in a line.
pub(super) struct QuestionCard {
    pub id: String,
    pub task: String,
    pub what: String,
    /// The first of the people it would reach.
    pub whom: String,
    pub is_irreversible: bool,
    /// Whether the request reaches somebody whom neither the pass nor the account's domain names.
    pub has_outsiders: bool,
    pub word: &'static str,
    pub tone: &'static str,
    pub asked: String,
    /// When the question ends, or how it was answered.
    pub end: String,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/approvals", get(approvals))]
}

async fn approvals(State(console): State<Console>, frame: Frame) -> Response {
    let frame = frame.on(Here::Approvals);
    match look(&console, &frame).await {
        Ok((waiting, settled)) => whole(&ApprovalsPage { frame, waiting, settled }),
        Err(error) => frame.failed(&error),
    }
}

async fn look(console: &Console, frame: &Frame) -> Result<(Vec<QuestionCard>, Vec<QuestionCard>), AppError> {
    let all = ApprovalFilter { limit: Some(SHOWN), ..ApprovalFilter::default() };
    let settled = console.app.approvals(all).await?.into_iter();
    let settled = settled.filter(|info| info.status != ApprovalStanding::Pending);
    Ok((waiting(console, frame).await?, settled.map(|info| question(&info, frame)).collect()))
}

/// Returns the questions that wait, the oldest first. A new question is added at the end, so it moves no other.
pub(super) async fn waiting(console: &Console, frame: &Frame) -> Result<Vec<QuestionCard>, AppError> {
    let filter = ApprovalFilter { status: Some(ApprovalStanding::Pending), limit: Some(SHOWN), pass: None };
    let pending = console.app.approvals(filter).await?;
    Ok(pending.iter().rev().map(|info| question(info, frame)).collect())
}

fn question(info: &ApprovalInfo, frame: &Frame) -> QuestionCard {
    let (word, tone) = standing(info.status);
    let shown = info.shown.as_ref();
    QuestionCard {
        id: info.id.to_string(),
        task: info.task.clone(),
        what: info.title(),
        whom: shown.map(|shown| whom(&shown.recipients)).unwrap_or_default(),
        has_outsiders: shown.is_some_and(|shown| !shown.outside.is_empty()),
        is_irreversible: shown.is_some_and(|shown| shown.undoing.irreversible.is_some()),
        word,
        tone,
        asked: when::from_now(info.asked, frame.now),
        end: match info.status {
            ApprovalStanding::Pending => format!("lapses {}", when::from_now(info.expires, frame.now)),
            _ => said(info),
        },
    }
}

/// Returns everything that people said, in order.
fn said(info: &ApprovalInfo) -> String {
    let one = |said: &crate::app::ApprovalSaid| {
        let by = said.by.as_ref().map_or_else(String::new, |name| format!(" by {name}"));
        let because = said.because.as_ref().map_or_else(String::new, |because| format!(": {because}"));
        format!("{}{by}{because}", said_word(said.said))
    };
    info.history.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn said_word(word: SaidWord) -> &'static str {
    match word {
        SaidWord::Yes => "approved",
        SaidWord::No => "denied",
        SaidWord::TooLate => "denied too late",
        SaidWord::Reopened => "reopened",
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

/// Returns the first two recipients, and how many more there are.
fn whom(recipients: &[String]) -> String {
    let first = recipients.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
    match recipients.len() {
        0..=2 => first,
        more => format!("{first} and {} more", more - 2),
    }
}
