//! What notices need from the authority: the last record that each sink told, and the questions that wait now.

use crate::app::notice::{self, Notice};
use crate::app::{App, LogRecord};
use crate::store::{ApprovalQuery, ApprovalStatus};

const COUNTED: u32 = 1_000;

impl App {
    /// Returns the last record that a sink told; none for a new sink.
    pub(crate) async fn told(&self, sink: &'static str) -> Result<Option<u64>, String> {
        self.store.told(sink).await.map_err(|fault| fault.to_string())
    }

    pub(crate) async fn has_told(&self, sink: &'static str, seq: u64) -> Result<(), String> {
        self.store.has_told(sink, seq).await.map_err(|fault| fault.to_string())
    }

    /// Returns one notice for all waiting questions; none if all of them were answered meanwhile.
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
        let rows = self.store.approvals(query).await.map_err(|fault| fault.to_string())?;
        let waiting = rows.len();
        // For one new question, the notice has the beginning of its line. For several, it has their number.
        let asked = notice::question(newest).filter(|_| new == 1);
        let title = rows.into_iter().find(|row| Some(row.id.as_str()) == asked);
        let title = title.map(|row| self.approval_info(row).deed());
        Ok((waiting > 0).then(|| Notice::asked(newest, new, waiting, title)))
    }
}
