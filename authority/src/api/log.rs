//! `/v1/log`: audit records, the check of their chain, and the log as signed lines.
//!
//! With `wait` an answer stays open until there is a newer record.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::Problem;
use super::extract::{Body, Path, Query};
use crate::api::state::{AppState, Routes};
use crate::app::{
    AuditKeyInfo, ExportBegun, ExportLines, ExportRange, KeptPage, LogQuery, LogRecord, LogVerification,
    RecordView, Rotation,
};

/// The longest time for which an answer stays open, in seconds.
const LONGEST_WAIT: u64 = 30;

/// Records, and where to continue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogPage {
    pub records: Vec<LogRecord>,
    /// The newest record at all, whatever was asked for.
    pub head: u64,
}

#[derive(Debug, Default, Deserialize)]
struct LogWait {
    /// Seconds to wait for a record newer than `after`.
    wait: Option<u64>,
}

pub(super) fn routes() -> Routes {
    vec![
        ("/v1/log", get(list)),
        ("/v1/log/records/{id}", get(record)),
        ("/v1/log/facts", get(facts)),
        ("/v1/log/verification", get(verify)),
        ("/v1/log/key", get(key)),
        ("/v1/log/exports", post(begin_export)),
        ("/v1/log/exports/lines", get(export_lines)),
        ("/v1/log/rotation", post(rotate)),
    ]
}

async fn list(
    State(AppState(app)): State<AppState>,
    Query(query): Query<LogQuery>,
    Query(LogWait { wait }): Query<LogWait>,
) -> Result<Json<LogPage>, Problem> {
    let mut head = app.log_head();
    if let (Some(after), Some(wait)) = (query.after, wait) {
        let newer = head.wait_for(|head| *head > after);
        // A wait without news ends with an empty page.
        let _ = tokio::time::timeout(Duration::from_secs(wait.min(LONGEST_WAIT)), newer).await;
    }
    // This is read before the records. A caller that continues from here finds a record that arrives in between.
    let head = *head.borrow();
    let is_first = query.after.is_none();
    let records = app.log(query.clone()).await?;
    if records.is_empty() && is_first {
        app.check_names(&query).await?;
    }
    Ok(Json(LogPage { records, head }))
}

async fn record(
    State(AppState(app)): State<AppState>,
    Path(seq): Path<u64>,
) -> Result<Json<RecordView>, Problem> {
    Ok(Json(app.record(seq).await?))
}

/// Whose facts to show: the records after `after`, up to `upto`.
#[derive(Debug, Deserialize)]
struct Between {
    after: u64,
    upto: u64,
}

async fn facts(
    State(AppState(app)): State<AppState>,
    Query(Between { after, upto }): Query<Between>,
) -> Result<Json<KeptPage>, Problem> {
    Ok(Json(app.kept_facts(after, upto).await?))
}

async fn verify(State(AppState(app)): State<AppState>) -> Result<Json<LogVerification>, Problem> {
    Ok(Json(app.verify_log().await?))
}

async fn key(State(AppState(app)): State<AppState>) -> Json<AuditKeyInfo> {
    Json(app.audit_key())
}

async fn begin_export(
    State(AppState(app)): State<AppState>,
    Body(range): Body<ExportRange>,
) -> Result<Json<ExportBegun>, Problem> {
    Ok(Json(app.begin_export(range).await?))
}

/// Where an export continues.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NextLines {
    pub after: u64,
    pub to: u64,
}

async fn export_lines(
    State(AppState(app)): State<AppState>,
    Query(NextLines { after, to }): Query<NextLines>,
) -> Result<Json<ExportLines>, Problem> {
    Ok(Json(app.export_lines(after, to).await?))
}

/// The last record that is moved to a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Upto {
    pub upto: u64,
}

async fn rotate(
    State(AppState(app)): State<AppState>,
    Body(Upto { upto }): Body<Upto>,
) -> Result<Json<Rotation>, Problem> {
    Ok(Json(app.rotate_log(upto).await?))
}
