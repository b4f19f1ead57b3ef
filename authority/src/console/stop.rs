//! The emergency stop: one press and it holds. Going on again asks once more, on a page of its own.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::frame::{Frame, late, whole};
use super::{Console, Routes};

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage {
    frame: Frame,
}

pub(super) fn routes() -> Routes {
    vec![("/stop", post(stop)), ("/resume", get(ask).post(resume))]
}

async fn stop(State(console): State<Console>, frame: Frame) -> Response {
    match console.app.stop().await {
        Ok(report) => frame.go(&format!("now?did=stopped{}", late(report.not_recalled))),
        Err(error) => frame.failed(&error),
    }
}

async fn ask(frame: Frame) -> Response {
    whole(&ResumePage { frame })
}

async fn resume(State(console): State<Console>, frame: Frame) -> Response {
    match console.app.resume().await {
        Ok(_) => frame.go("now?did=resumed"),
        Err(error) => frame.failed(&error),
    }
}
