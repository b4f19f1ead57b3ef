//! The state of every page.

use std::sync::Arc;

use axum::routing::MethodRouter;
use tokio::sync::{Semaphore, watch};

use crate::api::names::OwnNames;
use crate::app::App;

/// The state of every page.
#[derive(Clone)]
pub(crate) struct Console {
    pub(crate) app: Arc<App>,
    pub(crate) names: OwnNames,
    /// One permit for each page that receives changes.
    pub(crate) streams: Arc<Semaphore>,
    /// True once the server ends.
    pub(crate) ended: watch::Receiver<bool>,
}

pub(crate) type PageRoutes = Vec<(&'static str, MethodRouter<Console>)>;

/// The largest form.
pub(crate) const LARGEST_FORM: usize = 64 * 1024;
