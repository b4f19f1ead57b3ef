//! `/v1/approvals` and `/v1/approvers`: the questions for people, their answers, and the approvers. With `wait` an
//! answer stays open until something changes.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::routing::{delete, get, put};
use datalog::{ApprovalId, ApproverName};
use serde::Deserialize;

use super::Problem;
use super::extract::{Body, Path, Query};
use crate::api::state::{AppState, Routes};
use crate::app::{ApprovalFilter, ApprovalInfo, ApproveArgs, ApproverInfo, DenyArgs, ReopenArgs};

/// The longest time for which an answer stays open, in seconds.
const LONGEST_WAIT: u64 = 30;

#[derive(Debug, Default, Deserialize)]
struct ApprovalWait {
    /// Seconds to wait for a change of any approval.
    wait: Option<u64>,
}

pub(super) fn routes() -> Routes {
    vec![
        ("/v1/approvals", get(list)),
        ("/v1/approvals/{id}", get(one)),
        ("/v1/approvals/{id}/approval", put(approve)),
        ("/v1/approvals/{id}/denial", put(deny)),
        ("/v1/approvals/{id}/reopening", put(reopen)),
        ("/v1/approvers", get(approvers)),
        ("/v1/approvers/{name}", put(add).merge(delete(retire))),
    ]
}

async fn list(
    State(AppState(app)): State<AppState>,
    Query(filter): Query<ApprovalFilter>,
    Query(ApprovalWait { wait }): Query<ApprovalWait>,
) -> Result<Json<Vec<ApprovalInfo>>, Problem> {
    if let Some(pass) = &filter.pass {
        app.known_pass(pass).await?;
    }
    if let Some(wait) = wait {
        let mut changes = app.changes();
        let before = changes.borrow_and_update().approvals;
        let newer = changes.wait_for(|changes| changes.approvals > before);
        // A wait without news ends with the current state.
        let _ = tokio::time::timeout(Duration::from_secs(wait.min(LONGEST_WAIT)), newer).await;
    }
    Ok(Json(app.approvals(filter).await?))
}

async fn one(
    State(AppState(app)): State<AppState>,
    Path(id): Path<ApprovalId>,
) -> Result<Json<ApprovalInfo>, Problem> {
    Ok(Json(app.approval(&id).await?))
}

async fn approve(
    State(AppState(app)): State<AppState>,
    Path(id): Path<ApprovalId>,
    Body(args): Body<ApproveArgs>,
) -> Result<Json<ApprovalInfo>, Problem> {
    Ok(Json(app.approve(&id, args).await?))
}

async fn deny(
    State(AppState(app)): State<AppState>,
    Path(id): Path<ApprovalId>,
    Body(args): Body<DenyArgs>,
) -> Result<Json<ApprovalInfo>, Problem> {
    Ok(Json(app.deny(&id, args).await?))
}

async fn reopen(
    State(AppState(app)): State<AppState>,
    Path(id): Path<ApprovalId>,
    Body(args): Body<ReopenArgs>,
) -> Result<Json<ApprovalInfo>, Problem> {
    Ok(Json(app.reopen(&id, args).await?))
}

async fn approvers(State(AppState(app)): State<AppState>) -> Json<Vec<ApproverInfo>> {
    Json(app.approvers())
}

async fn add(
    State(AppState(app)): State<AppState>,
    Path(name): Path<ApproverName>,
) -> Result<Json<ApproverInfo>, Problem> {
    Ok(Json(app.add_approver(&name).await?))
}

async fn retire(
    State(AppState(app)): State<AppState>,
    Path(name): Path<ApproverName>,
) -> Result<Json<ApproverInfo>, Problem> {
    Ok(Json(app.retire_approver(&name).await?))
}
