//! The style sheet, the script and the icon: files of this program, the same for everybody.
//!
//! The names of the style sheet and of the script hold the version, so after an upgrade a browser fetches new ones.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::console::state::PageRoutes;

pub(super) const STYLE: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/console.css");
pub(super) const SCRIPT: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/live.js");
const ICON: &str = "/assets/icon.svg";

pub(super) fn routes() -> PageRoutes {
    vec![
        (STYLE, get(|| file("text/css; charset=utf-8", include_bytes!("../../console/assets/console.css")))),
        (
            SCRIPT,
            get(|| file("text/javascript; charset=utf-8", include_bytes!("../../console/assets/live.js"))),
        ),
        (ICON, get(|| file("image/svg+xml", include_bytes!("../../console/assets/icon.svg")))),
    ]
}

async fn file(kind: &'static str, bytes: &'static [u8]) -> Response {
    // The browser asks again on each page whether the file is the same. That costs little on one machine, and is right
    // after an upgrade.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes).into_response()
}
