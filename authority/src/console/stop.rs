//! The emergency stop: one press and it holds. To resume, a page asks once more.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::frame::{Frame, late, whole};
use crate::console::state::{Console, PageRoutes};

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumeAllPage {
    frame: Frame,
}

pub(super) fn routes() -> PageRoutes {
    vec![("/stop", post(stop)), ("/resume", get(ask).post(resume))]
}

async fn stop(State(console): State<Console>, frame: Frame) -> Response {
    match console.app.stop(Some("stopped at the console".to_owned())).await {
        Ok(report) => frame.go(&format!("now?did=stopped{}", late(report.hit.not_recalled))),
        Err(error) => frame.failed(&error),
    }
}

async fn ask(frame: Frame) -> Response {
    whole(&ResumeAllPage { frame })
}

async fn resume(State(console): State<Console>, frame: Frame) -> Response {
    match console.app.resume().await {
        Ok(_) => frame.go("now?did=resumed"),
        Err(error) => frame.failed(&error),
    }
}
