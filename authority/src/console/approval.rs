//! One question: what was read of the request, before anything that its agent says, and the two answers.
//!
//! What is shown comes decoded from the core, every recipient and every argument, and how much is not shown. The part
//! with the buttons does not refresh itself, so that nobody presses what has just moved under the pointer.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use datalog::{ApprovalId, ApproverName, Shown};
use serde::Deserialize;

use super::approvals::standing;
use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use super::{Console, Routes};
use crate::app::{
    AppError, ApprovalInfo, ApprovalScope, ApprovalStanding, ApproveArgs, ApproverStatus, DenyArgs,
};
use crate::when;

#[derive(Template)]
#[template(path = "approval.html")]
struct ApprovalPage {
    frame: Frame,
    info: ApprovalInfo,
    shown: Option<Shown>,
    word: &'static str,
    tone: &'static str,
    /// What was asked before is still asked.
    is_open: bool,
    /// It cannot be taken back.
    is_final: bool,
    asked: String,
    lapses: String,
    answers: Vec<(String, String)>,
    pass: String,
    /// Who may answer, where that is more than one.
    names: Vec<String>,
}

#[derive(Deserialize)]
struct At {
    id: String,
}

pub(super) fn routes() -> Routes {
    vec![
        ("/approvals/{id}", get(approval)),
        ("/approvals/{id}/approve", post(approve)),
        ("/approvals/{id}/deny", post(deny)),
    ]
}

async fn approval(State(console): State<Console>, frame: Frame, Path(At { id }): Path<At>) -> Response {
    let frame = frame.on(Here::Approvals);
    match find(&console, &id).await {
        Ok(info) => whole(&page(&console, frame, info)),
        Err(error) => frame.failed(&error),
    }
}

async fn find(console: &Console, id: &str) -> Result<ApprovalInfo, AppError> {
    console.app.approval(&known(id)?).await
}

fn known(id: &str) -> Result<ApprovalId, AppError> {
    id.parse().map_err(AppError::invalid)
}

fn page(console: &Console, frame: Frame, mut info: ApprovalInfo) -> ApprovalPage {
    let (word, tone) = standing(info.status);
    let trusted = || console.app.approvers().into_iter().filter(|one| one.status == ApproverStatus::Trusted);
    let mut names: Vec<String> = trusted().map(|one| one.name.to_string()).collect();
    if !info.approvers.is_empty() {
        names.retain(|name| info.approvers.iter().any(|may| may.as_str() == name));
    } else if names.len() < 2 {
        names.clear();
    }
    ApprovalPage {
        word,
        tone,
        is_final: info.shown.as_ref().is_some_and(|shown| shown.irreversible.is_some()),
        is_open: info.status == ApprovalStanding::Pending,
        asked: when::from_now(info.asked, frame.now),
        lapses: when::from_now(info.expires, frame.now),
        answers: info
            .answers
            .iter()
            .map(|one| (one.by.to_string(), when::from_now(one.at, frame.now)))
            .collect(),
        pass: info.lineage.first().map(ToString::to_string).unwrap_or_default(),
        shown: info.shown.take(),
        names,
        info,
        frame,
    }
}

async fn approve(
    State(console): State<Console>,
    frame: Frame,
    Path(At { id }): Path<At>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let args = ApproveArgs { by: by(&fields)?, scope: scope(&fields)? };
        console.app.approve(&known(&id)?, args).await
    };
    match said.await {
        // Others have to agree too: the page says how many.
        Ok(info) if info.status == ApprovalStanding::Pending => {
            frame.go(&format!("approvals/{id}?did=agreed"))
        }
        Ok(_) => frame.go("approvals?did=approved"),
        Err(error) => frame.on(Here::Approvals).failed(&error),
    }
}

async fn deny(
    State(console): State<Console>,
    frame: Frame,
    Path(At { id }): Path<At>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let because = Some(fields.one("because").to_owned()).filter(|text| !text.is_empty());
        console.app.deny(&known(&id)?, DenyArgs { by: by(&fields)?, because }).await
    };
    match said.await {
        Ok(_) => frame.go("approvals?did=denied"),
        Err(error) => frame.on(Here::Approvals).failed(&error),
    }
}

fn by(fields: &Fields) -> Result<Option<ApproverName>, AppError> {
    match fields.one("by") {
        "" => Ok(None),
        name => name.parse().map(Some).map_err(AppError::invalid),
    }
}

fn scope(fields: &Fields) -> Result<ApprovalScope, AppError> {
    Ok(match fields.one("scope") {
        "times" => {
            let times = fields.one("times");
            let times = times
                .parse()
                .map_err(|_| AppError::Invalid(format!("expected how many times, got `{times}`")))?;
            ApprovalScope::Times { times }
        }
        "until" => ApprovalScope::Until { duration: fields.one("duration").to_owned() },
        "task" => ApprovalScope::Task,
        // What was not said is the least.
        _ => ApprovalScope::Once,
    })
}
