//! Mints the bridge's pass again when it has run out.

use std::sync::{Mutex, PoisonError};

use crate::app::Minted;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::from_template;

/// A pass that can be minted again.
pub(super) struct Renewal<'a> {
    pub(super) context: &'a Context,
    pub(super) template: &'a str,
    pub(super) minted: Mutex<Minted>,
}

impl Renewal<'_> {
    pub(super) async fn renewed(&self) -> Result<String, Failure> {
        let last = self.minted.lock().unwrap_or_else(PoisonError::into_inner).info.clone();
        // A pass that runs out at once would be minted without an end.
        if self.context.clock.now() - last.created < time::Duration::seconds(2) {
            return Err(Failure::failed("the template's passes run out as soon as they are minted"));
        }
        from_template::is_not_stopped(self.context, last.id.as_str()).await?;
        let minted = from_template::mint(self.context, self.template).await?.minted;
        let pass = minted.pass.clone();
        *self.minted.lock().unwrap_or_else(PoisonError::into_inner) = minted;
        Ok(pass)
    }
}
