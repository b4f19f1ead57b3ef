//! What a scene of the demo sees.

use std::future::Future;
use std::pin::Pin;

use crate::demo::step::CameTo;

/// The result of a scene, and a note about it.
pub(crate) struct Observed {
    pub(crate) came_to: CameTo,
    pub(crate) detail: String,
}

pub(crate) type Playing<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Observed>> + Send + 'a>>;

impl Observed {
    pub(super) fn done(detail: impl Into<String>) -> Self {
        Self { came_to: CameTo::done(), detail: detail.into() }
    }
}
