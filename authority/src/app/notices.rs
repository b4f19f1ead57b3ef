//! What the notices need of the authority: how far a sink has told, and what waits now.

use super::{App, LogRecord};
use crate::notify::Notice;
use crate::store::{ApprovalQuery, ApprovalStatus};

const COUNTED: u32 = 1_000;

impl App {
    /// The last record that a sink told; none for a new one.
    pub(crate) async fn told(&self, sink: &'static str) -> Result<Option<u64>, String> {
        self.store.told(sink).await.map_err(|fault| fault.to_string())
    }

    pub(crate) async fn has_told(&self, sink: &'static str, seq: u64) -> Result<(), String> {
        self.store.has_told(sink, seq).await.map_err(|fault| fault.to_string())
    }

    /// One notice for every question that waits; none where all were answered meanwhile.
    pub(crate) async fn asked_notice(
        &self,
        newest: &LogRecord,
        new: usize,
    ) -> Result<Option<Notice>, String> {
        let query = ApprovalQuery {
            status: Some(ApprovalStatus::Pending),
            holder: None,
            pass: None,
            limit: COUNTED,
            now: self.clock.now(),
        };
        let waiting = self.store.approvals(query).await.map_err(|fault| fault.to_string())?.len();
        Ok((waiting > 0).then(|| Notice::asked(newest, new, waiting)))
    }
}
