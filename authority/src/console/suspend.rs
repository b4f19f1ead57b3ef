//! Stopping one pass, task or connection by itself, and resuming it: what a person does, or the circuit breaker did.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;

use super::frame::{Frame, late};
use super::guard::Fields;
use super::{Console, Routes};
use crate::app::{AppError, StopTarget, SuspendArgs, Suspension};
use crate::when;

/// Something that is stopped by itself, as a page shows it.
pub(super) struct Suspended {
    pub kind: &'static str,
    pub name: String,
    pub because: Option<String>,
    pub since: String,
}

pub(super) fn routes() -> Routes {
    vec![("/suspend", post(suspend)), ("/lift", post(lift))]
}

pub(super) fn suspended(console: &Console, frame: &Frame) -> Vec<Suspended> {
    console.app.suspensions().into_iter().map(|one| shown(one, frame)).collect()
}

fn shown(of: Suspension, frame: &Frame) -> Suspended {
    let (kind, name) = match &of.target {
        StopTarget::Pass(id) => ("pass", id.to_string()),
        StopTarget::Task(task) => ("task", task.clone()),
        StopTarget::Connection(name) => ("connection", name.to_string()),
    };
    Suspended { kind, name, because: of.because, since: when::from_now(of.since, frame.now) }
}

async fn suspend(
    State(console): State<Console>,
    frame: Frame,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let because = Some("stopped at the console".to_owned());
        console.app.suspend(SuspendArgs { target: target(&fields)?, because }).await
    };
    match said.await {
        Ok(report) => frame.go(&format!("now?did=suspended{}", late(report.not_recalled))),
        Err(error) => frame.failed(&error),
    }
}

async fn lift(
    State(console): State<Console>,
    frame: Frame,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async { console.app.lift(target(&fields)?).await };
    match said.await {
        Ok(_) => frame.go("now?did=lifted"),
        Err(error) => frame.failed(&error),
    }
}

fn target(fields: &Fields) -> Result<StopTarget, AppError> {
    let name = fields.one("name");
    Ok(match fields.one("kind") {
        "pass" => StopTarget::Pass(name.parse().map_err(AppError::invalid)?),
        "task" => StopTarget::Task(name.to_owned()),
        "connection" => StopTarget::Connection(name.parse().map_err(AppError::invalid)?),
        other => {
            return Err(AppError::Invalid(format!("expected a pass, a task or a connection, got `{other}`")));
        }
    })
}
