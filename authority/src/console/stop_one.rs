//! Stops and resumes one pass, task or connection, whether a person or the circuit breaker stopped it. To resume, a
//! page asks once more.

use askama::Template;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use datalog::PassId;

use super::frame::{Frame, late, whole};
use super::guard::Fields;
use crate::app::{AppError, Stop, StopOneArgs, StopTarget};
use crate::console::state::{Console, PageRoutes};
use crate::when;

/// A single stop, as a page shows it.
pub(super) struct SingleStop {
    pub kind: &'static str,
    pub name: String,
    /// What a person calls it: a pass is called by its task.
    pub called: String,
    /// The page that shows it, with its requests.
    pub page: Option<String>,
    pub because: Option<String>,
    pub since: String,
    /// The page that resumes it.
    pub resume: String,
}

#[derive(Template)]
#[template(path = "resume_one.html")]
struct ResumeOnePage {
    frame: Frame,
    of: SingleStop,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/stop-one", post(stop_one)), ("/resume-one", get(ask).post(resume_one))]
}

pub(super) async fn single_stops(console: &Console, frame: &Frame) -> Vec<SingleStop> {
    let mut all = Vec::new();
    for one in console.app.single_stops() {
        all.push(shown(console, one, frame).await);
    }
    all
}

/// Returns the address of the page that asks whether to resume this.
pub(super) fn resuming(kind: &str, name: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("kind", kind)
        .append_pair("name", name)
        .finish();
    format!("resume-one?{query}")
}

async fn shown(console: &Console, of: Stop, frame: &Frame) -> SingleStop {
    let (kind, name) = match &of.target {
        StopTarget::Pass(id) => ("pass", id.to_string()),
        StopTarget::Task(task) => ("task", task.clone()),
        StopTarget::Connection(name) => ("connection", name.to_string()),
    };
    let pass: Option<PassId> = if kind == "pass" { name.parse().ok() } else { None };
    let task = match &pass {
        Some(id) => console.app.task_of(id).await,
        None => None,
    };
    SingleStop {
        kind,
        called: task.unwrap_or_else(|| name.clone()),
        page: pass.map(|id| format!("passes/{id}")),
        because: of.because,
        since: when::from_now(of.since, frame.now),
        resume: resuming(kind, &name),
        name,
    }
}

async fn stop_one(
    State(console): State<Console>,
    frame: Frame,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async {
        let because = Some("stopped at the console".to_owned());
        console.app.stop_one(StopOneArgs { target: target(&fields)?, because }).await
    };
    match said.await {
        Ok(report) => frame.go(&format!("now?did=stopped-one{}", late(report.hit.not_recalled))),
        Err(error) => frame.failed(&error),
    }
}

async fn ask(State(console): State<Console>, frame: Frame, RawQuery(query): RawQuery) -> Response {
    let fields = Fields::of_query(query.as_deref().unwrap_or_default());
    let found = target(&fields).map(|target| {
        console
            .app
            .single_stops()
            .into_iter()
            .find(|one| one.target == target)
            .ok_or_else(|| AppError::not_found(format!("{target} is not stopped: it goes on already")))
    });
    match found.and_then(|found| found) {
        Ok(of) => {
            let of = shown(&console, of, &frame).await;
            whole(&ResumeOnePage { frame, of })
        }
        Err(error) => frame.failed(&error),
    }
}

async fn resume_one(
    State(console): State<Console>,
    frame: Frame,
    Extension(fields): Extension<Fields>,
) -> Response {
    let said = async { console.app.resume_one(target(&fields)?).await };
    match said.await {
        Ok(_) => frame.go("now?did=resumed-one"),
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
            return Err(AppError::invalid(format!("expected a pass, a task or a connection, got `{other}`")));
        }
    })
}
