//! One question: first the parsed request, then the agent's own words, what people have said, and the answers that are
//! still possible.
//!
//! The core decodes everything on the page: every recipient, every argument, and how much is not shown. A form carries
//! the version of its question. An answer to another version is not taken, and the page comes back with the question as
//! it is now (409).

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use datalog::{ApprovalId, ApproverName, Message, RequestView};
use serde::Deserialize;

use super::approvals::{said_word, standing};
use super::frame::{Frame, Here, whole};
use super::guard::Fields;
use crate::app::{
    AppError, ApprovalInfo, ApprovalScope, ApprovalStanding, ApproveArgs, ApproverStatus, DenialScope,
    DenyArgs, ErrorKind, ReopenArgs,
};
use crate::console::answer::page;
use crate::console::state::{Console, PageRoutes};
use crate::when;

#[derive(Template)]
#[template(path = "approval.html")]
struct ApprovalPage {
    frame: Frame,
    info: ApprovalInfo,
    shown: Option<RequestView>,
    word: &'static str,
    tone: &'static str,
    /// The question waits for an answer.
    is_open: bool,
    /// The approval was granted and is not used up.
    is_granted: bool,
    /// Whether nobody can undo what the request does.
    is_final: bool,
    asked: String,
    lapses: String,
    history: Vec<Statement>,
    pass: String,
    /// The people whom the pass asks, in words.
    asks: String,
    may_approve: bool,
    /// Who may approve, and who may deny. Empty if the person gave a name at sign-in.
    names: Vec<String>,
    all_names: Vec<String>,
    /// The person whose no counts, if there is one.
    denier: Option<String>,
    may_reopen: bool,
    /// Why the last answer was not taken, if it was not.
    conflict: Option<Message>,
}

/// One statement, in words.
struct Statement {
    word: &'static str,
    by: String,
    at: String,
    because: Option<String>,
    stands: bool,
}

#[derive(Deserialize)]
struct ApprovalPath {
    id: String,
}

pub(super) fn routes() -> PageRoutes {
    vec![
        ("/approvals/{id}", get(approval)),
        ("/approvals/{id}/approve", post(approve)),
        ("/approvals/{id}/deny", post(deny)),
        ("/approvals/{id}/reopen", post(reopen)),
    ]
}

async fn approval(
    State(console): State<Console>,
    frame: Frame,
    Path(ApprovalPath { id }): Path<ApprovalPath>,
) -> Response {
    let frame = frame.on(Here::Approvals);
    match find(&console, &id).await {
        Ok(info) => whole(&page_of(&console, frame, info)),
        Err(error) => frame.failed(&error),
    }
}

async fn find(console: &Console, id: &str) -> Result<ApprovalInfo, AppError> {
    console.app.approval(&known(id)?).await
}

fn known(id: &str) -> Result<ApprovalId, AppError> {
    id.parse().map_err(AppError::invalid)
}

fn page_of(console: &Console, frame: Frame, mut info: ApprovalInfo) -> ApprovalPage {
    let (word, tone) = standing(info.status);
    let trusted = console.app.approvers().into_iter().filter(|one| one.status == ApproverStatus::Trusted);
    let trusted: Vec<ApproverName> = trusted.map(|one| one.name).collect();
    let asked = |name: &ApproverName| info.approvers.is_empty() || info.approvers.contains(name);
    let choices = |may: &dyn Fn(&ApproverName) -> bool| match &frame.approver {
        Some(_) => Vec::new(),
        None => trusted.iter().filter(|name| may(name)).map(ToString::to_string).collect(),
    };
    let names: Vec<String> = choices(&asked);
    let denial = info.history.iter().rev().find(|said| said.stands);
    let denier = denial.filter(|_| info.status == ApprovalStanding::Denied).and_then(|said| said.by.clone());
    let is_self = |name: &ApproverName| frame.approver.as_ref().is_none_or(|own| own == name);
    ApprovalPage {
        word,
        tone,
        is_final: info.shown.as_ref().is_some_and(|shown| shown.undoing.irreversible.is_some()),
        is_open: info.status == ApprovalStanding::Pending,
        is_granted: info.status == ApprovalStanding::Approved,
        asked: when::from_now(info.asked, frame.now),
        lapses: when::from_now(info.expires, frame.now),
        history: history(&info),
        pass: info.lineage.first().map(ToString::to_string).unwrap_or_default(),
        asks: info.approvers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        may_approve: frame.approver.as_ref().map_or(!names.is_empty(), asked),
        all_names: choices(&|_| true),
        names,
        may_reopen: denier.as_ref().is_some_and(is_self),
        denier: denier.map(|name| name.to_string()),
        shown: info.shown.take(),
        conflict: None,
        info,
        frame,
    }
}

