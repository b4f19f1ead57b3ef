//! Everything that a record needs to be finished, even after its request is gone.

use std::sync::Arc;

use datalog::Reservation;

use crate::authority::in_time::InTime;
use crate::config::Limits;
use crate::ports::{ApprovalUse, Record};
use crate::tasks::Tasks;

/// Everything that a recording needs to write itself, even after its request is gone.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub in_time: InTime,
    pub tasks: Arc<Tasks>,
    pub limits: Arc<Limits>,
}

impl Recorder {
    pub(super) async fn release(&self, reservations: &[Reservation], approval: Option<&ApprovalUse>) {
        self.in_time.release(reservations).await;
        if let Some(approval) = approval
            && let Err(fault) = self.in_time.answer(self.in_time.authority().give_back(approval)).await
        {
            tracing::error!(%fault, "an approval could not be given back, and stays used");
        }
    }

    pub(super) async fn abandon(&self, record: Record) {
        if let Err(fault) = self.in_time.answer(self.in_time.authority().refusal(record)).await {
            tracing::error!(%fault, "the audit log did not take an abandoned request");
        }
    }
}
