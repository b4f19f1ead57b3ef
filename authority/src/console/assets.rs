//! The style sheet, the script and the icon: files of this program, the same for everybody.
//!
//! Their names carry the version, so that a browser keeps them until there is another.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Routes;

pub(super) const STYLE: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/console.css");
pub(super) const SCRIPT: &str = concat!("/assets/", env!("CARGO_PKG_VERSION"), "/live.js");
const ICON: &str = "/assets/icon.svg";

pub(super) fn routes() -> Routes {
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
    // Looked at again on each page: cheap on one machine, and right after an upgrade.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], bytes).into_response()
}