/// Returns what people said. The times are fixed moments, so that the page is not redrawn while a person acts on it.
fn history(info: &ApprovalInfo) -> Vec<Statement> {
    let one = |said: &crate::app::ApprovalSaid| Statement {
        word: said_word(said.said),
        by: said.by.as_ref().map_or_else(|| "somebody".to_owned(), ToString::to_string),
        at: when::at(said.at),
        because: said.because.clone(),
        stands: said.stands,
    };
    info.history.iter().map(one).collect()
}

async fn approve(
    State(console): State<Console>,
    frame: Frame,
    Path(ApprovalPath { id }): Path<ApprovalPath>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let version = version(&fields)?;
        let args = ApproveArgs { by: by(&frame, &fields)?, scope: scope(&fields)?, version };
        console.app.approve(&known(&id)?, args).await
    };
    match said.await {
        // Other people must agree too. The page says how many.
        Ok(info) if info.status == ApprovalStanding::Pending => {
            frame.go(&format!("approvals/{id}?did=agreed"))
        }
        Ok(_) => frame.go("approvals?did=approved"),
        Err(error) => not_taken(&console, frame, &id, error).await,
    }
}

async fn deny(
    State(console): State<Console>,
    frame: Frame,
    Path(ApprovalPath { id }): Path<ApprovalPath>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let because = Some(fields.one("because").to_owned()).filter(|text| !text.is_empty());
        let scope = match fields.one("bars") {
            "this-one" => DenialScope::ThisOne,
            _ => DenialScope::People,
        };
        let args = DenyArgs { by: by(&frame, &fields)?, because, scope, version: version(&fields)? };
        console.app.deny(&known(&id)?, args).await
    };
    match said.await {
        Ok(_) => frame.go("approvals?did=denied"),
        Err(error) => not_taken(&console, frame, &id, error).await,
    }
}

async fn reopen(
    State(console): State<Console>,
    frame: Frame,
    Path(ApprovalPath { id }): Path<ApprovalPath>,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let args = ReopenArgs { by: by(&frame, &fields)?, version: version(&fields)? };
        console.app.reopen(&known(&id)?, args).await
    };
    match said.await {
        Ok(_) => frame.go(&format!("approvals/{id}?did=reopened")),
        Err(error) => not_taken(&console, frame, &id, error).await,
    }
}

/// Shows the question as it is now, and why the answer was not taken.
async fn not_taken(console: &Console, frame: Frame, id: &str, error: AppError) -> Response {
    let frame = frame.on(Here::Approvals);
    match (error.kind(), find(console, id).await) {
        (ErrorKind::Conflict, Ok(info)) => {
            let mut shown = page_of(console, frame, info);
            shown.conflict = Some(Message::from(&error));
            page(StatusCode::CONFLICT, &shown)
        }
        _ => frame.failed(&error),
    }
}

/// Returns the name that the person gave at sign-in or in the form.
fn by(frame: &Frame, fields: &Fields) -> Result<Option<ApproverName>, AppError> {
    match (&frame.approver, fields.one("by")) {
        (Some(name), _) => Ok(Some(name.clone())),
        (None, "") => Err(AppError::invalid(
            Message::new("expected who answers")
                .hint("choose a name, or sign in by `hallpass console --as NAME`"),
        )),
        (None, name) => name.parse().map(Some).map_err(AppError::invalid),
    }
}

/// Returns the version on the page. If a form has none, it came from no page of ours.
fn version(fields: &Fields) -> Result<Option<u32>, AppError> {
    let version = fields.one("version");
    version.parse().map(Some).map_err(|_| AppError::invalid(format!("expected a version, got `{version}`")))
}

fn scope(fields: &Fields) -> Result<ApprovalScope, AppError> {
    Ok(match fields.one("scope") {
        "times" => {
            let times = fields.one("times");
            let times = times
                .parse()
                .map_err(|_| AppError::invalid(format!("expected how many times, got `{times}`")))?;
            ApprovalScope::Times { times }
        }
        "until" => ApprovalScope::Until { duration: fields.one("duration").to_owned() },
        "task" => ApprovalScope::Task,
        // If the value is missing, the answer covers the least.
        _ => ApprovalScope::Once,
    })
}
